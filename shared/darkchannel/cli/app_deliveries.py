"""What ``darkchannel deliveries`` looks like."""

from typing import Annotated, Literal

import typer

from darkchannel.cli.arguments import Json, finish

HELP = """\
See what OmniPlay and webhooks were told, and have them told again.

A delivery is pending until its receiver has taken it, and is tried for about three days. It is failed when
the receiver would not take it or never answered, refused when a recording cannot be handed off, and skipped
when nothing was sent, for the reason in its note.
"""

EPILOG = """\
[bold]Examples[/bold]
  darkchannel deliveries list
  darkchannel deliveries list --state failed --days 30
  darkchannel deliveries show livro.epub task.completed
  darkchannel deliveries redeliver company_5/voice/2026/01/15/7f3c9a52.mp3
  darkchannel deliveries redeliver --failed --days 2 --yes
"""

app = typer.Typer(help=HELP, epilog=EPILOG, rich_markup_mode="rich")

StateName = Literal["pending", "delivered", "failed", "skipped", "refused"]
Days = Annotated[int, typer.Option(min=1, max=366, help="Jobs and recordings of so many days.")]
ABOUT = "JOB|RECORDING"
ABOUT_HELP = "A job id, the name of the file it came from, or the key of a recording."
Event = Annotated[
    str | None, typer.Argument(metavar="EVENT", help="Such as task.completed or handoff.", show_default=False)
]


@app.callback(invoke_without_command=True)
def _main(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("list")
def listing(
    *,
    days: Days = 7,
    job: Annotated[
        str | None, typer.Option(metavar=ABOUT, help="Only those of this one, whatever their state.")
    ] = None,
    state: Annotated[StateName | None, typer.Option(help="Only those in this state.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Those in every state.")] = False,
    json: Json = False,
) -> int:
    """List what did not arrive: pending, failed, refused or skipped, the newest first."""
    from darkchannel.cli import deliveries

    return finish(deliveries.listing(days=days, wanted=job, state=state, every=every, json=json))


@app.command()
def show(
    job: Annotated[str, typer.Argument(metavar=ABOUT, help=ABOUT_HELP, show_default=False)],
    event: Event = None,
    json: Json = False,
) -> int:
    """Tell everything about the deliveries of one job or recording."""
    from darkchannel.cli import deliveries

    return finish(deliveries.show(job, event, json=json))


@app.command()
def redeliver(
    job: Annotated[str | None, typer.Argument(metavar=ABOUT, help=ABOUT_HELP, show_default=False)] = None,
    event: Event = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="All that failed, where no job is named.")] = False,
    days: Days = 7,
    yes: Annotated[bool, typer.Option("--yes", help="With --failed: do it, and do not only list them.")] = False,
    json: Json = False,
) -> int:
    """Try again now, from the first try on, under the same webhook-id.

    Of a job without EVENT: all that was lost. What was delivered is sent again where its EVENT is named, and a
    receiver that does not look at webhook-id acts on it twice. An address disabled by its 410 is tried again, too.
    """
    from darkchannel.cli import deliveries

    return finish(deliveries.redeliver(job, event, failed=failed, days=days, yes=yes, json=json))
