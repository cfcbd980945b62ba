"""How many labels are worth it: scores of a model that is trained on fewer of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.core.seeds import make_rng
from inundate.posts.evaluate.measure import Measured
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["CurvePoint", "learning_curve", "some_labels"]


@dataclass(frozen=True)
class CurvePoint:
    """Scores with so many labels.

    Attributes
    ----------
    labels : int
        Posts that the model was trained on.
    values : tuple of float
        The score on the test posts, one for each seed.
    """

    labels: int
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.values))


def some_labels(
    labels: NDArray[np.int64], sizes: Sequence[int], *, seed: int = 0
) -> dict[int, NDArray[np.int64]]:
    """Choose fewer posts, with about the same shares of the classes; each choice holds the last.

    Parameters
    ----------
    labels : array (N,), int
    sizes : sequence of int
        More than there are means all.
    seed : int

    Returns
    -------
    dict of int to array
        Number of posts to their places, in rising order.

    Raises
    ------
    ConfigError
        If a size is less than the number of classes.
    """
    classes = np.unique(labels)
    if sizes and min(sizes) < len(classes):
        raise ConfigError(
            f"choosing labels: {min(sizes)} posts for {len(classes)} classes, expected at least "
            "one each"
        )
    rng = make_rng(seed, "some labels")
    rank = np.empty(len(labels))
    for one in classes:  # spread each class evenly over the order in which posts are taken
        rows = rng.permutation(np.flatnonzero(labels == one))
        rank[rows] = (np.arange(len(rows)) + rng.random(len(rows))) / len(rows)
        rank[rows[0]] = -1  # no class is left out
    order = np.argsort(rank, kind="stable")
    return {min(n, len(order)): np.sort(order[:n]) for n in sorted(sizes)}


def learning_curve(
    make: Callable[[], Any],
    posts: LabelledPosts,
    parts: Mapping[str, NDArray[np.int64]],
    sizes: Sequence[int],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    statistic: str = "macro_f1",
) -> list[CurvePoint]:
    """Train on more and more posts, and score each time on the same others.

    Parameters
    ----------
    make : callable
        Gives a classifier that is not fitted.
    posts : LabelledPosts
    parts : mapping of str to array
        ``train`` and ``test``, perhaps ``valid``; see
        :func:`~inundate.posts.evaluate.split.grouped_split`.
    sizes : sequence of int
    seeds : sequence of int
        Each chooses other posts to train on, and begins elsewhere.
    statistic : str

    Raises
    ------
    ConfigError
        If a size is too small, or there is no such score.
    """
    test = posts.take(parts["test"])
    valid = posts.take(parts["valid"]) if "valid" in parts else None
    values: dict[int, list[float]] = {}
    for seed in seeds:
        chosen = some_labels(posts.labels[parts["train"]], sizes, seed=seed)
        for size, rows in chosen.items():
            model = make()
            model.fit(posts.take(parts["train"][rows]), valid, seed=seed)
            measured = Measured(model.probabilities(test.texts), test.labels, len(test.classes))
            values.setdefault(size, []).append(measured.value(statistic))
    return [CurvePoint(size, tuple(found)) for size, found in sorted(values.items())]
