"""All scores of one model on one set of posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from inundate.posts.evaluate.abstain import risk_coverage
from inundate.posts.evaluate.bootstrap import DRAWS, Drawn, score_draws
from inundate.posts.evaluate.measure import STATISTICS, Measured, per_class

__all__ = ["classification_scores"]


def classification_scores(
    probabilities: ArrayLike,
    labels: ArrayLike,
    classes: Sequence[str],
    *,
    clusters: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    drawn: Mapping[str, Drawn] | None = None,
) -> dict[str, Any]:
    """Score probabilities against what is true.

    Parameters
    ----------
    probabilities : array (N, K)
    labels : array (N,), int
    classes : sequence of str, K
        Of two, the second is what is looked for.
    clusters : array (N,), int, optional
        Posts that belong together, such as copies; by default each is alone.
    draws, seed : int
        Of the bootstrap over clusters.
    drawn : mapping of str to Drawn, optional
        All scores on the draws, where they were made already.

    Returns
    -------
    dict
        JSON-able but for NaN: ``posts``, ``independent`` (clusters), ``shares`` of the classes,
        ``scores`` (each of :data:`~inundate.posts.evaluate.measure.STATISTICS` with value, low,
        high and note), ``classes`` (precision, recall, F1, posts), ``confusion`` (rows are what
        is true), ``reliability`` and ``risk_coverage``.

    Raises
    ------
    DataError
        If shapes do not fit, there is no post, or numbers are not probabilities.
    """
    measured = Measured(probabilities, labels, len(classes))
    groups = np.arange(len(measured)) if clusters is None else np.asarray(clusters)
    if drawn is None:
        drawn = score_draws(measured, STATISTICS, clusters=groups, draws=draws, seed=seed)
    confusion = measured.confusion()
    shares = confusion.sum(axis=1) / len(measured)
    return {
        "posts": len(measured),
        "independent": len(np.unique(groups)),
        "shares": dict(zip(classes, shares.tolist(), strict=True)),
        "scores": {name: asdict(one.interval()) for name, one in drawn.items()},
        "classes": per_class(confusion, classes),
        "confusion": confusion.astype(int).tolist(),
        "reliability": measured.reliability(),
        "risk_coverage": risk_coverage(measured.confidence, measured.right).to_json(),
    }
