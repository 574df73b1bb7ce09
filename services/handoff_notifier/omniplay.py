"""OmniPlay's realtime-handoff endpoint, told of a finished audiobook."""

import json
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from services.handoff_notifier import signatures
from services.handoff_notifier.settings import OmniPlaySettings

PATH = "/api/tickets/realtime-handoff"
SERVICE_NAME = "voice-ai-realtime"
RETRIED = {408, 409, 425, 429}


@dataclass(frozen=True, slots=True)
class Handoff:
    """What OmniPlay hears of a job's end."""

    job: str
    run: int
    event: str
    company_id: int
    title: str
    language: str
    provider: str
    seconds: float
    url: str | None
    reason: str | None

    @property
    def id(self) -> str:
        """The same on every try: (job, run, event), never the body."""
        return f"{self.job}.{self.run:04d}.{self.event}"

    def body(self) -> dict[str, object]:
        return {
            "call_uuid": self.job,
            "caller_id": "",
            "transcript": [],
            "summary": self.title if self.reason is None else f"{self.title}: {self.reason}",
            "provider": self.provider,
            "language": self.language,
            "duration_seconds": round(self.seconds),
            "turns": 0,
            "handoff_reason": f"audiobook_{self.event}",
            "recording_url": self.url,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try. ``status`` 0: no answer."""

    status: int
    ticket_id: str | None = None
    note: str | None = None

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def again(self) -> bool:
        """Whether another try may be answered otherwise."""
        return self.status == 0 or self.status >= 500 or self.status in RETRIED


class OmniPlay:
    def __init__(self, settings: OmniPlaySettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    @property
    def timeout(self) -> float:
        """Seconds one try may take."""
        return self._settings.omniplay_timeout_seconds

    async def send(self, handoff: Handoff, at: datetime) -> Answer:
        """Post once; a receiver that is away is an answer too, never an exception."""
        body = json.dumps(handoff.body(), ensure_ascii=False).encode()
        secret = self._settings.omniplay_webhook_secret.get_secret_value()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._settings.voice_ai_service_token.get_secret_value()}",
            "X-Service-Name": SERVICE_NAME,
            "X-Company-Id": str(handoff.company_id),
            **signatures.headers(secret, handoff.id, int(at.timestamp()), body),
        }
        url = f"{(self._settings.omniplay_api_url or '').rstrip('/')}{PATH}"
        try:
            async with self._http().post(url, data=body, headers=headers, allow_redirects=False) as response:
                text = await response.content.read(65536)
                # A redirect is no acceptance, though aiohttp calls it ok; a refusal names no ticket of ours.
                accepted = Answer(response.status, _ticket(text))
                return accepted if accepted.accepted else Answer(response.status, note=f"HTTP {response.status}")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return Answer(0, note=f"no answer from OmniPlay: {type(error).__name__}")

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.timeout, connect=self.timeout / 2)
            self._session = aiohttp.ClientSession(timeout=timeout)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _ticket(text: bytes) -> str | None:
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    ticket = answer.get("ticket_id") if isinstance(answer, dict) else None
    return None if ticket is None else str(ticket)
