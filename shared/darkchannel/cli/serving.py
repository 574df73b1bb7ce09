"""``darkchannel serve``: runs services on MinIO and RabbitMQ until stopped."""

from collections.abc import Sequence

from darkchannel import pipeline
from darkchannel.cli.exits import Code, Usage
from darkchannel.runtime import lifecycle, settings


async def serve(services: Sequence[str]) -> Code:
    """Raises Usage for a name that is no service's."""
    unknown = [name for name in services if name not in pipeline.SERVICES]
    if unknown:
        raise Usage(f"there is no service {', '.join(unknown)}; there are {', '.join(pipeline.SERVICES)}")
    await lifecycle.serve(services, settings.load())
    return Code.OK
