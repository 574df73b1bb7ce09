"""What the services wait for, a full disk or an engine say, for those who look on."""

from darkchannel import keys
from darkchannel.events import ObjectCreated
from darkchannel.messaging.port import Delivery
from darkchannel.runtime.consumer import job_of
from darkchannel.runtime.embedded import Embedded


class Waits:
    """Tells of what stands in the way of all, and of each job or document that is tried again later.

    Each once, until nothing waits any more.
    """

    def __init__(self, pipeline: Embedded) -> None:
        self._health = pipeline.process.health
        self._bus = pipeline.bus
        self._told: set[str] = set()

    def news(self) -> list[str]:
        put_off = (
            f"{_subject(delivery)}: {retry.reason}; trying again in {_delay(retry.delay)}"
            for delivery, retry in self._bus.put_off
        )
        waits = {*self._health.reasons.values(), *put_off}
        new = sorted(waits - self._told)
        self._told = self._told | waits if waits else set()
        return [f"waiting    {wait}" for wait in new]


def _subject(delivery: Delivery) -> str:
    event = ObjectCreated.decode(delivery.body)
    job = job_of(event) if event.bucket == keys.JOBS else None
    return f"job {job}" if job else event.key


def _delay(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
