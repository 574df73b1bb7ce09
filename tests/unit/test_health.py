"""What probes and scrapers see."""

import asyncio

import aiohttp
import pytest
from structlog.testing import capture_logs

from darkchannel.errors import Permanent, Unavailable
from darkchannel.runtime import waiting
from darkchannel.runtime.health import Health, served
from darkchannel.runtime.metrics import Metrics
from darkchannel.runtime.waiting import Process

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


async def test_an_idle_process_is_not_ready_while_what_it_needs_is_away_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "PROBE_PAUSE", 0.0)
    monkeypatch.setattr(waiting, "PROBE_SECONDS", 0.01)
    process = Process()
    away, full = Unavailable("MinIO is away"), Unavailable("MinIO is full")
    script: list[Exception | str | None] = [None, away, away, full, "hangs", KeyError("odd"), None, None]
    seen: list[str] = []

    async def probe() -> None:
        seen.append(process.health.reasons.get("store", "ready"))
        step = script.pop(0) if script else None
        if not script:
            process.stop.set()
        if step == "hangs":
            await asyncio.Event().wait()
        if isinstance(step, Exception):
            raise step

    with capture_logs() as logs:
        await waiting.watch("store", probe, process)
    hung, odd = "the store did not answer within 0.01 s", "the store gives no sound answer: KeyError"
    reasons = ["ready", "ready", "MinIO is away", "MinIO is away", "MinIO is full", hung, odd, "ready"]
    assert len(seen) == len(reasons)
    assert all(one.startswith(other) for one, other in zip(seen, reasons, strict=True))
    assert [entry.get("reason", entry["event"]) for entry in logs] == [*seen[3:7], "the store is back"]
    assert process.metrics.waits.labels("store")._value.get() == 1
