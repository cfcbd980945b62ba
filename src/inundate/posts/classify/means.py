"""Mean and extremes of the vectors of the words of a post, with logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.run import Run
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.logistic import ClassWeight, fit_logistic, softmax
from inundate.posts.classify.words import WordTable, open_vectors
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings

__all__ = ["VectorMean", "VectorMeanSettings"]


class VectorMeanSettings(Settings):
    """Which vectors, and how freely weights may grow."""

    embedding: str = Field(
        default="glove-6b-50d", description="Vectors of words: a name, a file or a folder."
    )
    extremes: bool = Field(
        default=True,
        description="Also the largest and smallest of each number among the words of a post: one "
        "word that matters is not lost among many.",
    )
    inverse_penalty: float = Field(
        default=1.0, gt=0.0, description="C of the logistic regression: larger is freer."
    )
    class_weight: ClassWeight = Field(
        default="none", description="balanced: all classes count alike."
    )
    tokeniser: TokeniserSettings = TokeniserSettings()


class VectorMean(TextClassifier):
    """Mean and extremes of the vectors of the words that the embedding has; of no word, zeros."""

    name = "vector_mean"
    kind = VectorMeanSettings

    _tokeniser: Tokeniser
    _table: WordTable
    _scale: np.ndarray[Any, Any]  # (2, F): mean and spread of the features
    _slopes: np.ndarray[Any, Any]
    _offsets: np.ndarray[Any, Any]

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        s = self.settings
        self._tokeniser = Tokeniser(s.tokeniser)
        self._table = WordTable(open_vectors(s.embedding), 1)
        features = self._features(train.texts)
        spread = features.std(0)
        self._scale = np.stack([features.mean(0), np.where(spread > 0, spread, 1.0)])
        self._slopes, self._offsets = fit_logistic(
            (features - self._scale[0]) / self._scale[1],
            train.labels,
            len(train.classes),
            inverse_penalty=s.inverse_penalty,
            class_weight=s.class_weight,
            what=self.name,
        )
        return {"features": features.shape[1]}

    def _features(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give mean, maximum and minimum of each text (N, 3 E), or the mean (N, E); float64."""
        self._table.trim()
        rows = self._table.rows([self._tokeniser(text) for text in texts])
        flat = np.concatenate([*rows, np.empty(0, np.int64)])
        place = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        vectors = self._table.vectors.astype(np.float64)
        known = np.asarray(vectors.any(1))[flat]
        flat, place = flat[known], place[known]
        counts = np.bincount(place, minlength=len(rows))
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        some = counts > 0
        ways: list[np.ufunc] = [np.add]
        if self.settings.extremes:
            ways += [np.maximum, np.minimum]
        found = np.zeros((len(ways), len(rows), vectors.shape[1]))
        if some.any():
            words = vectors[flat]
            for number, way in enumerate(ways):
                found[number, some] = way.reduceat(words, starts[some], axis=0)
        found[0] /= np.maximum(counts, 1)[:, None]
        return np.concatenate(found, axis=1)

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        scaled = (self._features(texts) - self._scale[0]) / self._scale[1]
        return softmax(scaled @ self._slopes + self._offsets)

    def state(self) -> State:
        """Give the weights, and what the vectors were."""
        embedding = self._table.embedding
        return State(
            facts={
                "tokeniser": self._tokeniser.describe(),
                "embedding": {
                    "name": None if embedding is None else embedding.name,
                    "digest": None if embedding is None else embedding.digest,
                    "width": self._table.width,
                },
            },
            arrays={"scale": self._scale, "slopes": self._slopes, "offsets": self._offsets},
        )

    def take_state(self, state: State) -> None:
        """Take the weights; the vectors are opened, and must be the same."""
        self._tokeniser = Tokeniser.from_description(state.facts["tokeniser"])
        embedding = open_vectors(self.settings.embedding, dict(state.facts["embedding"]))
        self._table = WordTable(embedding, 1)
        self._scale = state.arrays["scale"]
        self._slopes, self._offsets = state.arrays["slopes"], state.arrays["offsets"]
