"""What probes and scrapers see."""

import aiohttp
import pytest

from darkchannel.errors import Permanent
from darkchannel.runtime.health import Health, served
from darkchannel.runtime.metrics import Metrics

HOST = "127.0.0.1"


async def fetch(port: int, path: str) -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{HOST}:{port}{path}") as answer,
    ):
        return answer.status, answer.content_type, await answer.text()


async def test_readiness_gives_its_reasons_and_life_goes_on() -> None:
    health = Health()
    async with served(health, Metrics(), host=HOST, port=0) as port:
        assert await fetch(port, "/readyz") == (200, "application/json", '{"ready": true, "reasons": {}}')
        health.against("store", "MinIO is away")
        assert await fetch(port, "/readyz") == (
            503,
            "application/json",
            '{"ready": false, "reasons": {"store": "MinIO is away"}}',
        )
        assert (await fetch(port, "/livez"))[0] == 200
        health.against("store", None)
        assert (await fetch(port, "/readyz"))[0] == 200


async def test_metrics_are_in_the_format_of_prometheus() -> None:
    metrics = Metrics()
    metrics.messages.labels("speak", "ack").inc()
    async with served(Health(), metrics, host=HOST, port=0) as port:
        status, kind, text = await fetch(port, "/metrics")
    assert (status, kind) == (200, "text/plain")
    assert 'darkchannel_messages_total{settlement="ack",stage="speak"} 1.0' in text


async def test_a_taken_port_is_told_with_what_to_do() -> None:
    async with served(Health(), Metrics(), host=HOST, port=0) as port:
        with pytest.raises(Permanent, match=rf"cannot listen on {HOST}:{port}.*HEALTH_PORT"):
            async with served(Health(), Metrics(), host=HOST, port=port):
                pass
