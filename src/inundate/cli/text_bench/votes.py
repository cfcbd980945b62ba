"""Votes and temperatures of answers that are kept: no model is trained twice for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.text_bench.entrants import Entrant
from inundate.posts.classify.vote import Vote, fit_votes, voted
from inundate.posts.shift.temperature import cool, fit_temperature

__all__ = ["cooled", "vote_of", "voters_of", "whole"]


def whole(stored: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give stored probabilities whose rows add up to 1 again."""
    found = stored.astype(np.float64)
    return np.asarray(found / found.sum(axis=1, keepdims=True), np.float64)


def voters_of(model: Any, entrant: Entrant, seed: int) -> list[tuple[Entrant, int]]:
    """Give the members of a plain vote and the seed of each, none for other models.

    A vote fits each of its members once, as if it stood alone: what members answered is kept, and
    a vote of kept answers is the vote.
    """
    if not isinstance(model, Vote) or entrant.spec != entrant.name:
        return []
    named = model.settings.members
    found = []
    for number, member in enumerate(named):
        one = Entrant(member)
        found.append((one, 0 if one.deterministic else seed + named[:number].count(member)))
    return found


def vote_of(
    valid: Sequence[NDArray[np.float64]],
    labels: NDArray[np.int64],
    test: Sequence[NDArray[np.float64]],
    facts: Sequence[dict[str, Any]],
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, Any]]:
    """Put the kept answers of members together.

    Parameters
    ----------
    valid, test : sequence of M arrays (N, K)
    labels : array (N,)
        Of the validation posts.
    facts : sequence of M dict
        What is kept beside the answers of each.

    Returns
    -------
    tuple
        Answers about the test and the validation posts, and facts of the vote.
    """
    weights = fit_votes(valid, labels)
    memory = [one["memory_mb"] for one in facts if one["memory_mb"] is not None]
    return (
        voted(test, weights).astype(np.float32),
        voted(valid, weights).astype(np.float32),
        {
            "train_cpu_s": sum(one["train_cpu_s"] for one in facts),
            "posts_per_s": 1 / sum(1 / one["posts_per_s"] for one in facts),
            "memory_mb": max(memory) if memory else None,
            "details": {"weights": weights.round(4).tolist()},
            "counts": facts[0]["counts"],
        },
    )


def cooled(
    valid: NDArray[np.float64],
    labels: NDArray[np.int64],
    test: NDArray[np.float64],
    facts: dict[str, Any],
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, Any]]:
    """Give kept answers a temperature from the validation posts.

    Parameters
    ----------
    valid, test : arrays (N, K)
    labels : array (N,)
        Of the validation posts.
    facts : dict
        What is kept beside the answers.

    Returns
    -------
    tuple
        Answers about the test and the validation posts, and facts.
    """
    temperature = fit_temperature(valid, labels)
    return (
        cool(test, temperature).astype(np.float32),
        cool(valid, temperature).astype(np.float32),
        {**facts, "details": {"temperature": temperature}},
    )
