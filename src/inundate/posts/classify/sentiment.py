"""Sentiment by a list of words, as VADER does it: negation, boosters, capitals, exclamations.

List and code are of this package; VADER's own list and the package vaderSentiment are not used.

Source
------
The rules follow Hutto and Gilbert (2014), "VADER: A Parsimonious Rule-based Model for Sentiment
Analysis of Social Media Text", ICWSM.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from inundate.core.config import Settings
from inundate.core.run import Run
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings

__all__ = ["Sentiment", "SentimentSettings", "compound"]

_NEGATIONS = frozenset(
    ("not", "no", "never", "n't", "cannot", "without", "hardly", "nobody", "nothing", "neither")
)
_BOOSTERS: Mapping[str, float] = {
    **dict.fromkeys(("very", "really", "so", "extremely", "totally", "absolutely", "too"), 0.3),
    **dict.fromkeys(("slightly", "somewhat", "barely", "kinda", "partly", "almost"), -0.3),
}
# Hutto and Gilbert: a negated word has -0.74 of its strength; of the words before, three count
_NEGATED, _REACH = -0.74, 3
_SHOUTED, _EXCLAIMED, _MOST_MARKS = 0.7, 0.3, 4
_SCALE = 15.0  # of the squash to -1..1; Hutto and Gilbert
_NAMES = ("negative", "neutral", "positive")
_CLEAR = 0.05  # compound beyond which a text is not neutral; Hutto and Gilbert
_SURE = 0.5 + 1e-6


@lru_cache(maxsize=1)
def _polarity() -> dict[str, float]:
    text = (files("inundate.posts.classify") / "polarity.txt").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            value, *words = line.split()
            found.update(dict.fromkeys(words, float(value)))
    return found


def compound(text: str, tokens: Sequence[str]) -> float:
    """Give the sentiment of a text, -1 to 1; 0 where it has no word of the list.

    Parameters
    ----------
    text : str
        As it was written, for capitals and exclamation marks.
    tokens : sequence of str
        Its words in lower case.

    Examples
    --------
    >>> compound("good", ["good"]) > 0 > compound("not good", ["not", "good"])
    True
    """
    known = _polarity()
    shouted = set()
    if not text.isupper():
        shouted = {word.lower() for word in text.split() if len(word) > 1 and word.isupper()}
    total = 0.0
    for place, token in enumerate(tokens):
        value = known.get(token)
        if value is None:
            continue
        sign = math.copysign(1.0, value)
        before = tokens[max(0, place - _REACH) : place]
        value += sign * sum(_BOOSTERS.get(word, 0.0) for word in before)
        value += sign * _SHOUTED * (token in shouted)
        if any(word in _NEGATIONS for word in before):
            value *= _NEGATED
        total += value
    if total:
        total += math.copysign(_EXCLAIMED, total) * min(text.count("!"), _MOST_MARKS)
    return total / math.sqrt(total * total + _SCALE)


class SentimentSettings(Settings):
    """How texts are cut."""

    tokeniser: TokeniserSettings = TokeniserSettings()


class Sentiment(TextClassifier):
    """Negative, neutral or positive by a list of words, and what classes such posts have.

    Where the classes are called negative, neutral and positive (or two of these), the rule
    stands by its answer. For any other question it tells what share of each class the training
    posts of the same sentiment had: how far sentiment alone goes.
    """

    name = "sentiment"
    kind = SentimentSettings

    _tokeniser: Tokeniser
    _table: np.ndarray[Any, Any]  # (3, K): negative, neutral, positive

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        self._tokeniser = Tokeniser(self.settings.tokeniser)
        kinds = self._kinds(train.texts)
        count = len(train.classes)
        table = np.ones((3, count))
        np.add.at(table, (kinds, train.labels), 1.0)
        table /= table.sum(1, keepdims=True)
        names = [name.casefold() for name in train.classes]
        for row, name in enumerate(_NAMES):
            if name in names and set(names) <= set(_NAMES):
                own = names.index(name)
                if table[row, own] < _SURE:
                    rest = np.delete(np.arange(count), own)
                    table[row, rest] *= (1 - _SURE) / table[row, rest].sum()
                    table[row, own] = _SURE
        self._table = table
        return {"kinds": dict(zip(_NAMES, np.bincount(kinds, minlength=3).tolist(), strict=True))}

    def _kinds(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give 0, 1 or 2 for negative, neutral and positive texts (N,)."""
        found = np.array([compound(text, self._tokeniser(text)) for text in texts], np.float64)
        return (found >= _CLEAR).astype(np.int64) - (found <= -_CLEAR) + 1

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return self._table.take(self._kinds(texts), axis=0)

    def state(self) -> State:
        """Give the shares of the classes."""
        return State({"tokeniser": self._tokeniser.describe()}, {"table": self._table})

    def take_state(self, state: State) -> None:
        """Take the shares of the classes."""
        self._tokeniser = Tokeniser.from_description(state.facts["tokeniser"])
        self._table = state.arrays["table"]
