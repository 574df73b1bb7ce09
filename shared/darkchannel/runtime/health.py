"""``/livez``, ``/readyz`` and ``/metrics`` of one process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from darkchannel.errors import Permanent
from darkchannel.runtime.metrics import CONTENT_TYPE, Metrics


class Health:
    """Ready while nothing stands against it."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    @property
    def reasons(self) -> dict[str, str]:
        """Why this process is not ready, by what is amiss."""
        return dict(self._reasons)

    def against(self, what: str, reason: str | None) -> None:
        """Note why ``what`` stands against being ready; ``None`` where it no longer does."""
        if reason is None:
            self._reasons.pop(what, None)
        else:
            self._reasons[what] = reason


def application(health: Health, metrics: Metrics) -> web.Application:
    async def livez(_: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def readyz(_: web.Request) -> web.Response:
        reasons = health.reasons
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def scrape(_: web.Request) -> web.Response:
        return web.Response(body=metrics.expose(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    app.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", scrape)])
    return app


@asynccontextmanager
async def served(health: Health, metrics: Metrics, *, host: str, port: int) -> AsyncIterator[int]:
    """Answer probes while inside; yields the port, which the system chooses where ``port`` is 0.

    Raises Permanent where the port is taken.
    """
    runner = web.AppRunner(application(health, metrics), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise Permanent(
                f"cannot listen on {host}:{port}: {error.strerror}; set HEALTH_PORT to a free port"
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
