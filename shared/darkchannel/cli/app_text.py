"""What ``darkchannel text`` looks like."""

from pathlib import Path
from typing import Annotated

import typer

from darkchannel.cli.arguments import Document, Engine, Footnotes, Json, Language, Voice, Voices, options

HELP = """\
See why something is read as it is: where sentences end, what numbers become, how a document is cut.

Nothing is spoken and no server is asked.
"""

app = typer.Typer(help=HELP, rich_markup_mode="rich")

Text = Annotated[
    Path, typer.Argument(metavar="FILE", help="A plain text in UTF-8; - is standard input.", show_default=False)
]
TextLanguage = Annotated[str, typer.Option("--language", help="Language tag of the text.")]


@app.callback(invoke_without_command=True)
def _main(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog="Example: [bold]darkchannel text sentences --language pt-BR conto.txt[/bold]")
def sentences(file: Text, *, language: TextLanguage = "pt-BR") -> int:
    """Print the sentences of a text, one a line."""
    from darkchannel.cli import texts

    return texts.sentences(file, language)


@app.command(epilog="Example: [bold]echo 'D. João VI pagou R$ 2,50.' | darkchannel text normalize -[/bold]")
def normalize(file: Text, *, language: TextLanguage = "pt-BR") -> int:
    """Print each line of a text in the words that are spoken: numbers, dates and abbreviations written out."""
    from darkchannel.cli import texts

    return texts.normalize(file, language)


@app.command(epilog="Example: [bold]darkchannel text plan livro.epub --footnotes end --json[/bold]")
def plan(
    file: Document,
    *,
    language: Language = None,
    engine: Engine = None,
    voice: Voice = None,
    voices: Voices = None,
    footnotes: Footnotes = None,
    lexicon: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A lexicon (PLS) to apply.")] = None,
    json: Json = False,
) -> int:
    """List the segments that a document is cut into, by chapter.

    A segment's number is that of its object, such as segments/segment-000012.ssml. With --json each comes whole."""
    from darkchannel.cli import texts

    given = options(language=language, engine=engine, voice=voice, voices=voices, footnotes=footnotes)
    return texts.plan(file, given, lexicon or [], json=json)
