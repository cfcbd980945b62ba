"""Boosted regression trees as plain arrays: taken from scikit-learn, evaluated without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inundate.core.errors import DataError

__all__ = ["Trees", "trees_of"]

_LEAF = -1


@dataclass(frozen=True)
class Trees:
    """Trees that are added up.

    Attributes
    ----------
    feature : array (N,), int32
        Feature that a node asks for; -1 for a leaf.
    threshold : array (N,), float64
        Left where the feature is at most this.
    left, right : array (N,), int32
        Numbers of the children.
    value : array (N,), float64
        What a leaf adds.
    roots : array (T,), int32
        Number of each tree's first node.
    baseline : array (1,), float64
        What everything is added to.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    roots: NDArray[np.int32]
    baseline: NDArray[np.float64]

    def __post_init__(self) -> None:
        nodes = len(self.feature)
        inner = self.feature != _LEAF
        fits = all(len(v) == nodes for v in (self.threshold, self.left, self.right, self.value))
        numbers = np.concatenate([self.left[inner], self.right[inner], self.roots])
        # a child comes after its parent, so a walk ends
        parents = np.flatnonzero(inner) if fits else np.empty(0, np.intp)
        if (
            not fits
            or not len(self.roots)
            or (len(numbers) and (numbers.min() < 0 or numbers.max() >= nodes))
            or (self.left[inner] <= parents).any()
            or (self.right[inner] <= parents).any()
        ):
            raise DataError(
                f"boosted trees: {nodes} nodes and {len(self.roots)} trees do not fit together",
                hint="the file is damaged; train again",
            )

    def predict(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Add up the trees.

        Parameters
        ----------
        rows : array (M, F), float32

        Returns
        -------
        array (M,)

        Raises
        ------
        DataError
            If a row has too few features.
        """
        if rows.ndim != 2 or rows.shape[1] <= self.feature.max():
            raise DataError(
                f"boosted trees: rows of shape {rows.shape}, expected (rows, features) with more "
                f"than {int(self.feature.max())} features"
            )
        found = np.full(len(rows), self.baseline[0])
        _add_up(
            np.ascontiguousarray(rows), self.feature, self.threshold, self.left, self.right,
            self.value, self.roots, found,
        )  # fmt: skip
        return found


@njit(cache=True, nogil=True)
def _add_up(  # type: ignore[no-untyped-def]
    rows, feature, threshold, left, right, value, roots, found
):  # pragma: no cover  compiled
    for tree in range(len(roots)):
        for row in range(len(rows)):
            node = roots[tree]
            while feature[node] >= 0:
                at = np.float64(rows[row, feature[node]])
                node = left[node] if at <= threshold[node] else right[node]
            found[row] += value[node]


def trees_of(fitted: Any) -> Trees:
    """Take the trees out of a fitted ``HistGradientBoostingRegressor``.

    Raises
    ------
    DataError
        If scikit-learn keeps them otherwise than the versions that this was written for.
    """
    try:
        nodes = [predictor.nodes for step in fitted._predictors for predictor in step]
        baseline = float(np.asarray(fitted._baseline_prediction).ravel()[0])
        parts = [_one_tree(tree) for tree in nodes]
    except (AttributeError, IndexError, KeyError, ValueError) as error:
        raise DataError(
            f"boosted trees: this scikit-learn keeps its trees in another way ({error})",
            hint="version 1.9 is known to work",
        ) from error
    starts = np.cumsum([0, *(len(tree) for tree in nodes)])
    joined: dict[str, Any] = {
        name: np.concatenate([part[name] for part in parts])
        for name in ("feature", "threshold", "value")
    }
    for side in ("left", "right"):
        joined[side] = np.concatenate(
            [part[side] + start for part, start in zip(parts, starts[:-1], strict=True)]
        ).astype(np.int32)
    return Trees(**joined, roots=starts[:-1].astype(np.int32), baseline=np.array([baseline]))


def _one_tree(nodes: Any) -> dict[str, NDArray[Any]]:
    leaf = nodes["is_leaf"].astype(bool)
    if nodes["is_categorical"][~leaf].any():
        raise ValueError("a split by category")
    return {
        "feature": np.where(leaf, _LEAF, nodes["feature_idx"]).astype(np.int32),
        "threshold": np.where(leaf, 0.0, nodes["num_threshold"]).astype(np.float64),
        "left": np.where(leaf, 0, nodes["left"]).astype(np.int32),
        "right": np.where(leaf, 0, nodes["right"]).astype(np.int32),
        "value": np.where(leaf, nodes["value"], 0.0).astype(np.float64),
    }
