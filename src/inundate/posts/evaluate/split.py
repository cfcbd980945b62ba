"""Divide posts into parts between which nothing leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError, DataError, nearest
from inundate.core.seeds import make_rng
from inundate.posts.evaluate.near import join_groups, near_duplicates
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["grouped_split", "hold_out", "leakage", "leave_one_event_out", "numbered"]

Parts = dict[str, NDArray[np.int64]]
_PARTS = {"train": 0.7, "valid": 0.1, "test": 0.2}
_GROUPS = ("event", "author", "copy")


def numbered(names: Iterable[str]) -> NDArray[np.int64]:
    """Give each name a number, and -1 to those that are empty.

    Examples
    --------
    >>> numbered(["ann", "", "bob", "ann"])
    array([ 0, -1,  1,  0])
    """
    known: dict[str, int] = {}
    return np.array([known.setdefault(n, len(known)) if n else -1 for n in names], np.int64)


def grouped_split(
    posts: LabelledPosts,
    *,
    parts: Mapping[str, float] = _PARTS,
    seed: int = 0,
    by: Sequence[str] = ("author", "copy"),
    clusters: NDArray[np.int64] | None = None,
) -> Parts:
    """Divide posts so that no author's posts and no copies are in two parts.

    Parameters
    ----------
    posts : LabelledPosts
        Those without a label are in no part.
    parts : mapping of str to float
        Share of each part; together 1.
    seed : int
    by : sequence of str
        What stays together: ``event``, ``author`` (posts without one are alone), ``copy``.
    clusters : array (N,), int64, optional
        Copies, from :func:`~inundate.posts.evaluate.near.near_duplicates`.

    Returns
    -------
    dict of str to array, int64
        Places in ``posts``, in rising order. Classes have about the same share in each part.

    Raises
    ------
    ConfigError
        If the shares do not add up to 1, or what stays together is not known.
    DataError
        If a part would be empty.
    """
    if not parts or min(parts.values()) <= 0 or abs(sum(parts.values()) - 1) > 1e-6:
        raise ConfigError(
            f"dividing posts: shares {dict(parts)}, expected positive numbers that add up to 1"
        )
    groups = _groups(posts, by, clusters)
    judged = np.flatnonzero(posts.labels >= 0)
    _, place = np.unique(groups[judged], return_inverse=True)
    part_of = _deal(place, posts.labels[judged], list(parts.values()), seed)[place]
    found = {name: judged[part_of == number] for number, name in enumerate(parts)}
    for name, rows in found.items():
        if not len(rows):
            raise DataError(
                f"dividing posts: no post for part {name!r}; {len(judged)} posts with a label in "
                f"{place.max(initial=-1) + 1} groups by {', '.join(by)}",
                hint="give more posts, or let less stay together",
            )
    return found


def _groups(
    posts: LabelledPosts, by: Sequence[str], clusters: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    for name in by:
        if name not in _GROUPS:
            raise ConfigError(
                f"dividing posts: by {name!r}, expected some of {', '.join(_GROUPS)}",
                hint=f"did you mean {nearest(name, _GROUPS)!r}?"
                if nearest(name, _GROUPS)
                else None,
            )
    kinds = [np.full(len(posts), -1, np.int64)]
    if "event" in by:
        kinds.append(numbered(posts.events))
    if "author" in by:
        kinds.append(numbered(posts.authors))
    if "copy" in by:
        kinds.append(near_duplicates(posts.texts) if clusters is None else clusters)
    return join_groups(*kinds)


def _deal(
    place: NDArray[np.int64], labels: NDArray[np.int64], shares: Sequence[float], seed: int
) -> NDArray[np.int64]:
    """Give the part of each group: large ones first, each where its classes are wanting most."""
    counts = np.zeros((int(place.max(initial=-1)) + 1, int(labels.max(initial=0)) + 1))
    np.add.at(counts, (place, labels), 1)
    wanted = np.outer(shares, counts.sum(axis=0))  # (parts, K)
    total = np.maximum(counts.sum(axis=0), 1)
    rng = make_rng(seed, "grouped split")
    sizes = counts.sum(axis=1)
    order = np.lexsort((rng.random(len(sizes)), -sizes))
    part = np.empty(len(sizes), np.int64)
    for group in order.tolist():
        # a class that is rare counts as much as one that is common
        lack = ((wanted / total) * (counts[group] / total)).sum(axis=1)
        if np.ptp(lack) < 1e-15:
            lack = wanted.sum(axis=1) + rng.random(len(shares)) * 1e-9
        part[group] = int(lack.argmax())
        wanted[part[group]] -= counts[group]
    return part


def leave_one_event_out(
    posts: LabelledPosts,
    event: str,
    *,
    valid: float = 0.1,
    seed: int = 0,
    clusters: NDArray[np.int64] | None = None,
) -> Parts:
    """Keep all posts of an event for the test, whatever table they come from.

    Parameters
    ----------
    posts : LabelledPosts
    event : str
        Events are compared without regard to capitals: those of T6 and T26 meet.
    valid : float
        Share of the other events' posts for validation.
    seed : int
    clusters : array (N,), int64, optional
        Copies.

    Returns
    -------
    dict of str to array, int64
        ``train``, ``valid``, ``test``, and ``leaking``: posts of other events that are copies of
        posts of this one or by its authors, which are in no other part.

    Raises
    ------
    DataError
        If no post belongs to the event, or none is left to train on.
    """
    wanted = event.casefold()
    is_test = np.array([name.casefold() == wanted for name in posts.events], dtype=bool)
    if not is_test.any():
        known = sorted({name for name in posts.events if name})
        close = nearest(event, known)
        raise DataError(
            f"leaving out an event: no post belongs to {event!r}"
            + (f"; did you mean {close!r}?" if close else ""),
            hint="events: " + (", ".join(known) or "none is known"),
        )
    return hold_out(posts, is_test, valid=valid, seed=seed, clusters=clusters)


def hold_out(
    posts: LabelledPosts,
    is_test: NDArray[np.bool_],
    *,
    valid: float = 0.1,
    seed: int = 0,
    clusters: NDArray[np.int64] | None = None,
) -> Parts:
    """Keep some posts for the test, and all that would tell of them out of training.

    Parameters
    ----------
    posts : LabelledPosts
    is_test : array (N,), bool
        Such as posts of another language or year.
    valid, seed, clusters
        See :func:`leave_one_event_out`.

    Raises
    ------
    DataError
        If one of the parts would be empty.
    """
    groups = _groups(posts, ("author", "copy"), clusters)
    judged = posts.labels >= 0
    tainted = np.isin(groups, groups[is_test])
    rest = np.flatnonzero(judged & ~tainted)
    test = np.flatnonzero(judged & is_test)
    if not len(test) or not len(rest):
        raise DataError(
            f"keeping posts for the test: {len(test)} with a label, and {len(rest)} others to "
            "train on; expected some of both"
        )
    inner = grouped_split(
        posts.take(rest),
        parts={"train": 1 - valid, "valid": valid},
        seed=seed,
        by=("copy",),
        clusters=groups[rest],
    )
    return {
        "train": rest[inner["train"]],
        "valid": rest[inner["valid"]],
        "test": test,
        "leaking": np.flatnonzero(judged & tainted & ~is_test),
    }


def leakage(
    posts: LabelledPosts,
    parts: Mapping[str, NDArray[np.int64]],
    *,
    clusters: NDArray[np.int64] | None = None,
    test: str = "test",
) -> dict[str, dict[str, float]]:
    """Tell how much of the test part is known from each other part.

    Parameters
    ----------
    posts : LabelledPosts
    parts : mapping of str to array
        Places in ``posts``.
    clusters : array (N,), int64, optional
        Copies.
    test : str
        The part that is asked about.

    Returns
    -------
    dict
        For each other part: share of the test's posts with a ``copy`` there, with an ``author``
        there, and of an ``event`` there.
    """
    copies = near_duplicates(posts.texts) if clusters is None else clusters
    kinds: dict[str, Callable[[], NDArray[np.int64]]] = {
        "copy": lambda: copies,
        "author": lambda: numbered(posts.authors),
        "event": lambda: numbered(posts.events),
    }
    rows = parts[test]
    found: dict[str, dict[str, float]] = {}
    for name, other in parts.items():
        if name != test:
            found[name] = {kind: _share(make(), rows, other) for kind, make in kinds.items()}
    return found


def _share(groups: NDArray[np.int64], rows: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    known = groups[other]
    return float(np.isin(groups[rows], known[known >= 0]).mean()) if len(rows) else 0.0
