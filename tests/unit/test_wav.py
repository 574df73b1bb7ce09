"""A chunk is a WAV file that any player opens and that carries its own record."""

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio.wav import HEAD_BYTES, ChunkRecord, Speech, pack, read_record, unpack


def record(samples: int, *, rate: int = 22_050, marks: tuple[tuple[str, int], ...] = ()) -> ChunkRecord:
    return ChunkRecord(source="9a0364b9", engine="espeak", samples=samples, rate=rate, marks=marks)


@given(
    pcm=st.binary(max_size=2_000).map(lambda data: data[: len(data) // 2 * 2]),
    rate=st.integers(1, 192_000),
    source=st.text(max_size=60),
    marks=st.lists(st.tuples(st.text(max_size=20), st.integers(0, 10**7)), max_size=50).map(tuple),
)
def test_a_packed_chunk_gives_back_its_record_and_its_samples(
    pcm: bytes, rate: int, source: str, marks: tuple[tuple[str, int], ...]
) -> None:
    written = ChunkRecord(source=source, engine="espeak", samples=len(pcm) // 2, rate=rate, marks=marks)
    body = pack(Speech(pcm, rate), written)
    assert read_record(body[:HEAD_BYTES]) == written
    found, samples = unpack(body)
    assert found == written
    assert samples == pcm


def test_any_player_can_open_a_chunk() -> None:
    body = pack(Speech(b"\x01\x00\x02\x00", 22_050), record(2))
    with wave.open(io.BytesIO(body)) as player:
        assert (player.getnchannels(), player.getsampwidth(), player.getframerate()) == (1, 2, 22_050)
        assert player.readframes(10) == b"\x01\x00\x02\x00"
    assert int.from_bytes(body[4:8], "little") == len(body) - 8


def test_the_head_holds_the_record_of_the_longest_segment_that_is_accepted() -> None:
    marks = tuple((f"s{number}", number * 17_000) for number in range(2_300))
    body = pack(Speech(bytes(200), 22_050), record(100, marks=marks))
    found = read_record(body[:HEAD_BYTES])
    assert found is not None
    assert found.marks == marks


def test_a_record_that_the_head_cannot_hold_is_refused() -> None:
    marks = tuple((f"mark-{number:020}", number) for number in range(5_000))
    with pytest.raises(ValueError, match="too large"):
        pack(Speech(b"", 22_050), record(0, marks=marks))


@pytest.mark.parametrize("wrong", [record(3), record(2, rate=24_000)])
def test_a_record_that_speaks_of_other_samples_is_refused(wrong: ChunkRecord) -> None:
    with pytest.raises(ValueError, match="is not that of 4 bytes at 22050 Hz"):
        pack(Speech(bytes(4), 22_050), wrong)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: b"RIFF\x00\x00\x00\x00WAVE" + data))
def test_no_bytes_make_reading_a_record_fail(head: bytes) -> None:
    read_record(head)


@given(position=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_chunk_is_read_without_a_failure_or_refused(position: int, value: int) -> None:
    body = bytearray(pack(Speech(bytes(200), 22_050), record(100)))
    body[position % len(body)] = value
    read_record(bytes(body))
    try:
        found, samples = unpack(bytes(body))
    except ValueError:
        return
    assert len(samples) == 2 * found.samples


def test_a_wav_file_of_another_program_has_no_record() -> None:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as other:
        other.setnchannels(1)
        other.setsampwidth(2)
        other.setframerate(22_050)
        other.writeframes(bytes(100))
    assert read_record(buffer.getvalue()) is None
    with pytest.raises(ValueError, match="no record"):
        unpack(buffer.getvalue())


@given(st.data())
def test_a_chunk_cut_short_is_refused_wherever_it_was_cut(data: st.DataObject) -> None:
    body = pack(Speech(bytes(200), 22_050), record(100))
    with pytest.raises(ValueError, match=r"no record|holds 0 of the 100 samples"):
        unpack(body[: data.draw(st.integers(0, len(body) - 1))])


def test_a_chunk_with_fewer_samples_than_its_record_says_is_refused() -> None:
    body = pack(Speech(bytes(200), 22_050), record(100)).replace(b'"samples":100', b'"samples":101')
    with pytest.raises(ValueError, match="holds 100 of the 101 samples"):
        unpack(body)
