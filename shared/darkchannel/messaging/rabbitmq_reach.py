"""Where the broker is, and what it means that it cannot be reached."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelPreconditionFailed
from yarl import URL

from darkchannel.errors import Permanent, Unavailable

TIMEOUT = 10.0
"""Seconds that one call of the bus may take, a reconnection included."""
HEARTBEAT = 15
"""Seconds between signs of life; a broker that leaves out three is gone."""


def place_of(url: str) -> str:
    """Host and port of a broker's URL, fit for messages. Raises Permanent where there is none."""
    try:
        parsed = URL(url)
        if parsed.scheme in {"amqp", "amqps"} and parsed.host:
            return f"{parsed.host}:{parsed.port or (5671 if parsed.scheme == 'amqps' else 5672)}"
    except ValueError:
        pass
    raise Permanent("RABBITMQ_URL is no broker's address: it must look like amqp://user:password@host:5672/")


def with_heartbeat(url: str) -> URL:
    """A broker's URL with our heartbeat, unless it names its own (``?heartbeat=30``)."""
    parsed = URL(url)
    return parsed if "heartbeat" in parsed.query else parsed.update_query(heartbeat=HEARTBEAT)


@asynccontextmanager
async def reaching(place: str) -> AsyncIterator[None]:
    """Bound one call and say what went wrong in terms of the port."""
    task = asyncio.current_task()
    cancelling = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(TIMEOUT):
            yield
    except ChannelPreconditionFailed as error:
        raise Permanent(
            f"RabbitMQ at {place} refused a request ({error}): where it names a queue or an exchange that differs from "
            "what is needed, delete that in the management page, once it is empty, then run `darkchannel setup`"
        ) from error
    except TimeoutError as error:
        # A broker that is short of memory or disk stops reading from whoever publishes.
        raise Unavailable(
            f"RabbitMQ at {place} did not answer within {TIMEOUT:g} s: see that it is not overloaded and has memory "
            "and disk left (`rabbitmq-diagnostics alarms`)"
        ) from error
    except CONNECTION_EXCEPTIONS as error:
        raise Unavailable(
            f"RabbitMQ at {place} is out of reach ({error}): check that it runs and RABBITMQ_URL is right"
        ) from error
    except asyncio.CancelledError as error:
        # aio-pika cancels what waits on a connection that it closes; the caller was not cancelled.
        if task and task.cancelling() == cancelling:
            raise Unavailable(f"RabbitMQ at {place} closed the connection") from error
        raise
