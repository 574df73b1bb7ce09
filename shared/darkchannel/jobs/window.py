"""How many segments of a job may be in flight: a huge book never starves a small one."""

from pydantic import BaseModel, ConfigDict, Field

from darkchannel.jobs.options import Priority

WEIGHTS: dict[Priority, int] = {"low": 4, "medium": 8, "high": 16, "urgent": 32}


class Window(BaseModel):
    """``window.json``."""

    model_config = ConfigDict(frozen=True)

    width: int = Field(ge=1)


def initial(priority: Priority) -> Window:
    return Window(width=WEIGHTS[priority])
