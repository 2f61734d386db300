"""gunicorn's asgi worker with the door's care: caps, a clean stop, and an eye on its parent."""

import asyncio
import os
import threading
from typing import Any

from gunicorn.asgi.lifespan import LifespanManager
from gunicorn.workers.gasgi import ASGIWorker

from web.door.door import Door
from web.door.log import log
from web.door.protocol import SILENT_S, DoorProtocol

LOOK_S = 0.5
"""How often it tells its parent that it lives, and looks whether the parent does."""
CLOSING_S = 2.0
"""Of the graceful time, what is kept for closing the book."""
ACCEPT = 128
"""New connections taken in at one go; the others wait their turn in the kernel."""
BACKLOG = 2_048


class DoorWorker(ASGIWorker):
    """One process that serves the door. Written against gunicorn 27.0: see its tests."""

    asgi: Door
    loop: asyncio.AbstractEventLoop

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.open_connections: set[DoorProtocol] = set()
        self.lingering = 0

    def make_room(self, now_s: float) -> bool:
        """Whether one more connection may come in; the longest silent one is closed for it."""
        if len(self.open_connections) < self.asgi.limits.connections:
            return True
        longest = max(self.open_connections, key=lambda one: one.silent_for(now_s))
        if longest.silent_for(now_s) < SILENT_S:
            self.asgi.tally.full("connections")
            return False
        self.asgi.tally.full("silent")
        longest.make_room()
        self.open_connections.discard(longest)
        return True

    def handle_exit_signal(self) -> None:
        """SIGTERM: no new connections, and those that stream say good-bye."""
        self.alive = False
        self.asgi.stopping.set()

    def handle_quit_signal(self) -> None:
        """SIGINT and SIGQUIT (Ctrl-C): the same; what waits is written."""
        self.handle_exit_signal()

    async def _serve(self) -> None:
        self.asgi.connections = lambda: len(self.open_connections)
        self.lifespan = LifespanManager(self.asgi, self.log, self.state)
        await self.lifespan.startup()
        for listener in self.sockets:
            server = await self.loop.create_server(
                lambda: DoorProtocol(self), sock=listener.sock, backlog=ACCEPT
            )
            listener.sock.listen(BACKLOG)  # asyncio has just made it as short as ACCEPT.
            self.servers.append(server)
        log.info("worker_serves", pid=os.getpid())
        while self.alive:
            self.notify()
            if self.ppid != os.getppid():
                log.warning("parent_gone", pid=os.getpid())
                self.handle_exit_signal()
            await self._wait(LOOK_S)
        await self._shutdown()

    async def _wait(self, seconds: float) -> None:
        """For so long, or until it is time to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self.asgi.stopping.wait()
        except TimeoutError:
            return

    async def _shutdown(self) -> None:
        """Answers what has begun, writes what waits, and is gone within the graceful time."""
        graceful_s = self.asgi.limits.graceful_s
        last_resort = threading.Timer(graceful_s + 1, os._exit, [1])
        last_resort.daemon = True
        last_resort.start()
        until = self.loop.time() + graceful_s - CLOSING_S
        for server in self.servers:
            server.close()
        for connection in list(self.open_connections):
            connection.hang_up()
        while self.open_connections and self.loop.time() < until:
            self.notify()
            await asyncio.sleep(0.02)
        left = until + CLOSING_S - 0.5 - self.loop.time()
        try:
            async with asyncio.timeout(max(0.1, left)):
                await self.lifespan.shutdown()
        except TimeoutError:
            log.error("not_closed_in_time", connections=len(self.open_connections))
        log.info("worker_stopped", pid=os.getpid())
