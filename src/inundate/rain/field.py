"""Random fields with a power-law spectrum that move and change: the stuff of random storms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError

__all__ = ["moving_fields", "rates_from_fields"]

Array = NDArray[np.float64]

# lifetime ~ scale^0.6: dynamic scaling of rain, Venugopal et al. 1999, doi:10.1029/1999JD900437
_DYNAMIC_EXPONENT = 0.6
_PERIODS = 3.0  # lifetimes after which a feature may come round again, changed to e^-3
_NEWTON_STEPS = 100


def moving_fields(
    count: int,
    shape: tuple[int, int],
    cell_m: tuple[float, float],
    *,
    step_s: float,
    outer_scale_m: float,
    slope: float,
    velocity_m_s: tuple[float, float],
    lifetime_s: float,
    rng: np.random.Generator,
) -> Iterator[Array]:
    """Give frames of a Gaussian field that is carried along and changes on the way.

    The power density is (1 + (k L)^2)^(-slope / 2) for wave number k (cycles per metre) and
    outer scale L: flat beyond L, a power law below. Each wave is an autoregressive process
    seen by an observer who moves with the field; small ones change sooner.

    Parameters
    ----------
    count : int
        Number of frames.
    shape : tuple of int
        Rows and columns (H, W).
    cell_m : tuple of float
        Cell size (dx, dy), metres.
    step_s : float
        Time between frames, seconds.
    outer_scale_m : float
        Outer scale L, metres.
    slope : float
        Fall of the two-dimensional power density.
    velocity_m_s : tuple of float
        Velocity eastwards and northwards, m s-1.
    lifetime_s : float
        Time in which the correlation of the largest waves falls to 1/e, seconds.
    rng : Generator
        Source of randomness.

    Yields
    ------
    array (H, W)
        Mean near 0, variance 1 over many fields.
    """
    wide = _period(shape[1], cell_m[0], velocity_m_s[0], count * step_s, lifetime_s, outer_scale_m)
    high = _period(shape[0], cell_m[1], velocity_m_s[1], count * step_s, lifetime_s, outer_scale_m)
    wave_x = np.fft.rfftfreq(wide, cell_m[0])[None, :]  # cycles per metre, eastwards
    wave_y = -np.fft.fftfreq(high, cell_m[1])[:, None]  # northwards: rows run south
    scaled = np.hypot(wave_x, wave_y) * outer_scale_m  # 1 at the outer scale
    amplitude = (1.0 + scaled**2) ** (-slope / 4.0)  # root of the power
    amplitude[0, 0] = 0.0  # no mean of its own
    memory = np.exp(-step_s / lifetime_s * np.maximum(scaled, 1.0) ** _DYNAMIC_EXPONENT)
    fresh = amplitude * np.sqrt(1.0 - memory**2)
    east, north = (v * step_s for v in velocity_m_s)
    carried = memory * np.exp(-2j * np.pi * (wave_x * east + wave_y * north))
    scale = 1.0 / _deviation(amplitude, wide)

    def noise() -> NDArray[np.complex128]:
        return np.fft.rfft2(rng.standard_normal((high, wide)))

    waves = amplitude * noise()
    for index in range(count):
        if index:
            waves = carried * waves + fresh * noise()
        field = np.fft.irfft2(waves, s=(high, wide))
        yield scale * field[: shape[0], : shape[1]]


def _period(
    cells: int, cell_m: float, speed: float, duration_s: float, lifetime_s: float, outer_m: float
) -> int:
    """Give the cells after which the periodic field repeats, far enough not to be seen."""
    travel = abs(speed) * min(duration_s, _PERIODS * lifetime_s)
    return _fast_length(cells + int(np.ceil((travel + outer_m) / cell_m)))


def _fast_length(least: int) -> int:
    """Give the smallest even number from ``least`` on with no prime factor above 5."""
    length = least + least % 2
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 2


def _deviation(amplitude: Array, wide: int) -> float:
    """Give the standard deviation of white noise filtered with half a spectrum (h, w // 2 + 1)."""
    twice = np.full(amplitude.shape[1], 2.0)  # each column stands for itself and its mirror
    twice[0] = twice[-1] = 1.0
    return float(np.sqrt((amplitude**2 @ twice).sum() / (amplitude.shape[0] * wide)))


def rates_from_fields(
    fields: NDArray[np.float32], *, mean_mm_h: float, peak_mm_h: float | None, wet_share: float
) -> NDArray[np.float32]:
    """Turn Gaussian fields into rain with an exact mean, wet share and, if given, peak.

    Cells below the quantile of the dry share are dry. The excess over it, as a share v of the
    largest excess, becomes peak * v^s; s is the one exponent that gives the mean.

    Parameters
    ----------
    fields : array (T, H, W)
        Gaussian fields; overwritten.
    mean_mm_h : float
        Mean rate over all cells and steps, mm h-1.
    peak_mm_h : float or None
        Highest rate; with None s is 1 and the peak follows.
    wet_share : float
        Share of cells and steps with rain.

    Returns
    -------
    array (T, H, W), mm h-1

    Raises
    ------
    DataError
        If no exponent gives both the mean and the peak.
    """
    flat = fields.reshape(-1)
    wet = max(1, round(wet_share * flat.size))
    if wet < flat.size:
        flat -= np.partition(flat, flat.size - wet - 1)[flat.size - wet - 1]
    else:
        flat -= flat.min() - np.float32(1e-3) * flat.std()  # every cell a little above 0
    flat[flat < 0] = 0.0
    where = np.flatnonzero(flat > 0)
    excess = np.log(flat[where].astype(np.float64))
    excess -= excess.max()  # log v, 0 at the peak
    if peak_mm_h is None:
        exponent = 1.0  # the Gaussian excess itself; a peak above it makes the tail heavier
        peak = mean_mm_h * flat.size / np.exp(exponent * excess).sum()
    else:
        peak = peak_mm_h
        exponent = _exponent(excess, mean_mm_h / peak_mm_h * flat.size, flat.size, mean_mm_h)
    flat[where] = peak * np.exp(exponent * excess)
    return fields


def _exponent(excess: Array, wanted: float, cells: int, mean_mm_h: float) -> float:
    """Find s with sum(v^s) = wanted by Newton steps on the convex, falling log of the sum."""
    most, least = excess.size, int((excess == 0).sum())
    if not least < wanted < most:
        raise DataError(
            f"designing a storm: a mean rate of {mean_mm_h:g} mm h-1 with a peak of "
            f"{mean_mm_h * cells / wanted:g}, expected a peak from {mean_mm_h * cells / most:.4g} "
            f"to {mean_mm_h * cells / least:.4g} with this wet share",
            hint="change peak_mm_h, total_mm or wet_share",
        )
    exponent = 0.0
    for _ in range(_NEWTON_STEPS):
        power = np.exp(exponent * excess)
        total = float(power.sum())
        step = (np.log(wanted) - np.log(total)) * total / float((power * excess).sum())
        exponent += step
        if abs(step) <= 1e-12 * max(1.0, exponent):
            break
    return exponent
