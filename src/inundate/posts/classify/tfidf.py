"""TF-IDF of words or letters with logistic regression: the baseline that is hard to beat."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import require_extra
from inundate.core.run import Run
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.grams import CharacterGrams, Grams, WordGrams, choose_terms
from inundate.posts.classify.logistic import ClassWeight, fit_logistic, softmax
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings

__all__ = ["TfidfCharacters", "TfidfSettings", "TfidfWords"]


class TfidfSettings(Settings):
    """What is counted, and how freely weights may grow."""

    at_least: int = Field(default=2, ge=1, description="Training posts that must have a term.")
    at_most: int = Field(default=100_000, ge=1, description="Terms; the commonest are kept.")
    inverse_penalty: float = Field(
        default=4.0, gt=0.0, description="C of the logistic regression: larger is freer."
    )
    class_weight: ClassWeight = Field(
        default="none", description="balanced: all classes count alike."
    )
    tokeniser: TokeniserSettings = TokeniserSettings()


class TfidfWordsSettings(TfidfSettings):
    """What words are counted."""

    pairs: bool = Field(default=True, description="Also count pairs of neighbouring words.")


class TfidfCharactersSettings(TfidfSettings):
    """What runs of letters are counted."""

    shortest: int = Field(default=2, ge=1, description="Letters of the shortest run.")
    longest: int = Field(default=5, ge=1, description="Letters of the longest run.")


class _Tfidf(TextClassifier):
    """Rows of 1 + log(count) times the rarity of a term, of length 1, times weights."""

    _grams: Grams
    _terms: list[str]
    _rarity: np.ndarray[Any, Any]  # (F,)
    _slopes: np.ndarray[Any, Any]  # (F, K)
    _offsets: np.ndarray[Any, Any]  # (K,)

    @abstractmethod
    def _make_grams(self, tokeniser: Tokeniser) -> Grams:
        """Make what cuts texts into terms."""

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        sparse: Any = require_extra("text", "scipy.sparse", what=f"fitting {self.name}")
        s = self.settings
        self._grams = self._make_grams(Tokeniser(s.tokeniser))
        self._terms, seen = choose_terms(
            self._grams, train.texts, at_least=s.at_least, at_most=s.at_most
        )
        self._grams.learn(self._terms)
        # Sparck Jones 1972, smoothed as if one more post had every term
        self._rarity = np.log((1 + len(train)) / (1 + seen)) + 1
        rows, columns, values = self._entries(train.texts)
        shape = (len(train), len(self._terms))
        self._slopes, self._offsets = fit_logistic(
            sparse.csr_matrix((values, (rows, columns)), shape=shape),
            train.labels,
            len(train.classes),
            inverse_penalty=s.inverse_penalty,
            class_weight=s.class_weight,
            what=self.name,
        )
        return {"terms": len(self._terms)}

    def _entries(
        self, texts: Sequence[str]
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Give text, term and value of all entries that are not zero."""
        numbers, lengths = self._grams.numbers(texts)
        width = len(self._terms)
        keys = np.repeat(np.arange(len(texts)), lengths) * width + numbers
        keys, counts = np.unique(keys, return_counts=True)
        rows, columns = np.divmod(keys, width)
        values = (1 + np.log(counts)) * self._rarity[columns]
        squares = np.bincount(rows, values**2, minlength=len(texts))
        return rows, columns, values / np.sqrt(squares)[rows]

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        rows, columns, values = self._entries(texts)
        logits = np.tile(self._offsets, (len(texts), 1))
        for k in np.flatnonzero(self._slopes.any(0)):  # of two classes the first has no slopes
            logits[:, k] += np.bincount(
                rows, values * self._slopes[columns, k], minlength=len(texts)
            )
        return softmax(logits)

    def state(self) -> State:
        """Give terms, rarities and weights."""
        return State(
            facts={"terms": self._terms, "tokeniser": self._grams.tokeniser.describe()},
            arrays={"rarity": self._rarity, "slopes": self._slopes, "offsets": self._offsets},
        )

    def take_state(self, state: State) -> None:
        """Take terms, rarities and weights."""
        self._terms = list(state.facts["terms"])
        self._grams = self._make_grams(Tokeniser.from_description(state.facts["tokeniser"]))
        self._grams.learn(self._terms)
        self._rarity = state.arrays["rarity"]
        self._slopes, self._offsets = state.arrays["slopes"], state.arrays["offsets"]


class TfidfWords(_Tfidf):
    """Words and pairs of words."""

    name = "tfidf_words"
    kind = TfidfWordsSettings

    def _make_grams(self, tokeniser: Tokeniser) -> Grams:
        return WordGrams(tokeniser, pairs=self.settings.pairs)


class TfidfCharacters(_Tfidf):
    """Runs of letters within words, so that unknown words still say something."""

    name = "tfidf_characters"
    kind = TfidfCharactersSettings

    def _make_grams(self, tokeniser: Tokeniser) -> Grams:
        s = self.settings
        return CharacterGrams(tokeniser, shortest=s.shortest, longest=s.longest)
