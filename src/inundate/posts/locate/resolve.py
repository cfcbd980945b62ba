"""Which of the places of a name is meant, and whether that is sure enough to be said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.posts.box import LonLatBox
from inundate.posts.locate.distance import distance_km, outside_km
from inundate.posts.locate.gazetteer import FORMS, Gazetteer
from inundate.posts.locate.mentions import Mention

__all__ = ["LocateSettings", "Resolved", "resolve", "with_area"]

_NAME, _ALTERNATE, _CODE, _JOINED = range(len(FORMS))
_LARGE = ("region", "country")
# in powers of ten of people: a name in the event's area weighs as much as one of a place
# 10,000 times as large elsewhere. Set by hand, once; only the two thresholds were fitted.
_IN_AREA, _REACH_KM = 4.0, 300.0
_PARENT, _COMPANY, _HISTORY = 3.0, 1.0, 2.0
_FORM = {_NAME: 0.0, _ALTERNATE: -1.5, _CODE: -1.5, _JOINED: -0.5}
_CAPITAL, _TAG, _CUE = 1.5, 1.5, 1.0
_PART, _WORD, _WORD_TAG, _BEFORE, _BEHIND, _SMALL = -0.5, -4.0, -2.0, -2.5, -2.0, -1.0
_CHIEF_SHARE = 0.1  # of a region's people, from which its namesake town is meant, not the region
_CORE, _LOCAL_DEGREES, _EDGE_DEGREES = (5, 95), 5.0, 0.1
_COMPANIONS = 20  # names before and behind that are looked at: a post may be a list of thousands
_NEAR_KM = 50.0  # from an earlier place of the same author


class LocateSettings(Settings):
    """How places are chosen."""

    area: LonLatBox | None = None
    """Of the event: west, south, east, north, degrees."""
    least: float = Field(default=8.0, ge=0)
    """Score from which a name is taken for a place; fitted on marked posts of development."""
    margin: float = Field(default=1.0, ge=0)
    """By how much the best place must outdo the next: 1 is ten times as many people."""
    largest_km: float = Field(default=60.0, gt=0)
    """Radius above which a place says too little of where a post is, km."""
    radius_factor: float = Field(default=1.0, gt=0)
    """Multiplies the radii of the gazetteer's places."""


def with_area(settings: LocateSettings, gazetteer: Gazetteer) -> LocateSettings:
    """Give settings with an area: that which they have, or the extent of a local gazetteer.

    Parameters
    ----------
    settings : LocateSettings
    gazetteer : Gazetteer
        Local where nine tenths of its places lie within 5 degrees.
    """
    if settings.area is not None:
        return settings
    south, north = np.percentile(gazetteer.latitude, _CORE).tolist()
    west, east = np.percentile(gazetteer.longitude, _CORE).tolist()
    if max(north - south, east - west) > _LOCAL_DEGREES:
        return settings
    box = (
        max(west - _EDGE_DEGREES, -180.0), max(south - _EDGE_DEGREES, -90.0),
        min(east + _EDGE_DEGREES, 180.0), min(north + _EDGE_DEGREES, 90.0),
    )  # fmt: skip
    return settings.model_copy(update={"area": box})


@dataclass(frozen=True)
class Resolved:
    """What a mention means.

    Attributes
    ----------
    mention : Mention
    row : int or None
        Of the gazetteer; None where it is left open.
    why : str
        Reason, one of few; see :data:`REASONS`.
    score, margin : float
    rivals : int
        Further places of that name.
    in_area : bool
    """

    mention: Mention
    row: int | None
    why: str
    score: float = 0.0
    margin: float = 0.0
    rivals: int = 0
    in_area: bool = False


@dataclass(frozen=True)
class _Scored:
    row: int
    form: int
    prior: float


def resolve(
    mentions: Sequence[Mention],
    text: str,
    gazetteer: Gazetteer,
    settings: LocateSettings,
    history: Sequence[int] = (),
) -> list[Resolved]:
    """Choose a place for each mention of a post, or leave it open.

    Parameters
    ----------
    mentions : sequence of Mention
        In the order of the text.
    text : str
    gazetteer : Gazetteer
    settings : LocateSettings
    history : sequence of int
        Rows of places of the same author's other posts.
    """
    priors = [_priors(one, gazetteer, settings, history) for one in mentions]
    found = []
    for place, mention in enumerate(mentions):
        scored = [
            _Scored(one.row, one.form, one.prior + _company(one.row, place, priors, mentions,
                                                             text, gazetteer))
            for one in priors[place]
        ]  # fmt: skip
        comes_after = place > 0 and _is_comma(text, mentions[place - 1], mention)
        found.append(_decide(mention, scored, gazetteer, settings, comes_after))
    return found


def _priors(
    mention: Mention, gazetteer: Gazetteer, settings: LocateSettings, history: Sequence[int]
) -> list[_Scored]:
    scored = []
    for row, form in mention.candidates:
        prior = math.log10(gazetteer.population[row] + 100.0) + _FORM[form]
        prior += _IN_AREA * _nearness(row, gazetteer, settings)
        if any(distance_km(gazetteer, row, other) < _NEAR_KM for other in history):
            prior += _HISTORY
        scored.append(_Scored(row, form, prior))
    return sorted(scored, key=lambda one: -one.prior)


def _nearness(row: int, gazetteer: Gazetteer, settings: LocateSettings) -> float:
    """Give 1 within the event's area, less outside, 0 without an area."""
    if settings.area is None:
        return 0.0
    away = outside_km(gazetteer, row, settings.area)
    if gazetteer.kind[row] in _LARGE:  # of a region the area may be a corner
        west, south, east, north = settings.area
        radius = gazetteer.radius_m[row] / 1e3
        middle = distance_km(gazetteer, row, ((south + north) / 2, (west + east) / 2))
        away = 0.0 if middle < radius else away
    return math.exp(-away / _REACH_KM)


def _company(
    row: int, place: int, priors: Sequence[Sequence[_Scored]], mentions: Sequence[Mention],
    text: str, gazetteer: Gazetteer,
) -> float:  # fmt: skip
    """Weigh the other places of the post: "Lyons, Colorado", or a town of a country named too."""
    best = 0.0
    for other in range(max(0, place - _COMPANIONS), min(len(priors), place + _COMPANIONS + 1)):
        scored = priors[other]
        if other == place or not scored:
            continue
        follows = other == place + 1 and _is_comma(text, mentions[place], mentions[other])
        # all that the next name may be, where it says in what this one lies
        for one in scored if follows else scored[:1]:
            if one.row == row or gazetteer.kind[one.row] not in _LARGE:
                continue
            if distance_km(gazetteer, row, one.row) < gazetteer.radius_m[one.row] / 1e3:
                best = max(best, _PARENT if follows else _COMPANY)
    return best


def _is_comma(text: str, one: Mention, other: Mention) -> bool:
    between = text[one.end : other.start]
    return between.strip(" #") in (",", "") and len(between) <= 3 and not one.is_tag


def _decide(
    mention: Mention, scored: list[_Scored], gazetteer: Gazetteer, settings: LocateSettings,
    comes_after: bool,
) -> Resolved:  # fmt: skip
    if mention.is_named_after:
        return Resolved(mention, None, "part of another name")
    scored.sort(key=lambda one: -one.prior)
    if not scored:
        return Resolved(mention, None, "no place of that name")
    best = _chief(scored, gazetteer)
    if mention.name_behind and gazetteer.kind[best.row] in _LARGE:
        return Resolved(mention, None, "part of another name")
    is_told = mention.is_tag or comes_after or mention.has_cue or mention.after_comma
    if len(mention.text.replace(".", "")) <= 2 and not is_told:
        return Resolved(mention, None, "a short code")
    radius = gazetteer.radius_m[best.row] / 1e3
    rivals = [
        one
        for one in scored
        if distance_km(gazetteer, best.row, one.row)
        > max(radius, gazetteer.radius_m[one.row] / 1e3)
    ]
    margin = best.prior - rivals[0].prior if rivals else math.inf
    score = best.prior + _context(mention)
    told: dict[str, Any] = {
        "score": score, "margin": margin, "rivals": len(rivals),
        "in_area": _nearness(best.row, gazetteer, settings) > 0.99,
    }  # fmt: skip
    if score < settings.least:
        return Resolved(mention, None, "may be no place", **told)
    if margin < settings.margin:
        return Resolved(mention, None, "several places of that name", **told)
    return Resolved(mention, best.row, "", **told)


def _chief(scored: Sequence[_Scored], gazetteer: Gazetteer) -> _Scored:
    """Give the best place, or the town after which it is called where that is a large part."""
    best = scored[0]
    if gazetteer.kind[best.row] != "region":
        return best
    least = _CHIEF_SHARE * gazetteer.population[best.row]
    for one in scored[1:]:
        is_within = distance_km(gazetteer, best.row, one.row) < gazetteer.radius_m[best.row] / 1e3
        if one.form == _NAME and is_within and gazetteer.population[one.row] > max(least, 1):
            return _Scored(one.row, one.form, best.prior)
    return best


def _context(mention: Mention) -> float:
    """Weigh what stands around a name, which tells whether it is a place at all."""
    score = 0.0
    if mention.is_tag:
        score += _TAG + (_PART if mention.is_part else 0.0)
    elif mention.is_capital:
        score += _CAPITAL
    elif mention.text.islower():
        score += _SMALL
    if mention.is_word:
        score += _WORD_TAG if mention.is_tag else _WORD
    if mention.has_cue:
        score += _CUE
    if mention.name_before:
        score += _BEFORE
    if mention.name_behind:
        score += _BEHIND
    return score
