"""What several commands take, and how each is run. As light as ``app``, which is read before every ``--help``."""

import os
import signal
import threading
from collections.abc import Coroutine, Iterable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Literal

import typer

from darkchannel.cli.exits import Code, Usage

Document = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A text, Markdown, SSML, EPUB, HTML, DOCX or PDF file.", show_default=False),
]
JobOrFile = Annotated[str, typer.Argument(metavar="JOB", help="A job id, or the name of the file it came from.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
Follow = Annotated[bool, typer.Option("--follow", help="Show the progress until the job ends.")]
Voice = Annotated[str | None, typer.Option(help="Voice, as the engine names it; several: the first there is.")]
Language = Annotated[str | None, typer.Option(help="Language tag; pt-BR where nothing says otherwise.")]
Engine = Annotated[str | None, typer.Option(help="Speech engine.")]
Title = Annotated[str | None, typer.Option(help="Title of the audiobook.")]
Author = Annotated[str | None, typer.Option(help="Author of the audiobook.")]
Footnotes = Annotated[
    Literal["skip", "end", "inline"] | None, typer.Option(help="Leave footnotes out, or read them where.")
]
Lexicon = Annotated[str | None, typer.Option(help="Pronunciations: a file in darkchannel-refs/lexicons/.")]
Voices = Annotated[str | None, typer.Option(help="Voices by speaker: 'Ana=pt-br+f3, Bento=pt-br+m3'.")]
Others = Annotated[
    list[str] | None,
    typer.Option("--option", "-o", metavar="NAME=VALUE", help="Any option of a job, as docs/options.md lists them."),
]
PriorityName = Literal["low", "medium", "high", "urgent"]
Priority = Annotated[PriorityName | None, typer.Option(help="How much may be in flight at once.")]


def finish(command: Coroutine[Any, Any, int]) -> int:
    """Run what a command does, to its exit code. Ctrl-C has it give back what is under way; once more ends it there."""
    import asyncio  # a fifth of what --help takes

    # What a process that is ended at once leaves, the one that tells of it removes too.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    return asyncio.run(_interruptible(command))


async def _interruptible(command: Coroutine[Any, Any, int]) -> int:
    """asyncio would break off amid the giving back, and each task that is left would complain on the terminal."""
    first = signal.getsignal(signal.SIGINT)  # asyncio's own, where it took the signal

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, _end)
        assert callable(first)
        first(number, frame)

    if not callable(first) or threading.current_thread() is not threading.main_thread():
        return await command
    signal.signal(signal.SIGINT, interrupt)
    try:
        return await command
    finally:
        if signal.getsignal(signal.SIGINT) is interrupt:
            signal.signal(signal.SIGINT, first)


def _end(*_: object) -> None:
    """As if it were killed: what is made is whole or not there, and workers end with their parent.

    A copy that is being written leaves its ``.part``.
    """
    os._exit(Code.INTERRUPTED)


def tag(language: str | None) -> str | None:
    """A language tag as the options of a job have it. Raises Usage where no job could have it."""
    if language is None:
        return None
    from darkchannel.errors import Refused  # as above
    from darkchannel.jobs.options import resolve

    try:
        return resolve({"language": language}).language
    except Refused as error:
        raise Usage(str(error)) from error


def options(others: Iterable[str] | None = None, **given: str | int | None) -> dict[str, str]:
    """The job options that were given, by words of ``NAME=VALUE`` or by an option of their own, which counts first."""
    named: dict[str, str] = {}
    for word in others or ():
        name, equals, value = word.partition("=")
        if not equals:
            raise typer.BadParameter(f"{word!r} is no NAME=VALUE", param_hint="'--option' / '-o'")
        named[name.strip().lower().replace("-", "_")] = value
    return named | {name: str(value) for name, value in given.items() if value is not None}
