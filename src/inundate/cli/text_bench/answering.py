"""How right a model is where it answers, if it passes over the posts that it is unsure of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inundate.cli.text_bench.problems import Unit
from inundate.cli.text_bench.trials import Trial
from inundate.cli.text_bench.votes import whole
from inundate.core.errors import DataError
from inundate.posts.shift.conformal import select_confident

__all__ = ["ANSWERED", "ASKED", "answers_of", "limit_for_accuracy", "limit_for_share"]

ASKED = 0.98
"""Accuracy that is asked of the posts that are answered."""
ANSWERED = 0.8
"""Share of the posts that is to be answered."""
_CONFIDENCE = 0.5  # as likely as not: neither over- nor understated
_ONE_SIDED = 1.645  # standard errors within which 95 % lie, one-sided

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def answers_of(
    unit: Unit,
    tried: Sequence[Sequence[Trial]],
    limit: Callable[[Floats, Ints], float],
    *,
    of_event: bool = False,
) -> tuple[float, float] | None:
    """Give accuracy and share of answers at least as sure as a limit from the validation posts.

    Parameters
    ----------
    unit : Unit
    tried : sequence
        For each seed a trial of each problem.
    limit : callable
        Of probabilities and labels of validation posts.
    of_event : bool
        Give it the posts of the event itself instead, with no label: for models that were taught
        it, and know no other.

    Returns
    -------
    tuple of float or None
        Mean over the seeds; None where a unit is of several problems, or of some test posts.
    """
    if len(unit.problems) > 1 or unit.keep is not None:
        return None
    problem = unit.problems[0]
    valid, test = problem.part("valid").labels, problem.part("test").labels
    found = []
    for (trial,) in tried:
        own, other = whole(trial.valid), whole(trial.test)
        bound = limit(other, np.full(len(test), -1)) if of_event else limit(own, valid)
        answers = other.max(axis=1) >= bound
        is_right = other.argmax(axis=1) == test
        right = float(is_right[answers].mean()) if answers.any() else float("nan")
        found.append((right, float(answers.mean())))
    right, share = np.mean(found, axis=0).tolist()
    return right, share


def limit_for_accuracy(shares: Floats, labels: Ints) -> float:
    """Give the confidence above which answers are right as often as asked, as likely as not.

    Parameters
    ----------
    shares : array (N, K)
        Of validation posts.
    labels : array (N,)
    """
    try:
        return select_confident(shares, labels, accuracy=ASKED, confidence=_CONFIDENCE).threshold
    except DataError:  # no limit makes enough of the answers right
        return float("inf")


def limit_for_share(shares: Floats, labels: Ints) -> float:
    """Give the confidence that enough posts will have, as 19 of 20 validation sets tell.

    Parameters
    ----------
    shares : array (N, K)
        Of validation posts.
    labels : array (N,)
        Their number alone counts.
    """
    spread = np.sqrt(ANSWERED * (1 - ANSWERED) / len(labels))
    passed = max(0.0, 1 - ANSWERED - _ONE_SIDED * spread)
    return float(np.quantile(shares.max(axis=1), passed))
