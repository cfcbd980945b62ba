"""Which posts to ask about: those a model doubts, no two alike, and some by chance."""

from __future__ import annotations

import numpy as np

__all__ = ["doubt", "order_posts"]

RANDOM = 0.1
"""Share of posts that are asked by chance, so that what nobody doubts is looked at, too."""


def doubt(probabilities: np.ndarray) -> np.ndarray:
    """Give the entropy of each post over the most there can be, (N,), from 0 to 1.

    Parameters
    ----------
    probabilities : array (N, K)

    Examples
    --------
    >>> doubt(np.array([[0.5, 0.5], [1.0, 0.0]])).tolist()
    [1.0, 0.0]
    """
    logs = np.log(np.where(probabilities > 0, probabilities, 1.0))
    most = np.log(max(probabilities.shape[1], 2))
    return np.asarray(-(probabilities * logs).sum(axis=1) / most) + 0.0


def order_posts(
    doubts: np.ndarray | None,
    clusters: np.ndarray,
    *,
    judged: np.ndarray | None = None,
    random_share: float = RANDOM,
    seed: int = 0,
) -> np.ndarray:
    """Order posts by how much a judgement of each would teach.

    Of each cluster of near-duplicates the most doubted post comes first, and the others only
    after every other cluster has had its turn; clusters with a judged post come last. Every so
    many posts one is drawn by chance.

    Parameters
    ----------
    doubts : array (N,), optional
        From 0 to 1; without a model the order is one of chance.
    clusters : array (N,), int
        See :func:`~inundate.posts.evaluate.near.near_duplicates`.
    judged : array (N,), bool, optional
        Posts that have a judgement.
    random_share : float
        Share of posts that are drawn by chance.
    seed : int

    Returns
    -------
    array (N,), int64
        Places of the posts.
    """
    number = len(clusters)
    rng = np.random.default_rng(seed)
    chance = rng.permutation(number)
    if doubts is None:
        return chance[np.argsort(_turns(chance, clusters, judged)[chance], kind="stable")]
    best = np.lexsort((chance, -doubts))
    best = best[np.argsort(_turns(best, clusters, judged)[best], kind="stable")]
    return _mixed(best, chance, random_share, rng)


def _turns(order: np.ndarray, clusters: np.ndarray, judged: np.ndarray | None) -> np.ndarray:
    """Give for each post (N,) how many of its cluster come before it; judged ones count first."""
    seen = np.zeros(int(clusters.max(initial=-1)) + 1, np.int64)
    if judged is not None:
        np.add.at(seen, clusters[judged], 1)
    turns = np.empty(len(order), np.int64)
    for row in order:
        turns[row] = seen[clusters[row]]
        seen[clusters[row]] += 1
    return turns


def _mixed(
    best: np.ndarray, chance: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
    by_chance = rng.random(len(best)) < share
    taken = np.zeros(len(best), bool)
    sources = {False: iter(best.tolist()), True: iter(chance.tolist())}
    mixed = np.empty(len(best), np.int64)
    for place, is_drawn in enumerate(by_chance.tolist()):
        row = next(row for row in sources[is_drawn] if not taken[row])
        taken[row] = True
        mixed[place] = row
    return mixed
