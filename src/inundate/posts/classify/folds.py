"""Answers of a model on posts that it was not fitted on, for what learns from its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.core.seeds import make_rng
from inundate.posts.classify.base import TextClassifier
from inundate.posts.evaluate.near import near_duplicates
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["event_folds", "make_folds", "out_of_fold"]


def event_folds(posts: LabelledPosts, count: int) -> np.ndarray[Any, Any] | None:
    """Divide posts by event, so that each fold is of events that the others lack.

    Parameters
    ----------
    posts : LabelledPosts
    count : int
        Folds at most; small events share one.

    Returns
    -------
    array (N,), int64, or None
        None where there are fewer than two events.
    """
    names, events = np.unique(posts.events, return_inverse=True)
    if len(names) < 2 or "" in names:
        return None
    sizes = np.bincount(events)
    held = np.zeros(min(count, len(names)), np.int64)
    fold_of = np.zeros(len(names), np.int64)
    for event in np.argsort(-sizes, kind="stable"):  # the largest first, each to the emptiest
        fold_of[event] = held.argmin()
        held[fold_of[event]] += sizes[event]
    found: np.ndarray[Any, Any] = fold_of[events]
    return found


def make_folds(posts: LabelledPosts, count: int, seed: int) -> np.ndarray[Any, Any]:
    """Divide posts at random, copies together.

    Parameters
    ----------
    posts : LabelledPosts
    count : int
    seed : int

    Returns
    -------
    array (N,), int64

    Raises
    ------
    DataError
        If there are fewer groups of copies than folds.
    """
    clusters = near_duplicates(posts.texts)
    groups = int(clusters.max(initial=-1)) + 1
    if groups < count:
        raise DataError(
            f"dividing {len(posts)} posts into {count} folds: they are only {groups} different "
            "posts; expected at least as many as folds",
            hint="give more posts",
        )
    order = make_rng(seed, "folds").permutation(groups)
    fold_of = np.empty(groups, np.int64)
    fold_of[order] = np.arange(groups) % count
    found: np.ndarray[Any, Any] = fold_of[clusters]
    return found


def out_of_fold(
    posts: LabelledPosts,
    folds: np.ndarray[Any, Any],
    fit: Callable[[LabelledPosts, int], TextClassifier],
) -> np.ndarray[Any, Any]:
    """Give each post the probabilities of a model that was fitted on the other folds.

    Parameters
    ----------
    posts : LabelledPosts
    folds : array (N,), int64
    fit : callable
        ``fit(posts, fold)`` gives a fitted model.

    Returns
    -------
    array (N, K), float64
    """
    found = np.empty((len(posts), len(posts.classes)))
    for fold in np.unique(folds).tolist():
        model = fit(posts.take(folds != fold), fold)
        inside = np.flatnonzero(folds == fold)
        found[inside] = model.probabilities(_texts(posts, inside))
    return found


def _texts(posts: LabelledPosts, rows: np.ndarray[Any, Any]) -> Sequence[str]:
    return [posts.texts[row] for row in rows.tolist()]
