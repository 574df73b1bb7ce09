"""Metering: how loud a sound is, and its peaks.

Loudness after https://www.itu.int/rec/R-REC-BS.1770 for one channel.
"""

import math
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FULL_SCALE: Final = 32_768
PEAK_SECONDS: Final = 0.1
"""How much sound one peak of the waveform stands for."""

_PEAKS_A_SECOND: Final = round(1 / PEAK_SECONDS)
_BLOCKS_A_SECOND: Final = 10
_GATED: Final = 4
"""Blocks in a gating block: 0.4 s, each 0.1 s after the last."""
_OFFSET_DB: Final = -0.691
_ABSOLUTE: Final = 10 ** ((-70 - _OFFSET_DB) / 10)
"""Mean square of what is too soft to count at all."""
_RELATIVE: Final = 10 ** (-10 / 10)
"""Likewise, as a share of that of all the others."""


class Loudness:
    """Of the samples at ``rate`` hertz that are fed to it: it keeps four bytes for each tenth of a second of them."""

    def __init__(self, rate: int, full_scale: int = 1) -> None:
        """``full_scale``: that of the samples."""
        self._block = rate // _BLOCKS_A_SECOND
        self._weights = _weights(rate, self._block) / np.float32(full_scale) ** 2
        self._rest: NDArray[Any] = np.zeros(0, np.int16)
        self._powers: list[NDArray[np.float32]] = []

    def feed(self, samples: NDArray[np.float32] | NDArray[np.int16]) -> None:
        heard = np.concatenate((self._rest, samples))
        whole = len(heard) // self._block * self._block
        self._rest = heard[whole:].copy()  # a view would hold all that was fed
        blocks = heard[:whole].reshape(-1, self._block).astype(np.float32, copy=False)
        # A filtered block has the power of its weighted spectrum (Parseval), and no sample waits for the one before.
        spectra = np.fft.rfft(blocks).view(np.float32)
        spectra *= spectra
        self._powers.append(np.einsum("ij,j->i", spectra, self._weights))

    @property
    def lufs(self) -> float | None:
        """Gated; None where it was silent, or shorter than 0.4 s."""
        powers = np.concatenate([*self._powers, np.zeros(0)])
        if len(powers) < _GATED:
            return None
        gated = np.lib.stride_tricks.sliding_window_view(powers, _GATED).mean(axis=1)
        heard = gated[gated >= _ABSOLUTE]
        if not len(heard):
            return None
        return _OFFSET_DB + 10 * math.log10(heard[heard >= _RELATIVE * heard.mean()].mean())


@cache
def _weights(rate: int, block: int) -> NDArray[np.float32]:
    """What the squares of a block's spectrum, real and imaginary parts in turn, add to its mean square."""
    frequencies = np.arange(block // 2 + 1) / block
    response = _shelf(rate, frequencies) * _high_pass(rate, frequencies)
    # Twice, for the negative frequencies: 0 Hz does not count, and half the rate is one line among hundreds.
    return np.repeat(2 * np.abs(response) ** 2 / block**2, 2).astype(np.float32)


# The two filters of annex 1, which gives their coefficients for 48 kHz: these are the analogue ones they come from,
# brought to any rate by the bilinear transform, as libebur128 does. ``frequencies``: as shares of the rate.


def _shelf(rate: int, frequencies: NDArray[np.float64]) -> NDArray[np.complex128]:
    """4 dB more above 1.7 kHz, as of a head."""
    return _bilinear(
        rate, frequencies, 1681.974450955533, 0.7071752369554196, (1, 1.258720930232562, 1.584864701130855)
    )


def _high_pass(rate: int, frequencies: NDArray[np.float64]) -> NDArray[np.complex128]:
    """The annex leaves its numerator at 1, -2, 1."""
    corner, quality = 38.13547087602444, 0.5003270373238773
    warped = math.tan(math.pi * corner / rate)
    return _bilinear(rate, frequencies, corner, quality, (0, 0, 1 + warped / quality + warped**2))


def _bilinear(
    rate: int, frequencies: NDArray[np.float64], corner: float, quality: float, gains: tuple[float, float, float]
) -> NDArray[np.complex128]:
    """The response of a filter of the second order with these gains below, at and above its corner in hertz."""
    delay = np.exp(-2j * np.pi * frequencies)
    warped = math.tan(math.pi * corner / rate)
    below, at, above = warped**2 * (1 + delay) ** 2, warped / quality * (1 - delay**2), (1 - delay) ** 2
    return np.asarray((gains[0] * below + gains[1] * at + gains[2] * above) / (below + at + above))


class Meter:
    """Loudness and peaks of 16-bit samples: it keeps a byte more for each peak."""

    def __init__(self, rate: int) -> None:
        self._loudness = Loudness(rate, FULL_SCALE)
        self._rate = rate
        self._fed = 0
        self._peaks = bytearray()

    def feed(self, samples: NDArray[np.int16]) -> None:
        if len(samples):
            self._loudness.feed(samples)
            self._feed_peaks(samples)

    def _feed_peaks(self, samples: NDArray[np.int16]) -> None:
        ends = self._fed, self._fed + len(samples) - 1
        first, last = (sample * _PEAKS_A_SECOND // self._rate for sample in ends)
        starts = -(-np.arange(first, last + 1) * self._rate // _PEAKS_A_SECOND) - self._fed
        starts[0] = 0
        loudest = np.maximum(
            np.maximum.reduceat(samples, starts).astype(np.int32),
            -np.minimum.reduceat(samples, starts).astype(np.int32),
        )
        levels = np.minimum((loudest * 255 + FULL_SCALE // 2) // FULL_SCALE, 255).astype(np.uint8).tobytes()
        if first < len(self._peaks):
            self._peaks[first] = max(self._peaks[first], levels[0])
            levels = levels[1:]
        self._peaks += levels
        self._fed += len(samples)

    @property
    def loudness(self) -> float | None:
        """In LUFS, gated; None where it was silent, or shorter than 0.4 s."""
        return self._loudness.lufs

    @property
    def peaks(self) -> bytes:
        """For each ``PEAK_SECONDS`` the loudest sample, 255 being full scale."""
        return bytes(self._peaks)
