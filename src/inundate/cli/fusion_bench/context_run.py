"""Run the benchmark ``context`` and write its result file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.bench_file import file_head, sayer, write_result
from inundate.cli.fusion_bench.context_events import EventsSettings, Told, told_events
from inundate.cli.fusion_bench.context_trials import (
    ENTRANTS,
    QUESTIONS,
    SCORES,
    WORDINGS,
    WORDS,
    Question,
    Wording,
    run_entrant,
)
from inundate.cli.fusion_bench.intervals import figure, no_change, span
from inundate.core.files import write_text

__all__ = ["DEV_SEED", "TEST_SEED", "measure", "run_context"]

DEV_SEED, TEST_SEED = 901, 18  # the classifier was chosen on events of the first alone
_BOTH, _KEYWORD, _ALONE = "words and context", "keyword rule", "context alone"
_OTHERS, _MOVED = "words and context of other posts", "words and a displaced forecast"
_ASKED = "displaced only when asked"
_MOST_HARM = -0.01  # of macro-F1, where words tell all
_ASKS = {
    "says": "Says water: whether a post says that there is water",
    "saw": "Stood in water: whether its writer truly stood in 0.1 m of water or more when looking",
}
_IN = {
    "other": "in sentences that training has not",
    "same": "in the sentences of training",
}
_READING = (
    "Floods, forecasts and posts are made up, and which posts mention water follows from the true "
    "depth by a law of our own: by how much depth and rain help with real posts is not known. "
    "Scores are means over the events of the test, none of which was trained on; intervals are "
    "of a bootstrap over these events (95 %), p-values of signed ranks.\n"
)

Scores = Mapping[str, Mapping[str, float]]  # by event


def run_context(output: Path, work: Path, *, quick: bool = False) -> dict[str, Any]:
    """Make events, train, ask and score; writes ``context.json``.

    Parameters
    ----------
    output : Path
        Folder that receives the result file.
    work : Path
        Keeps events and scores; what is there is not made again.
    quick : bool
        A few small events of development instead of those of the test.

    Returns
    -------
    dict
        What the file holds.
    """
    seed = DEV_SEED if quick else TEST_SEED
    settings = EventsSettings()
    if quick:
        settings = EventsSettings(train=3, test=3, side_cells=32, cell_size_m=60.0, posts=90)
    say = sayer("context")
    events, counts = told_events(work / "context", seed, settings, say)
    scores = _all(work / "context", events, settings, seed, say)
    result = {
        **file_head("context", quick=quick),
        "reading": _READING,
        "protocol": {
            "seed": seed, "events": settings.model_dump(mode="json"), **counts,
            "entrants": {name: asdict(one) for name, one in ENTRANTS.items()},
        },
        **measure(scores),
    }  # fmt: skip
    write_result(output, result)
    return result


def _all(
    work: Path, events: list[Told], settings: EventsSettings, seed: int, say: Any
) -> dict[tuple[str, str], dict[str, Scores]]:
    """Score every entrant for each question and wording; what is there is not scored again."""
    train, test = events[: settings.train], events[settings.train :]
    asked = {"seed": seed, "events": settings.model_dump(mode="json")}
    found: dict[tuple[str, str], dict[str, Scores]] = {}
    question: Question
    wording: Wording
    for question in QUESTIONS:
        for wording in WORDINGS:
            found[question, wording] = {}
            for name, entrant in ENTRANTS.items():
                key = f"scores-{seed}-{question}-{wording}-{name.replace(' ', '-')}.json"
                told = {**asked, "entrant": asdict(entrant)}
                place = work / key
                kept = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
                if kept.get("asked") != told:
                    scored = run_entrant(entrant, train, test, question, wording)
                    kept = {"asked": told, "scores": scored}
                    write_text(place, json.dumps(kept, indent=1))
                    say(f"{question}, {wording} sentences: {name}")
                found[question, wording][name] = kept["scores"]
    return found


def _of(scores: Scores, name: str) -> NDArray[np.float64]:
    return np.array([one[name] for one in scores.values()])


def measure(scores: Mapping[tuple[str, str], Mapping[str, Scores]]) -> dict[str, Any]:
    """Make the figures and tables.

    Parameters
    ----------
    scores : mapping
        By question and wording, by entrant, by event: each of
        :data:`~inundate.cli.fusion_bench.context_trials.SCORES`.
    """
    figures = []
    for question, wording in scores:
        figures += _figures(scores[question, wording], question, wording)
    tables = [_table(found, *key) for key, found in scores.items()]
    return {"figures": figures, "tables": tables}


def _figures(found: Mapping[str, Scores], question: str, wording: str) -> list[dict[str, Any]]:
    group, where = _ASKS[question].split(":", maxsplit=1)[0], _IN[wording]
    f1 = {name: _of(one, "macro_f1") for name, one in found.items()}
    gain = f1[_BOTH] - f1[WORDS]
    others = f1[_OTHERS] - f1[WORDS]
    p_value = no_change(others)
    told_all = question == "says" and wording == "same"  # words tell all: nothing to be gained
    goal = f">= {_MOST_HARM}" if told_all else "> 0, with its interval"
    made = figure(
        f"{question}-{wording}-gain", gain, goal,
        lambda at: at >= _MOST_HARM, f"macro-F1 of words and context less words alone, {where}",
        mean=True, group=group,
    )  # fmt: skip
    if not told_all:
        made["met"] = bool(made["low"] > 0)
    rest = [
        figure(
            f"{question}-{wording}-of-other-posts", others, "p > 0.05", lambda _: p_value > 0.05,
            f"the same with the numbers of other posts; p = {p_value:.3f}", mean=True, group=group,
        )
    ]  # fmt: skip
    for name, first, second, note in (
        ("displaced", _MOVED, WORDS, "the same with a forecast displaced by half of the map"),
        ("displaced-when-asked", _ASKED, WORDS, "the same, trained with good forecasts"),
        ("context-alone", _ALONE, _KEYWORD, "macro-F1 of context alone less the keyword rule"),
    ):
        values = f1[first] - f1[second]
        rest.append(figure(f"{question}-{wording}-{name}", values, "", None, note, mean=True,
                           group=group))  # fmt: skip
    return [made, *rest]


def _table(found: Mapping[str, Scores], question: str, wording: str) -> dict[str, Any]:
    words = {score: _of(found[WORDS], score) for score in SCORES}
    rows = []
    for name, one in found.items():
        less = {score: _of(one, score) - words[score] for score in SCORES}
        rows.append([
            name,
            span(_of(one, "macro_f1"), mean=True, sign=False),
            "" if name == WORDS else span(less["macro_f1"], mean=True),
            span(_of(one, "auc"), mean=True, sign=False),
            "" if name == WORDS else span(less["auc"], mean=True),
            "" if name == WORDS else span(less["macro_f1_inside"], mean=True),
        ])  # fmt: skip
    columns = ["reads", "macro-F1", "less words alone", "AUC", "less words alone",
               "macro-F1 of posts on the map, less words alone"]  # fmt: skip
    title, note = _ASKS[question].split(": ", maxsplit=1)
    count = len(next(iter(found.values())))
    note = f"{note[0].upper()}{note[1:]}, {_IN[wording]}; {count} events."
    return {"title": f"{title}, {wording} sentences", "note": note, "columns": columns,
            "rows": rows}  # fmt: skip
