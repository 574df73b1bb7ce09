"""How many segments of a job may be in flight: a huge book never starves a small one."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from darkchannel.jobs.options import Priority

WEIGHTS: dict[Priority, int] = {"low": 4, "medium": 8, "high": 16, "urgent": 32}


class Window(BaseModel):
    """``window.json``."""

    model_config = ConfigDict(frozen=True)

    width: int = Field(ge=1)


def initial(priority: Priority) -> Window:
    """The width of a job until the reconciler has seen it beside the others."""
    return Window(width=WEIGHTS[priority])


def widths(slots: int, priorities: Mapping[str, Priority]) -> dict[str, int]:
    """The width of each active job where all synthesizers together take ``slots`` segments at once.

    ``max(1, ceil(1.5 slots w / sum of w))``: half as many again as are taken, so that no slot waits for a release,
    shared out by weight; a lone job gets all of it. More would keep slots no busier and small jobs waiting longer.
    """
    total = 2 * sum(WEIGHTS[priority] for priority in priorities.values())
    return {job: max(1, -(-3 * slots * WEIGHTS[priority] // total)) for job, priority in priorities.items()}
