"""One job that cannot be looked at must not keep the others from being looked at."""

from collections.abc import Awaitable

import structlog

from darkchannel.errors import Unavailable

log = structlog.get_logger(__name__)

OUTAGE = 3
"""Jobs in one round whose objects are out of reach, from which on it is the store that is away."""


class Guard:
    """Counts, over one round, what could not be looked at."""

    def __init__(self) -> None:
        self._away: list[Unavailable] = []

    async def __call__(self, job: str, look: Awaitable[bool]) -> bool:
        """What ``look`` says; True, with a line in the log, for a job that is damaged, and False for one out of reach.

        Raises Unavailable where that is no longer one job's own trouble.
        """
        try:
            return await look
        except Unavailable as error:
            self._away.append(error)
            if len(self._away) == OUTAGE:
                raise
            log.warning("a job is out of reach", job=job, reason=str(error))
            return False
        except Exception as error:
            log.warning("cannot reconcile a job", job=job, reason=str(error) or type(error).__name__)
            return True

    def end(self) -> None:
        """Raise Unavailable where a job was out of reach: the round was not whole."""
        if self._away:
            raise self._away[0]
