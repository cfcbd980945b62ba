"""How each classifier stands on a unit: scores of all its seeds put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from inundate.cli.text_bench.answering import answers_of, limit_for_accuracy, limit_for_share
from inundate.cli.text_bench.entrants import DEAR, Entrant
from inundate.cli.text_bench.problems import Unit
from inundate.cli.text_bench.questions import FEWEST, Question
from inundate.cli.text_bench.trials import NOT_KEPT, Bench, Trial, draws_kept, run_trial
from inundate.cli.text_bench.votes import whole
from inundate.core.errors import DataError
from inundate.posts.evaluate.bootstrap import Drawn
from inundate.posts.evaluate.measure import STATISTICS, Measured
from inundate.posts.evaluate.references import KEYWORD, MAJORITY, REFERENCES

__all__ = ["MEAN", "Answered", "Scored", "Standing", "answer_question"]

MEAN = "mean"
"""Name of the mean over the units."""


@dataclass(frozen=True)
class Standing:
    """One classifier on one unit.

    Attributes
    ----------
    drawn : mapping of str to Drawn
        Scores, mean over the seeds.
    seeds : mapping of str to list of float
        Scores of each seed.
    valid_f1 : float
        Macro-F1 on the validation posts, mean over the seeds: by it models are chosen.
    train_cpu_s : list of float
        For each seed, over all problems of the unit.
    posts_per_s : float
    memory_mb : float or None
        Growth of the process at its peak in training.
    answered : tuple of float or None
        Accuracy and share of the posts that are answered, where the least confidence is chosen
        on the validation posts for a wanted accuracy; see
        :func:`inundate.posts.shift.conformal.select_confident`.
    surest : tuple of float or None
        The same, where it is chosen on the validation posts for a wanted share, labels unseen.
    """

    drawn: Mapping[str, Drawn]
    seeds: Mapping[str, list[float]]
    valid_f1: float
    train_cpu_s: list[float]
    posts_per_s: float
    memory_mb: float | None
    answered: tuple[float, float] | None
    surest: tuple[float, float] | None = None


@dataclass(frozen=True)
class Scored:
    """All classifiers on one unit.

    Attributes
    ----------
    name, split : str
    shares : mapping of str to float
    posts : int
    rows : mapping of str to Standing
        By the name in tables.
    declared : tuple of str
        See :meth:`chosen`.
    """

    name: str
    split: str
    shares: Mapping[str, float]
    posts: int
    rows: Mapping[str, Standing]
    declared: tuple[str, ...] = ()

    def honest(self) -> dict[str, Any]:
        """Give the form that :func:`inundate.posts.evaluate.table.check_honest` looks at."""
        return {
            "split": self.split,
            "shares": self.shares,
            "rows": {
                name: {"scores": {s: asdict(d.interval()) for s, d in one.drawn.items()}}
                for name, one in self.rows.items()
            },
        }

    def chosen(self, without: Sequence[str] = ()) -> str | None:
        """Give the classifier that a figure is of; None without one.

        It is the first that the part declares and that has run. Where none is declared it is the
        learned one that is best on the validation posts: they are of the training events, so
        what is made for new events has no advantage there and has to be declared.
        """
        for name in self.declared:
            if name in self.rows:
                return name
        rules = {MAJORITY, KEYWORD, "lexicon", "sentiment", *without}
        found = {
            name: one.valid_f1
            for name, one in self.rows.items()
            if "+" not in name and name.partition("@")[0] not in rules
        }
        return max(found, key=lambda name: found[name]) if found else None


@dataclass
class Answered:
    """A part of the benchmark, answered.

    Attributes
    ----------
    part : str
    question : Question
    units : list of Scored
        The last is the mean, where one is of interest.
    failed : dict of str to str
        Classifiers that could not run, and why.
    parts : dict
        Posts of each class in each part, by problem.
    lacks : str
        A reference that is not kept where nothing may be trained: then there are no scores.
    """

    part: str
    question: Question
    units: list[Scored] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    lacks: str = ""

    def unit(self, name: str) -> Scored | None:
        """Give a unit by its name."""
        return next((one for one in self.units if one.name == name), None)


def answer_question(
    bench: Bench, part: str, question: Question, entrants: Sequence[Entrant]
) -> Answered:
    """Let all classifiers answer a part of the benchmark; what is kept is not made again.

    Raises
    ------
    DataError
        If the data are not there, or a reference cannot run.
    """
    found = Answered(part, question)
    units = question.make(bench.sources)
    found.parts = {one.name: one.counts() for unit in units for one in unit.problems}
    for unit in units:
        rows = {}
        for entrant in entrants:
            standing = _stand(bench, part, unit, entrant, _seeds(bench, question, entrant))
            if isinstance(standing, Standing):
                rows[entrant.shown] = standing
            elif entrant.shown in REFERENCES and standing == NOT_KEPT:
                return Answered(part, question, lacks=entrant.shown)
            elif entrant.shown in REFERENCES:
                raise DataError(
                    f"benchmark text, {part}: {entrant.shown} cannot run ({standing}), and no "
                    "score is shown without it"
                )
            else:
                found.failed[entrant.shown] = standing
        labels = unit.labels()
        shares = np.bincount(labels, minlength=len(unit.classes)) / len(labels)
        named = dict(zip(unit.classes, shares.tolist(), strict=True))
        found.units.append(
            Scored(unit.name, unit.split, named, len(labels), rows, question.declared)
        )
    if question.mean:
        found.units.append(_mean(found.units, 1 if bench.sources.quick else FEWEST))
    return found


def _seeds(bench: Bench, question: Question, entrant: Entrant) -> int:
    return bench.seeds or (1 if entrant.name in DEAR else question.seeds)


def _stand(bench: Bench, part: str, unit: Unit, entrant: Entrant, number: int) -> Standing | str:
    tried: list[list[Trial]] = []
    for seed in entrant.seeds(number):
        trials = [run_trial(bench, part, one, entrant, seed) for one in unit.problems]
        made = [one for one in trials if isinstance(one, Trial)]
        if len(made) < len(trials):
            why = next(one for one in trials if isinstance(one, str))
            if why == NOT_KEPT and tried:
                break  # the seeds that are kept
            return why
        tried.append(made)
    drawn = [draws_kept(bench, unit, trials) for trials in tried]
    facts = [one.facts for trials in tried for one in trials]
    memory = [one["memory_mb"] for one in facts if one["memory_mb"] is not None]
    return Standing(
        drawn={name: _averaged([one[name] for one in drawn]) for name in STATISTICS},
        seeds={name: [one[name].value for one in drawn] for name in STATISTICS},
        valid_f1=float(np.mean([_valid_f1(unit, trials) for trials in tried])),
        train_cpu_s=[sum(one.facts["train_cpu_s"] for one in trials) for trials in tried],
        posts_per_s=float(np.median([one["posts_per_s"] for one in facts])),
        memory_mb=max(memory) if memory else None,
        # validation posts are of events that a student knows nothing of
        answered=None if entrant.is_taught else answers_of(unit, tried, limit_for_accuracy),
        surest=answers_of(unit, tried, limit_for_share, of_event=entrant.is_taught),
    )


def _valid_f1(unit: Unit, trials: Sequence[Trial]) -> float:
    """Give macro-F1 on the validation posts, mean over the problems of a unit."""
    found = []
    for trial, problem in zip(trials, unit.problems, strict=True):
        labels = problem.part("valid").labels
        measured = Measured(whole(trial.valid), labels, len(unit.classes))
        found.append(measured.value("macro_f1"))
    return float(np.mean(found))


def _averaged(drawn: Sequence[Drawn]) -> Drawn:
    """Give the mean of scores, draw by draw."""
    notes = [one.note for one in drawn if one.note]
    draws = np.empty(0) if notes else np.mean([one.draws for one in drawn], axis=0)
    return Drawn(float(np.mean([one.value for one in drawn])), draws, notes[0] if notes else "")


def _mean(units: Sequence[Scored], least: int) -> Scored:
    large = [one for one in units if one.posts >= least] or list(units)
    rows = {}
    for name in large[0].rows:
        own = [one.rows[name] for one in large if name in one.rows]
        if len(own) == len(large):
            rows[name] = Standing(
                drawn={s: _averaged([one.drawn[s] for one in own]) for s in STATISTICS},
                seeds={s: np.mean([one.seeds[s] for one in own], axis=0).tolist()
                       for s in STATISTICS},
                valid_f1=float(np.mean([one.valid_f1 for one in own])),
                train_cpu_s=np.sum([one.train_cpu_s for one in own], axis=0).tolist(),
                posts_per_s=float(np.median([one.posts_per_s for one in own])),
                memory_mb=max((one.memory_mb for one in own if one.memory_mb), default=None),
                answered=None,
            )  # fmt: skip
    classes = list(large[0].shares)
    shares = {name: float(np.mean([one.shares[name] for one in large])) for name in classes}
    left = [f"{one.name} ({one.posts} posts)" for one in units if one not in large]
    words = f"mean over {', '.join(one.name for one in large)}; {large[0].split.split(':')[0]}"
    words += f"; too few posts for the mean: {', '.join(left)}" if left else ""
    return Scored(MEAN, words, shares, sum(one.posts for one in large), rows)
