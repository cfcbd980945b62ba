"""Queries of X: words, languages and place joined so that no part escapes the others."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inundate.core.errors import ConfigError

__all__ = ["MAX_LENGTH", "box_tiles", "search_query", "thread_query"]

MAX_LENGTH = {"recent": 512, "all": 1024}  # characters; X API v2, query of posts/search
# bounding_box takes sides below 25 miles, 40.2 km; a degree of latitude has at most 111.7 km
_SIDE_KM, _DEGREE_KM = 39.0, 111.7


def search_query(
    query: str | None,
    *,
    languages: Sequence[str] | None,
    box: tuple[float, float, float, float] | None,
    archive: str,
) -> str:
    """Join a query.

    Parameters
    ----------
    query : str or None
        In X's language.
    languages : sequence of str, optional
    box : tuple of float, optional
        West, south, east, north in degrees; X finds by place only posts that carry one, 1 or 2 %.
    archive : {"recent", "all"}

    Raises
    ------
    ConfigError
        If nothing is asked, or it is longer than X takes.

    Examples
    --------
    >>> search_query("flood OR river", languages=["en", "de"], box=None, archive="recent")
    '(flood OR river) (lang:en OR lang:de)'
    """
    parts = []
    if query and query.strip():
        # AND binds tighter than OR: without brackets a filter would reach the last word only
        parts.append(f"({query.strip()})" if " OR " in query else query.strip())
    if languages:
        parts.append(_any(f"lang:{language}" for language in languages))
    if box is not None:
        parts.append(_any(f"bounding_box:[{tile}]" for tile in box_tiles(box)))
    joined = " ".join(parts)
    if not query and box is None:
        raise ConfigError(
            "collecting from X: nothing is asked for", hint="give --query, --box or both"
        )
    if len(joined) > MAX_LENGTH[archive]:
        raise ConfigError(
            f"collecting from X: the query has {len(joined)} characters with its filters, "
            f"X takes {MAX_LENGTH[archive]} of the {archive} search",
            hint="give a smaller --box, or several collections" if box else "shorten --query",
        )
    return joined


def _any(terms: object) -> str:
    found = list(terms)  # type: ignore[call-overload]
    return found[0] if len(found) == 1 else f"({' OR '.join(found)})"


def box_tiles(box: tuple[float, float, float, float]) -> list[str]:
    """Cut a box into boxes that X takes.

    Examples
    --------
    >>> box_tiles((-0.5, 53.7, -0.2, 53.9))
    ['-0.5 53.7 -0.2 53.9']
    """
    west, south, east, north = box
    # the widest parallel of the box decides
    lowest = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
    wide = (east - west) * _DEGREE_KM * math.cos(math.radians(lowest))
    columns = max(1, math.ceil(wide / _SIDE_KM))
    rows = max(1, math.ceil((north - south) * _DEGREE_KM / _SIDE_KM))
    xs = [west + (east - west) * i / columns for i in range(columns + 1)]
    ys = [south + (north - south) * j / rows for j in range(rows + 1)]
    return [
        f"{xs[i]:.5g} {ys[j]:.5g} {xs[i + 1]:.5g} {ys[j + 1]:.5g}"
        for j in range(rows)
        for i in range(columns)
    ]


def thread_query(threads: Sequence[str], archive: str) -> tuple[str, int]:
    """Ask for as many whole threads as one query takes.

    Returns
    -------
    tuple of (str, int)
        The query, and how many of the threads are in it.

    Examples
    --------
    >>> thread_query(["1", "2"], "recent")
    ('conversation_id:1 OR conversation_id:2', 2)
    """
    terms: list[str] = []
    length = 0
    for thread in threads:
        term = f"conversation_id:{thread}"
        length += len(term) + (4 if terms else 0)
        if length > MAX_LENGTH[archive]:
            break
        terms.append(term)
    return " OR ".join(terms), len(terms)
