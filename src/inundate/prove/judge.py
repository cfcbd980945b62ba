"""Whether a score meets its pass line: interval, trivial baseline and a paired test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.seeds import make_rng
from inundate.score.interval import DRAWS, Interval, Resampler, bounds_of

__all__ = ["Judged", "PassLine", "judge", "sign_flip_p"]

# samples are averaged in at most this many groups before they are drawn or flipped: the groups
# of independent samples are independent too, and 10,000 samples cost no more than 400
_GROUPS = 400
_FLIPS = 4999
_Z95 = 1.959964  # quantile 0.975 of the normal distribution


@dataclass(frozen=True)
class PassLine:
    """What a score must reach.

    Parameters
    ----------
    score : str
        Name of the score, higher is better.
    baseline : str
        What the trivial answer is, in words.
    least : float or None
        The mean must be at least this, and beat the baseline. None: there is nothing to learn,
        and the score must *not* beat the baseline.
    level : float
        The baseline counts as beaten if the one-sided paired test gives a p below this.
    """

    score: str
    baseline: str
    least: float | None
    level: float = 0.01

    def says(self) -> str:
        """Put the line into words."""
        if self.least is None:
            return f"{self.score} no better than {self.baseline}"
        return f"{self.score} >= {self.least:g}"


@dataclass(frozen=True)
class Judged:
    """A score beside its line.

    Parameters
    ----------
    line : PassLine
    score : Interval
        Mean with its 95 % interval.
    baseline : float
        Mean of the trivial answer.
    p_value : float
        One-sided, that the score is no better than the baseline.
    samples : int
    met : bool
    """

    line: PassLine
    score: Interval
    baseline: float
    p_value: float
    samples: int
    met: bool

    def record(self) -> dict[str, Any]:
        """Give the same fit for JSON."""
        found = {"low": self.score.low, "high": self.score.high}
        return {
            "score": self.line.score,
            "least": self.line.least,
            "value": self.score.value,
            **{key: value if math.isfinite(value) else None for key, value in found.items()},
            "baseline": self.baseline,
            "baseline_is": self.line.baseline,
            "p_value": self.p_value,
            "samples": self.samples,
            "met": self.met,
        }


def judge(
    values: NDArray[np.float64], baseline: NDArray[np.float64], line: PassLine, *, seed: int = 0
) -> Judged:
    """Hold per-sample values against a pass line.

    Parameters
    ----------
    values, baseline : array (N,)
        Of the model and of the trivial answer, on the same samples in the same order.
    line : PassLine
    seed : int
        Of draws and flips.

    Raises
    ------
    DataError
        If the two differ in length, or there are none.

    Examples
    --------
    >>> line = PassLine("hit_rate", "always the commoner class", 0.9)
    >>> judge(np.ones(50), np.arange(50) % 2.0, line).met
    True
    """
    if values.shape != baseline.shape or values.ndim != 1 or not values.size:
        raise DataError(
            f"judging {line.score}: values of shape {values.shape} and a baseline of shape "
            f"{baseline.shape}; expected one number a sample for both"
        )
    finite = bool(np.isfinite(values).all())
    mean = float(values.mean())
    p_value = sign_flip_p(values - baseline, seed=seed) if finite else 1.0
    beaten = finite and p_value < line.level
    met = not beaten if line.least is None else beaten and mean >= line.least
    return Judged(
        line,
        score=_interval(values, seed),
        baseline=float(baseline.mean()),
        p_value=p_value,
        samples=values.size,
        met=bool(met and finite),
    )


def sign_flip_p(differences: NDArray[np.float64], *, seed: int = 0) -> float:
    """Test whether paired differences are above zero, by flipping their signs.

    Parameters
    ----------
    differences : array (N,)

    Returns
    -------
    float
        One-sided p; the smallest possible is 1 / 5000.

    Source
    ------
    Fisher (1935), The Design of Experiments, section 21; the count of the data themselves
    keeps the test valid (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585).
    """
    groups = _grouped(differences)
    signs = make_rng(seed, "sign-flip").choice([-1.0, 1.0], size=(_FLIPS, groups.size))
    seen = groups.sum()
    as_large = int(((signs @ groups) >= seen - 1e-12 * np.abs(groups).sum()).sum())
    return (1 + as_large) / (1 + _FLIPS)


def _interval(values: NDArray[np.float64], seed: int) -> Interval:
    mean = float(values.mean())
    if not np.isfinite(values).all():
        return Interval(mean, np.nan, np.nan, "not finite")
    if np.isin(values, (0.0, 1.0)).all():
        return Interval(mean, *_wilson(mean, values.size))
    groups = _grouped(values)
    resampler = Resampler(range(groups.size), draws=DRAWS, seed=seed)
    draws = (resampler.weights @ groups) / groups.size
    return Interval(mean, *bounds_of(draws, 0.95, resampler.note))


def _wilson(share: float, count: int) -> tuple[float, float]:
    """Interval of a share, which says something at 100 % too (Wilson 1927)."""
    z2 = _Z95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def _grouped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average samples in groups of one size; up to a group's worth at the end is left out."""
    size = -(-values.size // _GROUPS)
    whole = values.size // size * size
    found: NDArray[np.float64] = values[:whole].reshape(-1, size).mean(axis=1)
    return found
