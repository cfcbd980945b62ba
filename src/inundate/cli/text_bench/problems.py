"""Questions put to classifiers: which posts they learn from, and which they are asked about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.seeds import make_rng
from inundate.posts.evaluate.merge import join_posts, merge_duplicates
from inundate.posts.labelled.table import LabelledPosts, open_labelled

__all__ = ["Problem", "Sources", "Unit", "chosen"]

_QUICK = 120  # posts of each event and class in the small version


@dataclass(frozen=True)
class Problem:
    """Posts without copies, in parts.

    Attributes
    ----------
    name : str
    posts : LabelledPosts
    parts : mapping of str to array
        ``train``, ``valid`` and ``test``; perhaps ``leaking``, which nobody sees.
    """

    name: str
    posts: LabelledPosts
    parts: Mapping[str, NDArray[np.int64]]

    def part(self, name: str) -> LabelledPosts:
        """Give the posts of a part."""
        return self.posts.take(self.parts[name])

    @cached_property
    def digest(self) -> str:
        """Hash of every text and label, by part: all that a fitted model can depend on."""
        found = hashlib.blake2b(repr(self.posts.classes).encode(), digest_size=8)
        for name in ("train", "valid", "test"):
            part = self.part(name)
            found.update(repr((name, part.texts, part.labels.tolist(), part.events)).encode())
        return found.hexdigest()

    def counts(self) -> dict[str, dict[str, int]]:
        """Give the number of posts of each class by part."""
        return {name: self.posts.take(rows).counts() for name, rows in self.parts.items()}


@dataclass(frozen=True)
class Unit:
    """What one score is of: the test posts of one problem, or of several put together.

    Attributes
    ----------
    name : str
    problems : tuple of Problem
        Folds, of which each post is in the test of one.
    split : str
        In words.
    keep : tuple of array, optional
        For each problem which of its test posts count; None for all.
    """

    name: str
    problems: tuple[Problem, ...]
    split: str
    keep: tuple[NDArray[np.bool_], ...] | None = None

    def masks(self) -> list[NDArray[np.bool_]]:
        """Give for each problem which of its test posts count."""
        if self.keep is not None:
            return list(self.keep)
        return [np.ones(len(one.parts["test"]), bool) for one in self.problems]

    def labels(self) -> NDArray[np.int64]:
        """Give the classes of the posts that count, problem by problem."""
        pairs = zip(self.problems, self.masks(), strict=True)
        return np.concatenate([one.part("test").labels[mask] for one, mask in pairs])

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.problems[0].posts.classes


@dataclass
class Sources:
    """CrisisLex as it lies in the data folder, opened once; copies are merged.

    Parameters
    ----------
    data : Path
        Folder with ``text/CrisisLexT6`` and ``text/CrisisLexT26``.
    quick : bool
        A few posts of each event.
    """

    data: Path
    quick: bool = False
    reports: dict[str, Any] = field(default_factory=dict)
    _kept: dict[str, LabelledPosts] = field(default_factory=dict)

    def t6(self) -> LabelledPosts:
        """Give T6 for relevance."""
        return self._once("T6", lambda: self._open("CrisisLexT6", "relevance"))

    def t26(self, task: str) -> LabelledPosts:
        """Give T26 for a task."""
        return self._once(f"T26 {task}", lambda: self._open("CrisisLexT26", task))

    def both(self) -> LabelledPosts:
        """Give T6 and T26 for relevance; ids tell which a post is of."""
        return self._once(
            "T6 and T26 relevance",
            lambda: join_posts(
                [self._open("CrisisLexT6", "relevance"), self._open("CrisisLexT26", "relevance")]
            ),
        )

    def _once(self, name: str, make: Any) -> LabelledPosts:
        if name not in self._kept:
            merged = merge_duplicates(make())
            self._kept[name], self.reports[name] = merged.posts, merged.report
        return self._kept[name]

    def _open(self, folder: str, task: str) -> LabelledPosts:
        place = self.data / "text" / folder
        if not place.is_dir():
            raise DataError(
                f"benchmark text: no folder {place}, expected tables of {folder}",
                hint="name the folder above text/ by --data; CrisisLex is at crisislex.org",
            )
        posts = open_labelled(place, task=task)
        ids = tuple(f"{folder}:{name}" for name in posts.ids)
        posts = LabelledPosts(**{**posts.__dict__, "ids": ids})
        return chosen(posts, _QUICK) if self.quick else posts


def chosen(posts: LabelledPosts, most: int) -> LabelledPosts:
    """Give at most so many posts of each event and class, always the same."""
    rng = make_rng(0, "fewer posts")
    order = rng.permutation(len(posts))
    seen: dict[tuple[str, int], int] = {}
    kept = []
    for row in order.tolist():
        key = (posts.events[row], int(posts.labels[row]))
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= most:
            kept.append(row)
    return posts.take(np.sort(np.array(kept, np.int64)))
