"""What the commands that run services, or speak to the broker, in this process have in common."""

from pathlib import Path
from typing import TYPE_CHECKING

from darkchannel import keys
from darkchannel.cli.exits import Usage
from darkchannel.runtime import logs, settings
from darkchannel.runtime.settings import Settings

if TYPE_CHECKING:  # it brings a web server, which most commands have no use for
    from darkchannel.runtime.embedded import Embedded


class Waits:
    """Tells of what the services wait for, a full disk or an engine say: each reason once, until none is left."""

    def __init__(self, pipeline: "Embedded") -> None:
        self._health = pipeline.process.health
        self._bus = pipeline.bus
        self._told: set[str] = set()

    def news(self) -> list[str]:
        put_off = (f"{retry.reason}; trying again in {_delay(retry.delay)}" for retry in self._bus.put_off)
        reasons = {*self._health.reasons.values(), *put_off}
        new = sorted(reasons - self._told)
        self._told = self._told | reasons if reasons else set()
        return [f"waiting    {reason}" for reason in new]


def _delay(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def quieten(chosen: Settings) -> None:
    """Send logs to standard error; where LOG_LEVEL says nothing, only errors: the command itself tells the rest."""
    quiet = {} if "log_level" in chosen.model_fields_set else {"log_level": "error"}
    logs.configure(chosen.model_copy(update=quiet))


def prepare(folder: Path | None) -> Path:
    """Quiet the services' logs, and return the folder of the objects: the one named, else the settings'.

    The inbox is made: a person may copy into it as soon as its name is printed. Raises Usage where it cannot be.
    """
    chosen = settings.load()
    quieten(chosen)
    root = (folder or chosen.darkchannel_folder).expanduser().resolve()
    try:
        (root / keys.INBOX).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Usage(f"{root / keys.INBOX} cannot be made: {error.strerror}") from error
    return root
