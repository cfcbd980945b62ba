"""What is measured: the matcher, the matcher without an area, and two that anyone could write."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from inundate.cli.locate_bench.marks import AREAS
from inundate.cli.locate_bench.measure import Given
from inundate.posts.locate.distance import great_circle_km
from inundate.posts.locate.gazetteer import FORMS, Gazetteer
from inundate.posts.locate.locator import locate_text
from inundate.posts.locate.names import fold
from inundate.posts.locate.resolve import LocateSettings
from inundate.posts.locate.words import WordSense

__all__ = ["METHODS", "Answer", "make_methods"]

METHODS = ("inundate", "inundate, no area", "largest namesake", "event centre")
_WORDS = re.compile(r"(?<![@\w])[A-Z][^\W\d_]{2,}(?: [A-Z][^\W\d_]+)*")


@dataclass(frozen=True)
class Answer:
    """What a method says of a post."""

    mentions: tuple[Given, ...]
    place: Given | None
    why: str = ""


Method = Callable[[str, str], Answer]


def make_methods(gazetteer: Gazetteer, texts: Mapping[str, Mapping[str, str]]) -> dict[str, Method]:
    """Make the methods; each takes an event and a text.

    Parameters
    ----------
    gazetteer : Gazetteer
    texts : mapping
        All posts of each event, by event and id: words are told from names by them.
    """
    senses = {event: WordSense(posts.values()) for event, posts in texts.items()}

    def ours(event: str, text: str) -> Answer:
        return _ours(text, gazetteer, LocateSettings(area=AREAS[event]), senses[event])

    def no_area(event: str, text: str) -> Answer:
        return _ours(text, gazetteer, LocateSettings(), senses[event])

    def largest(event: str, text: str) -> Answer:
        return _largest(text, gazetteer)

    def centre(event: str, text: str) -> Answer:
        west, south, east, north = AREAS[event]
        middle = (south + north) / 2, (west + east) / 2
        return Answer((), Given(*middle, great_circle_km(*middle, north, east)))

    return dict(zip(METHODS, (ours, no_area, largest, centre), strict=True))


def _ours(text: str, gazetteer: Gazetteer, settings: LocateSettings, sense: WordSense) -> Answer:
    found = locate_text(text, gazetteer, settings, sense=sense)
    mentions = tuple(
        _given(gazetteer, one.row, one.mention.start, one.mention.end)
        for one in found.mentions
        if one.row is not None
    )
    place = None
    if found.row is not None:
        point = float(gazetteer.latitude[found.row]), float(gazetteer.longitude[found.row])
        place = Given(*point, found.radius_m / 1e3)
    return Answer(mentions, place, found.reason)


def _largest(text: str, gazetteer: Gazetteer) -> Answer:
    """Take the first words with capitals that are in the gazetteer, the largest place so called."""
    for match in _WORDS.finditer(text):
        words = match[0].split(" ")
        for number in range(len(words), 0, -1):
            name = " ".join(words[:number])
            found = [row for row, form in gazetteer.find(fold(name)) if FORMS[form] == "name"]
            if found:
                row = max(found, key=lambda row: gazetteer.population[row])
                one = _given(gazetteer, row, match.start(), match.start() + len(name))
                return Answer((one,), one)
    return Answer((), None)


def _given(gazetteer: Gazetteer, row: int, start: int, end: int) -> Given:
    return Given(
        float(gazetteer.latitude[row]), float(gazetteer.longitude[row]),
        float(gazetteer.radius_m[row]) / 1e3, start, end,
    )  # fmt: skip
