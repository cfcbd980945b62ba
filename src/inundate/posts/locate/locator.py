"""One post's place: of all that it names the finest that is sure, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inundate.posts.locate.distance import distance_km
from inundate.posts.locate.gazetteer import Gazetteer
from inundate.posts.locate.mentions import find_mentions
from inundate.posts.locate.resolve import LocateSettings, Resolved, resolve
from inundate.posts.locate.words import RELATIVE, WordSense

__all__ = ["ABSTAINED", "Found", "locate_text"]

ABSTAINED = {
    "no name": "names no place of the gazetteer",
    "relative": "tells its place only by another without a name",
    "unsure": "has names that may be no places",
    "ambiguous": "has a name that several places bear",
    "several": "names several places that lie apart",
    "too large": "names nothing smaller than",
}


@dataclass(frozen=True)
class Found:
    """Where a text says that it is.

    Attributes
    ----------
    row : int or None
        Of the gazetteer.
    radius_m : float
    why : str
        One sentence.
    reason : str
        Empty, or a key of :data:`ABSTAINED`.
    mentions : tuple of Resolved
    """

    row: int | None
    radius_m: float
    why: str
    reason: str
    mentions: tuple[Resolved, ...] = ()


def locate_text(
    text: str,
    gazetteer: Gazetteer,
    settings: LocateSettings,
    *,
    sense: WordSense | None = None,
    history: Sequence[int] = (),
) -> Found:
    """Find the place that a post names.

    Parameters
    ----------
    text : str
    gazetteer : Gazetteer
    settings : LocateSettings
    sense : WordSense, optional
        Words of the collection; without it only function words are known.
    history : sequence of int
        Rows of places of the same author's other posts.
    """
    mentions = find_mentions(text, gazetteer, sense or WordSense())
    resolved = tuple(resolve(mentions, text, gazetteer, settings, history))
    sure = sorted(
        (one for one in resolved if one.row is not None),
        key=lambda one: (
            _is_large(one, gazetteer, settings),
            not one.in_area,
            _radius(one, gazetteer),
        ),
    )
    if not sure:
        return _nowhere(text, resolved)
    finest = sure[0]
    row = finest.row or 0
    radius = _radius(finest, gazetteer)
    for one in sure[1:]:
        # of places in the event's area and others, those in it are what the post is about
        is_beside = one.in_area == finest.in_area and not _is_large(one, gazetteer, settings)
        apart = 1e3 * distance_km(gazetteer, row, one.row or 0)
        if is_beside and apart > radius + _radius(one, gazetteer):
            why = f"names {gazetteer.name[row]} and {gazetteer.name[one.row or 0]}, which lie apart"
            return Found(None, float("nan"), why, "several", resolved)
    radius *= settings.radius_factor
    if radius > 1e3 * settings.largest_km:
        why = (
            f"{ABSTAINED['too large']} {gazetteer.full_name(row)}, "
            f"of {radius / 1e3:,.0f} km around its middle"
        )
        return Found(None, float("nan"), why, "too large", resolved)
    return Found(row, radius, explain(finest, gazetteer), "", resolved)


def _radius(one: Resolved, gazetteer: Gazetteer) -> float:
    return float(gazetteer.radius_m[one.row or 0])


def _is_large(one: Resolved, gazetteer: Gazetteer, settings: LocateSettings) -> bool:
    return _radius(one, gazetteer) * settings.radius_factor > 1e3 * settings.largest_km


def _nowhere(text: str, resolved: tuple[Resolved, ...]) -> Found:
    if RELATIVE.search(text):
        reason = "relative"
    elif any(one.why == "several places of that name" for one in resolved):
        reason = "ambiguous"
    elif any(one.why != "no place of that name" for one in resolved):
        reason = "unsure"
    else:
        reason = "no name"
    return Found(None, float("nan"), ABSTAINED[reason], reason, resolved)


def explain(found: Resolved, gazetteer: Gazetteer) -> str:
    """Say in one sentence why a name is taken for a place."""
    row = found.row or 0
    where = "hashtag" if found.mention.is_tag else "name"
    told = [f'the {where} "{found.mention.text}" is {gazetteer.full_name(row)}']
    people = int(gazetteer.population[row])
    if people:
        told.append(f"{people:,} people")
    if found.rivals:
        told.append(f"chosen among {found.rivals + 1} places so called")
    else:
        told.append("the only place so called")
    if found.in_area:
        told.append("in the area of the event")
    if found.mention.has_cue:
        told.append("behind a word of place")
    return ", ".join(told)
