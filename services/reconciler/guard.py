"""One damaged job must not keep the others from being looked at."""

from collections.abc import Awaitable

import structlog

from darkchannel.errors import Unavailable

log = structlog.get_logger(__name__)


async def guarded(job: str, look: Awaitable[bool]) -> bool:
    """What ``look`` says; True, with a line in the log, where the job cannot be looked at."""
    try:
        return await look
    except Unavailable:
        raise
    except Exception as error:
        log.warning("cannot reconcile a job", job=job, reason=str(error) or type(error).__name__)
        return True
