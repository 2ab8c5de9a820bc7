"""The command line `integrations`: puts the commands together and turns errors into sentences and exit codes."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from console.commands import asking, connecting, keys, managing, running, system
from core.errors import IntegrationError

INTERRUPTED: Final = 130
UNFORESEEN: Final = 1
_ALLOCATIONS_BETWEEN_COLLECTIONS: Final = 100_000


class Doors(TyperGroup):
    """Errors that we know leave as a sentence, what to do next, and their exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except IntegrationError as error:
            if ctx.params.get("debug"):
                traceback.print_exc()
            complain(str(error), error.advice)
            raise typer.Exit(error.exit_code) from error
        except (KeyboardInterrupt, typer.Abort) as error:
            typer.echo("\nInterrupted.", err=True)
            raise typer.Exit(INTERRUPTED) from error


app = typer.Typer(
    cls=Doors,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Connects the platforms a team lives on, keeps their credentials sealed, syncs their data on a schedule, "
    "watches their health and security, and lets you ask questions about all of it.",
    epilog="New here? Try `integrations demo`, then `integrations connect <platform>`.",
)


@app.callback()
def _options(
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The folder that holds everything (default: INTEGRATIONS_HOME, else .integrations here).",
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
) -> None:
    if home is not None:
        os.environ["INTEGRATIONS_HOME"] = str(home.absolute())


for commands in (connecting, managing, running, asking, keys, system):
    commands.register(app)


def complain(sentence: str, advice: str = "") -> None:
    """Says on standard error what is wrong and what to do next."""
    typer.echo(f"{typer.style('✗', fg='red')} {sentence}", err=True)
    if advice:
        typer.echo(f"  {advice}", err=True)


def main() -> None:
    """The program. What nobody foresaw ends as one sentence, unless `--debug` asks for the traceback."""
    # Importing makes many objects that stay; looking through them again and again is a tenth of a short command.
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS)
    try:
        app()
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); Python must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(UNFORESEEN)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        told = str(error).partition("\n")[0]
        complain(
            f"something failed that should not: {type(error).__name__}{f': {told}' if told else ''}",
            "Run it again with --debug before the command to see where: integrations --debug …",
        )
        sys.exit(UNFORESEEN)


if __name__ == "__main__":
    main()
