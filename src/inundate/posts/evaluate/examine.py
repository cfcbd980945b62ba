"""Hold a model against posts that people judged, beside what it must beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.posts.evaluate.bootstrap import DRAWS, score_draws
from inundate.posts.evaluate.measure import STATISTICS, Measured
from inundate.posts.evaluate.near import near_duplicates
from inundate.posts.evaluate.references import KEYWORD, Predicts
from inundate.posts.evaluate.scores import classification_scores
from inundate.posts.evaluate.subset import by_language, by_year, has_keyword
from inundate.posts.labelled.numbers import answers_of
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["MODEL", "PAIRED", "Answers", "examine"]

MODEL = "model"
PAIRED = ("macro_f1", "accuracy", "auc")
"""Scores of which the difference to each reference is told."""
_FEWEST = 10  # posts of a subset that is told of

Probabilities = NDArray[np.float64]


class Answers:
    """What the model and each reference say of the same posts.

    Parameters
    ----------
    posts : LabelledPosts
        Each with a label.
    models : mapping of str to classifier
        The first is the one that is examined.

    Raises
    ------
    DataError
        If no post has a label.
    """

    def __init__(self, posts: LabelledPosts, models: Mapping[str, Predicts]) -> None:
        self.posts = posts.judged()
        if not len(self.posts):
            raise DataError(f"evaluating: none of {len(posts)} posts has a label")
        self.clusters = near_duplicates(self.posts.texts)
        self.probabilities: dict[str, Probabilities] = {
            name: answers_of(one, self.posts) for name, one in models.items()
        }


def examine(
    answers: Answers, *, split: str, trained_on: Mapping[str, Any], draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Score answers, and say whether the model is worth more than the keyword rule.

    Parameters
    ----------
    answers : Answers
    split : str
        In words: which posts these are, and what the model knows of them.
    trained_on : mapping
        ``training`` of the model; of it the events are compared with those of the posts.
    draws, seed : int
        Of the bootstrap over clusters of copies.

    Returns
    -------
    dict
        JSON-able but for NaN: ``split``, ``shares``, ``rows`` (scores of each, all posts),
        ``once`` (main scores with each cluster of copies counted as one post), ``paired``
        (differences of the model to each reference), ``subsets``, ``warnings``, ``verdict``.
    """
    posts, clusters = answers.posts, answers.clusters
    everything = np.arange(len(posts))
    drawn = {
        name: score_draws(
            _measured(answers, name, everything), STATISTICS, clusters=clusters, draws=draws,
            seed=seed,
        )
        for name in answers.probabilities
    }  # fmt: skip
    rows = {
        name: classification_scores(
            found, posts.labels, posts.classes, clusters=clusters, drawn=drawn[name]
        )
        for name, found in answers.probabilities.items()
    }
    model, *others = answers.probabilities
    paired: dict[str, dict[str, Any]] = {}
    for name in others:
        apart = {score: drawn[model][score].less(drawn[name][score]) for score in PAIRED}
        paired[name] = {
            score: {**asdict(one), "better": one.is_better} for score, one in apart.items()
        }
    return {
        "split": split,
        "shares": rows[model]["shares"],
        "rows": rows,
        "once": {name: _once(answers, name) for name in answers.probabilities},
        "paired": paired,
        "subsets": _subsets(answers),
        "warnings": _warnings(posts, trained_on),
        "verdict": _verdict(paired),
    }


def _once(answers: Answers, name: str) -> dict[str, float]:
    """Score with every cluster weighing as much as one post."""
    weights = 1 / np.bincount(answers.clusters)[answers.clusters]
    measured = _measured(answers, name, np.arange(len(answers.posts)))
    return {score: measured.value(score, weights) for score in PAIRED}


def _measured(answers: Answers, name: str, rows: NDArray[np.int64]) -> Measured:
    posts = answers.posts
    return Measured(answers.probabilities[name][rows], posts.labels[rows], len(posts.classes))


def _subsets(answers: Answers) -> list[dict[str, Any]]:
    posts = answers.posts
    is_obvious = has_keyword(posts.texts)
    masks = {"without the keyword": ~is_obvious, "with the keyword": is_obvious}
    if posts.numbers:
        has_context = np.isfinite(np.stack(list(posts.numbers.values()))).any(axis=0)
        masks |= {"with context": has_context, "without context": ~has_context}
    events = np.array(posts.events, dtype=object)
    kinds = {
        "event": {name: events == name for name in sorted(set(posts.events) - {""})},
        "language": by_language(posts),
        "year": by_year(posts),
    }
    for kind, found in kinds.items():
        if len(found) > 1:
            masks |= {f"{kind} {name}": mask for name, mask in found.items()}
    told = []
    for name, mask in masks.items():
        rows = np.flatnonzero(mask)
        if _FEWEST <= len(rows) < len(posts):
            shares = np.bincount(posts.labels[rows], minlength=len(posts.classes)) / len(rows)
            told.append({
                "subset": name,
                "posts": len(rows),
                "shares": dict(zip(posts.classes, shares.tolist(), strict=True)),
                "rows": {
                    who: {score: _measured(answers, who, rows).value(score) for score in PAIRED}
                    for who in answers.probabilities
                },
            })  # fmt: skip
    return told


def _warnings(posts: LabelledPosts, trained_on: Mapping[str, Any]) -> list[str]:
    seen = {str(name).casefold() for name in trained_on.get("events", ())}
    known = [name for name in sorted(set(posts.events) - {""}) if name.casefold() in seen]
    told = []
    if known:
        told.append(
            f"the model was trained on posts of {', '.join(known)}: these scores say nothing of "
            "events that it does not know"
        )
    present = np.unique(posts.labels)
    if len(present) == 1:
        told.append(f"all posts are {posts.classes[present[0]]!r}: nothing tells how many posts "
                    "of other classes the model would take for it")  # fmt: skip
    elif len(present) < len(posts.classes):
        lacking = [name for k, name in enumerate(posts.classes) if k not in present]
        told.append(f"no post is {', '.join(map(repr, lacking))}")
    return told


def _verdict(paired: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Say first what matters: whether it is better than looking for a word."""
    if KEYWORD not in paired:
        return {"beats_keyword": None, "says": "there is no keyword rule to beat for this question"}
    found = paired[KEYWORD]["macro_f1"]
    told = f"macro-F1 {found['value']:+.3f}"
    if found["note"]:
        return {
            "beats_keyword": None,
            "says": f"too few posts to say whether it beats the keyword rule ({told}; "
            f"{found['note']})",
        }
    told += f", 95 % interval {found['low']:+.3f} to {found['high']:+.3f}, p {found['p']:.2g}"
    if found["better"]:
        return {"beats_keyword": True, "says": f"it beats the keyword rule ({told})"}
    worse = "it is worse" if found["high"] < 0 else "the difference may be chance"
    return {"beats_keyword": False,
            "says": f"it does NOT beat the keyword rule ({told}); {worse}"}  # fmt: skip
