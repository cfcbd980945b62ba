"""Rows of a table that grows: each word that was seen, with its vector and its letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.embed.static import Embedding

__all__ = ["LETTERS", "WordTable", "common_words", "open_vectors"]

LETTERS = 20
"""Bytes of a word that its letters are read from."""
_FEW, _MANY = 1 << 10, 1 << 18


def open_vectors(source: str, stored: dict[str, Any] | None = None) -> Embedding | None:
    """Open the vectors of a model, the very ones that it was trained with.

    Parameters
    ----------
    source : str
        Name or path; ``none`` for a model that learns its own.
    stored : dict, optional
        What the saved model knows of them.

    Raises
    ------
    DataError
        If the vectors are not those.
    """
    embedding = None if source == "none" else Embedding.open(source)
    digest = None if embedding is None else embedding.digest
    if stored is not None and stored["digest"] != digest:
        raise DataError(
            f"opening a classifier: it was trained with the vectors {stored['name']!r} of digest "
            f"{str(stored['digest'])[:12]}, {source!r} has {str(digest)[:12]}",
            hint="give the file that it was trained with, or train anew: inundate posts train",
        )
    return embedding


class WordTable:
    """Numbers the words of texts; row 0 stands for nothing.

    Parameters
    ----------
    embedding : Embedding or None
    width : int
        E, of the vectors where there is no embedding.
    own : sequence of str
        Words that the model has learnt something about by themselves.

    Attributes
    ----------
    vectors : array (R, E), float32
        Of each row, zero where the embedding lacks the word.
    own : array (R,), int64
        Place of the word among the own words from 1 on, 0 for others.
    letters : array (R, 20), uint8
        First bytes of the word, zeros behind.
    """

    def __init__(self, embedding: Embedding | None, width: int, own: Sequence[str] = ()) -> None:
        self.embedding = embedding
        self.width = width if embedding is None else embedding.width
        self.own_words = tuple(own)
        self._places = {word: number for number, word in enumerate(self.own_words, 1)}
        self._clear()

    def _clear(self) -> None:
        self._rows: dict[str, int] = {"": 0}
        self._vectors = np.zeros((_FEW, self.width), np.float32)
        self._own = np.zeros(_FEW, np.int64)
        self._letters = np.zeros((_FEW, LETTERS), np.uint8)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def vectors(self) -> np.ndarray[Any, Any]:
        """Vectors of the rows (R, E)."""
        return self._vectors[: len(self)]

    @property
    def own(self) -> np.ndarray[Any, Any]:
        """Places among the own words (R,)."""
        return self._own[: len(self)]

    @property
    def letters(self) -> np.ndarray[Any, Any]:
        """Bytes of the words (R, 20)."""
        return self._letters[: len(self)]

    def known(self, words: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give which words the embedding has, (L,) bool."""
        if self.embedding is None:
            return np.zeros(len(words), bool)
        return self.embedding.ids(words) >= 0

    def rows(self, texts_tokens: Sequence[Sequence[str]]) -> list[np.ndarray[Any, Any]]:
        """Give the rows of the words of each text; new words get new rows.

        Parameters
        ----------
        texts_tokens : sequence of sequence of str
            N texts of L tokens.

        Returns
        -------
        list of array (L,), int64
            Good until :meth:`trim`.
        """
        rows = self._rows
        new = dict.fromkeys(word for tokens in texts_tokens for word in tokens if word not in rows)
        if new:
            self._add(list(new))
        return [np.array([rows[word] for word in tokens], np.int64) for tokens in texts_tokens]

    def trim(self) -> None:
        """Start anew where very many words were met, so that a stream does not fill the memory."""
        if len(self) > _MANY:
            self._clear()

    def _add(self, words: list[str]) -> None:
        first, end = len(self), len(self) + len(words)
        if end > len(self._vectors):
            more = max(end, 2 * len(self._vectors)) - len(self._vectors)
            self._vectors = np.pad(self._vectors, ((0, more), (0, 0)))
            self._own = np.pad(self._own, (0, more))
            self._letters = np.pad(self._letters, ((0, more), (0, 0)))
        self._rows.update(zip(words, range(first, end), strict=True))
        if self.embedding is not None:
            self._vectors[first:end] = self.embedding.look_up(words)
        self._own[first:end] = [self._places.get(word, 0) for word in words]
        for row, word in enumerate(words, first):
            letters = word.encode("utf-8", "surrogatepass")[:LETTERS]
            self._letters[row, : len(letters)] = np.frombuffer(letters, np.uint8)


def common_words(texts_tokens: Iterable[Sequence[str]], at_least: int) -> list[str]:
    """Give the words that enough texts have, the commonest first.

    Examples
    --------
    >>> common_words([["a", "b"], ["a"], ["b", "a", "c"]], 2)
    ['a', 'b']
    """
    counts: Counter[str] = Counter()
    for tokens in texts_tokens:
        counts.update(set(tokens))
    found = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [word for word, number in found if number >= at_least]
