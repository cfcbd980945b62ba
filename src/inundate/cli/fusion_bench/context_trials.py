"""Classifiers with and without depth and rain beside the words, trained on events, asked on others.

Two questions are asked of the same posts: whether they say that there is water, and whether their
writers truly stood in it. And twice: in the sentences of the training posts, and in others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inundate.cli.fusion_bench.context_events import CLASSES, Told
from inundate.posts.classify.base import TextClassifier
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.evaluate.measure import Measured
from inundate.posts.evaluate.merge import join_posts
from inundate.posts.labelled.numbers import answers_of
from inundate.posts.labelled.table import LabelledPosts

__all__ = [
    "ENTRANTS",
    "QUESTIONS",
    "SCORES",
    "WORDINGS",
    "WORDS",
    "Entrant",
    "Question",
    "Wording",
    "run_entrant",
]

Question = Literal["says", "saw"]
Wording = Literal["other", "same"]
QUESTIONS: tuple[Question, ...] = ("says", "saw")
WORDINGS: tuple[Wording, ...] = ("other", "same")
SCORES = ("macro_f1", "auc", "macro_f1_inside")
WORDS = "words alone"


@dataclass(frozen=True)
class Entrant:
    """A classifier, and which map it is trained and asked with.

    Attributes
    ----------
    base : str
        Classifier of the words.
    trained_with, asked_with : str, optional
        Of :data:`~inundate.cli.fusion_bench.context_events.MAPS`; None reads words alone.
    by : str
        How its folds are made.
    """

    base: str
    trained_with: str | None = None
    asked_with: str | None = None
    by: str = "event"

    def make(self) -> TextClassifier:
        """Make it, not fitted; its numbers are those that the classifier reads by default."""
        if self.trained_with is None:
            return make_classifier(self.base)
        return make_classifier("context", base=self.base, by=self.by)


ENTRANTS: dict[str, Entrant] = {
    "keyword rule": Entrant("keyword"),
    WORDS: Entrant("tfidf_words"),
    "words and context": Entrant("tfidf_words", "forecast", "forecast"),
    "the same, folds by copies": Entrant("tfidf_words", "forecast", "forecast", by="copy"),
    "keyword rule and context": Entrant("keyword", "forecast", "forecast"),
    "context alone": Entrant("majority", "forecast", "forecast"),
    "words and context of other posts": Entrant("tfidf_words", "shuffled", "shuffled"),
    "words and a displaced forecast": Entrant("tfidf_words", "displaced", "displaced"),
    "displaced only when asked": Entrant("tfidf_words", "forecast", "displaced"),
    "words and the true flood": Entrant("tfidf_words", "truth", "truth"),
}
"""By name in tables. Words are read by TF-IDF."""


def run_entrant(
    entrant: Entrant,
    train: Sequence[Told],
    test: Sequence[Told],
    question: Question,
    wording: Wording,
) -> dict[str, dict[str, float]]:
    """Train on events and score on others.

    Parameters
    ----------
    entrant : Entrant
    train, test : sequence of Told
    question : str
        ``says`` or ``saw``.
    wording : str
        ``same``: posts of the test are of all sentences, which training has too. ``other``: those
        of one half of the sentences are answered by a model that was trained on the other half,
        and the other way round.

    Returns
    -------
    dict
        By event of the test, each of :data:`SCORES`; the last is of the posts on the map alone.
    """
    said = {one.name: np.full((len(one.says), len(CLASSES)), np.nan) for one in test}
    for half in (0, 1) if wording == "other" else (None,):
        model = entrant.make()
        model.fit(
            join_posts([
                _posts(one, question, entrant.trained_with).take(_rows(one, half)) for one in train
            ])
        )  # fmt: skip
        for one in test:
            asked = _rows(one, None if half is None else 1 - half)
            posts = _posts(one, question, entrant.asked_with).take(asked)
            said[one.name][asked] = answers_of(model, posts)
    return {one.name: _scores(said[one.name], one, question) for one in test}


def _rows(told: Told, half: int | None) -> NDArray[np.bool_]:
    return np.ones(len(told.says), bool) if half is None else told.half == half


def _posts(told: Told, question: Question, source: str | None) -> LabelledPosts:
    labels = told.says.labels if question == "says" else told.saw
    return replace(told.says, labels=labels, numbers={} if source is None else told.maps[source])


def _scores(said: NDArray[np.float64], told: Told, question: Question) -> dict[str, float]:
    labels: NDArray[Any] = told.says.labels if question == "says" else told.saw
    inside = np.isfinite(told.maps["forecast"]["depth_max_m"])
    every = Measured(said, labels, len(CLASSES))
    on_map = Measured(said[inside], labels[inside], len(CLASSES))
    return {
        "macro_f1": every.value("macro_f1"),
        "auc": every.value("auc"),
        "macro_f1_inside": on_map.value("macro_f1"),
    }
