"""Numbers of the words, pairs of words and runs of letters of a text, fast and cached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Any, Protocol

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.text.tokenise import Tokeniser

__all__ = ["CharacterGrams", "Grams", "WordGrams", "choose_terms"]

_KEPT = 1 << 17  # words whose runs of letters are remembered


class Grams(Protocol):
    """Turns texts into numbers of terms."""

    tokeniser: Tokeniser

    def split(self, tokens: list[str]) -> Iterable[str]:
        """Give all terms of a text, known or not, with repetitions."""

    def learn(self, terms: Sequence[str]) -> None:
        """Take the terms that are known, in the order of their numbers."""

    def numbers(self, texts: Sequence[str]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Give the numbers of all known terms, and how many each text has."""


class WordGrams:
    """Words, and pairs of words that stand side by side.

    Parameters
    ----------
    tokeniser : Tokeniser
    pairs : bool
    """

    def __init__(self, tokeniser: Tokeniser, *, pairs: bool) -> None:
        self.tokeniser, self.pairs = tokeniser, pairs
        self._words: dict[str, int] = {}
        self._pairs: dict[tuple[str, ...], int] = {}

    def split(self, tokens: list[str]) -> Iterable[str]:
        """Give words, and pairs with a blank between."""
        return chain(tokens, map(" ".join, pairwise(tokens))) if self.pairs else tokens

    def learn(self, terms: Sequence[str]) -> None:
        """Take the terms that are known."""
        split = [(number, tuple(term.split(" "))) for number, term in enumerate(terms)]
        self._words = {words[0]: number for number, words in split if len(words) == 1}
        self._pairs = {words: number for number, words in split if len(words) > 1}

    def numbers(self, texts: Sequence[str]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Give the numbers of all known terms (M,) and how many each text has (N,)."""
        tokeniser, word, pair = self.tokeniser, self._words.get, self._pairs.get
        flat: list[int | None] = []
        ends = []
        for text in texts:
            tokens = tokeniser(text)
            flat += map(word, tokens)
            if self.pairs:
                flat += map(pair, pairwise(tokens))
            ends.append(len(flat))
        every = np.array([-1 if number is None else number for number in flat], dtype=np.int64)
        known = every >= 0
        before = np.concatenate([[0], np.cumsum(known)])
        return every[known], np.diff(before[np.array([0, *ends])])


class CharacterGrams:
    """Runs of letters within words, whose ends count as blanks.

    Parameters
    ----------
    tokeniser : Tokeniser
    shortest, longest : int
        Letters of a run.
    """

    def __init__(self, tokeniser: Tokeniser, *, shortest: int, longest: int) -> None:
        self.tokeniser, self.sizes = tokeniser, range(shortest, longest + 1)
        self._terms: dict[str, int] = {}
        self._words: dict[str, tuple[int, ...]] = {}

    def split(self, tokens: list[str]) -> Iterable[str]:
        """Give the runs of all words."""
        for token in tokens:
            yield from self._runs(token)

    def _runs(self, token: str) -> Iterable[str]:
        word = f" {token} "
        for size in self.sizes:
            if size >= len(word):  # once, for what is shorter than the run
                yield word
                return
            for start in range(len(word) - size + 1):
                yield word[start : start + size]

    def learn(self, terms: Sequence[str]) -> None:
        """Take the terms that are known."""
        self._terms = {term: number for number, term in enumerate(terms)}
        self._words = {}

    def numbers(self, texts: Sequence[str]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Give the numbers of all known terms (M,) and how many each text has (N,)."""
        flat: list[int] = []
        ends = []
        words = self._words
        for text in texts:
            for token in self.tokeniser(text):
                found = words.get(token)
                flat += self._word(token) if found is None else found
            ends.append(len(flat))
        return np.array(flat, dtype=np.int64), np.diff(np.array([0, *ends]))

    def _word(self, token: str) -> tuple[int, ...]:
        found = tuple(self._terms[run] for run in self._runs(token) if run in self._terms)
        if len(self._words) >= _KEPT:
            self._words.clear()
        self._words[token] = found
        return found


def choose_terms(
    grams: Grams, texts: Sequence[str], *, at_least: int, at_most: int
) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Give the terms that enough texts have, and in how many texts each is.

    Parameters
    ----------
    grams : Grams
    texts : sequence of str
        Training texts.
    at_least : int
        Texts that must have a term.
    at_most : int
        Terms; the commonest are kept.

    Raises
    ------
    DataError
        If no term is in so many texts.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(grams.split(grams.tokeniser(text))))
    kept = [(term, number) for term, number in counts.items() if number >= at_least]
    if not kept:
        raise DataError(
            f"choosing terms: none of {len(counts)} is in at least {at_least} of "
            f"{len(texts)} texts",
            hint="give more posts, or a smaller at_least",
        )
    kept.sort(key=lambda item: (-item[1], item[0]))
    kept = sorted(kept[:at_most])
    return [term for term, _ in kept], np.array([number for _, number in kept], np.float64)
