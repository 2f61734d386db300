"""The follower as a child process: it ends with its parent, and is begun again when it dies."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from web.door.log import log, what, where

Follow = Callable[[threading.Event], None]
"""Follows the book until the event is set; then it returns soon."""

LOOK_S = 0.5
AGAIN_S = 1.0
"""How long after its start a follower that died is begun again, at the earliest."""
LEAVES_S = 8.0
"""How long it may take to return once it was told to stop."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


class FollowerProcess:
    """Started, watched and stopped by one parent, in whose main thread all of this happens."""

    def __init__(self, follow: Follow, leave_parent: Callable[[], None]) -> None:
        """`leave_parent` is called in the child: it closes what belongs to the parent."""
        self._follow = follow
        self._leave_parent = leave_parent
        self._begun_at = float("-inf")
        self.pid: int | None = None

    def keep_alive(self) -> None:
        """Begins the follower, if there is none."""
        self.reap()
        if self.pid is not None or time.monotonic() - self._begun_at < AGAIN_S:
            return
        self._begun_at = time.monotonic()
        parent = os.getpid()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._be_child(parent)
        self.pid = pid
        log.info("follower_begun", pid=pid)

    def reap(self) -> None:
        """Notices when the follower has died."""
        if self.pid is None:
            return
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:  # Somebody else has reaped it.
            pid, status = self.pid, -1
        if pid:
            log.warning("follower_ended", pid=pid, status=status)
            self.pid = None

    def ask_to_stop(self) -> None:
        """Tells it to finish what it is at."""
        if self.pid is not None:
            self._signal(signal.SIGTERM)

    def stop(self, until: float) -> None:
        """Waits until it has stopped; ends it when it has not by then (`time.monotonic`)."""
        while self.pid is not None:
            self.reap()
            if self.pid is not None and time.monotonic() >= until:
                self._signal(signal.SIGKILL)
            time.sleep(0.02)

    def _signal(self, number: int) -> None:
        assert self.pid is not None
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            self.pid = None

    def _be_child(self, parent: int) -> None:
        """Never returns: the parent's frames below are not ours to run."""
        code = 1
        try:
            stop = threading.Event()
            for number in (*SIGNALS, signal.SIGCHLD, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            for number in SIGNALS:
                signal.signal(number, lambda *_: stop.set())
            self._leave_parent()
            threading.Thread(target=_watch, args=(parent, stop), daemon=True).start()
            self._follow(stop)
            code = 0
        except BaseException as error:
            log.error("follower_failed", error=what(error), where=where(error))
        finally:
            sys.stderr.flush()
            os._exit(code)


def _watch(parent: int, stop: threading.Event) -> None:
    """Sets `stop` when the parent is gone, and ends the process when it does not end by itself."""
    while not stop.wait(LOOK_S):
        if os.getppid() != parent:
            log.warning("parent_gone", pid=os.getpid())
            stop.set()
    time.sleep(LEAVES_S)
    log.error("follower_does_not_end", pid=os.getpid())
    os._exit(1)
