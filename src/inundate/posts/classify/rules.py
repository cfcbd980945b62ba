"""Classifiers that learn next to nothing, and that every other one must beat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.run import Run
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.signs import FLOOD_STEMS, StemSign, TermSign, read_terms
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.tokenise import Tokeniser

__all__ = ["Keyword", "KeywordSettings", "Lexicon", "LexiconSettings", "Majority"]

_SURE = 0.5 + 1e-6  # a rule stands by its answer, however often it was wrong


class MajoritySettings(Settings):
    """The majority has nothing to set."""


class Majority(TextClassifier):
    """Gives every post the shares of the classes among the training posts."""

    name = "majority"
    kind = MajoritySettings

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        self._shares = _shares(train.labels, len(train.classes))
        return {}

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return np.tile(self._shares, (len(texts), 1))

    def state(self) -> State:
        """Give the shares."""
        return State(arrays={"shares": self._shares})

    def take_state(self, state: State) -> None:
        """Take the shares."""
        self._shares = state.arrays["shares"]


class _Rule(TextClassifier):
    """Says yes where a post has a sign; how sure it is comes from the training posts."""

    _table: np.ndarray[Any, Any]  # (2, K): without the sign, with it

    def _signs(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        raise NotImplementedError

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        flags = self._signs(train.texts)
        count = len(train.classes)
        table = np.stack([_shares(train.labels[flags == flag], count) for flag in (0, 1)])
        if count == 2:
            table[0, 0], table[1, 1] = max(table[0, 0], _SURE), max(table[1, 1], _SURE)
            table[0, 1], table[1, 0] = 1 - table[0, 0], 1 - table[1, 1]
        self._table = table
        return {"posts_with_sign": int(flags.sum())}

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return self._table.take(self._signs(texts).astype(np.intp), axis=0)

    def take_state(self, state: State) -> None:
        """Take the shares of the classes with and without the sign."""
        self._table = state.arrays["table"]


class KeywordSettings(Settings):
    """What the keyword rule looks for."""

    stems: tuple[str, ...] = Field(
        default=FLOOD_STEMS,
        min_length=1,
        description="Letters that a post must hold anywhere, also within a hashtag.",
    )


class Keyword(_Rule):
    """Of two classes, the second where a post holds one of some stems."""

    name = "keyword"
    kind = KeywordSettings

    def _signs(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return StemSign(self.settings.stems)(texts)

    def state(self) -> State:
        """Give the shares of the classes with and without the sign."""
        return State(arrays={"table": self._table})


class LexiconSettings(Settings):
    """Where the lexicon is."""

    lexicon: Path | None = Field(
        default=None,
        description="File with one term a line, such as CrisisLexRec.txt; of a term of several "
        "words a post must hold all. None: the words of hazards that the package knows.",
    )


class Lexicon(_Rule):
    """Of two classes, the second where a post holds a term of a lexicon."""

    name = "lexicon"
    kind = LexiconSettings

    _sign: TermSign

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        self._sign = TermSign(read_terms(self.settings.lexicon), Tokeniser())
        return {**super()._fit(train, valid, seed, run), "terms": len(self._sign.terms)}

    def _signs(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return self._sign(texts)

    def state(self) -> State:
        """Give the terms and the shares of the classes with and without one."""
        return State(
            facts={"terms": list(self._sign.terms), "tokeniser": self._sign.tokeniser.describe()},
            arrays={"table": self._table},
        )

    def take_state(self, state: State) -> None:
        """Take the terms and the shares."""
        super().take_state(state)
        tokeniser = Tokeniser.from_description(state.facts["tokeniser"])
        self._sign = TermSign(tuple(state.facts["terms"]), tokeniser)


def _shares(labels: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Give the shares of the classes, each as if seen once more, so that none is impossible."""
    seen: np.ndarray[Any, Any] = np.bincount(labels, minlength=count) + 1.0
    seen /= seen.sum()
    return seen
