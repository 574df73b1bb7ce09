"""What the command line looks like: every command with its options, and nothing heavy imported before one runs."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from darkchannel.cli import app_cache, app_dead_letters, app_deliveries, app_text, app_voices
from darkchannel.cli.arguments import (
    Author,
    Document,
    Engine,
    Follow,
    Footnotes,
    JobOrFile,
    Json,
    Language,
    Lexicon,
    Others,
    Priority,
    Title,
    Voice,
    Voices,
    finish,
    options,
)
from darkchannel.cli.exits import MEANINGS, Code, code_of, one_line, reason_of
from darkchannel.errors import DarkChannelError

MAKE, LOOK, RUN = "Make audiobooks", "Look after jobs", "Run the services"

HELP = """\
Drop a text, SSML or EPUB file, take a finished audiobook.

narrate and watch need no server: all happens in a folder (DARKCHANNEL_FOLDER, by default ./darkchannel-data).
The other commands speak to MinIO where the environment or ./.env names one, else to that folder.
"""

EPILOG = """\
[bold]Examples[/bold]
  darkchannel narrate conto.txt --author 'Machado de Assis'
  darkchannel watch ~/livros
  darkchannel submit livro.epub --priority high --follow
  darkchannel jobs --limit 5
  darkchannel cancel livro.epub
  darkchannel retry livro.epub --follow

[bold]Exit codes[/bold]
""" + "\n".join(f"  {code.value:3} {meaning}" for code, meaning in MEANINGS.items())

app = typer.Typer(
    name="darkchannel",
    help=HELP,
    epilog=EPILOG,
    rich_markup_mode="rich",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(app_deliveries.app, name="deliveries", rich_help_panel=LOOK)
app.add_typer(app_dead_letters.app, name="dead-letters", rich_help_panel=LOOK)
app.add_typer(app_text.app, name="text", rich_help_panel=LOOK)
app.add_typer(app_voices.app, name="voices", rich_help_panel=LOOK)
app.add_typer(app_cache.app, name="cache", rich_help_panel=LOOK)


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace behind an error.")] = False,  # noqa: ARG001
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(rich_help_panel=MAKE)
def narrate(
    file: Document,
    *,
    voice: Voice = None,
    language: Language = None,
    engine: Engine = None,
    voices: Voices = None,
    lexicon: Lexicon = None,
    footnotes: Footnotes = None,
    title: Title = None,
    author: Author = None,
    priority: Priority = None,
    others: Others = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Also copy the audiobook to this file or folder; a file's extension says the format."),
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder of the objects.")] = None,
    json: Json = False,
) -> int:
    """Narrate one file here and now, without any server.

    Interrupted, it goes on with what is made already when the same command is given again. All its options are those
    of when it began, also where the environment or _options.yaml have others now.
    """
    from darkchannel.cli import narrating

    given = options(
        others, voice=voice, language=language, engine=engine, voices=voices, lexicon=lexicon, footnotes=footnotes,
        title=title, author=author, priority=priority,
    )  # fmt: skip
    return finish(narrating.narrate(file, given, folder=folder, out=out, json=json))


@app.command(rich_help_panel=MAKE)
def watch(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="Folder of the objects.")] = None,
) -> int:
    """Narrate every file dropped into FOLDER/darkchannel-inbox, until stopped."""
    from darkchannel.cli import watching

    return finish(watching.watch(folder))


@app.command(rich_help_panel=MAKE)
def submit(
    file: Document,
    *,
    voice: Voice = None,
    language: Language = None,
    engine: Engine = None,
    voices: Voices = None,
    lexicon: Lexicon = None,
    footnotes: Footnotes = None,
    title: Title = None,
    author: Author = None,
    priority: Priority = None,
    formats: Annotated[str | None, typer.Option(help="Audio formats, comma-separated.")] = None,
    others: Others = None,
    company_id: Annotated[int | None, typer.Option(help="OmniPlay company that hears of the end.")] = None,
    follow: Follow = False,
    json: Json = False,
) -> int:
    """Upload a file to the inbox, for the services to narrate."""
    from darkchannel.cli import submitting

    given = options(
        others, voice=voice, language=language, engine=engine, voices=voices, lexicon=lexicon, footnotes=footnotes,
        title=title, author=author, priority=priority, formats=formats, company_id=company_id,
    )  # fmt: skip
    return finish(submitting.submit(file, given, following=follow, json=json))


@app.command(rich_help_panel=LOOK)
def status(job: JobOrFile, json: Json = False) -> int:
    """Say how far a job is, and why it failed."""
    from darkchannel.cli import looking

    return finish(looking.status(job, json=json))


@app.command(rich_help_panel=LOOK)
def jobs(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to show at most.")] = 20,
    json: Json = False,
) -> int:
    """List the jobs of the last 60 days, newest first."""
    from darkchannel.cli import looking

    return finish(looking.listing(limit, json=json))


@app.command(rich_help_panel=LOOK)
def link(job: JobOrFile, json: Json = False) -> int:
    """Print a link to the audiobook, valid for an hour."""
    from darkchannel.cli import looking

    return finish(looking.link(job, json=json))


@app.command(rich_help_panel=LOOK)
def cancel(job: JobOrFile, json: Json = False) -> int:
    """End a job that has not ended yet."""
    from darkchannel.cli import looking

    return finish(looking.cancel(job, json=json))


@app.command(rich_help_panel=LOOK)
def retry(job: JobOrFile, *, follow: Follow = False, json: Json = False) -> int:
    """Go on with a job that failed or was cancelled; what is made already is kept.

    A document that was refused is refused again: mend it and drop it anew.
    """
    from darkchannel.cli import mending

    return finish(mending.retry(job, following=follow, json=json))


@app.command(rich_help_panel=LOOK)
def rebuild(job: JobOrFile, json: Json = False) -> int:
    """Have the reconciler look at a job now: for edited segments and lost outputs, whatever event was lost."""
    from darkchannel.cli import mending

    return finish(mending.rebuild(job, json=json))


@app.command(rich_help_panel=RUN)
def serve(
    services: Annotated[list[str], typer.Argument(metavar="SERVICE", help="Names of services.", show_default=False)],
) -> int:
    """Run services until stopped: splitter, synthesizer, merger, publisher, handoff-notifier, reconciler."""
    from darkchannel.cli import serving

    return finish(serving.serve(services))


@app.command(rich_help_panel=RUN)
def setup() -> int:
    """Create buckets, notifications, queues and users, and check that events arrive."""
    from darkchannel.cli import setup as setting_up

    return finish(setting_up.setup())


@app.command(rich_help_panel=RUN)
def version() -> None:
    """Print the version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        typer.echo(f"darkchannel {version('darkchannel')}")
    except PackageNotFoundError:
        typer.echo("darkchannel, not installed: run from its source tree")


def run(args: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; an error becomes one line on standard error."""
    debug, rest = _take_debug(list(sys.argv[1:] if args is None else args))
    try:
        code = int(app(args=rest, prog_name="darkchannel", standalone_mode=False) or 0)
        message = "interrupted" if code == Code.INTERRUPTED else ""  # typer has turned Ctrl-C into this code
    except Exception as error:
        if debug:
            traceback.print_exc()
        code, message = _explained(error)
    if message:
        typer.echo(f"darkchannel: {one_line(message)}", err=True)
    return code


def _explained(error: Exception) -> tuple[int, str]:
    match error:
        case typer.TyperException():
            return error.exit_code, f"{error.format_message().rstrip('.')}; see darkchannel --help"
        case DarkChannelError():
            return code_of(error), reason_of(error)
    return Code.FAILED, f"{type(error).__name__}: {error} (add --debug to see where)"


def _take_debug(args: list[str]) -> tuple[bool, list[str]]:
    """``--debug`` counts wherever it stands before ``--``."""
    end = args.index("--") if "--" in args else len(args)
    rest = [arg for position, arg in enumerate(args) if arg != "--debug" or position > end]
    return len(rest) < len(args), rest
