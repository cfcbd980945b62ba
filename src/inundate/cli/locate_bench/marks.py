"""Marks by hand: which words of which posts name which places."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from inundate.core.errors import DataError
from inundate.core.files import check_input

__all__ = ["AREAS", "FILES", "Mark", "MarkedPlace", "MarkedPost", "read_marks", "read_texts"]

FILES = {
    "alberta": "CrisisLexT26/2013_Alberta_floods/2013_Alberta_floods-tweets_labeled.csv",
    "colorado": "CrisisLexT26/2013_Colorado_floods/2013_Colorado_floods-tweets_labeled.csv",
    "sardinia": "CrisisLexT26/2013_Sardinia_floods/2013_Sardinia_floods-tweets_labeled.csv",
    "philippines": (
        "CrisisLexT26/2012_Philipinnes_floods/2012_Philipinnes_floods-tweets_labeled.csv"
    ),
    "calm": "CrisisLexT6/2013_Alberta_Floods/2013_Alberta_Floods-ontopic_offtopic.csv",
}
# what a user of each event would give as its area: west, south, east, north, degrees
AREAS = {
    "alberta": (-116.5, 49.0, -110.0, 54.0),
    "colorado": (-106.5, 38.5, -102.5, 41.2),
    "sardinia": (8.0, 38.7, 10.0, 41.4),
    "philippines": (120.0, 13.8, 122.0, 16.0),
    "calm": (-116.5, 49.0, -110.0, 54.0),
}


class MarkedPlace(msgspec.Struct, frozen=True):
    """A place as the reader knows it."""

    name: str
    latitude: float
    longitude: float
    size_km: float
    """Distance within which a point of a gazetteer is the same place."""
    kind: str


@dataclass(frozen=True)
class Mark:
    """A mention: characters, the place that is meant, and whether it is named outright."""

    start: int
    end: int
    place: MarkedPlace | None
    """None: the reader could not put it on a map."""
    is_named: bool


@dataclass(frozen=True)
class MarkedPost:
    """A post that was read."""

    event: str
    text: str
    marks: tuple[Mark, ...]


class _Post(msgspec.Struct):
    id: str
    event: str
    part: str
    mentions: list[tuple[int, int, str | None, str]]


class _File(msgspec.Struct):
    places: dict[str, MarkedPlace]
    posts: list[_Post]


def read_texts(data: Path) -> dict[str, dict[str, str]]:
    """Read the texts of all posts of the events, by event and id.

    Raises
    ------
    MissingFileError
        If a file is absent.
    """
    found: dict[str, dict[str, str]] = {}
    for event, name in FILES.items():
        path = check_input(data / "text" / name, what="benchmark locate: reading posts")
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))[1:]
        found[event] = {row[0].strip("'"): row[1] for row in rows if len(row) > 1}
    return found


def read_marks(path: Path, part: str, texts: Mapping[str, Mapping[str, str]]) -> list[MarkedPost]:
    """Read the marks of one part.

    Parameters
    ----------
    path : Path
    part : str
        ``test`` or ``dev``.
    texts : mapping
        By event and id.

    Raises
    ------
    DataError
        If the file cannot be read, or a post of it is not among the texts.
    """
    place = check_input(path, what="benchmark locate: reading marks")
    try:
        file = msgspec.json.decode(place.read_bytes(), type=_File)
    except msgspec.MsgspecError as error:
        raise DataError(f"benchmark locate: reading {place}: {error}") from error
    found = []
    for post in file.posts:
        if post.part != part:
            continue
        text = texts.get(post.event, {}).get(post.id)
        if text is None:
            raise DataError(f"benchmark locate: no post {post.id} of {post.event} in the data")
        marks = tuple(
            Mark(start, end, None if name is None else file.places[name], kind == "named")
            for start, end, name, kind in post.mentions
        )
        found.append(MarkedPost(post.event, text, marks))
    return found
