"""Run the benchmark ``locate`` and write its result file."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

from inundate.cli.bench_file import file_head, write_result
from inundate.cli.locate_bench.marks import MarkedPost, read_marks, read_texts
from inundate.cli.locate_bench.measure import (
    Mentions,
    Places,
    by_name,
    measure_mentions,
    measure_places,
    wilson,
)
from inundate.cli.locate_bench.methods import METHODS, Answer, make_methods
from inundate.posts.locate.gazetteer import Gazetteer
from inundate.posts.locate.opening import open_gazetteer

__all__ = ["MARKS", "measure", "run_locate"]

MARKS = Path("bench/marks/places.json")
_READING = (
    "A share stands with its 95 % interval (Wilson). Mentions were marked by one reader before "
    "the matcher was run on these posts; weights and thresholds were set on other posts.\n"
)
_QUICK = "dev"  # the small version looks at the posts of development alone
_REACH_KM = 25.0
_FLOODS = ("alberta", "colorado", "sardinia", "philippines")


def run_locate(
    data: Path, output: Path, *, quick: bool = False, marks: Path = MARKS
) -> dict[str, Any]:
    """Locate marked posts and count; writes ``locate.json``.

    Parameters
    ----------
    data : Path
        Folder with text/ of CrisisLex.
    output : Path
        Folder that receives the result file.
    quick : bool
        The posts on which thresholds were set instead of those of the test.
    marks : Path
        Marks by hand.

    Raises
    ------
    MissingFileError
        If the data or the marks are absent.
    MissingExtraError
        If the packages of the gazetteer are.
    """
    texts = read_texts(data)
    posts = read_marks(marks, _QUICK if quick else "test", texts)
    gazetteer = open_gazetteer()
    methods = make_methods(gazetteer, texts)
    answers = {
        name: [method(post.event, post.text) for post in posts] for name, method in methods.items()
    }
    found = {
        **file_head("locate", quick=quick),
        "reading": _READING,
        "gazetteer": dict(gazetteer.origin),
        **measure(posts, answers, gazetteer),
    }
    write_result(output, found)
    return found


def measure(
    posts: list[MarkedPost], answers: dict[str, list[Answer]], gazetteer: Gazetteer
) -> dict[str, Any]:
    """Make the figures and tables of answers.

    Parameters
    ----------
    posts : list of MarkedPost, N
    answers : dict of str to list of Answer, N
        By method.
    gazetteer : Gazetteer
    """
    mentions = {name: _mentions(posts, given) for name, given in answers.items()}
    places = {name: _places(posts, given) for name, given in answers.items()}
    return {
        "figures": _figures(posts, mentions[METHODS[0]], places[METHODS[0]], answers[METHODS[0]]),
        "tables": [
            _by_event(posts, mentions[METHODS[0]], places[METHODS[0]]),
            _by_method(mentions, places),
            _abstained(answers[METHODS[0]], gazetteer),
        ],
    }


def _mentions(posts: list[MarkedPost], given: list[Answer]) -> dict[str, Mentions]:
    found: dict[str, Mentions] = {}
    for post, answer in zip(posts, given, strict=True):
        counts = measure_mentions(post, answer.mentions)
        found[post.event] = found.get(post.event, Mentions()) + counts
    return found


def _places(posts: list[MarkedPost], given: list[Answer]) -> dict[str, Places]:
    found: dict[str, Places] = {}
    for post, answer in zip(posts, given, strict=True):
        found[post.event] = found.get(post.event, Places()) + measure_places(post, answer.place)
    return found


def _figures(
    posts: list[MarkedPost], mentions: dict[str, Mentions], places: dict[str, Places],
    answers: list[Answer],
) -> list[dict[str, Any]]:  # fmt: skip
    whole, where = sum(mentions.values(), Mentions()), sum(places.values(), Places())
    floods = sum((mentions[event] for event in _FLOODS if event in mentions), Mentions())
    marked = sum(mark.is_named for post in posts for mark in post.marks)
    located = len(where.within)
    return [
        _share("precision", whole.right, whole.given, 0.90,
               "mentions given a place that are right"),
        _share("precision-floods", floods.right, floods.given, 0.90,
               "without posts off the topic"),
        _share("precision-by-name", *by_name(posts, [one.mentions for one in answers]), None,
               "different names of an event that are put right wherever they come"),
        _share("recall", whole.found, whole.named, None, "named mentions that are put right"),
        _share("radius-holds", sum(where.within), located, 0.90,
               "posts given a place whose finest named place is within the radius"),
        _share("radius-holds-finer", sum(where.finer), len(where.finer), None,
               "of these, posts that name a street, building or quarter: its own point counts"),
        _share("posts-located", located, where.posts, None, "posts given a place"),
        _share("posts-placeless", where.placeless, located, None,
               "of these, posts that name no place"),
        _number("mentions", marked, ">= 300", marked >= 300,
                f"named outright, in {len(posts)} posts of {len(mentions)} strata"),
        _number("posts-without", sum(not post.marks for post in posts), "", None,
                "posts in which nothing is marked: any place there is wrong"),
        _number("too-large", sum(one.why == "too large" for one in answers), "", None,
                "posts whose finest sure place is larger than 60 km, and which stay unlocated"),
    ]  # fmt: skip


def _share(name: str, right: int, count: int, goal: float | None, note: str) -> dict[str, Any]:
    low, high = wilson(right, count)
    value = right / count if count else None
    return {
        "id": name, "group": "Places", "value": value, "low": _known(low), "high": _known(high),
        "unit": "1", "goal": "" if goal is None else f">= {goal:g}",
        "met": None if goal is None else value is not None and value >= goal,
        "baseline": None, "note": f"{note}; {right:,} of {count:,}",
    }  # fmt: skip


def _number(name: str, value: float, goal: str, met: bool | None, note: str) -> dict[str, Any]:
    return {
        "id": name, "group": "Places", "value": value, "low": None, "high": None, "unit": "1",
        "goal": goal, "met": met, "baseline": None, "note": note,
    }  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _by_event(
    posts: list[MarkedPost], mentions: dict[str, Mentions], places: dict[str, Places]
) -> dict[str, Any]:
    rows = []
    for event, counts in mentions.items():
        where = places[event]
        rows.append([
            event, f"{where.posts}", f"{counts.named}", _text(counts.right, counts.given),
            _text(counts.found, counts.named), _text(len(where.within), where.posts),
            _text(sum(where.within), len(where.within)),
        ])  # fmt: skip
    columns = [
        "event",
        "posts",
        "mentions",
        "precision",
        "recall",
        "posts located",
        "within radius",
    ]
    note = "calm: posts of the Alberta collection that are off the topic."
    return {"title": "By event", "note": note, "columns": columns, "rows": rows}


def _by_method(
    mentions: dict[str, dict[str, Mentions]], places: dict[str, dict[str, Places]]
) -> dict[str, Any]:
    rows = []
    for name in METHODS:
        counts = sum(mentions[name].values(), Mentions())
        where = sum(places[name].values(), Places())
        near = sum(distance <= _REACH_KM for distance in where.distances)
        ordered = sorted(where.distances)
        middle = f"{ordered[len(ordered) // 2]:,.0f} km" if ordered else "-"
        rows.append([
            name, _text(counts.right, counts.given), _text(counts.found, counts.named),
            _text(len(where.within), where.posts), _text(near, len(where.within)),
            _text(sum(where.within), len(where.within)), middle,
        ])  # fmt: skip
    note = (
        "largest namesake: the first words with capitals that the gazetteer has, and its most "
        "populous place so called. event centre: the middle of the area for every post, its "
        "corner as radius. The last columns are of posts given a place; one that names none is "
        "outside every distance."
    )
    columns = ["method", "precision", "recall", "posts located", f"within {_REACH_KM:g} km",
               "within radius", "median distance"]  # fmt: skip
    return {"title": "Beside simple methods", "note": note, "columns": columns, "rows": rows}


def _abstained(answers: list[Answer], gazetteer: Gazetteer) -> dict[str, Any]:
    counts = Counter(one.why or "located" for one in answers)
    rows = [[why, str(number)] for why, number in counts.most_common()]
    note = f"Gazetteer: {len(gazetteer):,} places; {gazetteer.origin.get('licence')}."
    return {
        "title": "Why posts have no place",
        "note": note,
        "columns": ["", "posts"],
        "rows": rows,
    }


def _text(right: int, count: int) -> str:
    if not count:
        return "-"
    low, high = wilson(right, count)
    return f"{right / count:.3f} [{low:.2f}, {high:.2f}]"
