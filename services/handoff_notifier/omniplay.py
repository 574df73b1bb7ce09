"""OmniPlay's realtime-handoff request: of a recorded call, and of a finished audiobook."""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from darkchannel.jobs.recordings import Recording
from services.handoff_notifier.durations import LONGEST
from services.handoff_notifier.messages import Message, clean
from services.handoff_notifier.settings import NotifierSettings
from services.handoff_notifier.transcripts import Turn

PATH: Final = "/api/tickets/realtime-handoff"
SERVICE_NAME: Final = "voice-ai-realtime"
REASON: Final = "call_recorded"
"""Why a call is handed off where nothing beside its recording says so."""

_MOST_TICKET: Final = 100
_NATIONAL_DIGITS: Final = (10, 11)
_BRAZIL: Final = "55"
_BRACKETED = re.compile("<([^<>]*)>")
_SCHEME = re.compile(r"\s*(?:sips?|tel):", re.IGNORECASE)
_PREFIXED = re.compile(r"[^0-9]*\+")
_OF_THIS_MACHINE: Final = ("", "file")
"""Schemes of links that nobody elsewhere can follow: a folder's are ``file:``."""


def caller_number(text: str) -> str:
    """The digits of a caller's number; a Brazilian one of 10 or 11 digits gets the prefix of the country.

    Up to four digits are an internal extension, and any other number has its prefix already, as every one has that
    begins with ``+``.
    """
    user = _user(text)
    digits = re.sub("[^0-9]", "", user)
    is_national = len(digits) in _NATIONAL_DIGITS and not _PREFIXED.match(user)
    return f"{_BRAZIL}{digits}" if is_national else digits


def _user(text: str) -> str:
    """Who is called in ``"Name" <sip:user@host>``: https://www.rfc-editor.org/rfc/rfc3261#section-19.1.1; other text
    as it is."""
    bracketed = _BRACKETED.search(text)
    address = _SCHEME.sub("", bracketed[1] if bracketed else text, count=1)
    user, at, _ = address.partition("@")
    return unquote(re.split("[;:]", user)[0]) if at else address


def _no_flag(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    return value


Name = Annotated[str, Field(max_length=200), AfterValidator(clean), AfterValidator(str.strip)]
Prose = Annotated[str, Field(max_length=20_000), AfterValidator(clean), AfterValidator(str.strip)]
Count = Annotated[int, BeforeValidator(_no_flag), Field(ge=0)]
Measure = Annotated[float, BeforeValidator(_no_flag), Field(ge=0)]


class Told(BaseModel):
    """What a details file or the recording's user metadata may say of a call: each field typed and bounded.

    Where the recording is and whose it is are not theirs to say.
    """

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    call_uuid: Name | None = None
    caller_id: Name | None = None
    summary: Prose | None = None
    provider: Name | None = None
    language: Name | None = None
    duration_seconds: Measure | None = Field(None, le=LONGEST)
    turns: Count | None = Field(None, le=1_000_000)
    avg_latency_ms: Measure | None = Field(None, le=1e9)
    handoff_reason: Name | None = None
    queue_id: Count | None = Field(None, lt=1 << 53)
    secretary_uuid: Name | None = None
    attach_recording: bool | None = None
    conversation_id: Name | None = None

    @classmethod
    def read(cls, said: Mapping[str, object]) -> "tuple[Told, Sequence[str]]":
        """What is said by names with ``_`` or ``-``, and the names of fields that are not as they have to be."""
        named = {name.replace("-", "_"): value for name, value in said.items() if not _is_blank(value)}
        try:
            return cls.model_validate(named), ()
        except ValidationError as error:
            wrong = sorted({str(item["loc"][0]) for item in error.errors()})
            return cls.model_validate({name: value for name, value in named.items() if name not in wrong}), wrong


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not clean(value).strip())


class Body(BaseModel):
    """What OmniPlay is sent, field by field; what is optional and unknown is left out."""

    model_config = ConfigDict(frozen=True)

    call_uuid: str
    caller_id: Annotated[str, AfterValidator(caller_number)] = ""
    transcript: tuple[Turn, ...] = ()
    summary: str = ""
    provider: str = ""
    language: str = "pt-BR"
    duration_seconds: Annotated[int, BeforeValidator(round)]
    turns: int = 0
    avg_latency_ms: float | None = None
    handoff_reason: str
    queue_id: int | None = None
    secretary_uuid: str | None = None
    recording_url: str | None
    attach_recording: bool
    conversation_id: str | None = None

    def encode(self) -> bytes:
        told = self.model_dump(exclude_none=True) | {"recording_url": self.recording_url}
        return json.dumps(told, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Handoff:
    """What OmniPlay hears of a job's end."""

    job: str
    run: int
    event: str
    """``completed``, ``failed`` or ``cancelled``."""
    company_id: int
    title: str
    language: str
    provider: str
    seconds: float
    url: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What OmniPlay hears of a call."""

    recording: Recording
    bucket: str
    """Its real name: two servers may have a recording of one key each."""
    url: str
    seconds: float
    transcript: tuple[Turn, ...]
    told: Sequence[Told]
    """The first that has a field is right."""
    note: str | None = None
    """What the receipt says of a handoff that lacks something."""


def job_message(settings: NotifierSettings, handoff: Handoff) -> Message:
    url = _link(handoff.url)
    body = Body(
        call_uuid=handoff.job,
        summary=clean(handoff.title if handoff.reason is None else f"{handoff.title}: {handoff.reason}"),
        provider=handoff.provider,
        language=handoff.language,
        duration_seconds=handoff.seconds,
        handoff_reason=f"audiobook_{handoff.event}",
        recording_url=url,
        attach_recording=url is not None,
    )
    return _message(settings, f"{handoff.job}.{handoff.run:04d}.handoff", handoff.company_id, body)


def call_message(settings: NotifierSettings, call: RecordedCall) -> Message:
    told: dict[str, object] = {}
    for source in reversed(call.told):
        told |= {name: value for name, value in source.model_dump().items() if value not in (None, "")}
    measured = {
        "call_uuid": clean(call.recording.call.call),
        "duration_seconds": call.seconds,
        "turns": sum(turn.role == "user" for turn in call.transcript),
        "handoff_reason": REASON,
        "attach_recording": True,
    }
    heard = {"transcript": call.transcript, "recording_url": _link(call.url)}
    if heard["recording_url"] is None:
        told["attach_recording"] = False
    body = Body.model_validate({**measured, **told, **heard})
    company = call.recording.call.company
    return _message(settings, call_id(call.bucket, call.recording.key), company, body, call.note)


def _link(url: str | None) -> str | None:
    """A link, if others can follow it."""
    return None if urlsplit(url or "").scheme in _OF_THIS_MACHINE else url


def call_id(bucket: str, key: str) -> str:
    """The id of a recording's handoff, for ever: ``uuid5(NAMESPACE_URL, "s3://{bucket}/{key}")``."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"s3://{bucket}/{key}"))


def ticket_of(body: bytes) -> str | None:
    """The ticket that OmniPlay's answer names; None where it names none."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    ticket = answer.get("ticket_id") if isinstance(answer, dict) else None
    return clean(str(ticket))[:_MOST_TICKET] if isinstance(ticket, str | int) else None


def _message(settings: NotifierSettings, id: str, company: int, body: Body, note: str | None = None) -> Message:
    token = settings.voice_ai_service_token.get_secret_value()
    return Message(
        id=id,
        url=f"{(settings.omniplay_api_url or '').rstrip('/')}{PATH}",
        body=body.encode(),
        headers={
            "Authorization": f"Bearer {token}",
            "X-Service-Name": SERVICE_NAME,
            "X-Company-Id": str(company),
        },
        secrets=tuple(settings.omniplay_webhook_secret.get_secret_value().split()),
        trusted=True,
        note=note,
    )
