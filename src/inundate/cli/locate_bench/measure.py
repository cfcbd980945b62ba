"""Hold places that a matcher gave against the marks: mentions, and whole posts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from inundate.cli.locate_bench.marks import Mark, MarkedPlace, MarkedPost
from inundate.posts.locate.distance import great_circle_km
from inundate.posts.locate.names import fold

__all__ = [
    "Given",
    "Mentions",
    "Places",
    "by_name",
    "measure_mentions",
    "measure_places",
    "wilson",
]

_LEAST_KM = 5.0  # within which a point is the same place, however small that is
_Z95 = 1.959964


@dataclass(frozen=True)
class Given:
    """A place that a matcher gave: to a mention (with its characters), or to a whole post."""

    latitude: float
    longitude: float
    radius_km: float
    start: int = 0
    end: int = 0


@dataclass
class Mentions:
    """Counts of mentions."""

    right: int = 0
    """Named, and put where they are."""
    wrong: int = 0
    """Marked, and put elsewhere."""
    invented: int = 0
    """Not marked at all."""
    named: int = 0
    found: int = 0
    """Of those named, put right."""

    def __add__(self, other: Mentions) -> Mentions:
        return Mentions(
            self.right + other.right, self.wrong + other.wrong, self.invented + other.invented,
            self.named + other.named, self.found + other.found,
        )  # fmt: skip

    @property
    def given(self) -> int:
        """Places that count: what is only implied and put right does not."""
        return self.right + self.wrong + self.invented

    @property
    def precision(self) -> float:
        """Share of the places given that are right."""
        return self.right / self.given if self.given else math.nan

    @property
    def recall(self) -> float:
        """Share of the named mentions that are put right."""
        return self.found / self.named if self.named else math.nan


@dataclass
class Places:
    """Distances of posts that were given a place to the finest place that they name."""

    posts: int = 0
    placeless: int = 0
    """Given a place though they name none."""
    distances: list[float] = field(default_factory=list)
    within: list[bool] = field(default_factory=list)
    """Whether the true place is within the radius; a post that names none counts as outside."""
    finer: list[bool] = field(default_factory=list)
    """The same, of posts whose finest place is smaller than a town."""

    def __add__(self, other: Places) -> Places:
        return Places(
            self.posts + other.posts, self.placeless + other.placeless,
            self.distances + other.distances, self.within + other.within,
            self.finer + other.finer,
        )  # fmt: skip

    def share_within_km(self, reach_km: float) -> float:
        """Share of the posts that were given a place whose true place is so near."""
        near = sum(distance <= reach_km for distance in self.distances)
        return near / len(self.within) if self.within else math.nan


def measure_mentions(post: MarkedPost, given: Sequence[Given]) -> Mentions:
    """Count a post's mentions.

    Parameters
    ----------
    post : MarkedPost
    given : sequence of Given
        With their characters.
    """
    found: set[int] = set()
    counts = Mentions(named=sum(mark.is_named for mark in post.marks))
    for one in given:
        touched = [
            number
            for number, mark in enumerate(post.marks)
            if mark.start < one.end and one.start < mark.end
        ]
        right = {number for number in touched if _is_same(post.marks[number], one)}
        found |= right
        if not touched:
            counts.invented += 1
        elif not right:
            counts.wrong += 1
        elif any(post.marks[number].is_named for number in touched):
            counts.right += 1
    counts.found = sum(post.marks[number].is_named for number in found)
    return counts


def by_name(posts: Sequence[MarkedPost], given: Sequence[Sequence[Given]]) -> tuple[int, int]:
    """Count the different names of each event, and those of them that are always put right.

    A name that comes in every second post counts once, and so does one that comes once.

    Parameters
    ----------
    posts : sequence of MarkedPost, N
    given : sequence of sequence of Given, N

    Returns
    -------
    tuple of (int, int)
        Right, all.
    """
    right: dict[tuple[str, str], bool] = {}
    for post, places in zip(posts, given, strict=True):
        for one in places:
            counts = measure_mentions(post, [one])
            if counts.given:
                name = (post.event, fold(post.text[one.start : one.end]))
                right[name] = right.get(name, True) and bool(counts.right)
    return sum(right.values()), len(right)


def _is_same(mark: Mark, given: Given) -> bool:
    return mark.place is not None and _away(mark.place, given) <= max(_LEAST_KM, mark.place.size_km)


def _away(place: MarkedPlace, given: Given) -> float:
    return great_circle_km(place.latitude, place.longitude, given.latitude, given.longitude)


def measure_places(post: MarkedPost, given: Given | None) -> Places:
    """Hold a post's place against the finest that it names.

    Where it names several as fine, the nearest counts; what is only implied counts where nothing
    is named.
    """
    counts = Places(posts=1)
    if given is None:
        return counts
    finest = _finest(post.marks)
    if not finest:
        counts.placeless = 1
        counts.within.append(False)
        return counts
    distance = min(_away(place, given) for place in finest)
    counts.distances.append(distance)
    counts.within.append(distance <= given.radius_km)
    if finest[0].size_km == 0:
        counts.finer.append(distance <= given.radius_km)
    return counts


def _finest(marks: Sequence[Mark]) -> list[MarkedPlace]:
    for wanted in (True, False):
        places = [
            mark.place for mark in marks if mark.place is not None and mark.is_named == wanted
        ]
        if places:
            least = min(place.size_km for place in places)
            return [place for place in places if place.size_km <= max(least, _LEAST_KM)]
    return []


def wilson(right: int, count: int) -> tuple[float, float]:
    """Give the 95 % interval of a share (Wilson 1927), NaN where nothing was counted."""
    if not count:
        return math.nan, math.nan
    share, z2 = right / count, _Z95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)
