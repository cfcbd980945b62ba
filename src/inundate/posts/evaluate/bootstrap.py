"""How sure a score is: whole clusters of posts are drawn anew, not single posts.

Copies of a post, and posts of an author, are not independent: drawing them one by one makes
intervals too short.

Source
------
Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 13 (percentile interval);
Davison and Hinkley (1997), Bootstrap Methods and their Application, ch. 4 (p-value).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inundate.core.errors import DataError
from inundate.core.seeds import make_rng
from inundate.posts.evaluate.measure import Measured
from inundate.score.interval import Interval

__all__ = [
    "DRAWS", "Drawn", "PairedDifference", "draws_of", "paired_bootstrap", "score_draws",
]  # fmt: skip

DRAWS = 1000
_LEVEL = 0.95
_FEWEST = 10  # clusters; an interval of less says nothing
_UNDEFINED = 0.1  # share of draws without a value above which there is no interval


@dataclass(frozen=True)
class PairedDifference(Interval):
    """The score of one model less that of another on the same posts.

    Attributes
    ----------
    p : float
        Two-sided: how often draws leave no difference, or one the other way. NaN where undefined.
    """

    p: float = float("nan")

    @property
    def is_better(self) -> bool:
        """Whether the whole interval lies above zero."""
        return bool(self.low > 0)


def draws_of(
    clusters: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> Iterator[NDArray[np.float64]]:
    """Draw clusters with replacement, and give how often each post then counts.

    Parameters
    ----------
    clusters : array (N,), int
    draws : int
    seed : int
        The same seed and clusters give the same draws.

    Yields
    ------
    array (N,), float64
    """
    _, place = np.unique(np.asarray(clusters), return_inverse=True)
    number = int(place.max(initial=-1)) + 1
    rng = make_rng(seed, "bootstrap of posts")
    for _ in range(draws):
        taken = np.bincount(rng.integers(0, number, number), minlength=number)
        yield taken[place].astype(np.float64)


@dataclass(frozen=True)
class Drawn:
    """A score, and what it is on each draw.

    Attributes
    ----------
    value : float
    draws : array (D,)
        Empty where there are too few clusters; ``note`` then says so.
    note : str
    """

    value: float
    draws: NDArray[np.float64]
    note: str = ""

    def interval(self) -> Interval:
        """Give the 95 % interval."""
        return Interval(self.value, *_ends(self.draws, self.note))

    def less(self, other: Drawn) -> PairedDifference:
        """Give the difference to the score of another model on the same posts and draws."""
        if self.note or other.note:
            ends = _ends(self.draws, self.note or other.note)
            return PairedDifference(self.value - other.value, *ends)
        apart = self.draws - other.draws
        low, high, note = _ends(apart, "")
        p = float("nan") if note else _p(apart)
        return PairedDifference(self.value - other.value, low, high, note, p)


def score_draws(
    measured: Measured,
    statistics: Sequence[str],
    *,
    clusters: ArrayLike,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Drawn]:
    """Give scores, and what they are on each draw of clusters.

    Parameters
    ----------
    measured : Measured
        N posts.
    statistics : sequence of str
    clusters : array (N,), int
        Posts that belong together.
    draws, seed
        See :func:`draws_of`.

    Raises
    ------
    DataError
        If there is not a cluster for each post.
    ConfigError
        If there is no such score.
    """
    found = {name: measured.value(name) for name in statistics}
    note = _why_not(clusters, len(measured), draws)
    table = np.empty((len(statistics), 0 if note else draws))
    if not note:
        for number, weights in enumerate(draws_of(clusters, draws=draws, seed=seed)):
            for row, name in enumerate(statistics):
                table[row, number] = measured.value(name, weights)
    return {
        name: Drawn(found[name], _centred(name, found[name], drawn), note)
        for name, drawn in zip(statistics, table, strict=True)
    }


def _centred(name: str, value: float, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the bias out of draws of a calibration error.

    It is a sum of absolute values, which drawing anew makes larger: untouched, the interval of a
    model that is well calibrated would lie above its own error.
    """
    if not name.startswith("ece") or not len(drawn):
        return drawn
    return np.asarray(np.maximum(drawn - (np.mean(drawn) - value), 0.0), np.float64)


def paired_bootstrap(
    prob_a: ArrayLike,
    prob_b: ArrayLike,
    labels: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    statistic: str = "macro_f1",
    draws: int = DRAWS,
    seed: int = 0,
) -> PairedDifference:
    """Compare two models on the same posts: both are scored on each draw.

    Parameters
    ----------
    prob_a, prob_b : array (N, K)
    labels : array (N,), int
    clusters : array (N,), int, optional
        By default each post is one.
    statistic : str
        One of :data:`~inundate.posts.evaluate.measure.STATISTICS`.
    draws, seed
        See :func:`draws_of`.

    Returns
    -------
    PairedDifference
        Of a less b; for ``ece`` and ``brier`` a negative one is better.

    Raises
    ------
    DataError
        If shapes do not fit.
    ConfigError
        If there is no such score.
    """
    classes = int(np.shape(prob_a)[-1])
    one, other = Measured(prob_a, labels, classes), Measured(prob_b, labels, classes)
    groups = np.arange(len(one)) if clusters is None else np.asarray(clusters)
    a, b = (
        score_draws(each, [statistic], clusters=groups, draws=draws, seed=seed)[statistic]
        for each in (one, other)
    )
    return a.less(b)


def _why_not(clusters: ArrayLike, posts: int, draws: int) -> str:
    groups = np.asarray(clusters)
    if groups.shape != (posts,):
        raise DataError(
            f"bootstrap: clusters of shape {groups.shape}, expected ({posts},), one for each post"
        )
    number = len(np.unique(groups))
    if number < _FEWEST:
        return f"an interval needs {_FEWEST} independent posts, here {number}"
    return "" if draws >= 2 else f"{draws} draws"


def _ends(drawn: NDArray[np.float64], note: str) -> tuple[float, float, str]:
    nothing = float("nan")
    if note:
        return nothing, nothing, note
    known = drawn[np.isfinite(drawn)]
    if len(known) < (1 - _UNDEFINED) * len(drawn):
        return nothing, nothing, f"undefined in {len(drawn) - len(known)} of {len(drawn)} draws"
    tail = 100 * (1 - _LEVEL) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return float(low), float(high), ""


def _p(drawn: NDArray[np.float64]) -> float:
    drawn = drawn[np.isfinite(drawn)]
    less = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return float(min(1.0, 2 * (less + 1) / (len(drawn) + 1)))
