"""What ``darkchannel voices`` looks like."""

from pathlib import Path
from typing import Annotated

import typer

from darkchannel.cli.arguments import Json, finish, tag

HELP = """\
List engines and their voices, and why one cannot speak now; speak a sample; install a voice.
"""

EPILOG = """\
[bold]Examples[/bold]
  darkchannel voices --language pt
  darkchannel voices --engine openai --json
  darkchannel voices --sample pt-br+f3 --out ana.wav
  darkchannel voices install pt_BR-faber-medium
  darkchannel voices install ~/vozes/pt_BR-minha-medium.onnx
"""

app = typer.Typer(help=HELP, epilog=EPILOG, rich_markup_mode="rich")


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    *,
    engine: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    language: Annotated[str | None, typer.Option(callback=tag, help="Only voices of it, such as pt or pt-BR.")] = None,
    sample: Annotated[str | None, typer.Option(metavar="VOICE", help="Speak a sentence into a WAV file.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="That file, or its folder; by default VOICE.wav. It must not be there yet.")
    ] = None,
    json: Json = False,
) -> int:
    if context.invoked_subcommand:
        if json or any((engine, language, sample, out)):
            raise typer.BadParameter(f"put the options of {context.invoked_subcommand} behind it")
        return 0
    if out and sample is None:
        raise typer.BadParameter("it needs --sample VOICE", param_hint="'--out'")
    from darkchannel.cli import voices

    if sample is not None:
        return finish(voices.sample(sample, engine, language, out, json=json))
    return finish(voices.show(engine, language, json=json))


@app.command()
def install(
    voice: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="A voice of Piper's by its name, or an .onnx file with its .onnx.json beside it.",
            show_default=False,
        ),
    ],
    *,
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the objects, as narrate and watch take it; else where jobs go.")
    ] = None,
    json: Json = False,
) -> int:
    """Fetch a natural voice that speaks offline, try it, and put it into darkchannel-refs/models/piper/.

    Every synthesizer finds it there within half a minute, and speaks with it from then on where engine is auto.
    """
    from darkchannel.cli import installing

    return finish(installing.install(voice, folder=folder, json=json))
