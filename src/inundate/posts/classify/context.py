"""A classifier that reads numbers beside the words, such as depth where a post was written.

What a classifier of words says is moved up or down by the numbers, and by nothing else: its log
probabilities count as they are, and there is no constant. By how much numbers move them is learnt
beside answers of the words on posts that these were not fitted on. Where that lowers the loss of
posts held out by no more than chance may, numbers move nothing; and a post of which no number is
known gets the answer of the words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import DataError, RunError
from inundate.core.run import Run
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.folds import event_folds, make_folds, out_of_fold
from inundate.posts.classify.logistic import fit_shifts, softmax
from inundate.posts.classify.scaling import Scaling
from inundate.posts.classify.stack import fitted_member
from inundate.posts.labelled.numbers import Numbers
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["WORDS_ALONE", "Context", "ContextSettings"]

WORDS_ALONE = "words alone"
"""Name in tables of the classifier of the words, beside the one that reads numbers too."""

_FEWEST = 20  # posts with numbers, to weigh these by
_SURE = 2.0  # standard errors by which numbers must lower the loss of posts held out
_LEAST = 1e-6  # probabilities nearer to 0 say no more than this


class ContextSettings(Settings):
    """Which classifier reads the words, and which numbers stand beside them."""

    base: str = Field(
        default="tfidf_words", description="Classifier of the words, by name or a TOML file."
    )
    columns: tuple[str, ...] = Field(
        default=("depth_max_m", "wet_share", "rain_hour_mm"),
        min_length=1,
        description="Numbers beside each post, by the name of their column.",
    )
    folds: int = Field(default=5, ge=2, description="Parts that the base is fitted without.")
    by: Literal["copy", "event"] = Field(
        default="event",
        description="event: whole events are in one part, where there are two or more, so that "
        "numbers count as they will for a new event; copy: copies of a post are.",
    )
    inverse_penalty: float = Field(
        default=1.0, gt=0.0, description="C: with a larger one numbers may move more."
    )


class Context(TextClassifier):
    """Moves what the words say by what is known beside them."""

    name = "context"
    kind = ContextSettings

    _words: TextClassifier
    _scaling: Scaling
    _slopes: NDArray[np.float64]  # (F, K)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that it reads beside the texts."""
        found: tuple[str, ...] = self.settings.columns
        return found

    @property
    def words(self) -> TextClassifier:
        """The classifier of the words alone."""
        return self._words

    def probabilities(
        self, texts: Sequence[str], numbers: Numbers | None = None
    ) -> np.ndarray[Any, Any]:
        """Give the probability of each class.

        Parameters
        ----------
        texts : sequence of str, N
        numbers : mapping of str to array (N,)
            Values of :attr:`columns`; NaN where not known. A post of which none is known gets the
            answer of the words alone.

        Returns
        -------
        array (N, K), float64

        Raises
        ------
        RunError
            If the model is not fitted, or numbers are not given.
        """
        said = super().probabilities(texts)
        absent = [name for name in self.columns if name not in (numbers or {})]
        if numbers is None or absent:
            raise RunError(
                f"classifying by {self.name}: it reads {', '.join(absent)} beside the texts, which "
                "were not given",
                hint="give a table of them: inundate fuse context makes one, --context names it",
            )
        if not self._slopes.any():
            return said  # numbers told nothing in training
        values = np.stack([np.asarray(numbers[name], np.float64) for name in self.columns], axis=1)
        inside = np.asarray(np.isfinite(values).any(axis=1))
        moved = softmax(_logs(said) + self._scaling.features(values) @ self._slopes)
        found: np.ndarray[Any, Any] = np.where(inside[:, None], moved, said)
        return found

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        s = self.settings
        values = self._values(train)
        inside = np.asarray(np.isfinite(values).any(axis=1))
        if inside.sum() < _FEWEST:
            raise DataError(
                f"fitting {self.name}: {inside.sum()} of {len(train)} training posts have any of "
                f"{', '.join(s.columns)}; expected at least {_FEWEST}",
                hint="give more posts that have a place on the map, or a classifier of words",
            )
        self._scaling = Scaling.fit(values[inside], s.columns)
        folds = event_folds(train, s.folds) if s.by == "event" else None
        if folds is None:
            folds = make_folds(train, s.folds, seed)

        def fit(posts: LabelledPosts, fold: int) -> TextClassifier:
            return fitted_member(s.base, posts, None, seed, run, "words", fold)

        said = out_of_fold(train, folds, fit)
        self._words = fitted_member(s.base, train, valid, seed, run, "words", "all")
        known = (
            self._scaling.features(values[inside]), train.labels[inside], _logs(said[inside])
        )  # fmt: skip
        what = f"{self.name}, posts with {', '.join(s.columns)}"
        self._slopes = fit_shifts(*known, inverse_penalty=s.inverse_penalty, what=what)
        gain, error = self._held_out_gain(*known, folds[inside])
        used = gain > _SURE * error
        if not used:
            self._slopes = np.zeros_like(self._slopes)
        return {
            "with_context": int(inside.sum()),
            "posts": len(train),
            "columns": self._scaling.described(),
            "used": used,
            "held_out_gain": {"nats": round(gain, 5), "standard_error": round(error, 5)},
            "slopes": self._told_slopes(),
            "folds": len(np.unique(folds)),
            "base": {"model": self._words.name, **self._words.training["details"]},
        }

    def _held_out_gain(
        self,
        features: NDArray[np.float64],
        labels: NDArray[np.int64],
        logits: NDArray[np.float64],
        folds: NDArray[np.int64],
    ) -> tuple[float, float]:
        """Give by how much numbers lower the loss of posts held out, and its standard error."""
        gains = np.zeros(len(labels))
        for fold in np.unique(folds):
            held = folds == fold
            if len(np.unique(labels[~held])) < 2:
                continue  # nothing to learn from: nothing gained
            slopes = fit_shifts(
                features[~held], labels[~held], logits[~held],
                inverse_penalty=self.settings.inverse_penalty, what=self.name,
            )  # fmt: skip
            rows, own = np.arange(held.sum()), labels[held]
            moved = softmax(logits[held] + features[held] @ slopes)[rows, own]
            gains[held] = np.log(moved) - np.log(softmax(logits[held])[rows, own])
        return float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))

    def _values(self, posts: LabelledPosts) -> NDArray[np.float64]:
        absent = [name for name in self.columns if name not in posts.numbers]
        if absent:
            raise DataError(
                f"fitting {self.name}: the posts have no {', '.join(absent)}, which it reads",
                hint="name a table of them by --context; inundate fuse context makes one",
            )
        return np.stack([posts.numbers[name] for name in self.columns], axis=1)

    def _told_slopes(self) -> dict[str, list[float]]:
        """Give by what a standard deviation of each number moves the logit of each class."""
        told = zip(self._scaling.names(), self._slopes, strict=True)
        return {name: row.round(4).tolist() for name, row in told}

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give what the words alone say."""
        return self._words.probabilities(texts)

    def state(self) -> State:
        """Give the classifier of the words, the slopes and the scaling."""
        facts = {"scaling": self._scaling.described()}
        return State(facts, {"slopes": self._slopes}, parts={"words": self._words})

    def take_state(self, state: State) -> None:
        """Take the classifier of the words, the slopes and the scaling."""
        self._words = state.parts["words"]
        self._slopes = state.arrays["slopes"]
        self._scaling = Scaling.of_described(state.facts["scaling"])


def _logs(probabilities: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    found: np.ndarray[Any, Any] = np.log(np.clip(probabilities, _LEAST, 1.0))
    return found
