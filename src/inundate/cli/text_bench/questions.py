"""The parts of the benchmark: each gives the units that are scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inundate.cli.text_bench.problems import Problem, Sources, Unit
from inundate.core.errors import DataError
from inundate.core.seeds import make_rng
from inundate.posts.evaluate.curve import some_labels
from inundate.posts.evaluate.split import grouped_split, hold_out, leave_one_event_out
from inundate.posts.evaluate.subset import by_year, has_keyword
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.language import UNKNOWN, detect_language

__all__ = ["FEWEST", "QUESTIONS", "Question"]

ALBERTA = "2013_alberta_floods"
FEWEST = 100
"""Posts below which an event or a language has no part in a mean."""
_FOLDS = 5
_LABELS = (50, 100, 250, 500, 1000, 2500)
_NEW_EVENT = (
    "blend_mpnet+taught",  # as the next, with a second encoder; declared before it was scored
    "blend_minilm+taught",  # chosen on the other four events of T6, each left out of the others
    "blend+taught",
    "blend+events",
    "blend",  # it weighs words for the hazard as events left out taught it
)
_MERGED = "near-duplicates merged, disputed ones dropped"


@dataclass(frozen=True)
class Question:
    """One part of the benchmark.

    Attributes
    ----------
    title : str
    make : callable
        Gives the units.
    mean : bool
        Whether a mean over the units is of interest.
    declared : tuple of str
        Classifiers that were made for this question: figures are of the first that has run.
    seeds : int
        Trainings of each model that is random, unless the user says how many.
    """

    title: str
    make: Callable[[Sources], list[Unit]]
    mean: bool = False
    declared: tuple[str, ...] = ()
    seeds: int = 1


def _of(posts: LabelledPosts, mask: Sequence[bool] | NDArray[np.bool_]) -> LabelledPosts:
    return posts.take(np.flatnonzero(np.asarray(mask, bool)))


def _events(posts: LabelledPosts) -> NDArray[np.object_]:
    return np.array(posts.events, dtype=object)


def _alone(posts: LabelledPosts) -> NDArray[np.int64]:
    return np.arange(len(posts))  # copies are merged already


def _even(posts: LabelledPosts) -> LabelledPosts:
    """Leave posts of the larger class out until both are as large."""
    rng = make_rng(0, "even classes")
    least = min(posts.counts().values())
    rows = [
        rng.choice(np.flatnonzero(posts.labels == k), least, replace=False)
        for k in range(len(posts.classes))
    ]
    return posts.take(np.sort(np.concatenate(rows)))


def _random(name: str, posts: LabelledPosts, words: str) -> Unit:
    problem = Problem(name, posts, grouped_split(posts, clusters=_alone(posts)))
    return Unit(name, (problem,), f"{words}, {_MERGED}, 70/10/20")


def _floods(posts: LabelledPosts) -> list[str]:
    return sorted({event for event in posts.events if "flood" in event})


def _balanced(sources: Sources) -> list[Unit]:
    t6 = sources.t6()
    posts = _even(_of(t6, _events(t6) == ALBERTA))
    return [_random(ALBERTA, posts, "T6 Alberta floods, as many posts on as off topic")]


def _balanced_both(sources: Sources) -> list[Unit]:
    both = sources.both()
    is_t6 = np.array([name.startswith("CrisisLexT6:") for name in both.ids])
    is_flood = np.array(["flood" in event for event in both.events])
    posts = _even(_of(both, is_flood & (~is_t6 | (_events(both) == ALBERTA))))
    words = "T6 Alberta and all floods of T26, as many posts on as off topic"
    return [_random("floods", posts, words)]


def _labels(sources: Sources) -> list[Unit]:
    unit = _balanced(sources)[0]
    whole = unit.problems[0]
    train = whole.parts["train"]
    units = []
    for size, rows in some_labels(whole.posts.labels[train], [*_LABELS, len(train)]).items():
        fewer = Problem(f"{size}", whole.posts, {**whole.parts, "train": train[rows]})
        units.append(Unit(f"{size} labels", (fewer,), f"{unit.split}; {size} to train on"))
    return units


def _alberta_folds(sources: Sources) -> tuple[Problem, ...]:
    """Give problems of Alberta alone, of which each post is in the test of one."""
    t6 = sources.t6()
    posts = _of(t6, _events(t6) == ALBERTA)
    share = 1 / _FOLDS
    folds = grouped_split(
        posts, parts={str(k): share for k in range(_FOLDS)}, clusters=_alone(posts)
    )
    problems = []
    for name, test in folds.items():
        parts = hold_out(
            posts, np.isin(np.arange(len(posts)), test), clusters=_alone(posts), seed=int(name)
        )
        problems.append(Problem(f"fold {name}", posts, parts))
    return tuple(problems)


def _no_keyword(sources: Sources) -> list[Unit]:
    problems = _alberta_folds(sources)
    keep = tuple(~has_keyword(one.part("test").texts) for one in problems)
    words = f"T6 Alberta floods, {_MERGED}, {_FOLDS} folds; scored on posts without a flood word"
    return [Unit("without flood words", problems, words, keep)]


def _alberta_own(sources: Sources) -> list[Unit]:
    words = f"T6 Alberta floods, {_MERGED}, {_FOLDS} folds; trained on labels of this very event"
    return [Unit(ALBERTA, _alberta_folds(sources), words)]


def _alberta(sources: Sources) -> list[Unit]:
    return [_left_out(sources.both(), ALBERTA, "T6 and T26, relevance", only="CrisisLexT6:")]


def _alberta_t6(sources: Sources) -> list[Unit]:
    return [_left_out(sources.t6(), ALBERTA, "T6, relevance")]


def _left_out(posts: LabelledPosts, event: str, words: str, only: str = "") -> Unit:
    parts = leave_one_event_out(posts, event, clusters=_alone(posts))
    if only:
        test = parts["test"]
        parts["test"] = test[[posts.ids[row].startswith(only) for row in test.tolist()]]
    problem = Problem(event, posts, parts)
    tested = f"those of {only.rstrip(':')}" if only else "all its posts"
    return Unit(event, (problem,), f"{words}: trained on all other events, tested on {tested} of "
                f"{event}; {_MERGED}")  # fmt: skip


def _informativeness(sources: Sources) -> list[Unit]:
    posts = sources.t26("informativeness")
    return [_left_out(posts, event, "T26, informativeness") for event in _floods(posts)]


def _informativeness_floods(sources: Sources) -> list[Unit]:
    posts = sources.t26("informativeness")
    floods = _of(posts, np.isin(_events(posts), _floods(posts)))
    return [_left_out(floods, event, "T26 floods alone, informativeness")
            for event in _floods(floods)]  # fmt: skip


def _english(posts: LabelledPosts) -> LabelledPosts:
    return _of(posts, [detect_language(text) == "en" for text in posts.texts])


def _type(sources: Sources) -> list[Unit]:
    posts = _english(sources.t26("information-type"))
    return [_random("T26", posts, "T26, information type, posts in English of all events")]


def _type_floods(sources: Sources) -> list[Unit]:
    posts = _english(sources.t26("information-type"))
    return [
        _left_out(posts, event, "T26, information type, posts in English")
        for event in _floods(posts)
    ]


def _languages(sources: Sources) -> list[Unit]:
    posts = sources.t26("informativeness")
    spoken = np.array([detect_language(text) for text in posts.texts], dtype=object)
    is_test = ~np.isin(spoken, ["en", UNKNOWN])
    parts = hold_out(posts, is_test, clusters=_alone(posts))
    problem = Problem("not English", posts, parts)
    told = spoken[parts["test"]]
    names, numbers = np.unique(told.astype(str), return_counts=True)
    least = 10 if sources.quick else FEWEST
    words = f"T26, informativeness: trained on English, tested on other languages; {_MERGED}"
    return [
        Unit(name, (problem,), words, (told == name,))
        for name, number in zip(names.tolist(), numbers.tolist(), strict=True)
        if number >= least
    ]


def _years(sources: Sources) -> list[Unit]:
    posts = sources.t26("informativeness")
    units = []
    for year, is_test in by_year(posts).items():
        problem = Problem(year, posts, hold_out(posts, is_test, clusters=_alone(posts)))
        words = f"T26, informativeness: tested on {year}, trained on the other years; {_MERGED}"
        units.append(Unit(year, (problem,), words))
    if not units:
        raise DataError("benchmark text: no event has a year in its name")
    return units


QUESTIONS = {
    "balanced": Question("A balanced flood: Alberta", _balanced, seeds=5),
    "balanced-both": Question("Balanced floods of T6 and T26 together", _balanced_both),
    "labels": Question("How many labels are worth it", _labels),
    "no-keyword": Question(
        "Posts without flood words",
        _no_keyword,
        declared=("stack_mpnet", "stack_signs_tuned", "stack_signs"),
    ),
    "alberta": Question("Alberta, which no model has seen", _alberta, declared=_NEW_EVENT),
    "alberta-t6": Question("Alberta, trained on T6 alone", _alberta_t6, declared=_NEW_EVENT),
    "alberta-own": Question("Alberta, with labels of its own", _alberta_own),
    "informativeness": Question(
        "Informativeness of each flood, trained on all other events", _informativeness, mean=True
    ),
    "informativeness-floods": Question(
        "Informativeness of each flood, trained on the other floods alone",
        _informativeness_floods,
        mean=True,
    ),
    "type": Question(
        "Information type, six classes",
        _type,
        declared=("vote_mpnet_finetuned", "vote_tuned_thrice", "vote_tuned"),
    ),
    "type-floods": Question("Information type of each flood in turn", _type_floods, mean=True),
    "languages": Question("Other languages than those trained on", _languages, mean=True),
    "years": Question("Other years than those trained on", _years, mean=True),
}
"""By the name that ``--part`` takes."""
