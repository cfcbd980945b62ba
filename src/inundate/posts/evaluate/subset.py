"""Posts that make a test hard: without the obvious words, in other languages, of other years."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inundate.posts.classify.signs import FLOOD_STEMS, StemSign
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["by_language", "by_year", "has_keyword", "year_of"]

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def has_keyword(texts: Sequence[str], stems: Sequence[str] = FLOOD_STEMS) -> NDArray[np.bool_]:
    """Say which texts have one of some stems in them, as the keyword rule sees it.

    Examples
    --------
    >>> has_keyword(["#YYCFlood", "the bridge is gone"])
    array([ True, False])
    """
    return np.asarray(StemSign(stems)(texts), dtype=bool)


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
