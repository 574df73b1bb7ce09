"""A strict OmniPlay on loopback: it refuses what its documents do not allow, and misbehaves as it is told to."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp.web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook, WebhookVerificationError

PATH = "/api/tickets/realtime-handoff"
TOKEN = "token-of-the-tests"
SECRET = "whsec_dW0gZmFyb2wgcGFyYSBvcyB0ZXN0ZXMgMjQ="

Manner = Literal["created", "ok", "conflict", "error", "busy", "slow", "reset", "garbage"]
"""How it answers. ``garbage`` is an acceptance that names no ticket; of the others ``created`` and ``ok`` make one."""

ACCEPTED = ("created", "ok", "garbage")


def _is_transcript(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(turn, dict)
        and {*turn} == {"role", "text", "timestamp"}
        and turn["role"] in ("user", "assistant")
        and isinstance(turn["text"], str)
        and type(turn["timestamp"]) is int
        for turn in value
    )


def _is_address(value: object) -> bool:
    return value is None or (isinstance(value, str) and urlsplit(value).scheme in ("http", "https"))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


REQUIRED: Mapping[str, Callable[[object], bool]] = {
    "call_uuid": lambda value: _is_text(value) and value != "",
    "caller_id": lambda value: isinstance(value, str) and (value == "" or value.isdecimal()),
    "transcript": _is_transcript,
    "summary": _is_text,
    "provider": _is_text,
    "language": _is_text,
    "duration_seconds": _is_count,
    "turns": _is_count,
    "handoff_reason": _is_text,
    "recording_url": _is_address,
}
OPTIONAL: Mapping[str, Callable[[object], bool]] = {
    "avg_latency_ms": lambda value: isinstance(value, int | float),
    "queue_id": lambda value: type(value) is int,
    "secretary_uuid": _is_text,
    "attach_recording": lambda value: isinstance(value, bool),
    "conversation_id": _is_text,
}


@dataclass(frozen=True, slots=True)
class Received:
    id: str
    """``webhook-id``."""
    company: int
    body: dict[str, Any]
    at: float
    """``time.time()``."""
    manner: Manner


@dataclass
class OmniPlay:
    """What it received, and how it is to answer."""

    manner: Callable[[], Manner] = lambda: "created"
    received: list[Received] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Why it refused what it refused."""
    url: str = ""
    arrivals: "asyncio.Queue[Received]" = field(default_factory=asyncio.Queue)
    """Those received, for who waits for the next."""

    @property
    def tickets(self) -> Counter[str]:
        """How many tickets it made, by ``webhook-id``: two are one too many."""
        return Counter(item.id for item in self.received if item.manner in ACCEPTED)

    async def answer(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        body = await request.read()
        if fault := _fault(request.headers, body):
            self.wrong.append(fault)
            return aiohttp.web.json_response({"error": fault}, status=422)
        manner = self.manner()
        told = Received(
            request.headers["webhook-id"], int(request.headers["X-Company-Id"]), json.loads(body), time.time(), manner
        )
        self.received.append(told)
        self.arrivals.put_nowait(told)
        return await _answer(request, manner, len(self.received))


async def _answer(request: aiohttp.web.Request, manner: Manner, number: int) -> aiohttp.web.StreamResponse:
    match manner:
        case "slow":
            await asyncio.Event().wait()  # until the client has had enough
        case "reset":
            assert request.transport
            request.transport.abort()
        case "conflict" | "error":
            return aiohttp.web.json_response({"error": manner}, status={"conflict": 409, "error": 500}[manner])
        case "busy":
            return aiohttp.web.Response(status=503, headers={"Retry-After": "1"})
        case "garbage":
            return aiohttp.web.Response(text="<html>ok</html>", content_type="text/html")
    ticket = {
        "ticket_id": number,
        "ticket_uuid": f"ticket-{number}",
        "contact_id": 1,
        "voice_conversation_id": number,
        "status": "pending",
        "created_at": "2026-01-15T12:30:00Z",
    }
    return aiohttp.web.json_response(ticket, status=200 if manner == "ok" else 201)


def _fault(headers: Mapping[str, str], body: bytes) -> str | None:
    """What is wrong with a request, if anything."""
    wanted = {
        "Authorization": f"Bearer {TOKEN}",
        "X-Service-Name": "voice-ai-realtime",
        "Content-Type": "application/json",
    }
    for name, value in wanted.items():
        if headers.get(name) != value:
            return f"{name} is {headers.get(name)!r}"
    if not headers.get("X-Company-Id", "").isdecimal():
        return f"X-Company-Id is {headers.get('X-Company-Id')!r}"
    try:
        Webhook(SECRET).verify(body, dict(headers))
    except WebhookVerificationError as error:
        return f"the signature is wrong: {error}"
    try:
        told = json.loads(body)
    except ValueError as error:
        return f"the body is no JSON: {error}"
    if missing := REQUIRED.keys() - told.keys():
        return f"the body lacks {sorted(missing)}"
    if unknown := told.keys() - REQUIRED.keys() - OPTIONAL.keys():
        return f"the body has {sorted(unknown)}"
    wrong = [name for name, value in told.items() if not (REQUIRED | OPTIONAL)[name](value)]
    return f"the body has { ({name: told[name] for name in wrong}) }" if wrong else None


@asynccontextmanager
async def omniplay(manner: Callable[[], Manner] = lambda: "created") -> AsyncIterator[OmniPlay]:
    """Serve on a port of loopback; ``url`` is what OMNIPLAY_API_URL is to be."""
    peer = OmniPlay(manner)
    app = aiohttp.web.Application()
    app.router.add_post(PATH, peer.answer)
    async with TestServer(app) as server:
        peer.url = str(server.make_url("")).rstrip("/")
        yield peer


def environment(peer: OmniPlay) -> dict[str, str]:
    """What a notifier is told, so that it reaches this OmniPlay."""
    return {
        "OMNIPLAY_API_URL": peer.url,
        "VOICE_AI_SERVICE_TOKEN": TOKEN,
        "OMNIPLAY_WEBHOOK_SECRET": SECRET,
    }
