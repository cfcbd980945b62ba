"""Tables of the benchmark; none without majority, keyword rule, intervals, shares and split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inundate.cli.emulator_bench.figures import shown
from inundate.cli.text_bench.standing import MEAN, Answered, Scored, Standing
from inundate.posts.evaluate.references import KEYWORD, REFERENCES
from inundate.posts.evaluate.table import COLUMNS, check_honest
from inundate.score.interval import Interval

__all__ = ["cost_table", "tables_of"]

_TFIDF = list(REFERENCES)[-1]
_HEAD = ["classifier", *COLUMNS, "macro_f1 of seeds", f"macro_f1 less {KEYWORD}",
         f"macro_f1 less {_TFIDF}"]  # fmt: skip


def tables_of(found: Answered) -> list[dict[str, Any]]:
    """Give the tables of a part: one of all scores for each unit or their mean, one by unit.

    Raises
    ------
    DataError
        If scores would stand alone.
    """
    for unit in found.units:
        check_honest(unit.honest())
    mean = found.unit(MEAN)
    tables = [_scores(found, mean or found.units[0])]
    if len(found.units) > 1:
        tables.append(_by_unit(found))
    return tables


def _scores(found: Answered, unit: Scored) -> dict[str, Any]:
    title = found.question.title + (f", {unit.name}" if unit.name == MEAN else "")
    rows = [[name, *_row(unit, name, one)] for name, one in unit.rows.items()]
    return {"title": title, "note": _note(found, unit), "columns": _HEAD, "rows": rows}


def _row(unit: Scored, name: str, one: Standing) -> list[str]:
    values = one.seeds["macro_f1"]
    seeds = f"{min(values):.3f} to {max(values):.3f} ({len(values)})" if len(values) > 1 else ""
    apart = [
        _with_sign(one.drawn["macro_f1"].less(unit.rows[other].drawn["macro_f1"]))
        if name != other and other in unit.rows else ""
        for other in (KEYWORD, _TFIDF)
    ]  # fmt: skip
    return [*(_cell(one.drawn[score].interval()) for score in COLUMNS), seeds, *apart]


def _note(found: Answered, unit: Scored) -> str:
    shares = ", ".join(f"{name} {share:.1%}" for name, share in unit.shares.items())
    lines = [f"{unit.split}. {unit.posts:,} test posts: {shares}."]
    lines += [f"`{name}` could not run: {why}." for name, why in found.failed.items()]
    return " ".join(lines)


def _by_unit(found: Answered) -> dict[str, Any]:
    units = [unit for unit in found.units if unit.name != MEAN]
    names = list(dict.fromkeys(name for unit in units for name in unit.rows))
    rows = [
        [name, *(_cell(unit.rows[name].drawn["macro_f1"].interval()) if name in unit.rows else "-"
                 for unit in units)]
        for name in names
    ]  # fmt: skip
    told = "; ".join(
        f"{unit.name}: {unit.posts:,} posts, largest class {max(unit.shares.values()):.1%}"
        for unit in units
    )
    return {
        "title": f"{found.question.title}: macro-F1 one by one",
        "note": f"{units[0].split}. Test posts: {told}.",
        "columns": ["classifier", *(unit.name for unit in units)],
        "rows": rows,
    }


def cost_table(answered: Sequence[Answered]) -> list[dict[str, Any]]:
    """Give what training and answering cost on the first part that was answered."""
    if not answered:
        return []
    unit = answered[0].units[0]
    rows = [
        [
            name,
            f"{max(one.train_cpu_s):.1f}",
            "-" if one.memory_mb is None else f"{one.memory_mb:.0f}",
            f"{one.posts_per_s:,.0f}",
            shown(one.drawn["macro_f1"].value),
        ]
        for name, one in unit.rows.items()
    ]
    return [{
        "title": "What training and answering cost",
        "note": f"On one core, on the part `{answered[0].part}`: {unit.split}. Processor seconds "
        "of the longest training, growth of memory at its peak, posts a processor second from "
        "text to probability, many at once.",
        "columns": ["classifier", "training (s)", "memory (MB)", "posts/s", "macro_f1"],
        "rows": rows,
    }]  # fmt: skip


def _cell(one: Interval) -> str:
    interval = "" if one.note else f" [{shown(one.low)}, {shown(one.high)}]"
    return shown(one.value) + interval


def _with_sign(one: Interval) -> str:
    interval = "" if one.note else f" [{one.low:+.3f}, {one.high:+.3f}]"
    return f"{one.value:+.3f}{interval}"
