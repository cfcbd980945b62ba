"""A made-up corpus of known meanings, and how well vectors tell them.

Every thing has a place and a role, ``avon bridge``-like, as one word. Sentences about it mix words
of its place, words of its role and filler. Vectors that have learnt this answer "a is to b as c is
to d", and put things that share a place or a role nearer than others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from inundate.core.seeds import make_rng

__all__ = ["PLACES", "ROLES", "Sanity", "made_up_texts", "measure_sanity"]

PLACES, ROLES = 12, 8
_HINTS = 6  # words that tell a place, or a role
_FILLER = 400


def thing(place: int, role: int) -> str:
    """Name the word of a place and a role."""
    return f"p{place}r{role}"


def made_up_texts(count: int, seed: int = 0) -> Iterator[list[str]]:
    """Make texts of 12 words each.

    Parameters
    ----------
    count : int
    seed : int
    """
    rng = make_rng(seed, "made-up corpus")
    filler_share = 1 / np.arange(1, _FILLER + 1)
    filler_share /= filler_share.sum()
    for _ in range(count):
        place, role = int(rng.integers(PLACES)), int(rng.integers(ROLES))
        text = [f"f{k}" for k in rng.choice(_FILLER, 5, p=filler_share)]
        text += [f"p{place}w{k}" for k in rng.integers(_HINTS, size=3)]
        text += [f"r{role}w{k}" for k in rng.integers(_HINTS, size=3)]
        rng.shuffle(text)
        text.insert(int(rng.integers(4, 8)), thing(place, role))
        yield text


@dataclass(frozen=True)
class Sanity:
    """How well vectors tell the meanings of the made-up corpus.

    Attributes
    ----------
    analogies : float
        Share of "a is to b as c is to ?" that are answered rightly, among all things.
    similarity : float
        Spearman correlation of the cosine with the number of shared properties.
    """

    analogies: float
    similarity: float


def measure_sanity(vectors: Mapping[str, np.ndarray[Any, Any]]) -> Sanity:
    """Ask for all analogies of two places and two roles, and compare all pairs.

    Parameters
    ----------
    vectors : mapping of str to array (E,)
        Of the words of :func:`made_up_texts`.
    """
    things = [(place, role) for place in range(PLACES) for role in range(ROLES)]
    rows = np.array([vectors[thing(*item)] for item in things], np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    asked = np.array(
        [
            [place * ROLES + role for place in pair for role in roles]
            for pair in permutations(range(PLACES), 2)
            for roles in permutations(range(ROLES), 2)
        ]
    )
    a, b, c, d = asked.T
    score = (rows[b] - rows[a] + rows[c]) @ rows.T
    for given in (a, b, c):
        score[np.arange(len(asked)), given] = -np.inf
    right = float((score.argmax(axis=1) == d).mean())
    first, second = np.triu_indices(len(things), 1)
    shared = [
        (things[i][0] == things[j][0]) + (things[i][1] == things[j][1])
        for i, j in zip(first.tolist(), second.tolist(), strict=True)
    ]
    cosine = np.einsum("ij,ij->i", rows[first], rows[second])
    return Sanity(right, spearman(np.array(shared, np.float64), cosine))


def spearman(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Give the correlation of the ranks, equal values sharing their mean rank.

    Examples
    --------
    >>> round(spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0])), 6)
    1.0
    """
    ranks = [_ranks(values) for values in (one, other)]
    if any(np.ptp(values) == 0 for values in ranks):
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], np.float64)
