"""Locate the posts of a store: coordinates first, then the places that texts name."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.evaluate.near import near_duplicates
from inundate.posts.gaps import StoredGap, read_gaps
from inundate.posts.locate.answers import Answers
from inundate.posts.locate.gazetteer import Gazetteer
from inundate.posts.locate.located import Gap, Located
from inundate.posts.locate.locator import ABSTAINED, Found, locate_text
from inundate.posts.locate.resolve import LocateSettings
from inundate.posts.locate.words import WordSense
from inundate.posts.serve.items import Reading, read_file_records
from inundate.posts.store import open_posts

__all__ = ["Posts", "locate_posts", "read_posts"]

_COLUMNS = (
    "post", "text", "lang", "created_bin", "server_bin", "author", "latitude", "longitude",
    "geo_cell_degrees", "place_kind",
)  # fmt: skip
_DEGREE_M = 111_320.0  # of a meridian
_FINEST_CELL = 0.1  # degrees; lines that do not name their cell are rounded so at least
_POINTS = ("poi",)  # kinds of places that are points; others are boxes
_NAN = float("nan")
_EARLIER = 3  # places of an author that are looked at, the most frequent ones


@dataclass(frozen=True)
class Posts:
    """What is read of a store: one mapping a post with the store's columns.

    Attributes
    ----------
    rows : sequence of mapping, N
    gaps : tuple of StoredGap
    path : str
        Name of the source.
    broken : int
        Lines that could not be read.
    """

    rows: Sequence[Mapping[str, Any]]
    gaps: tuple[StoredGap, ...] = ()
    path: str = ""
    broken: int = 0


@dataclass
class _Columns:
    """Columns of the result as they grow."""

    latitude: list[float] = field(default_factory=list)
    longitude: list[float] = field(default_factory=list)
    radius_m: list[float] = field(default_factory=list)
    place: list[str] = field(default_factory=list)
    method: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    def add(
        self, latitude: float, longitude: float, radius_m: float, place: str, method: str, why: str
    ) -> None:
        self.latitude.append(latitude)
        self.longitude.append(longitude)
        self.radius_m.append(radius_m)
        self.place.append(place)
        self.method.append(method)
        self.why.append(why)


def read_posts(path: Path | str) -> Posts:
    """Read the posts of a pseudonymised store, or of JSON lines with the columns of one.

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If posts are raw, or there are none.
    """
    place = Path(path)
    if (place / "manifest.json").is_file():
        store = open_posts(place)
        rows = [row for table in store.batches(_COLUMNS) for row in table.to_pylist()]
        found = Posts(rows, tuple(read_gaps(store.path)), place.name)
    else:
        reading = Reading()
        rows = list(read_file_records(place, reading))
        found = Posts(rows, (), place.name, sum(reading.broken.values()))
    if not found.rows:
        raise DataError(f"locating the posts of {place}: no posts in it")
    return found


def locate_posts(
    posts: Posts,
    gazetteer: Gazetteer,
    settings: LocateSettings,
    *,
    answers: Answers | None = None,
    texts: bool = True,
) -> Located:
    """Locate posts.

    Parameters
    ----------
    posts : Posts
    gazetteer : Gazetteer
    settings : LocateSettings
    answers : Answers, optional
        What a classifier said of them.
    texts : bool
        Whether their texts, as the store has them, go along.

    Returns
    -------
    Located
        One row a post, in the order of the store; ``origin`` has the counts.
    """
    rows = posts.rows
    said = [str(row.get("text") or "") for row in rows]
    found = _by_text(rows, said, gazetteer, settings)
    columns, counts = _Columns(), Counter[str]()
    for row, one in zip(rows, found, strict=True):
        counts[_place(columns, row, one, gazetteer, settings)] += 1
    ids = tuple(str(row.get("post") or "") for row in rows)
    labels = (answers or Answers()).of(ids)
    arrays: dict[str, Any] = {
        name: np.array(getattr(columns, name), dtype=np.float64)
        for name in ("latitude", "longitude", "radius_m")
    }
    return Located(
        post=ids,
        time=np.array([_time(row) for row in rows], dtype="datetime64[us]"),
        text=tuple(said) if texts else ("",) * len(rows),
        language=tuple(str(row.get("lang") or "") for row in rows),
        place=tuple(columns.place),
        method=tuple(columns.method),
        why=tuple(columns.why),
        story=_stories(said),
        severity_m=np.full(len(rows), _NAN),
        gaps=tuple(Gap(_moment(one.start), _moment(one.to), one.why) for one in posts.gaps),
        origin=_origin(posts, gazetteer, settings, counts, columns.method, answers),
        **arrays,
        **labels,
    )


def _by_text(
    rows: Sequence[Mapping[str, Any]], said: Sequence[str], gazetteer: Gazetteer,
    settings: LocateSettings,
) -> list[Found]:  # fmt: skip
    """Locate all texts, and once more those whose author's other posts may decide."""
    sense = WordSense(said)
    found = [locate_text(text, gazetteer, settings, sense=sense) for text in said]
    places: dict[str, Counter[int]] = defaultdict(Counter)
    for row, one in zip(rows, found, strict=True):
        if row.get("author") and one.row is not None:
            places[str(row["author"])][one.row] += 1
    for number, (row, one) in enumerate(zip(rows, found, strict=True)):
        author = str(row.get("author") or "")
        if one.reason == "ambiguous" and author in places:
            history = [place for place, _ in places[author].most_common(_EARLIER)]
            found[number] = locate_text(
                said[number], gazetteer, settings, sense=sense, history=history
            )
    return found


def _place(
    columns: _Columns, row: Mapping[str, Any], found: Found, gazetteer: Gazetteer,
    settings: LocateSettings,
) -> str:  # fmt: skip
    """Add the place of a post; give the method, or why there is none."""
    latitude, longitude = row.get("latitude"), row.get("longitude")
    side = row.get("geo_cell_degrees") or _FINEST_CELL
    if latitude is not None and longitude is not None:
        radius = _cell_radius(float(latitude), float(side))
        if radius <= 1e3 * settings.largest_km:
            kind = str(row.get("place_kind") or "")
            method = "place-box" if kind and kind not in _POINTS else "coordinates"
            told = f"the post's {'place' if method == 'place-box' else 'coordinates'}"
            why = f"{told}, rounded to a cell of {side:g} degrees"
            columns.add(float(latitude), float(longitude), radius, "", method, why)
            return method
    if found.row is None:
        columns.add(_NAN, _NAN, _NAN, "", "none", found.why)
        return found.reason
    columns.add(
        float(gazetteer.latitude[found.row]), float(gazetteer.longitude[found.row]),
        found.radius_m, gazetteer.full_name(found.row), "gazetteer", found.why,
    )  # fmt: skip
    return "gazetteer"


def _cell_radius(latitude: float, side: float) -> float:
    """Give half of the diagonal of a cell, m: the true place is certainly within it."""
    edge = max(0.0, abs(latitude) - side / 2)  # a cell is widest where it is nearest the equator
    return 0.5 * side * _DEGREE_M * math.hypot(1.0, math.cos(math.radians(edge)))


def _stories(said: Sequence[str]) -> np.ndarray:
    """Give each post the number of its story: posts with nearly the same words share a number."""
    groups = near_duplicates(said).astype(np.int64)
    empty = np.array([not text.strip() for text in said], dtype=bool)
    groups[empty] = groups.max(initial=0) + 1 + np.arange(int(empty.sum()))
    return groups


def _time(row: Mapping[str, Any]) -> np.datetime64:
    """Give the time that the server saw, which authors cannot set, or else what they state."""
    return _moment(row.get("server_bin") or row.get("created_bin"))


def _moment(value: Any) -> np.datetime64:
    if value is None:
        return np.datetime64("NaT", "us")
    try:
        if isinstance(value, (int, float)):  # ms, as the store's type has it
            return np.datetime64(int(value), "ms")
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise DataError(
            f"locating posts: time {value!r}, expected one such as 2013-06-21T10:00:00Z"
        ) from error
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(found, "us")


def _origin(
    posts: Posts, gazetteer: Gazetteer, settings: LocateSettings, counts: Mapping[str, int],
    methods: Sequence[str], answers: Answers | None,
) -> dict[str, Any]:  # fmt: skip
    located = Counter(methods)
    return {
        "path": posts.path,
        "read": len(posts.rows),
        "broken_lines": posts.broken,
        "methods": {name: located[name] for name in ("coordinates", "place-box", "gazetteer")},
        "unlocated": {
            told: counts[reason] for reason, told in ABSTAINED.items() if counts.get(reason)
        },
        "gazetteer": {"places": len(gazetteer), **gazetteer.origin},
        "settings": settings.model_dump(),
        "model": None if answers is None else answers.model,
    }
