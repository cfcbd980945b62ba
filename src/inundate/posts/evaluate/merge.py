"""One post for each cluster of copies, with the label that most of them have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.posts.evaluate.near import SIMILARITY, near_duplicates
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["Merged", "join_posts", "merge_duplicates"]


@dataclass(frozen=True)
class Merged:
    """Posts of which none is a copy of another.

    Attributes
    ----------
    posts : LabelledPosts
        The first post of each cluster, with the label of most of its posts.
    copies : array (N,), int64
        Posts that each stands for.
    report : dict
        ``posts``, ``clusters``, ``merged``, ``disputed`` clusters (as many posts say one thing as
        another: dropped), ``disputed_posts``, and ``unjudged``.
    """

    posts: LabelledPosts
    copies: NDArray[np.int64]
    report: dict[str, int]


def merge_duplicates(
    posts: LabelledPosts,
    clusters: NDArray[np.int64] | None = None,
    *,
    similarity: float = SIMILARITY,
    seed: int = 0,
) -> Merged:
    """Merge copies, by a vote on their label.

    A post that nobody judged has no vote; a cluster without votes is left out. Copies in several
    events are one post of the event that most of them belong to.

    Parameters
    ----------
    posts : LabelledPosts
    clusters : array (N,), int64, optional
        From :func:`~inundate.posts.evaluate.near.near_duplicates`, which is asked otherwise.
    similarity : float
    seed : int

    Raises
    ------
    DataError
        If no post is left.
    """
    if clusters is None:
        clusters = near_duplicates(posts.texts, similarity=similarity, seed=seed)
    judged = np.flatnonzero(posts.labels >= 0)
    votes = np.zeros((int(clusters.max(initial=-1)) + 1, len(posts.classes)), np.int64)
    np.add.at(votes, (clusters[judged], posts.labels[judged]), 1)
    most = votes.max(axis=1, initial=0)
    is_tie = (votes == most[:, None]).sum(axis=1) > 1
    kept = (most > 0) & ~is_tie
    report = {
        "posts": len(posts),
        "clusters": len(votes),
        "merged": len(posts) - len(votes),
        "disputed": int((is_tie & (most > 0)).sum()),
        "disputed_posts": int((is_tie & (most > 0))[clusters].sum()),
        "unjudged": int((most == 0).sum()),
    }
    if not kept.any():
        raise DataError(
            f"merging copies: none of {len(posts)} posts has a label that its copies agree on",
            hint="name the column with the labels by --label-column",
        )
    _, first = np.unique(clusters, return_index=True)
    rows = np.sort(first[kept])
    own = clusters[rows]
    merged = replace(posts.take(rows), labels=votes.argmax(axis=1)[own])
    return Merged(
        replace(merged, events=_events(posts, clusters, own)), np.bincount(clusters)[own], report
    )


def _events(
    posts: LabelledPosts, clusters: NDArray[np.int64], own: NDArray[np.int64]
) -> tuple[str, ...]:
    counts: dict[int, Counter[str]] = {}
    for cluster, event in zip(clusters.tolist(), posts.events, strict=True):
        counts.setdefault(cluster, Counter())[event] += 1
    return tuple(counts[cluster].most_common(1)[0][0] for cluster in own.tolist())


def join_posts(tables: Sequence[LabelledPosts]) -> LabelledPosts:
    """Put tables with the same classes one below the other.

    Raises
    ------
    DataError
        If there are none, or classes or the names of numbers differ.
    """
    if not tables:
        raise DataError("joining tables of posts: none was given")
    classes = tables[0].classes
    for table in tables[1:]:
        if table.classes != classes:
            raise DataError(
                f"joining tables of posts: classes {', '.join(table.classes)}, expected "
                + ", ".join(classes),
                hint="open all tables with the same task, or give them with_classes",
            )
        if set(table.numbers) != set(tables[0].numbers):
            raise DataError("joining tables of posts: they have other numbers beside their texts")
    origin: dict[str, Any] = {"joined": [dict(table.origin) for table in tables]}
    return LabelledPosts(
        tuple(text for table in tables for text in table.texts),
        np.concatenate([table.labels for table in tables]),
        classes,
        tuple(event for table in tables for event in table.events),
        tuple(author for table in tables for author in table.authors),
        tuple(name for table in tables for name in table.ids),
        tuple(language for table in tables for language in table.languages),
        origin,
        {name: np.concatenate([table.numbers[name] for table in tables])
         for name in tables[0].numbers},
    )  # fmt: skip
