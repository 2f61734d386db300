"""Processes to torment: one that has imported everything forks as many as a test wants."""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Child:
    """A process that runs one function; what it says goes into a file, which outlives it."""

    pid: int
    said: Path
    nursery: "Nursery"

    @property
    def lines(self) -> list[str]:
        """All that it has said so far, by whole lines."""
        return self.said.read_text().rpartition("\n")[0].splitlines()

    def kill(self) -> None:
        """kill -9, at once."""
        os.kill(self.pid, signal.SIGKILL)

    def ended(self) -> int:
        """Waits for its end; returns its exit code, or minus the signal that ended it."""
        return int(self.nursery.ask({"wait": self.pid}))

    def result(self) -> Any:
        """Waits for its end and reads the JSON that it said; fails with what it complained of."""
        code = self.ended()
        assert code == 0, self.said.with_suffix(".err").read_text()
        return json.loads(self.said.read_text())


class Nursery:
    """Bears children; itself it opens no database, and so hands none down."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._born = 0

    def ask(self, request: dict[str, Any]) -> str:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self._process.stdout.readline()

    def bear(self, module: str, function: str, *arguments: Any) -> Child:
        """Runs the function in a process of its own."""
        self._born += 1
        said = self._folder / f"{function}-{self._born}.out"
        request = {"module": module, "function": function, "arguments": arguments}
        return Child(int(self.ask(request | {"said": str(said)})), said, self)


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """Its children write into the folder."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Nursery(process, folder)
        finally:
            assert process.stdin
            process.stdin.close()  # Whoever is still alive there ends now.


def _live(request: dict[str, Any]) -> None:
    """A child's whole life."""
    for number, path in ((1, request["said"]), (2, f"{request['said'][:-4]}.err")):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    try:
        getattr(import_module(request["module"]), request["function"])(*request["arguments"])
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _main() -> None:
    import_module("tests.faults.programs")
    living = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            living.discard(request["wait"])
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            os.close(0)
            _live(request)
        living.add(pid)
        print(pid, flush=True)
    for pid in living:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    _main()
