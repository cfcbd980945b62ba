"""Thresholds under which a model says that it is not sure, with a guarantee for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.shift.model import Floats, Ints, check_probabilities

__all__ = ["Selection", "conformal_thresholds", "prediction_sets", "select_confident"]


def conformal_thresholds(
    probabilities: Floats, labels: Ints, *, coverage: float, by_class: bool = False
) -> Floats:
    """Find the least probability with which a class is still in the set of a post.

    The set of a new post from where the calibration posts are holds the true class with the
    probability ``coverage`` at least: over all posts, or of each class by itself.

    Parameters
    ----------
    probabilities : array (N, K)
        Of posts that the model was not trained on.
    labels : array (N,), int
        -1 where nobody has judged.
    coverage : float
        Between 0 and 1.
    by_class : bool

    Returns
    -------
    array (K,)
        Thresholds; 0, under which every class is in, where too few posts calibrate.

    Source
    ------
    Vovk, Gammerman and Shafer (2005), Algorithmic learning in a random world, 4.2 and 4.5;
    Sadinle, Lei and Wasserman (2019), doi:10.1080/01621459.2017.1395341.
    """
    kept, known = check_probabilities(probabilities, labels, "calibrating sets")
    true = kept[np.arange(len(known)), known]
    classes = kept.shape[1]
    if not by_class:
        return np.full(classes, _threshold(true, coverage))
    return np.array([_threshold(true[known == one], coverage) for one in range(classes)])


def _threshold(true: Floats, coverage: float) -> float:
    """Give the k-th least of the probabilities of true classes, k = floor((n + 1)(1 - c))."""
    place = int(np.floor((len(true) + 1) * (1 - coverage) + 1e-9))
    return float(np.sort(true)[place - 1]) if place >= 1 else 0.0


def prediction_sets(probabilities: Floats, thresholds: Floats) -> np.ndarray:
    """Give which classes a post may have.

    Parameters
    ----------
    probabilities : array (N, K)
    thresholds : array (K,)

    Returns
    -------
    array (N, K), bool
        A row with none is of a post like none that was seen.
    """
    return np.asarray(probabilities >= thresholds)


_SHARES = np.arange(1, 41) / 40  # of the posts, the surest first
# a fifth and half of the posts, with their parts of the uncertainty: near the top the accuracy of
# the surest few is noise, and most models pass at half; a beginning more costs all others power
_BEGINNINGS = ((7, 0.2), (19, 0.8))


@dataclass(frozen=True)
class Selection:
    """Where a model is to pass.

    Parameters
    ----------
    threshold : float
        Least confidence with which it answers.
    accuracy : float
        Of its answers about the calibration posts.
    answered : float
        Share of the calibration posts that it answers.
    """

    threshold: float
    accuracy: float
    answered: float


def select_confident(
    probabilities: Floats, labels: Ints, *, accuracy: float, confidence: float = 0.9
) -> Selection:
    """Find the least confidence above which a model is right as often as wanted.

    From a fifth and from half of the posts, the surest, the threshold goes down in small steps,
    until the lower end of the Clopper-Pearson interval of the accuracy above it falls below what is
    wanted; the lower of the two is taken. The two share the uncertainty, so that what is asked for
    holds for the one taken.

    Parameters
    ----------
    probabilities : array (N, K)
        Of posts that the model was not trained on.
    labels : array (N,), int
        -1 where nobody has judged.
    accuracy : float
        Wanted of the answers.
    confidence : float
        That the answers about further posts have it.

    Raises
    ------
    DataError
        If no threshold does.

    Source
    ------
    Angelopoulos et al. (2021), Learn then test, arXiv:2110.01052, 2.2 (fixed sequence testing
    from several beginnings).
    """
    kept, known = check_probabilities(probabilities, labels, "looking for a threshold")
    sure = kept.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    sorted_sure = sure[order]
    right = np.cumsum((kept.argmax(axis=1) == known)[order])
    rows = np.maximum(np.ceil(_SHARES * len(known)).astype(np.int64), 1)
    # posts as sure as the last one are above its threshold too
    rows = np.searchsorted(-sorted_sure, -sorted_sure[rows - 1], side="right")
    reached = []
    for begin, part in _BEGINNINGS:
        low = _lower_end(right[rows - 1], rows, part * (1 - confidence))
        if (passed := low >= accuracy)[begin]:
            reached.append(_last_of_run(passed, begin))
    if not reached:
        raise DataError(
            f"looking for a threshold: no confidence above which {accuracy:.1%} of the answers "
            f"about {len(known)} posts are right with {confidence:.0%} certainty "
            f"(best {float(low.max()):.1%})",
            hint="ask for less, or give more labelled posts",
        )
    count = int(rows[max(reached)])
    return Selection(
        float(sorted_sure[count - 1]), float(right[count - 1] / count), count / len(known)
    )


def _lower_end(right: Ints, number: Ints, level: float) -> Floats:
    from scipy.stats import beta

    low = beta.ppf(level, right, number - right + 1)
    return np.asarray(np.where(right > 0, low, 0.0), np.float64)


def _last_of_run(passed: np.ndarray, begin: int) -> int:
    fails = np.flatnonzero(~passed[begin:])
    return begin + int(fails[0]) - 1 if len(fails) else len(passed) - 1
