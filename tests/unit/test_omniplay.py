"""What OmniPlay is sent of a recorded call and of a finished audiobook, and what is read from its answer."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from darkchannel.jobs.recordings import Call, Recording
from services.handoff_notifier.messages import Message
from services.handoff_notifier.omniplay import (
    Handoff,
    RecordedCall,
    Told,
    call_message,
    caller_number,
    job_message,
    ticket_of,
)
from services.handoff_notifier.settings import NotifierSettings
from services.handoff_notifier.transcripts import Turn
from tests import omniplay

SETTINGS = NotifierSettings(
    omniplay_api_url="https://omniplay.example/",
    voice_ai_service_token=SecretStr("token"),
    omniplay_webhook_secret=SecretStr("whsec_new whsec_old"),
)
AUDIOBOOK = Handoff(
    job="1d3c4d52-0000-0000-0000-000000000000",
    run=2,
    event="completed",
    company_id=7,
    title="O Farol",
    language="pt-BR",
    provider="espeak",
    seconds=2.4,
    url="https://storage.example/farol.mp3",
    reason=None,
)
RECORDING = Recording(Call(5, "2026/01/15", "lilas-77"), "mp3")
TURNS = (Turn("assistant", "Bom dia", 0), Turn("user", "Quero remarcar", 2500), Turn("user", "Para quinta", 4000))


def sent(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(message.body)
    return body


def message_of(*told: Told, transcript: tuple[Turn, ...] = TURNS) -> Message:
    url = "https://storage.example/voice-recordings/lilas-77.mp3"
    return call_message(SETTINGS, RecordedCall(RECORDING, "voice-recordings", url, 61.6, transcript, told, "a note"))


def read(**said: object) -> Told:
    told, wrong = Told.read(said)
    assert not wrong
    return told


def test_a_call_of_which_nothing_is_said_has_what_its_key_and_its_sound_tell() -> None:
    assert sent(message_of()) == {
        "call_uuid": "lilas-77",
        "caller_id": "",
        "transcript": [
            {"role": "assistant", "text": "Bom dia", "timestamp": 0},
            {"role": "user", "text": "Quero remarcar", "timestamp": 2500},
            {"role": "user", "text": "Para quinta", "timestamp": 4000},
        ],
        "summary": "",
        "provider": "",
        "language": "pt-BR",
        "duration_seconds": 62,
        "turns": 2,
        "handoff_reason": "call_recorded",
        "recording_url": "https://storage.example/voice-recordings/lilas-77.mp3",
        "attach_recording": True,
    }


def test_a_call_is_sent_to_the_path_with_its_token_its_company_and_all_secrets() -> None:
    message = message_of()
    assert message.url == "https://omniplay.example/api/tickets/realtime-handoff"
    assert message.headers == {
        "Authorization": "Bearer token",
        "X-Service-Name": "voice-ai-realtime",
        "X-Company-Id": "5",
    }
    assert message.secrets == ("whsec_new", "whsec_old")
    assert message.trusted
    assert message.note == "a note"


def test_the_id_of_a_call_is_that_of_its_object_whatever_is_said_of_it() -> None:
    assert message_of().id == message_of(read(call_uuid="another")).id == "51451b69-d1fe-5c42-b48f-91b5ac94884f"


def test_details_count_before_metadata_and_metadata_before_what_was_measured() -> None:
    details = read(summary="Remarcação", turns=9, caller_id=1_133_445_566)
    metadata = read(
        **{"summary": "não", "call-uuid": "lilas-77-b", "duration-seconds": "59.5", "secretary-uuid": "ana"}
    )
    body = sent(message_of(details, metadata))
    assert body["summary"] == "Remarcação"
    assert body["turns"] == 9
    assert body["caller_id"] == "551133445566"
    assert body["call_uuid"] == "lilas-77-b"
    assert body["duration_seconds"] == 60
    assert body["secretary_uuid"] == "ana"


def test_every_field_that_omniplay_names_can_be_said() -> None:
    said = {
        "provider": "corvo",
        "language": "en-US",
        "avg_latency_ms": 412.5,
        "handoff_reason": "asked_for_a_person",
        "queue_id": "12",
        "attach_recording": False,
        "conversation_id": 88,
    }
    assert sent(message_of(read(**said))).items() >= {**said, "queue_id": 12, "conversation_id": "88"}.items()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("summary", ["a list"]),
        ("summary", "x" * 20_001),
        ("turns", -1),
        ("turns", "many"),
        ("duration_seconds", float("nan")),
        ("duration_seconds", 604_801),
        ("avg_latency_ms", float("inf")),
        ("queue_id", {"id": 3}),
        ("queue_id", 10**400),
        ("queue_id", True),
        ("turns", True),
        ("duration_seconds", True),
        ("avg_latency_ms", False),
        ("attach_recording", "perhaps"),
        ("caller_id", {}),
    ],
)
def test_a_value_that_cannot_be_is_left_out_by_its_name_and_the_others_count(field: str, value: object) -> None:
    told, wrong = Told.read({"language": "es", field: value})
    assert list(wrong) == [field]
    assert told == Told(language="es")


def test_what_is_empty_is_not_said() -> None:
    body = sent(message_of(read(call_uuid="", language="", provider="\x00"), read(provider="corvo")))
    assert (body["call_uuid"], body["language"], body["provider"]) == ("lilas-77", "pt-BR", "corvo")


@pytest.mark.parametrize("blank", [" ", "\t\n", "\x00 ", "\u00a0"])
def test_what_is_blank_is_not_said(blank: str) -> None:
    body = sent(message_of(read(call_uuid=blank, queue_id=blank, summary=blank), read(summary=" Remarcação ")))
    assert (body["call_uuid"], body["summary"], "queue_id" in body) == ("lilas-77", "Remarcação", False)


def test_a_link_that_only_this_machine_can_follow_is_told_to_nobody() -> None:
    call = RecordedCall(
        RECORDING, "voice-recordings", "file:///srv/lilas-77.mp3", 61.6, TURNS, [read(attach_recording=True)]
    )
    book = replace(AUDIOBOOK, url="file:///srv/farol.mp3")
    for body in (sent(call_message(SETTINGS, call)), sent(job_message(SETTINGS, book))):
        assert (body["recording_url"], body["attach_recording"]) == (None, False)


def test_neither_the_address_of_a_recording_nor_a_transcript_is_taken_from_what_is_said() -> None:
    body = sent(message_of(read(recording_url="https://elsewhere.example/x.mp3", transcript="text")))
    assert body["recording_url"] == "https://storage.example/voice-recordings/lilas-77.mp3"
    assert len(body["transcript"]) == 3


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*Told.model_fields, "x-y"]), json_values))
def test_whatever_is_said_of_a_call_omniplay_takes_it(said: dict[str, object]) -> None:
    body = sent(message_of(Told.read(said)[0]))
    assert omniplay.REQUIRED.keys() <= body.keys()
    fields = {**omniplay.REQUIRED, **omniplay.OPTIONAL}
    assert [name for name, value in body.items() if not fields[name](value)] == []


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("(11) 3456-7890", "551134567890"),
        ("11 98765-4321", "5511987654321"),
        ("+55 11 98765-4321", "5511987654321"),
        ("1001", "1001"),
        ("ramal 204", "204"),
        ("anonymous", ""),
        ("١٢٣", ""),
        ("+44 20 7946 0958", "442079460958"),
        ("+1 212 555 0100", "12125550100"),
        (" (+1) 212 555-0100", "12125550100"),
        ("tel:+1-212-555-0100", "12125550100"),
        ("sip:5511987654321@host:5060", "5511987654321"),
        ("sip:11987654321@10.0.0.9:5060;transport=udp", "5511987654321"),
        ("SIPS:%2B12125550100;phone-context=x@host", "12125550100"),
        ('"Ana" <sip:2001@pbx>', "2001"),
        ('"Ana 2" <sip:2001@pbx2>;tag=9', "2001"),
        ("2001@pbx7", "2001"),
        ("sip:anonymous@10.0.0.9", ""),
    ],
)
def test_a_caller_is_digits_and_a_brazilian_one_has_its_prefix(said: str, number: str) -> None:
    assert caller_number(said) == number


@given(st.text())
def test_a_caller_is_digits_and_with_a_plus_before_them_reads_the_same_again(said: str) -> None:
    once = caller_number(said)
    assert not once.strip("0123456789")
    assert caller_number(f"+{once}") == once
    assert "+" in said or "%" in said or len(once) not in (10, 11)


def test_a_finished_audiobook_is_handed_off_field_by_field() -> None:
    message = job_message(SETTINGS, AUDIOBOOK)
    assert message.id == "1d3c4d52-0000-0000-0000-000000000000.0002.handoff"
    assert message.headers["X-Company-Id"] == "7"
    assert message.trusted
    assert sent(message) == {
        "call_uuid": "1d3c4d52-0000-0000-0000-000000000000",
        "caller_id": "",
        "transcript": [],
        "summary": "O Farol",
        "provider": "espeak",
        "language": "pt-BR",
        "duration_seconds": 2,
        "turns": 0,
        "handoff_reason": "audiobook_completed",
        "recording_url": "https://storage.example/farol.mp3",
        "attach_recording": True,
    }


def test_a_failed_audiobook_says_why_and_has_nothing_to_attach() -> None:
    failed = replace(AUDIOBOOK, event="failed", url=None, seconds=0.0, reason="the voice is unknown")
    body = sent(job_message(SETTINGS, failed))
    assert body["summary"] == "O Farol: the voice is unknown"
    assert body["handoff_reason"] == "audiobook_failed"
    assert (body["recording_url"], body["attach_recording"]) == (None, False)


@pytest.mark.parametrize(
    ("answer", "ticket"),
    [
        (b'{"ticket_id": 77}', "77"),
        (b'{"ticket_id": "T-9"}', "T-9"),
        (b'{"ticket_id": ["x"]}', None),
        (b'{"status": "pending"}', None),
        (b"[]", None),
        (b"<html>", None),
        (b"\xff\xfe", None),
        (b"[" * 60_000, None),
        (b'{"ticket_id": "' + b"9" * 500 + b'"}', "9" * 100),
    ],
)
def test_only_an_answer_that_names_a_ticket_has_one(answer: bytes, ticket: str | None) -> None:
    assert ticket_of(answer) == ticket
