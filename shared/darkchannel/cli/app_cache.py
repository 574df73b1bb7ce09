"""What ``darkchannel cache`` looks like."""

from pathlib import Path
from typing import Annotated

import typer

from darkchannel.cli.arguments import Json, Language, Voice, finish, tag

HELP = """\
See, fill and clear what is kept of speech that costs more than a read.

Speech of engines that take long, or money, lies in darkchannel-cache until it was not used for a week, or room is
needed (SPEECH_CACHE_BYTES). Text, voice, engine and its revision must be the same for speech to be used again.
"""

EPILOG = """\
[bold]Examples[/bold]
  darkchannel cache stats
  darkchannel cache preload saudacoes.txt --engine piper --voice pt_BR-faber-medium
  darkchannel cache similar 'Bem-vindo à Livraria Aurora'
  darkchannel cache clear --engine piper --yes
"""

app = typer.Typer(help=HELP, epilog=EPILOG, rich_markup_mode="rich")

OneEngine = Annotated[str | None, typer.Option("--engine", help="Only the speech of this one.")]


@app.callback(invoke_without_command=True)
def _main(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def stats(json: Json = False) -> int:
    """Say how much speech is kept of each engine, and when it was last used, within a day."""
    from darkchannel.cli import cache

    return finish(cache.stats(json=json))


@app.command()
def clear(
    *,
    engine: OneEngine = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it, and do not only tell what would go.")] = False,
    json: Json = False,
) -> int:
    """Remove the speech that is kept; without --yes, tell how much that is.

    A synthesizer that runs still has for up to an hour what it used lately.
    """
    from darkchannel.cli import cache

    return finish(cache.clear(engine, yes=yes, json=json))


@app.command()
def preload(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Phrases in UTF-8, one a line; - is standard input.", show_default=False),
    ],
    *,
    engine: Annotated[str, typer.Option(help="The engine that is to speak them.", show_default=False)],
    voice: Voice = None,
    language: Language = None,
    json: Json = False,
) -> int:
    """Speak phrases now, so that later a text of just one of them is at hand at once.

    Give the voice and the language that those jobs have. What is kept already is not spoken again.
    """
    from darkchannel.cli import preloading

    return finish(preloading.preload(file, engine, voice=voice, language=language, json=json))


@app.command()
def similar(
    text: Annotated[str, typer.Argument(metavar="TEXT", show_default=False)],
    *,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="How alike at least; 1 is the same words.")] = 0.8,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to show at most.")] = 10,
    language: Annotated[str, typer.Option(callback=tag, help="Language tag of the text.")] = "pt-BR",
    json: Json = False,
) -> int:
    """List texts in the cache that are like this one: with their words it would cost nothing.

    It only suggests: no other text is ever spoken in place of yours.
    """
    from darkchannel.cli import cache

    return finish(cache.similar(text, language, threshold=threshold, limit=limit, json=json))
