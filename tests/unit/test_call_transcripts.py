"""Transcripts of calls, in whatever form they come, become turns; nothing of them raises."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.handoff_notifier.messages import clean
from services.handoff_notifier.transcripts import (
    BROKEN,
    LIMIT,
    MOST,
    TOO_LONG,
    TOO_MANY,
    UNREADABLE,
    Transcript,
    Turn,
    read,
    turns_of,
)

MINUTE = 60.0
TURNS = (Turn("assistant", "Bom dia, em que posso ajudar?", 0), Turn("user", "Quero remarcar", 12_000))


def of(text: str, seconds: float = MINUTE) -> tuple[Turn, ...]:
    transcript = read(text.encode(), seconds)
    assert transcript.note is None
    return transcript.turns


@pytest.mark.parametrize(
    "text",
    [
        "[00:00] Atendente: Bom dia, em que posso ajudar?\n[00:12] Cliente: Quero remarcar",
        "[00:00:00] Secretária: Bom dia, em que posso ajudar?\r\n[00:00:12.000] Usuário: Quero remarcar\r\n",
        "00:00 agent: Bom dia, em que posso ajudar?\n00:12 caller: Quero remarcar",
        "BOT (00:00): Bom dia, em que posso ajudar?\n\nUSER (00:12): Quero remarcar",
        "  [0.0]  Assistente : Bom dia, em que posso ajudar?\n[12]usuario:Quero remarcar",
        "[1970-01-01 00:00:00] ai: Bom dia, em que posso ajudar?\n[00:12] human: Quero remarcar",
    ],
)
def test_lines_that_name_a_speaker_are_turns(text: str) -> None:
    assert of(text) == TURNS


@pytest.mark.parametrize(
    "wrapped", [lambda it: it, *(lambda it, n=n: {n: it} for n in ("transcript", "messages", "turns"))]
)
@pytest.mark.parametrize(
    ("names", "times"),
    [
        (("role", "text", "timestamp"), (0, 12_000)),
        (("speaker", "content", "time"), (0.0, 12.0)),
        (("role", "message", "start"), ("00:00", "00:12")),
        (("role", "text", "timestamp"), ("1970-01-01T00:00:00Z", "1970-01-01T00:00:12+00:00")),
        (("role", "text", "timestamp"), (None, "12.0")),
    ],
)
def test_json_in_each_of_its_shapes_is_turns(
    wrapped: object, names: tuple[str, ...], times: tuple[object, ...]
) -> None:
    said = ("assistant", TURNS[0].text), ("cliente", TURNS[1].text)
    items = [dict(zip(names, (*turn, at), strict=True)) for turn, at in zip(said, times, strict=True)]
    assert of(json.dumps(wrapped(items))) == TURNS  # type: ignore[operator]


@pytest.mark.parametrize(
    ("times", "milliseconds"),
    [
        ([3, 58], [3_000, 58_000]),
        ([3, 5_800], [3, 5_800]),
        ([1_768_480_200, 1_768_480_203.5], [1_768_480_200_000, 1_768_480_203_500]),
        ([1_768_480_200_123, 1_768_480_203_500], [1_768_480_200_123, 1_768_480_203_500]),
        (["2026-01-15T12:30:00Z", "2026-01-15T09:30:01-03:00"], [1_768_480_200_000, 1_768_480_201_000]),
        (["2026-01-15 12:30:00", "01:02:03,5"], [1_768_480_200_000, 3_723_500]),
        ([4_000, "soon"], [4_000, 4_000]),
        ([True, -1], [0, 0]),
        ([1e300, "nan"], [0, 0]),
    ],
)
def test_times_are_milliseconds_whatever_they_were(times: list[object], milliseconds: list[int]) -> None:
    items = [{"role": "user", "text": "a", "timestamp": at} for at in times]
    assert [turn.timestamp for turn in turns_of(items, MINUTE)] == milliseconds


def test_a_date_without_a_zone_is_in_utc_wherever_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    time.tzset()
    try:
        assert turns_of([{"text": "a", "timestamp": "2026-01-15 12:30:00"}], MINUTE)[0].timestamp == 1_768_480_200_000
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "name",
    [
        "user",
        "cliente",
        "caller",
        "usuário",
        "USUARIO",
        "Cliente ",
        "assistant",
        "agent",
        "bot",
        "atendente",
        "Secretária",
    ],
)
def test_each_speaker_is_known_by_its_usual_names(name: str) -> None:
    (turn,) = turns_of([{"role": name, "text": "a"}], MINUTE)
    users = ("user", "cliente", "caller", "usuário")
    assert turn.role == ("user" if name.strip().lower().replace("usuario", "usuário") in users else "assistant")


def test_text_in_which_nobody_is_named_is_one_turn_of_the_user() -> None:
    text = "Quero remarcar.\nAtenção: só na quinta\n\nobrigado"
    assert of(text) == (Turn("user", text),)


def test_lines_that_name_nobody_go_on_with_the_turn_before_them() -> None:
    text = "gravado na loja\nCliente: olá\nAtenção: é urgente\nAgente: pois não"
    assert [(turn.role, turn.text) for turn in of(text)] == [
        ("user", "gravado na loja"),
        ("user", "olá\nAtenção: é urgente"),
        ("assistant", "pois não"),
    ]


def test_what_the_machine_is_told_is_no_part_of_the_conversation() -> None:
    items = [
        {"role": "system", "content": "be kind"},
        {"role": "tool", "content": "{}"},
        {"role": "Lia", "content": "oi"},
    ]
    assert turns_of(items, MINUTE) == (Turn("user", "oi"),)


def test_a_byte_order_mark_and_the_letters_of_old_windows_are_understood() -> None:
    assert read("\ufeffCliente: às três".encode(), MINUTE).turns == (Turn("user", "às três"),)
    assert read("Cliente: às três – “já”".encode("cp1252"), MINUTE).turns == (Turn("user", "às três – “já”"),)


def test_what_no_database_takes_is_taken_out() -> None:
    assert turns_of([{"role": "user", "text": "a\x00b\x1b[0m\ud800\n\tc"}], MINUTE)[0].text == "ab[0m\n\tc"


def test_json_that_breaks_off_is_handed_off_as_far_as_it_goes() -> None:
    whole = json.dumps({"meta": {}, "transcript": [{"role": "user", "text": str(n)} for n in range(3)]})
    assert read(whole[:-12].encode(), MINUTE) == Transcript((Turn("user", "0"), Turn("user", "1")), BROKEN)


@pytest.mark.parametrize(
    "body",
    [
        b'[{"role": "user", "text": "oi", "timestamp": ' + b"9" * 5_000 + b"}]",
        b"[" * 100_000,
        b'{"a": ' * 100_000,
        b'{"role": "user", "text": "oi',
        b"[{'role': 'user', 'text': 'oi'}]",
        b'["oi", "ol',
        b" [\n",
        b"[" * (LIMIT + 1),
    ],
)
def test_json_of_which_nothing_can_be_read_is_left_out_and_said_to_be(body: bytes) -> None:
    assert read(body, MINUTE) == Transcript((), UNREADABLE)


@pytest.mark.parametrize("text", ["[inaudível] quero remarcar", "{ligação gravada}"])
def test_text_in_brackets_is_no_damaged_json(text: str) -> None:
    assert of(text) == (Turn("user", text),)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["Agente: às três", '[{"role": "bot", "text": "às três"}]'])
def test_utf_16_with_its_mark_keeps_its_first_speaker(encoding: str, text: str) -> None:
    assert read(f"\ufeff{text}".encode(encoding), MINUTE) == Transcript((Turn("assistant", "às três"),))


@pytest.mark.parametrize(
    "body",
    [b"Cliente: a\n" * (MOST + 1), json.dumps(["a"] * (MOST + 1)).encode(), b"[" + b'{"text": "a"},' * (MOST + 1)],
)
def test_of_too_many_turns_the_first_are_kept(body: bytes) -> None:
    transcript = read(body, MINUTE)
    assert transcript.turns == (Turn("user", "a"),) * MOST
    assert transcript.note in (TOO_MANY, f"{BROKEN}; {TOO_MANY}")


def test_as_many_turns_as_there_may_be_are_told_of_no_more() -> None:
    assert len(of("Cliente: a\n" * MOST)) == MOST


def test_a_json_name_on_plain_text_is_no_matter() -> None:
    assert of("[00:12] Cliente: olá") == (Turn("user", "olá", 12_000),)


@pytest.mark.parametrize("character", ["a", "ç"])
def test_a_long_text_is_cut_at_a_turn(character: str) -> None:
    turn = f"Cliente: {character * 1_000}\n"
    transcript = read((turn * 1_200).encode(), MINUTE)
    assert transcript.note == TOO_LONG
    assert len(transcript.turns) == LIMIT // len(turn.encode())
    assert {turn.text for turn in transcript.turns} == {character * 1_000}


def test_long_json_is_cut_at_a_turn() -> None:
    items = [{"role": "user", "text": "ç" * 1_000}] * 1_000
    transcript = read(json.dumps(items, ensure_ascii=False).encode(), MINUTE)
    assert transcript.note == TOO_LONG
    assert 500 < len(transcript.turns) < 530
    assert {turn.text for turn in transcript.turns} == {"ç" * 1_000}


def test_one_endless_line_is_cut_where_the_limit_is() -> None:
    transcript = read(b"a" * (LIMIT + 5), MINUTE)
    assert transcript == Transcript((Turn("user", "a" * LIMIT),), TOO_LONG)


@pytest.mark.parametrize(
    "empty", [b"", b" \n", b"{}", b"[]", b'{"transcript": []}', b'[{"role": "user"}]', b"\xef\xbb\xbf"]
)
def test_a_transcript_in_which_nothing_is_said_has_no_turns(empty: bytes) -> None:
    assert read(empty, MINUTE) == Transcript()


@pytest.mark.parametrize(
    "body",
    [b"[" * LIMIT, b"{" * LIMIT, b"[ " * (LIMIT // 2), b"[" + b" " * LIMIT, b"Cliente " * 100_000, b"[{" * 500_000],
)
def test_text_made_to_be_slow_is_read_to_its_end(body: bytes) -> None:
    assert len(read(body, MINUTE).turns) <= 1


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"[", b'{"turns": [', b"Cliente: ", b'[{"role": "user", "text": '])
)
def test_no_bytes_raise(body: bytes, start: bytes) -> None:
    for turn in read(start + body, MINUTE).turns:
        assert turn.text == clean(turn.text).strip() != ""
        turn.text.encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "text", "timestamp", "transcript", "messages", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_no_json_raises(content: object) -> None:
    for turn in turns_of(content, MINUTE):
        assert turn.text
        assert turn.timestamp >= 0
        json.dumps(turn.timestamp, allow_nan=False)


@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text("abç: []", min_size=1), st.integers(0, 10**12)))
)
def test_turns_as_omniplay_has_them_come_back_as_they_are(turns: list[tuple[str, str, int]]) -> None:
    items = [{"role": role, "text": text, "timestamp": at} for role, text, at in turns]
    heard = read(json.dumps(items).encode(), 0.0).turns
    assert [(turn.role, turn.text) for turn in heard] == [
        (role, text.strip()) for role, text, _ in turns if text.strip()
    ]
