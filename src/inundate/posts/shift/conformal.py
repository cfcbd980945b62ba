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
    probabilities: Floats,
    labels: Ints,
    *,
    accuracy: float,
    confidence: float = 0.9,
    least: int = 50,
) -> Selection:
    """Find the least confidence above which a model is right as often as wanted.

    Going down from the surest posts, the threshold stops before the first one at which the lower
    end of the Clopper-Pearson interval of the accuracy above it falls below what is wanted.

    Parameters
    ----------
    probabilities : array (N, K)
        Of posts that the model was not trained on.
    labels : array (N,), int
        -1 where nobody has judged.
    accuracy : float
        Wanted of the answers.
    confidence : float
        Of the interval, one-sided; 0.5 asks for little more than the accuracy that was found.
    least : int
        Posts above the first threshold that is tried.

    Raises
    ------
    DataError
        If no threshold does.

    Source
    ------
    Geifman and El-Yaniv (2017), Selective classification for deep neural networks, NeurIPS;
    Angelopoulos et al. (2021), Learn then test, arXiv:2110.01052, 2.2 (fixed sequence testing).
    """
    from scipy.stats import beta

    kept, known = check_probabilities(probabilities, labels, "looking for a threshold")
    sure = kept.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    right = np.cumsum((kept.argmax(axis=1) == known)[order])
    number = np.arange(1, len(known) + 1)
    # only at the last of posts with the same confidence can a threshold be
    last = np.append(sure[order][:-1] != sure[order][1:], True)
    tried = np.flatnonzero(last & (number >= min(least, len(known))))
    low = beta.ppf(1 - confidence, right[tried], number[tried] - right[tried] + 1)
    fails = np.flatnonzero(~(low >= accuracy))
    good = tried if not len(fails) else tried[: fails[0]]
    if not len(good):
        best = float(np.nanmax(low)) if np.isfinite(low).any() else 0.0
        raise DataError(
            f"looking for a threshold: no confidence above which {accuracy:.1%} of the answers "
            f"about {len(known)} posts are right with {confidence:.0%} certainty "
            f"(best {best:.1%})",
            hint="ask for less, or give more labelled posts",
        )
    place = int(good[-1])
    return Selection(
        float(sure[order][place]), float(right[place] / number[place]), (place + 1) / len(known)
    )
