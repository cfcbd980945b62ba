"""Posts that make a test hard: without the obvious words, in other languages, of other years."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inundate.posts.labelled.table import LabelledPosts

__all__ = ["FLOOD_STEMS", "by_language", "by_year", "has_keyword", "year_of"]

FLOOD_STEMS = ("flood",)
"""What the rule looks for, anywhere in a word: ``#yycflood``, ``flooding``."""
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def has_keyword(texts: Sequence[str], stems: Sequence[str] = FLOOD_STEMS) -> NDArray[np.bool_]:
    """Say which texts have one of some stems in them, without regard to case.

    Examples
    --------
    >>> has_keyword(["#YYCFlood", "the bridge is gone"])
    array([ True, False])
    """
    pattern = re.compile("|".join(re.escape(stem.casefold()) for stem in stems) or r"(?!)")
    return np.array([bool(pattern.search(text.casefold())) for text in texts], dtype=bool)


def year_of(event: str) -> str:
    """Give the year in the name of an event; empty if there is none.

    Examples
    --------
    >>> year_of("2013_alberta_floods"), year_of("Henk")
    ('2013', '')
    """
    found = _YEAR.search(event)
    return found.group() if found else ""


def by_language(posts: LabelledPosts) -> dict[str, NDArray[np.bool_]]:
    """Give for each language that the table states which posts are in it."""
    return _masks(posts.languages, lambda language: language.strip().lower())


def by_year(posts: LabelledPosts) -> dict[str, NDArray[np.bool_]]:
    """Give for each year that events have in their names which posts are of it."""
    return _masks(posts.events, year_of)


def _masks(values: Sequence[str], name_of: Callable[[str], str]) -> dict[str, NDArray[np.bool_]]:
    names = np.array([name_of(value) for value in values], dtype=object)
    return {name: names == name for name in sorted(set(names) - {""})}
