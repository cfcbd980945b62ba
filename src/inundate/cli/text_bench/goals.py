"""Figures of the benchmark with their goals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from inundate.cli.emulator_bench.figures import figure
from inundate.cli.text_bench.answering import ANSWERED, ASKED
from inundate.cli.text_bench.entrants import ONLY_IN
from inundate.cli.text_bench.standing import MEAN, Answered, Scored, Standing
from inundate.posts.evaluate.references import KEYWORD
from inundate.score.interval import Interval

__all__ = ["figures_of"]

Rows = list[dict[str, Any]]
_COLORADO = "2013_colorado_floods"
_TUNED = (
    "vote_mpnet_finetuned", "vote_mpnet_tuned", "mpnet_finetuned", "vote_tuned_thrice",
    "vote_tuned", "bert_finetuned_bf16", "bert_finetuned",
)  # fmt: skip


def figures_of(found: Answered) -> Rows:
    """Give the figures of a part."""
    make = _MAKERS.get(found.part)
    return make(found) if make else _told(found)


def _balanced(found: Answered) -> Rows:
    unit = found.units[0]
    rows = []
    for name in ("lstm", "bilstm"):
        one = unit.rows.get(name)
        worst = min(one.seeds["accuracy"]) if one else None
        told = f"the worst of {len(one.seeds['accuracy'])} seeds" if one else _why(found, name)
        rows.append(_row(found, unit, f"{name}-accuracy", worst, ">= 0.95", told, "accuracy"))
        seconds = max(one.train_cpu_s) if one else None
        rows.append(
            figure(f"{found.part}-{name}-training", found.question.title, seconds, "s", "< 60",
                   note=f"processor time, the longest of its seeds{'' if one else '; ' + told}",
                   split=unit.split)
        )  # fmt: skip
    one = unit.rows.get("original_lstm")
    rows.append(
        _row(found, unit, "original-lstm-accuracy", one.drawn["accuracy"].value if one else None,
             "0.49 to 0.51", "forward alone, padded to the right, without a mask: it must fail as "
             "the original did" if one else _why(found, "original_lstm"), "accuracy")
    )  # fmt: skip
    return rows + _abstain(found, unit)


def _alberta(found: Answered) -> Rows:
    unit = found.units[0]
    goals = {"macro_f1": ">= 0.965", "auc": ">= 0.985", "ece": "<= 0.06"}
    rows = [_best(found, unit, score, goal) for score, goal in goals.items()]
    name = unit.chosen()
    if name is not None:
        apart = unit.rows[name].drawn["macro_f1"].less(unit.rows[KEYWORD].drawn["macro_f1"])
        rows.append(
            figure(f"{found.part}-above-keyword", found.question.title, apart.value, "1", "> 0",
                   low=apart.low, high=apart.high, surely=True, split=unit.split,
                   note=f"macro-F1 of {name} less that of the keyword rule, p {apart.p:.2g}")
        )  # fmt: skip
    return rows + _abstain(found, unit)


def _informativeness(found: Answered) -> Rows:
    rows = []
    unit = found.unit(_COLORADO)
    if unit is not None:
        rows.append(_best(found, unit, "macro_f1", ">= 0.8", name="colorado", without=_TUNED))
        name = next((one for one in _TUNED if one in unit.rows), _TUNED[0])
        tuned = unit.rows.get(name)
        if tuned or found.part in ONLY_IN[name]:
            rows.append(
                _row(found, unit, "colorado-fine-tuned", tuned.drawn["macro_f1"].value if tuned
                     else None, ">= 0.83", name if tuned else _why(found, name), "macro_f1",
                     tuned.drawn["macro_f1"].interval() if tuned else None)
            )  # fmt: skip
    return rows + _told(found)


def _no_keyword(found: Answered) -> Rows:
    unit = found.units[0]
    return [_best(found, unit, "macro_f1", ">= 0.76"), _best(found, unit, "auc", ">= 0.96")]


def _type(found: Answered) -> Rows:
    unit = found.units[0]
    return [_best(found, unit, "macro_f1", ">= 0.74"), _best(found, unit, "ece", "<= 0.03")]


def _type_floods(found: Answered) -> Rows:
    unit = found.units[-1]
    return [_best(found, unit, "macro_f1", ">= 0.6"), _best(found, unit, "ece", "<= 0.06")]


def _told(found: Answered) -> Rows:
    """Give the figure of a part that has no goal."""
    unit = found.unit(MEAN) or found.units[-1]
    return [_best(found, unit, "macro_f1", "")]


_MAKERS: dict[str, Callable[[Answered], Rows]] = {
    "balanced": _balanced,
    "alberta": _alberta,
    "informativeness": _informativeness,
    "informativeness-floods": _informativeness,
    "no-keyword": _no_keyword,
    "type": _type,
    "type-floods": _type_floods,
}


def _best(
    found: Answered,
    unit: Scored,
    score: str,
    goal: str,
    *,
    name: str = "",
    without: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Give a score of the learned model that is best on the validation posts."""
    chosen = unit.chosen(without)
    label = f"{name}-{score}" if name else f"{unit.name}-{score}" if unit.name == MEAN else score
    if chosen is None:
        return _row(found, unit, label, None, goal, "no learned model has run", score)
    note = f"{chosen}, "
    note += (
        "made for this question and declared beforehand"
        if chosen in unit.declared
        else ("chosen on validation posts of the training events")
    )
    for around, source in (("events", "events left out"), ("calibrated", "the validation posts")):
        cooled = f"{chosen}+{around}"
        if score == "ece" and cooled in unit.rows:
            chosen, note = cooled, f"{note}; with a temperature from {source}"
            break
    one = unit.rows[chosen].drawn[score]
    return _row(found, unit, label, one.value, goal, note, score, one.interval())


def _row(
    found: Answered,
    unit: Scored,
    name: str,
    value: float | None,
    goal: str,
    note: str,
    score: str,
    interval: Interval | None = None,
) -> dict[str, Any]:
    ends = (None, None) if interval is None or interval.note else (interval.low, interval.high)
    rule: Standing = unit.rows[KEYWORD]
    return figure(
        f"{found.part}-{name}", found.question.title, value, "1", goal, low=ends[0], high=ends[1],
        baseline=(KEYWORD, rule.drawn[score].value), split=unit.split, note=note,
    )  # fmt: skip


def _abstain(found: Answered, unit: Scored) -> Rows:
    name = unit.chosen()
    if name is None:
        return []
    one = unit.rows[name]
    whose = "validation posts" if one.answered else "posts of the event"
    pairs = {
        "answered": (
            one.answered,
            "below the limit above which, after the validation posts, 98 % of the answers are "
            "right as likely as not",
        ),
        "surest": (
            one.surest,
            f"below the limit above which at least 80 % of the {whose} lie, their labels unseen, "
            "and a margin for chance",
        ),
    }
    rows = []
    for label, (pair, words) in pairs.items():
        if pair is None:
            continue
        goals = (("accuracy", f">= {ASKED}"), ("share", f">= {ANSWERED}"))
        for value, (score, goal) in zip(pair, goals, strict=True):
            rows.append(
                figure(f"{found.part}-{label}-{score}", found.question.title,
                       None if math.isnan(value) else value, "1", goal,
                       note=f"{name}; unsure posts are passed over, {words}", split=unit.split)
            )  # fmt: skip
    return rows


def _why(found: Answered, name: str) -> str:
    return found.failed.get(name, f"{name} was not asked for or is not in this version")
