"""`choso` as somebody at a terminal meets it: words in; exit code, output and complaint out."""

import json
import os
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from web.cli import main


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """The one JSON object on standard output; fails when there is anything else."""
        assert self.out.endswith("\n")
        return json.loads(self.out)


class Terminal:
    """Somebody's shell: a home, a database, and more settings by name."""

    def __init__(self, home: Path, database_url: str, **more: str) -> None:
        self.environ = {
            "CHOSO_HOME": str(home),
            "CHOSO_DATABASE_URL": database_url,
            **{f"CHOSO_{name.upper()}": value for name, value in more.items()},
        }

    def choso(self, *words: str, **more: str) -> Said:
        """Runs one command in this process, as the program `choso` does."""
        others = {name: it for name, it in os.environ.items() if not name.startswith("CHOSO_")}
        chosen = {f"CHOSO_{name.upper()}": value for name, value in more.items()}
        out, err = StringIO(), StringIO()
        with (
            patch.dict(os.environ, others | self.environ | chosen, clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as end,
        ):
            main(list(words))
        return Said(int(str(end.value.code)), out.getvalue(), err.getvalue())


def is_one_sentence(said: Said) -> bool:
    """Nothing on standard output; one line of complaint, and no talk of defects or tracebacks."""
    return (
        said.out == ""
        and said.err.startswith("choso: ")
        and said.err.count("\n") == 1
        and len(said.err) > len("choso: ..\n")
        and "efect of ours" not in said.err
        and "Traceback" not in said.err
    )
