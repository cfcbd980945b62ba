"""Run the benchmark ``text`` and write its result file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inundate.cli.bench_file import chosen_parts, file_head, sayer, write_result
from inundate.cli.text_bench.entrants import choose_entrants
from inundate.cli.text_bench.goals import figures_of
from inundate.cli.text_bench.measured import MEASURED
from inundate.cli.text_bench.problems import Sources
from inundate.cli.text_bench.questions import QUESTIONS
from inundate.cli.text_bench.renewed import with_part
from inundate.cli.text_bench.sheet import cost_table, tables_of
from inundate.cli.text_bench.standing import answer_question
from inundate.cli.text_bench.trials import Bench
from inundate.core.errors import ConfigError, DataError, RunError

__all__ = ["run_text"]

_QUICK_MODELS = "tfidf_words"
_READING = (
    "A value is the mean over seeds, with its 95 % bootstrap interval over posts of which none is "
    "a near-duplicate of another; every model answers the same draws. Where a model had to be "
    "chosen it was chosen on validation posts, which are of the training events alone: nothing "
    "was tuned on an event that is tested. Random models are trained with five seeds on the "
    "balanced flood and with one elsewhere; those that take long to train with one, in some parts "
    "only.\n"
)
_ABSENT = "\nParts that have not run in this version: {}.\n"


def run_text(
    data: Path,
    output: Path,
    work: Path,
    *,
    quick: bool = False,
    only: str | None = None,
    models: str | None = None,
    seeds: int | None = None,
    draws: int | None = None,
    kept: bool = False,
    renew: bool = False,
) -> dict[str, Any]:
    """Train and score classifiers of posts; write ``text.json``.

    Every training is kept below ``work`` by all that it depends on, and is not made again: a run
    that was stopped, or was made part by part, goes on.

    Parameters
    ----------
    data : Path
        Folder with ``text/CrisisLexT6`` and ``text/CrisisLexT26``.
    output : Path
        Folder that receives the result file.
    work : Path
    quick : bool
        Few posts, the references alone unless models are named; writes ``text-quick.json``.
    only : str, optional
        One name of :data:`~.questions.QUESTIONS` or :data:`~.measured.MEASURED`; no file is
        written, unless it is renewed.
    models : str, optional
        Names with commas between, see :func:`~.entrants.choose_entrants`.
    seeds : int, optional
        Trainings of each random model; by default 5 on the balanced flood and 1 elsewhere, in the
        small version 1.
    draws : int, optional
        Of the bootstrap; by default 1000, in the small version 50.
    kept : bool
        Train and measure nothing: the file tells how it stands, and what is not kept yet.
    renew : bool
        Put the one part that was asked for in its place in the file that is there, which tells
        of each part made so by which commit; the other parts stay as they are.

    Returns
    -------
    dict
        As in the file.

    Raises
    ------
    ConfigError
        If a part or a model is not known, or a part is to be renewed and none is named.
    DataError
        If the data are not there, or the file in which a part is to be renewed.
    """
    before = _whole_file(output, quick=quick, only=only) if renew else None
    parts = chosen_parts("text", only, [*QUESTIONS, *MEASURED], QUESTIONS if quick else None)
    entrants, lacking = choose_entrants(models or (_QUICK_MODELS if quick else None))
    say = sayer("text")
    if lacking:
        say(f"this version has no {', '.join(lacking)}; they are left out")
    bench = Bench(
        Sources(data, quick),
        work / ("text-quick" if quick else "text"),
        1 if quick and seeds is None else seeds,
        draws or (50 if quick else 1000),
        say,
        kept,
    )
    answered = [
        answer_question(
            bench, name, QUESTIONS[name], [one for one in entrants if one.enters(name)]
        )
        for name in parts if name in QUESTIONS
    ]  # fmt: skip
    absent = [one.part for one in answered if one.lacks]
    answered = [one for one in answered if not one.lacks]
    measured = []
    for name in parts:
        try:
            measured += [MEASURED[name](bench, entrants)] if name in MEASURED else []
        except RunError:
            if not kept:
                raise
            absent.append(name)
    flags = f" --models {models}" if models else ""
    flags += f" --seeds {seeds}" if seeds else ""
    flags += " --kept" if kept else ""
    flags += f" --only {only} --renew" if renew else ""
    found = {
        **file_head("text", quick=quick, flags=flags),
        "reading": _READING + (_ABSENT.format(", ".join(absent)) if absent else ""),
        "lacking": lacking,
        "absent": absent,
        "figures": [
            *(row for one in answered for row in figures_of(one)),
            *(row for made in measured for row in made.figures),
        ],
        "tables": [
            *(table for one in answered for table in tables_of(one)),
            *cost_table(answered),
            *(table for made in measured for table in made.tables),
        ],
        "merged": bench.sources.reports,
        "parts": {one.part: one.parts for one in answered},
        "seeds": {one.part: _values(one) for one in answered},
    }
    if only is None:
        write_result(output, found)
    elif before is not None:
        write_result(output, with_part(before, found, only))
    return found


def _whole_file(output: Path, *, quick: bool, only: str | None) -> dict[str, Any]:
    """Give the file in which a part is to be renewed, before anything is trained."""
    if only is None:
        raise ConfigError(
            "benchmark text: --renew without --only, expected the part that is to be renewed",
            hint=f"name one: {', '.join([*QUESTIONS, *MEASURED])}",
        )
    path = output / ("text-quick.json" if quick else "text.json")
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise DataError(
            f"benchmark text: reading {path}: {error}, expected a result to renew a part of",
            hint="run the whole benchmark first",
        ) from error


def _values(one: Any) -> dict[str, Any]:
    """Give accuracy and macro-F1 of each seed, by unit and classifier."""
    return {
        unit.name: {
            name: {
                score: [round(value, 4) for value in row.seeds[score]]
                for score in ("accuracy", "macro_f1")
            }
            for name, row in unit.rows.items()
        }
        for unit in one.units
    }
