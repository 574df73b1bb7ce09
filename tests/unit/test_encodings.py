"""Real encoding by ffmpeg, judged by decoding."""

import subprocess
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import numpy as np
import pyebur128
import pytest
from numpy.typing import NDArray

from darkchannel.audio import ffmpeg
from darkchannel.audio.limiting import CEILING_DB, limited
from darkchannel.audio.loudness import gain_of, levelled
from darkchannel.audio.metering import FULL_SCALE
from darkchannel.errors import Transient, Unavailable
from services.merger.containers import m4a
from services.merger.encodings import ENCODINGS, encode

RATE = 22_050
PEAK_DBTP = -3.0
NOISE = np.random.default_rng(1)
Samples = NDArray[np.float32]


async def each(pieces: Iterable[NDArray[np.int16]]) -> AsyncIterator[NDArray[np.int16]]:
    for piece in pieces:
        yield piece


async def encoded(
    folder: Path, samples: Samples, encodings: Iterable[str] = ENCODINGS, rate: int = RATE
) -> tuple[dict[str, Path], NDArray[np.int16]]:
    """The files, and what the limiter made of the samples."""
    heard = np.rint(limited(samples, rate) * FULL_SCALE).astype(np.int16)
    paths = await encode(each([heard]), folder, rate=rate, encodings=tuple(encodings))
    return dict(paths), heard


def decoded(path: Path, rate: int, *decoder: str) -> Samples:
    """As any decoder yields it that knows nothing of delays; ``decoder``: ``-c:a`` and its name."""
    command = [ffmpeg.binary(), "-v", "error", "-flags2", "skip_manual", *decoder, "-i", str(path), "-ac", "1"]
    command += ["-ar", str(rate), "-f", "f32le", "pipe:1"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)


def loudness(samples: Samples, rate: int) -> float:
    state = pyebur128.R128State(1, rate, pyebur128.MeasurementMode.MODE_I)
    state.add_frames(samples, len(samples))
    return float(pyebur128.get_loudness_global(state))


def true_peak(samples: Samples, rate: int) -> float:
    state = pyebur128.R128State(1, rate, pyebur128.MeasurementMode.MODE_TRUE_PEAK)
    state.add_frames(samples, len(samples))
    return float(20 * np.log10(pyebur128.get_true_peak(state, 0)))


def voice(seconds: float, rate: int = RATE) -> Samples:
    """A hoarse hum with formants, in syllables: what a codec takes for speech."""
    time = np.arange(int(seconds * rate)) / rate
    pitch = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * 0.7 * time)) / rate
    hum = sum(np.exp(-(((k * 120 - 600) / 700) ** 2)) * np.sin(k * pitch) for k in range(1, 25))
    breath = NOISE.normal(0, 0.05, len(time))
    syllables = np.clip(np.sin(2 * np.pi * 2.1 * time) + 0.4, 0, 1)
    return np.asarray((hum + breath) * syllables / 6, np.float32)


def ticks(seconds: float, rate: int = RATE) -> Samples:
    """A 5 ms tone at 0.5 s, 1.5 s and so on."""
    samples = np.zeros(int(seconds * rate), np.float32)
    for at in range(rate // 2, len(samples), rate):
        samples[at : at + rate // 200] = 0.5 * np.sin(np.arange(rate // 200) * 2 * np.pi * 1_500 / rate)
    return samples


def bursts(seconds: float, rate: int) -> Samples:
    """Loud noise for 0.1 s of each 0.5 s: what was spared in the silence goes into a few frames."""
    chance = np.random.default_rng(6)
    count = int(seconds * rate)
    return np.asarray(chance.normal(0, 0.3, count) * (np.arange(count) % (rate // 2) < rate // 10), np.float32)


HOSTILE = {
    "a square wave": np.sign(np.sin(np.arange(3 * RATE) / 17)),
    "white noise": NOISE.normal(0, 1, 3 * RATE),
    "single clicks": np.where(np.arange(3 * RATE) % 2_000 == 0, 1, 0),
    "a clipped voice": np.clip(8 * voice(3), -1, 1),
    "a voice 12 dB too loud": 4 * voice(3),
}


def whisper(seconds: float, formant: float, rate: int = RATE) -> Samples:
    """Noise about a formant in hertz, in syllables: an encoder makes other noise of it, with other peaks."""
    chance = np.random.default_rng(int(formant))
    spectrum = np.fft.rfft(chance.normal(0, 1, int(seconds * rate)))
    frequencies = np.fft.rfftfreq(int(seconds * rate), 1 / rate)
    spectrum *= 1 / (1 + ((frequencies - formant) / 900) ** 2)
    noise = np.fft.irfft(spectrum, int(seconds * rate))
    syllables = np.clip(np.sin(2 * np.pi * 2.6 * np.arange(len(noise)) / rate) + 0.6, 0, 1)
    return np.asarray(noise / noise.std() * syllables / 8, np.float32)


def croak(seconds: float, rate: int = RATE) -> Samples:
    """Uneven pulses through two formants, clipped as an engine clips what it is to shout."""
    chance = np.random.default_rng(7)
    pulses = np.zeros(int(seconds * rate))
    pulses[np.cumsum(chance.integers(rate // 140, rate // 60, int(seconds * 60)))] = 1
    time = np.arange(rate // 40) / rate
    ring = np.exp(-time * 180) * (np.sin(2 * np.pi * 620 * time) + 0.7 * np.sin(2 * np.pi * 2_300 * time))
    return np.asarray(np.clip(np.convolve(pulses, ring)[: len(pulses)], -0.6, 0.6) / 2, np.float32)


NOISY = {
    "a low whisper": whisper(3, 600),
    "a whisper": whisper(3, 1_800),
    "a sharp whisper": whisper(3, 4_000),
    "a whisper and a voice in turn": np.concatenate([whisper(1, 2_500), voice(1), 4 * whisper(1, 2_500)]),
    "a croak": croak(3),
    "a hoarse voice": voice(3) + whisper(3, 3_000) / 2,
}


@pytest.mark.parametrize("name", ENCODINGS)
async def test_a_sound_is_heard_its_encoders_delay_later(name: str, tmp_path: Path) -> None:
    paths, _ = await encoded(tmp_path, ticks(6), encodings=[name])
    encoding = ENCODINGS[name]
    rate = encoding.rate or RATE
    sound = np.abs(decoded(paths[name], rate))
    for second in range(6):
        start = round((0.5 + second) * rate)
        around = sound[start : start + rate // 4]
        middle = float(np.average(np.arange(len(around)), weights=around**2))
        assert middle - encoding.delay == pytest.approx(rate // 400, abs=0.003 * rate)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
async def test_every_encoding_holds_all_that_it_was_given(rate: int, tmp_path: Path) -> None:
    samples = voice(2.3, rate)
    paths, heard = await encoded(tmp_path, samples, rate=rate)
    assert len(heard) == len(samples)
    for name, path in paths.items():
        encoding = ENCODINGS[name]
        its_rate = encoding.rate or rate
        frames, frame = encoding.count(path.read_bytes()), encoding.frame(its_rate)
        whole = 2.3 * its_rate - (frame if name == "flac" else 0)
        assert whole - 2 <= frames * frame <= 2.3 * its_rate + encoding.delay + 3 * frame


async def test_a_lossless_file_is_what_was_heard(tmp_path: Path) -> None:
    paths, heard = await encoded(tmp_path, voice(2), encodings=["flac", "mp3"])
    assert np.array_equal(np.round(decoded(paths["flac"], RATE) * FULL_SCALE), heard)


async def test_the_same_samples_make_the_same_files_however_they_are_cut(tmp_path: Path) -> None:
    samples = (voice(2) * FULL_SCALE / 2).astype(np.int16)
    folders = [tmp_path / "whole", tmp_path / "cut"]
    bodies = []
    for folder, pieces in zip(
        folders, [[samples], [samples[:1], samples[1:9_001], samples[:0], samples[9_001:]]], strict=True
    ):
        folder.mkdir()
        paths = await encode(each(pieces), folder, rate=RATE, encodings=tuple(ENCODINGS))
        bodies.append([path.read_bytes() for path in paths.values()])
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("kind", HOSTILE)
async def test_no_decoder_peaks_above_what_listeners_are_promised(kind: str, tmp_path: Path) -> None:
    spoken = np.asarray(np.clip(HOSTILE[kind], -1, 1) * (FULL_SCALE - 1), np.int16)
    paths, _ = await encoded(tmp_path, levelled(spoken, [], gain_of(spoken.tobytes(), RATE)))
    for name, path in paths.items():
        rate = ENCODINGS[name].rate or RATE
        assert true_peak(decoded(path, rate), rate) <= PEAK_DBTP, name


@pytest.mark.parametrize("rate", [RATE, 24_000])
@pytest.mark.parametrize("level", [-19, -15])
@pytest.mark.parametrize("kind", NOISY)
async def test_opus_peaks_no_higher_and_is_as_loud_whatever_the_voice(
    kind: str, level: int, rate: int, tmp_path: Path
) -> None:
    """Ordinary speech has -19 LUFS, what is x-loud -15."""
    gain = np.float32(10 ** ((level - loudness(NOISY[kind], rate)) / 20))
    paths, heard = await encoded(tmp_path, gain * NOISY[kind], ["opus"], rate)
    meant = loudness((heard / FULL_SCALE).astype(np.float32), rate)
    for decoder in ("opus", "libopus"):
        sound = decoded(paths["opus"], 48_000, "-c:a", decoder)
        assert true_peak(sound, 48_000) <= PEAK_DBTP, decoder
        assert loudness(sound, 48_000) == pytest.approx(meant, abs=0.5), decoder


async def test_what_is_too_loud_for_its_gain_is_held_by_the_limiter(tmp_path: Path) -> None:
    paths, heard = await encoded(tmp_path, 4 * voice(3))
    assert np.abs(heard).max() == pytest.approx(10 ** (CEILING_DB / 20) * FULL_SCALE, abs=1)
    for name, path in paths.items():
        rate = ENCODINGS[name].rate or RATE
        assert true_peak(decoded(path, rate), rate) <= PEAK_DBTP, name


async def test_a_book_is_as_loud_in_each_format(tmp_path: Path) -> None:
    paths, heard = await encoded(tmp_path, voice(8))
    meant = loudness((heard / FULL_SCALE).astype(np.float32), RATE)
    for name, path in paths.items():
        rate = ENCODINGS[name].rate or RATE
        assert loudness(decoded(path, rate), rate) == pytest.approx(meant, abs=0.3), name


@pytest.mark.parametrize("rate", [8_000, 11_025, 12_000, 16_000, 24_000, 44_100])
async def test_aac_is_as_loud_and_peaks_no_higher_at_each_rate_of_speech(rate: int, tmp_path: Path) -> None:
    for samples in (voice(3, rate), 4 * voice(3, rate), croak(3, rate)):
        paths, heard = await encoded(tmp_path, samples, ["aac"], rate)
        sound = decoded(paths["aac"], rate)
        assert loudness(sound, rate) == pytest.approx(loudness((heard / FULL_SCALE).astype(np.float32), rate), abs=0.3)
        assert true_peak(sound, rate) <= PEAK_DBTP


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000])
async def test_no_frame_of_aac_is_larger_than_the_standard_has_it(rate: int, tmp_path: Path) -> None:
    """Of 64 kbit/s some were, at each of these rates."""
    paths, _ = await encoded(tmp_path, bursts(10, rate), ["aac"], rate)
    assert m4a.section(paths["aac"].read_bytes()).sizes.max() <= 6_144 // 8


async def test_files_carry_neither_tags_nor_a_header_frame(tmp_path: Path) -> None:
    paths, _ = await encoded(tmp_path, voice(1), encodings=["mp3", "mp3-vbr", "acx"])
    for path in paths.values():
        body = path.read_bytes()
        assert body[0] == 0xFF
        assert not any(tag in body for tag in (b"ID3", b"Xing", b"Info", b"TAG"))


@pytest.mark.parametrize("name", ENCODINGS)
async def test_silence_is_encoded_as_all_else_is(name: str, tmp_path: Path) -> None:
    seconds, coding = 3, ENCODINGS[name].coding(RATE)
    paths, _ = await encoded(tmp_path, np.zeros(seconds * RATE, np.int16), encodings=[name])
    frames = ENCODINGS[name].count(paths[name].read_bytes())
    assert frames * coding.frame > seconds * coding.rate - coding.frame


async def test_an_error_of_the_source_reaches_the_caller(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[NDArray[np.int16]]:
        yield np.ones(RATE, np.int16)
        raise LookupError("the chunk is gone")

    with pytest.raises(LookupError, match="the chunk is gone"):
        await encode(broken(), tmp_path, rate=RATE, encodings=["mp3"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("name", ENCODINGS)
async def test_a_full_disk_is_waited_for_whatever_else_could_be_written(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.{ENCODINGS[name].extension}").symlink_to("/dev/full")
    with pytest.raises(Unavailable, match="TMPDIR"):
        await encoded(tmp_path, voice(3))


async def test_a_failure_is_told_in_the_words_of_ffmpeg(tmp_path: Path) -> None:
    with pytest.raises(Transient, match=r"failed with status.*No such file"):
        await encoded(tmp_path / "nowhere", voice(1), encodings=["mp3"])
