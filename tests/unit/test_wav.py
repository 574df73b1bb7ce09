"""A chunk is a WAV file that any player opens and that carries its own record."""

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkchannel.audio.wav import HEAD_BYTES, ChunkRecord, Mark, Speech, pack, read_record, unpack


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


def test_speech_and_its_record_tell_the_same_places() -> None:
    speech = Speech(bytes(20), 22_050, marks=(Mark("a", 3), Mark("b", 7)), sentences=(0, 5))
    written = record(10, marks=(("a", 3), ("b", 7))).model_copy(update={"sentences": (0, 5)})
    assert sorted(speech.places) == sorted(written.places) == [0, 3, 5, 7]


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


def test_words_that_the_head_cannot_hold_are_left_out_and_nothing_else() -> None:
    words = tuple((number * 5_000, f"palavra{number}") for number in range(4_000))
    rest = {"gains": ((0, 1.25),), "sentences": (0,), "passed_over": ("ana",)}
    full = record(0, marks=(("m", 0),)).model_copy(update={"words": words, **rest})
    body = pack(Speech(b"", 22_050), full)
    assert len(body) <= HEAD_BYTES
    assert read_record(body) == full.model_copy(update={"words": ()})


def test_voices_passed_over_that_the_head_cannot_hold_are_left_out_too_and_nothing_else() -> None:
    names = tuple(f"narrador-{number:04}" for number in range(5_000))
    full = record(0, marks=(("m", 0),)).model_copy(update={"words": ((0, "oi"),), "passed_over": names})
    body = pack(Speech(b"", 22_050), full)
    assert len(body) <= HEAD_BYTES
    assert read_record(body) == full.model_copy(update={"words": (), "passed_over": ()})


def test_reasons_that_the_head_cannot_hold_go_before_voices_passed_over() -> None:
    told = {"passed_over": ("ana",), "unable": tuple((f"engine-{number}", "x" * 200) for number in range(400))}
    full = record(0).model_copy(update=told)
    assert read_record(pack(Speech(b"", 22_050), full)) == full.model_copy(update={"unable": ()})


def test_the_words_and_gains_of_a_segment_come_back() -> None:
    words = tuple((number * 5_000, "coração") for number in range(400))
    told = record(100).model_copy(update={"words": words, "gains": ((0, 1.25), (50, -3.5))})
    assert read_record(pack(Speech(bytes(200), 22_050), told)[:HEAD_BYTES]) == told


def test_a_record_of_an_earlier_release_has_no_words_no_gains_and_no_voices_passed_over() -> None:
    json = b'{"source":"9a","engine":"espeak","voice":null,"samples":2,"rate":8000,"marks":[["m",1]],"sentences":[0]}'
    found, samples = unpack(riff(fmt(rate=8_000), (b"dcrc", json), (b"data", bytes(4))))
    assert (found.words, found.gains, found.marks, found.passed_over) == ((), (), (("m", 1),), ())
    assert samples == bytes(4)


def riff(*chunks: tuple[bytes, bytes], size: int | None = None) -> bytes:
    """A file of any chunks; ``size``: what its header says."""
    body = b"WAVE" + b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def fmt(*, code: int = 1, channels: int = 1, rate: int = 22_050, bits: int = 16) -> tuple[bytes, bytes]:
    align = channels * bits // 8
    return b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * align, align, bits)


RECORD = (b"dcrc", record(100).model_dump_json().encode())
SAMPLES = (b"data", bytes(200))


def test_a_file_made_by_hand_is_read_also_with_chunks_of_others() -> None:
    for extra in ((), ((b"LIST", b"INFO"),), ((b"odd ", b"x"),)):
        assert unpack(riff(*extra, fmt(), RECORD, *extra, SAMPLES, *extra))[1] == bytes(200)


@pytest.mark.parametrize(
    ("chunk", "told"),
    [
        (fmt(code=3, bits=32), "is 32-bit float, 1 channel, 22050 Hz, not 16-bit PCM, 1 channel, 22050 Hz as"),
        (fmt(bits=8), "is 8-bit PCM, 1 channel, 22050 Hz, not"),
        (fmt(bits=24), "is 24-bit PCM, 1 channel, 22050 Hz, not"),
        (fmt(channels=2), "is 16-bit PCM, 2 channels, 22050 Hz, not"),
        (fmt(rate=44_100), "is 16-bit PCM, 1 channel, 44100 Hz, not"),
        (fmt(code=7, bits=8), "is 8-bit µ-law, 1 channel, 22050 Hz, not"),
        (fmt(code=0xFFFE), "is 16-bit format 0xfffe, 1 channel"),
        ((b"fmt ", fmt()[1][:-2]), "is of no kind that it tells, not"),
        ((b"fmt?", fmt()[1]), "is of no kind that it tells, not"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_samples_of_another_kind_are_refused_by_what_they_are(chunk: tuple[bytes, bytes], told: str) -> None:
    with pytest.raises(ValueError, match=f"this file {told}"):
        unpack(riff(chunk, RECORD, SAMPLES))


def test_two_formats_are_none() -> None:
    with pytest.raises(ValueError, match="of no kind that it tells"):
        unpack(riff(fmt(), RECORD, fmt(), SAMPLES))


def test_two_chunks_of_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="has 2 chunks of samples where one is meant"):
        unpack(riff(fmt(), RECORD, SAMPLES, SAMPLES))


@pytest.mark.parametrize("size", [0, 4, 300, 2**32 - 1])
def test_a_header_that_lies_about_the_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"says that it has {size + 8} bytes and has"):
        unpack(riff(fmt(), RECORD, SAMPLES, size=size))


@pytest.mark.parametrize("more", [b"x", bytes(7), bytes(8), b"LIST\x04\0\0\0INFO"])
def test_bytes_after_the_end_are_refused(more: bytes) -> None:
    with pytest.raises(ValueError, match="says that it has"):
        unpack(pack(Speech(bytes(200), 22_050), record(100)) + more)


@pytest.mark.parametrize("size", [0, 198, 202, 2**32 - 1])
def test_samples_that_lie_about_their_length_are_refused(size: int) -> None:
    body = pack(Speech(bytes(200), 22_050), record(100)).replace(b"data\xc8\0\0\0", b"data" + struct.pack("<I", size))
    with pytest.raises(ValueError, match=f"holds {99 if size == 198 else 0} of the 100 samples"):
        unpack(body)


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
