"""Places at which a process ends itself with SIGKILL, as a machine may lose its power there: for tests of exactly that.

``DARKCHANNEL_FAILPOINT=after-put@3`` names one, and at which passage it acts; without ``@`` at the first. They lie
in the wrappers around store and bus, which are there only while the variable is set: handlers know nothing of them.
"""

import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn, cast

from darkchannel import keys
from darkchannel.errors import Permanent
from darkchannel.messaging.port import Bus, Consumer, Delivery, Handler, Settlement
from darkchannel.runtime.service import Context
from darkchannel.storage.jobs import Jobs
from darkchannel.storage.port import ObjectStore

VARIABLE: Final = "DARKCHANNEL_FAILPOINT"

_PART_BYTES: Final = 5 * 1024 * 1024
"""The least that S3 takes as a part, unless it is the last."""


def _any(_: str) -> bool:
    return True


def _is_segment(key: str) -> bool:
    return keys.parse_segment(key) is not None


def _is_outcome(key: str) -> bool:
    run = keys.parse_run(key)
    return run is not None and run.event == "outcome"


@dataclass(frozen=True, slots=True)
class Place:
    """Before or after which requests of the store or the bus, and for which keys."""

    requests: tuple[str, ...]
    before: bool
    concerns: Callable[[str], bool] = _any


PLACES: Final[Mapping[str, Place]] = {
    "before-put": Place(("put", "put_file"), before=True),
    "after-put": Place(("put", "put_file"), before=False),
    "mid-upload": Place(("put_file",), before=True),
    "before-release": Place(("put",), before=True, concerns=_is_segment),
    "after-outcome": Place(("put",), before=False, concerns=_is_outcome),
    "before-copy": Place(("copy",), before=True),
    "after-copy": Place(("copy",), before=False),
    "before-delete": Place(("delete",), before=True),
    "in-round": Place(("put", "delete", "publish"), before=True),
    "before-ack": Place(("settle",), before=True),
}


def from_environment() -> "Failpoint | None":
    """The failpoint that the environment names; None as a rule. Raises Permanent for one that is not there."""
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    name, at, passage = named.partition("@")
    if name not in PLACES or (at and not re.fullmatch("[1-9][0-9]*", passage)):
        raise Permanent(f"{VARIABLE}={named} is none: write one of {', '.join(PLACES)}, with @3 for its third passage")
    return Failpoint(name, int(passage or 1))


@dataclass(slots=True)
class Failpoint:
    """Counts the passages of its place in this process."""

    name: str
    passage: int
    _passed: int = field(default=0, init=False)

    def around(self, context: Context) -> Context:
        """The same context, with the failpoint in its store and its bus."""
        store = cast(ObjectStore, _Around(context.store, self))
        bus = cast(Bus, _AroundBus(context.bus, self))
        return replace(context, store=store, jobs=Jobs(store, context.clock), bus=bus)

    def is_at(self, request: str, key: str, *, before: bool) -> bool:
        """Whether this is the passage at which the process is to end."""
        place = PLACES[self.name]
        if request not in place.requests or place.before != before or not place.concerns(key):
            return False
        self._passed += 1
        return self._passed == self.passage


class _Around:
    """Passes every request on, and ends the process before or after the one that the failpoint names."""

    def __init__(self, inner: object, failpoint: Failpoint) -> None:
        self._inner = inner
        self._failpoint = failpoint

    def __getattr__(self, request: str) -> Any:
        pass_on = getattr(self._inner, request)
        if request not in PLACES[self._failpoint.name].requests:
            return pass_on

        async def around(*args: Any, **kwargs: Any) -> Any:
            key = args[1] if len(args) > 1 and isinstance(args[1], str) else ""
            if self._failpoint.is_at(request, key, before=True):
                if self._failpoint.name == "mid-upload":
                    await _upload_begun(self._inner, *args[:2])
                _die()
            answer = await pass_on(*args, **kwargs)
            if self._failpoint.is_at(request, key, before=False):
                _die()
            return answer

        return around


class _AroundBus(_Around):
    async def consume(self, queue: str, handler: Handler, *, prefetch: int, spare: int = 0) -> Consumer:
        async def handle(delivery: Delivery) -> Settlement:
            settlement = await handler(delivery)
            if self._failpoint.is_at("settle", queue, before=True):
                _die()
            return settlement

        return await cast(Bus, self._inner).consume(queue, handle, prefetch=prefetch, spare=spare)


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL returned")


async def _upload_begun(store: object, bucket: str, key: str) -> None:
    """End in the middle of a multipart upload: most books of a test fit into one request, so ours is padded."""
    # Imported here: loading it takes what the environment of a real service never needs.
    import obstore  # noqa: PLC0415

    from darkchannel.storage.s3 import S3Store  # noqa: PLC0415

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield bytes(_PART_BYTES)
        # One part is under way at a time, so the first has arrived when the third is asked for.
        _die()

    at = cast(S3Store, store)._bucket(bucket)
    await obstore.put_async(at, key, parts(), use_multipart=True, chunk_size=_PART_BYTES, max_concurrency=1)
