"""`choso`: the command line. One sentence for a mistake, never a traceback."""

import os
import sys
from collections.abc import Sequence

import click
from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import SQLAlchemyError

from ledger.refusal import Refusal
from web.commands.audit import audit
from web.commands.bench import bench
from web.commands.day import day
from web.commands.demo import demo
from web.commands.init import init
from web.commands.notice import notice
from web.commands.pay import pay
from web.commands.serve import serve
from web.commands.vietqr import vietqr

BAD_INPUT, TROUBLE, DEFECT, INTERRUPTED = 2, 3, 70, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Chợ Số: the cashless market of a commune."""


for command in (init, serve, day, pay, demo, vietqr, notice, audit, bench):
    cli.add_command(command)


def main(words: Sequence[str] | None = None) -> None:
    """Runs one command; exits 2 for bad input, 3 when the database makes trouble."""
    try:
        code = cli.main(words, prog_name="choso", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = BAD_INPUT
    except click.ClickException as error:
        code = _say(error.format_message(), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Nobody reads on.
        code = 0
    except click.exceptions.Abort:
        code = _say("Stopped.", INTERRUPTED)
    except Refusal as refusal:
        code = _say(str(refusal), BAD_INPUT)
    except (PersistenceError, SQLAlchemyError) as error:
        code = _say(f"The database makes trouble: {str(error).strip().splitlines()[0]}", TROUBLE)
    except OSError as error:
        code = _say(f"{error.filename or 'A file'}: {error.strerror or error}.", BAD_INPUT)
    except Exception as error:
        if os.environ.get("CHOSO_TRACEBACK"):
            raise
        told = f"{type(error).__name__}: {error}"
        code = _say(f"A defect of ours: {told} (CHOSO_TRACEBACK=1 shows where)", DEFECT)

    sys.exit(code if isinstance(code, int) else 0)


def _say(sentence: str, code: int) -> int:
    click.echo(f"choso: {sentence}", err=True)
    return code
