"""Located posts for a map: which are drawn, which are not and why, and what the page holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import ConfigError
from inundate.core.grid import Grid, from_lonlat
from inundate.show.language import Said, tell
from inundate.show.place import cell_metres, unit_metres

if TYPE_CHECKING:
    from inundate.posts.locate.located import Located

__all__ = ["PostMarks", "TextPolicy", "place_posts", "plain_text"]

TextPolicy = Literal["none", "stored"]
"""Whether the page holds the texts of posts, as the input stores them."""

MOST_POSTS = 5000  # a page with more is slow to cluster on a phone
LONGEST_TEXT = 600  # characters of a text; posts of 280 fit, essays do not
LONGEST_NAME = 120  # characters of a class or a place
LONGEST_REASON = 240  # characters of a sentence that gives a reason
_GAPS_TOLD = 5  # gaps told one by one

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff"  # control characters, halves
    "\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e"  # of no width, or turning the direction
    "\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


@dataclass(frozen=True)
class PostMarks:
    """The posts of a map.

    Attributes
    ----------
    payload : dict
        What the page's script reads: a column a name.
    counts : dict of str to int
        ``read``, ``drawn``, and what was not drawn: ``unlocated``, ``outside``, ``timeless``,
        ``early``, ``late``, ``thinned``.
    limits, notes : tuple of Said
        What the posts do not tell; how many are drawn and of what.
    origin : mapping
        Where they come from, as their file says it.
    """

    payload: dict[str, Any]
    counts: dict[str, int]
    limits: tuple[Said, ...]
    notes: tuple[Said, ...]
    origin: Mapping[str, Any]


def place_posts(
    located: Located,
    grid: Grid,
    times: Sequence[str],
    *,
    window_min: float = 60.0,
    text: TextPolicy = "stored",
    most: int = MOST_POSTS,
    budget: int | None = None,
) -> PostMarks:
    """Choose the posts that a map can show, and count those that it cannot.

    Parameters
    ----------
    located : Located
        Posts with place, time and what they say.
    grid : Grid
        The map.
    times : sequence of str
        ISO times of all frames, UTC.
    window_min : float
        A frame shows the posts of so many minutes before it.
    text : {"stored", "none"}
        Whether their texts go into the page.
    most : int
        Most posts in the page.
    budget : int, optional
        Bytes that they may take, about.

    Raises
    ------
    ConfigError
        If the window is not positive or the policy unknown.
    """
    _check_settings(window_min, text)
    moment = located.time.astype("datetime64[ms]").astype(np.int64)
    first, last = (_milliseconds(time) for time in (times[0], times[-1]))
    x, y = from_lonlat(located.longitude, located.latitude, grid.crs)
    left, bottom, right, top = grid.bounds
    known = np.isfinite(located.latitude) & np.isfinite(located.longitude)
    inside = known & (x >= left) & (x < right) & (y > bottom) & (y <= top)
    timed = ~np.isnat(located.time)
    early, late = moment <= first - window_min * 60_000, moment > last
    rows = np.flatnonzero(inside & timed & ~early & ~late)
    rows = rows[np.argsort(moment[rows], kind="stable")]
    fitting = _thinned(rows, located, text, most, budget)
    counts = {
        "read": len(located), "drawn": len(fitting), "unlocated": int((~known).sum()),
        "outside": int((known & ~inside).sum()), "timeless": int((inside & ~timed).sum()),
        "early": int((inside & timed & early).sum()),
        "late": int((inside & timed & late).sum()), "thinned": len(rows) - len(fitting),
    }  # fmt: skip
    payload = _columns(located, fitting, grid, x, y, moment, text)
    gaps = _gaps(located, first - int(window_min * 60_000), last)
    payload |= {"window": window_min * 60_000, "gaps": gaps}
    return PostMarks(
        payload, counts, tuple(_limits(located, fitting, gaps)),
        tuple(_notes(counts, payload, text)), located.origin,
    )  # fmt: skip


def plain_text(text: str, most: int = LONGEST_TEXT) -> str:
    r"""Give a text without characters that hide or turn others, cut to a length.

    Parameters
    ----------
    text : str
    most : int
        Characters kept; what is longer ends with an ellipsis.

    Examples
    --------
    >>> plain_text("water \u202e5 m\u202c here")
    'water �5 m� here'
    """
    shown = _INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _check_settings(window_min: float, text: str) -> None:
    if not (window_min > 0 and np.isfinite(window_min)):
        raise ConfigError(
            f"posts of a map: a window of {window_min:g} minutes, expected a positive number"
        )
    if text not in ("none", "stored"):
        raise ConfigError(f"posts of a map: texts {text!r}, expected 'stored' or 'none'")


def _milliseconds(time: str) -> int:
    return int(np.datetime64(time.removesuffix("Z"), "ms").astype(np.int64))


def _thinned(
    rows: NDArray[np.intp], located: Located, text: str, most: int, budget: int | None
) -> NDArray[np.intp]:
    """Keep every n-th post in the order of time, so that none of their kinds is preferred."""
    limit = most
    if budget is not None and rows.size:
        sample = rows[np.linspace(0, rows.size - 1, min(rows.size, 200)).astype(int)]
        limit = min(limit, int(budget / max(1.0, _bytes_each(located, sample, text))))
    if rows.size <= limit:
        return rows
    picks = np.linspace(0, rows.size - 1, max(limit, 1)).round().astype(int)
    kept: NDArray[np.intp] = rows[np.unique(picks)]
    return kept


def _bytes_each(located: Located, rows: NDArray[np.intp], text: str) -> float:
    parts = [located.place, located.why, located.label, *([located.text] if text != "none" else [])]
    written = (
        json.dumps(plain_text(part[row]), ensure_ascii=False) for part in parts for row in rows
    )
    return 60 + sum(len(words.encode()) for words in written) / rows.size  # 60: the numbers


def _columns(
    located: Located, rows: NDArray[np.intp], grid: Grid,
    x: NDArray[np.float64], y: NDArray[np.float64], moment: NDArray[np.int64], text: str,
) -> dict[str, Any]:  # fmt: skip
    dx, _ = cell_metres(grid)
    decimals = 2 if unit_metres(grid) else 6
    _, story = np.unique(located.story[rows], return_inverse=True)
    radius = located.radius_m[rows]
    return {
        "time": moment[rows].tolist(),
        "x": x[rows].round(decimals).tolist(),
        "y": y[rows].round(decimals).tolist(),
        "radius_m": _numbers(radius, 0),
        "radius": _numbers(radius * grid.dx / dx, decimals),  # in units of the CRS, along x
        "water": located.water[rows].astype(int).tolist(),
        "probability": _numbers(located.probability[rows], 2),
        "severity": _numbers(located.severity_m[rows], 2),
        "story": story.tolist(),
        "label": _coded(located.label, rows),
        "place": _coded(located.place, rows),
        "why": _coded(located.why, rows, LONGEST_REASON),
        "language": _coded(located.language, rows),
        "text": None if text == "none" else [plain_text(located.text[row]) for row in rows],
    }


def _numbers(values: NDArray[np.floating], decimals: int) -> list[float | None]:
    return [round(float(v), decimals) if np.isfinite(v) else None for v in values]


def _coded(
    texts: Sequence[str], rows: NDArray[np.intp], most: int = LONGEST_NAME
) -> dict[str, Any]:
    """Give each text once and its number by row: places and reasons come again and again."""
    numbers: dict[str, int] = {}
    code = [numbers.setdefault(plain_text(texts[row], most), len(numbers)) for row in rows]
    return {"words": list(numbers), "code": code}


def _gaps(located: Located, first: int, last: int) -> list[dict[str, Any]]:
    """Give the gaps of the collection within the map's time, by their beginning."""
    found = []
    for gap in located.gaps:
        start, end = _moment(gap.start, first), _moment(gap.end, last)
        if end > first and start < last:
            found.append(
                {
                    "from": max(start, first),
                    "to": min(end, last),
                    "why": plain_text(gap.why, LONGEST_REASON),
                }
            )
    return sorted(found, key=lambda gap: (gap["from"], gap["to"]))


def _moment(value: Any, absent: int) -> int:
    if value is None or np.isnat(np.datetime64(value, "ms")):
        return absent
    return int(np.datetime64(value, "ms").astype(np.int64))


def _limits(
    located: Located, rows: NDArray[np.intp], gaps: Sequence[Mapping[str, Any]]
) -> list[Said]:
    found = [tell("limit.posts"), tell("limit.posts.radius")]
    unclassed = int(np.isnan(located.probability[rows]).sum())
    if unclassed < len(rows):
        found.append(tell("limit.posts.classes"))
    if unclassed:
        found.append(tell("limit.posts.unclassed", count=unclassed))
    found += [
        tell("limit.posts.gap", start=_minute(gap["from"]), end=_minute(gap["to"]), why=gap["why"])
        for gap in gaps[:_GAPS_TOLD]
    ]
    if len(gaps) > _GAPS_TOLD:
        found.append(tell("limit.posts.gaps", count=len(gaps) - _GAPS_TOLD))
    return found if gaps else [*found, tell("limit.posts.no_gaps")]


def _minute(moment: int) -> str:
    return str(np.datetime_as_string(np.datetime64(moment, "ms"), "m")).replace("T", " ")


def _notes(counts: Mapping[str, int], payload: Mapping[str, Any], text: str) -> list[Said]:
    found = [tell("post.read", count=counts["read"], drawn=counts["drawn"])]
    found += [
        tell(f"post.{kind}", count=counts[kind])
        for kind in ("unlocated", "outside", "timeless", "early", "late") if counts[kind]
    ]  # fmt: skip
    if counts["thinned"]:
        total = counts["drawn"] + counts["thinned"]
        found.append(tell("post.thinned", kept=counts["drawn"], count=total))
    found.append(tell("post.stories", count=len(set(payload["story"]))))
    if text == "none":
        return [*found, tell("post.text.none")]
    texts = payload["text"]
    found.append(tell("post.text.stored", count=sum(map(bool, texts))))
    cut = sum(len(words) == LONGEST_TEXT and words.endswith("…") for words in texts)
    return [*found, tell("post.text.cut", limit=LONGEST_TEXT, count=cut)] if cut else found
