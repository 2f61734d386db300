"""The server: gunicorn's arbiter in this very process, door workers and a follower its children."""

import gc
import logging
import os
import resource
import shutil
import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from web.door.limits import Limits
from web.door.log import log, speak_plainly
from web.door.worker import DoorWorker
from web.serve.follower_process import Follow, FollowerProcess

WORKER_SILENT_S = 30
"""A worker whose event loop gives no sign for so long is killed and replaced."""
GARBAGE_FROM = 10_000
"""Objects made since the last search for garbage."""
SPARE_FILES = 256
"""Open files of a worker that are not connections."""

BuildDoor = Callable[[], Any]
"""Makes the ASGI application; called in each worker, after the fork."""


class PlainLogger(Logger):
    """gunicorn's log in our words."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        speak_plainly(self.error_log)
        speak_plainly(logging.getLogger())  # All other libraries, and what lies below the edge.


class DoorArbiter(Arbiter):
    """Starts, watches and stops the workers, and the follower with them."""

    app: "Server"

    def start(self) -> None:
        super().start()
        if self.app.follow is not None:
            self.app.follower = FollowerProcess(self.app.follow, self._leave)

    def _leave(self) -> None:
        """In the follower: what belongs to the arbiter stays the arbiter's."""
        for listener in self.LISTENERS:
            listener.close()
        for worker in self.WORKERS.values():
            worker.tmp.close()

    def manage_workers(self) -> None:
        """Called all the time."""
        if self.app.parent is not None and os.getppid() != self.app.parent:
            raise StopIteration
        super().manage_workers()
        if self.app.follower is not None:
            self.app.follower.keep_alive()

    def reap_workers(self) -> None:
        """The follower first: the arbiter reaps whatever child has died."""
        if self.app.follower is not None:
            self.app.follower.reap()
        super().reap_workers()

    def stop(self, graceful: bool = True) -> None:
        """Both ways are graceful: the workers write what waits, then end."""
        until = time.monotonic() + self.cfg.graceful_timeout
        follower, self.app.follower = self.app.follower, None
        if follower is not None:
            follower.ask_to_stop()
        super().stop(graceful)
        if follower is not None:
            follower.stop(until)

    def handle_ttin(self) -> None:
        """One more worker, where the database can take it."""
        if self.num_workers < self.app.most_workers:
            super().handle_ttin()

    def handle_usr2(self) -> None:
        """A second arbiter beside the first is not for us: restart the service instead."""
        self.log.warning("SIGUSR2 is ignored.")


class Server(BaseApplication):
    """What gunicorn is told; `run` serves until it is stopped and then ends the process."""

    def __init__(
        self,
        taken: socket.socket,
        build_door: BuildDoor,
        limits: Limits,
        counts: str,
        *,
        workers: int,
        most_workers: int,
        follow: Follow | None = None,
        attached: bool = False,
    ) -> None:
        """`taken`: a listening socket. `counts`: the folder of the counts, removed at the end.
        `attached`: ends when the process that started it ends."""
        self._taken = taken
        self._address = f"fd://{taken.fileno()}"
        self._build_door = build_door
        self._limits = limits
        self._counts = counts
        self._workers = workers
        self.most_workers = most_workers
        self.follow = follow
        self.follower: FollowerProcess | None = None
        self.parent = os.getppid() if attached else None
        super().__init__()

    def load_config(self) -> None:
        said = {
            "bind": self._address,
            "workers": self._workers,
            "worker_class": DoorWorker,
            "logger_class": PlainLogger,
            "control_socket_disable": True,
            "timeout": WORKER_SILENT_S,
            "graceful_timeout": self._limits.graceful_s,
            "keepalive": self._limits.idle_s,
            "asgi_loop": "asyncio",
            "forwarded_allow_ips": "127.0.0.1,::1",
            "proc_name": "choso",
            "child_exit": _forget_worker,
        }
        for name, value in said.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """In a worker. What is loaded by now lives as long as the process does: no search for
        garbage looks at it again, and none begins before there is some."""
        door = self._build_door()
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_FROM, 20, 20)
        return door

    def run(self) -> None:
        """Never returns."""
        _allow_files(self._limits.connections + SPARE_FILES)
        mine = os.getpid()
        try:
            self._taken.detach()  # It is gunicorn's from now on, by its number.
            DoorArbiter(self).run()
        finally:
            if os.getpid() == mine or os.getppid() != mine:  # A worker that outlived its parent.
                shutil.rmtree(self._counts, ignore_errors=True)


def _forget_worker(_: Any, worker: Any) -> None:
    """What a dead worker has counted stays; how things stood in it does not."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _allow_files(wanted: int) -> None:
    """Raises this process's limit of open files, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < wanted:
            log.warning("few_files", allowed=allowed, wanted=wanted)
