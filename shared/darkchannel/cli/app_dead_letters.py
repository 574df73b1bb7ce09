"""What ``darkchannel dead-letters`` looks like."""

from typing import Annotated

import typer

from darkchannel.cli.arguments import Json, finish

HELP = """\
Look at the messages that the services gave up on, and put them back to work.

Their queues are the broker's, so RABBITMQ_URL must name it. In a compose stack:
docker compose exec reconciler darkchannel dead-letters list
"""

app = typer.Typer(help=HELP, rich_markup_mode="rich")

Service = Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this service.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Only those whose reason holds this text.")]


@app.callback(invoke_without_command=True)
def _main(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("list")
def listing(
    *,
    service: Service = None,
    reason: Reason = "",
    limit: Annotated[int, typer.Option(min=1, help="How many to show at most.")] = 20,
    json: Json = False,
) -> int:
    """List them, by service and the oldest first."""
    from darkchannel.cli import dead_letters

    return finish(dead_letters.listing(service=service, reason=reason, limit=limit, json=json))


@app.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.", show_default=False)],
    json: Json = False,
) -> int:
    """Tell everything about one, its body included."""
    from darkchannel.cli import dead_letters

    return finish(dead_letters.show(letter, json=json))


@app.command()
def replay(
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="As `list` shows them; all where none is named.")
    ] = None,
    *,
    service: Service = None,
    reason: Reason = "",
    limit: Annotated[int | None, typer.Option(min=1, help="How many to replay at most.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be replayed.")] = False,
    json: Json = False,
) -> int:
    """Put them back to work, as if they had just come: at most 20 a second.

    Where the run of such a message's job failed, the job's next run is opened. Repeating the command does no harm.
    """
    from darkchannel.cli import dead_letters

    work = dead_letters.replay(letters or (), service=service, reason=reason, limit=limit, dry_run=dry_run, json=json)
    return finish(work)
