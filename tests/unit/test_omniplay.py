from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.handoff_notifier.omniplay import Answer, Handoff, OmniPlay
from services.handoff_notifier.settings import OmniPlaySettings

HANDOFF = Handoff(
    job="1d3c4d52-0000-0000-0000-000000000000",
    run=1,
    event="completed",
    company_id=7,
    title="O Farol",
    language="pt-BR",
    provider="espeak",
    seconds=2.0,
    url=None,
    reason=None,
)


@pytest.fixture
async def answering() -> AsyncIterator[TestServer]:
    """Answers every handoff with the status that is the first part of the path."""

    async def answer(request: web.Request) -> web.Response:
        status = int(request.match_info["status"])
        location = {"Location": "/elsewhere"} if 300 <= status < 400 else None
        return web.json_response({"ticket_id": 77}, status=status, headers=location)

    app = web.Application()
    app.router.add_post("/{status}/{rest:.*}", answer)
    server = TestServer(app)
    async with server:
        yield server


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (200, Answer(200, "77")),
        (302, Answer(302, note="HTTP 302")),
        (401, Answer(401, note="HTTP 401")),
        (500, Answer(500, note="HTTP 500")),
    ],
)
async def test_only_an_acceptance_has_a_ticket_and_everything_else_a_note(
    answering: TestServer, status: int, told: Answer
) -> None:
    omniplay = OmniPlay(OmniPlaySettings(omniplay_api_url=str(answering.make_url(f"/{status}"))))
    try:
        assert await omniplay.send(HANDOFF, datetime.now(UTC)) == told
    finally:
        await omniplay.close()


async def test_a_receiver_that_is_away_is_tried_again() -> None:
    async with TestServer(web.Application()) as gone:
        address = str(gone.make_url("/"))
    omniplay = OmniPlay(OmniPlaySettings(omniplay_api_url=address))
    try:
        answer = await omniplay.send(HANDOFF, datetime.now(UTC))
    finally:
        await omniplay.close()
    assert answer.status == 0
    assert answer.again
    assert "no answer from OmniPlay" in (answer.note or "")
