"""A classifier that reads numbers beside the words, such as depth where a post was written.

What a classifier of words says, and the numbers, are weighed by a logistic regression. As in a
stack, the words' answers that it learns from are on posts that the classifier was not fitted on. A
post of which no number is known gets the answer of the words, as it is.
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
from inundate.posts.classify.logistic import ClassWeight, fit_logistic, softmax
from inundate.posts.classify.scaling import Scaling
from inundate.posts.classify.stack import fitted_member, log_shares
from inundate.posts.labelled.numbers import Numbers
from inundate.posts.labelled.table import LabelledPosts

__all__ = ["WORDS_ALONE", "Context", "ContextSettings"]

WORDS_ALONE = "words alone"
"""Name in tables of the classifier of the words, beside the one that reads numbers too."""

_FEWEST = 20  # posts with numbers, to weigh these by


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
        default="copy",
        description="copy: copies of a post are in one part; event: whole events are, where there "
        "are two or more, so that the weights are those for a new event.",
    )
    inverse_penalty: float = Field(
        default=1.0, gt=0.0, description="C of the logistic regression: larger is freer."
    )
    class_weight: ClassWeight = Field(
        default="none", description="balanced: all classes count alike."
    )


class Context(TextClassifier):
    """Weighs what the words say and what is known beside them."""

    name = "context"
    kind = ContextSettings

    _words: TextClassifier
    _scaling: Scaling
    _slopes: NDArray[np.float64]  # (F, K): of the words' log probabilities, then of the numbers
    _offsets: NDArray[np.float64]  # (K,)

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
        values = np.stack([np.asarray(numbers[name], np.float64) for name in self.columns], axis=1)
        inside = np.asarray(np.isfinite(values).any(axis=1))
        features = np.concatenate([log_shares(said), self._scaling.features(values)], axis=1)
        weighed = softmax(features @ self._slopes + self._offsets)
        found: np.ndarray[Any, Any] = np.where(inside[:, None], weighed, said)
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

        said = log_shares(out_of_fold(train, folds, fit))
        self._words = fitted_member(s.base, train, valid, seed, run, "words", "all")
        features = np.concatenate([said, self._scaling.features(values)], axis=1)
        self._slopes, self._offsets = fit_logistic(
            features[inside],
            train.labels[inside],
            len(train.classes),
            inverse_penalty=s.inverse_penalty,
            class_weight=s.class_weight,
            what=f"{self.name}, posts with {', '.join(s.columns)}",
        )
        return {
            "with_context": int(inside.sum()),
            "posts": len(train),
            "columns": self._scaling.described(),
            "slopes": self._told_slopes(said.shape[1]),
            "folds": len(np.unique(folds)),
            "base": {"model": self._words.name, **self._words.training["details"]},
        }

    def _values(self, posts: LabelledPosts) -> NDArray[np.float64]:
        absent = [name for name in self.columns if name not in posts.numbers]
        if absent:
            raise DataError(
                f"fitting {self.name}: the posts have no {', '.join(absent)}, which it reads",
                hint="name a table of them by --context; inundate fuse context makes one",
            )
        return np.stack([posts.numbers[name] for name in self.columns], axis=1)

    def _told_slopes(self, said: int) -> dict[str, list[float]]:
        """Give by what a standard deviation of each number moves the logit of each class."""
        names = self._scaling.names()
        return {
            name: row.round(4).tolist()
            for name, row in zip(names, self._slopes[said:], strict=True)
        }

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give what the words alone say."""
        return self._words.probabilities(texts)

    def state(self) -> State:
        """Give the classifier of the words, the weights and the scaling."""
        arrays = {"slopes": self._slopes, "offsets": self._offsets}
        return State({"scaling": self._scaling.described()}, arrays, parts={"words": self._words})

    def take_state(self, state: State) -> None:
        """Take the classifier of the words, the weights and the scaling."""
        self._words = state.parts["words"]
        self._slopes, self._offsets = state.arrays["slopes"], state.arrays["offsets"]
        self._scaling = Scaling.of_described(state.facts["scaling"])
