"""What ACX asks is measured on the finished file."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from darkchannel.audio import ffmpeg
from darkchannel.errors import Transient
from services.merger.acx import Measured, faults, measured, report

RATE = 44_100
FINE = Measured(
    rms=-20.0, peak=-4.0, floor=-80.0, rate=RATE, channels=1, kilobits=192, bitrates=1, head=1.0, tail=2.5, minutes=30.0
)


def tone(seconds: float, level: float) -> NDArray[np.float64]:
    """A tone whose mean level is ``level`` dB of full scale; its peak is 3 dB above."""
    at = np.arange(round(seconds * RATE))
    return 10 ** (level / 20) * np.sqrt(2) * np.sin(2 * np.pi * 441 * at / RATE)


def silence(seconds: float) -> NDArray[np.float64]:
    return np.zeros(round(seconds * RATE))


def file(folder: Path, *sound: NDArray[np.float64], settings: tuple[str, ...] = ("-b:a", "192k")) -> Path:
    path = folder / "file.mp3"
    samples = np.concatenate(sound).astype(np.float32)
    command = [
        ffmpeg.binary(), "-v", "error", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0",
        "-c:a", "libmp3lame", *settings, "-write_xing", "0", "-y", str(path),
    ]  # fmt: skip
    subprocess.run(command, input=samples.tobytes(), check=True)
    return path


async def test_a_file_is_measured_as_it_was_made(tmp_path: Path) -> None:
    # LAME itself takes up to half a decibel away.
    found = await measured(file(tmp_path, silence(1), tone(20, -20), silence(2.5)))
    assert found.rms == pytest.approx(-20 + 10 * np.log10(20 / 23.5), abs=0.5)
    assert found.peak == pytest.approx(-17, abs=0.5)
    assert found.floor <= -100
    assert (found.rate, found.channels, found.kilobits, found.bitrates) == (RATE, 1, 192, 1)
    assert found.head == pytest.approx(1, abs=0.05)
    assert found.tail == pytest.approx(2.5, abs=0.05)
    assert found.minutes == pytest.approx(23.5 / 60, abs=0.002)
    assert faults(found) == ()


async def test_the_noise_floor_is_that_of_the_quietest_half_second(tmp_path: Path) -> None:
    found = await measured(file(tmp_path, tone(1, -20), tone(0.6, -52), tone(0.3, -90), tone(1, -20)))
    assert found.floor == pytest.approx(-52 + 10 * np.log10(0.2 / 0.5), abs=1.5)


async def test_two_channels_and_a_variable_bitrate_are_seen(tmp_path: Path) -> None:
    found = await measured(file(tmp_path, tone(2, -20), silence(1), settings=("-q:a", "4", "-ac", "2")))
    assert found.channels == 2
    assert found.bitrates > 1
    assert found.minutes * 60 == pytest.approx(3, abs=0.1)
    assert found.tail == pytest.approx(1, abs=0.1)


async def test_a_silent_file_is_silent_from_end_to_end(tmp_path: Path) -> None:
    found = await measured(file(tmp_path, silence(1)))
    assert (found.rms, found.peak, found.floor) == (-120, -120, -120)
    assert found.head == found.tail == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"rms": -24.1}, "the mean level is -24.1 dB, and should be from -23 to -18"),
        ({"rms": -17.9}, "the mean level is -17.9 dB"),
        ({"peak": -2.9}, "the peak is -2.9 dB"),
        ({"floor": -59.0}, "the noise floor is -59.0 dB"),
        ({"rate": 22_050}, "the sample rate is 22050 Hz"),
        ({"channels": 2}, "there are 2 channels"),
        ({"kilobits": 128}, "the bitrate is 128 kbit/s"),
        ({"bitrates": 3}, "there are 3 bitrates"),
        ({"head": 0.4}, "it starts with 0.40 s of silence"),
        ({"head": 1.2}, "it starts with 1.20 s of silence"),
        ({"tail": 0.9}, "it ends with 0.90 s of silence"),
        ({"tail": 5.1}, "it ends with 5.10 s of silence"),
        ({"minutes": 120.1}, "it is 120.1 minutes long"),
    ],
)
def test_what_does_not_conform_is_said(other: dict[str, float], said: str) -> None:
    (fault,) = faults(Measured(**{**{name: getattr(FINE, name) for name in FINE.__slots__}, **other}))
    assert fault.startswith(said)


def test_a_report_tells_each_file_and_what_is_wrong_with_it() -> None:
    loud = Measured(**{**{name: getattr(FINE, name) for name in FINE.__slots__}, "peak": -1.0})
    told = report({"001-mar.mp3": FINE, "002-vento.mp3": loud})
    assert told.splitlines() == [
        "001-mar.mp3: conforms",
        "  mean level -20.0 dB, peak -4.0 dB, noise floor -80.0 dB",
        "  192 kbit/s, 44100 Hz, 1 channel",
        "  30.0 minutes, silence of 1.00 s at the start, 2.50 s at the end",
        "",
        "002-vento.mp3: does not conform",
        "  mean level -20.0 dB, peak -1.0 dB, noise floor -80.0 dB",
        "  192 kbit/s, 44100 Hz, 1 channel",
        "  30.0 minutes, silence of 1.00 s at the start, 2.50 s at the end",
        "  - the peak is -1.0 dB, and should be -3 at most",
    ]


async def test_noise_is_not_measured(tmp_path: Path) -> None:
    path = tmp_path / "file.mp3"
    path.write_bytes(b"no sound at all" * 100)
    with pytest.raises(ValueError, match="no MP3 frame"):
        await measured(path)


async def test_a_file_cut_short_is_not_measured(tmp_path: Path) -> None:
    path = file(tmp_path, tone(2, -20))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cut short"):
        await measured(path)


async def test_a_file_with_noise_between_its_frames_is_not_measured(tmp_path: Path) -> None:
    path = file(tmp_path, tone(2, -20))
    path.write_bytes(path.read_bytes() + b"noise" * 100)
    with pytest.raises(ValueError, match="no MP3 frame"):
        await measured(path)


async def test_a_decoder_that_fails_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, tone(2, -20))
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho 'out of luck' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("DARKCHANNEL_FFMPEG", str(broken))
    with pytest.raises(Transient, match="out of luck"):
        await measured(path)
