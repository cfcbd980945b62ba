"""Texts that no search finds: words in another order, rare ones left out, or tokens for words."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from inundate.posts.anonymise.handles import words_of
from inundate.posts.anonymise.tokens import Pseudonyms

__all__ = ["RUN", "CommonWords", "hashed_texts", "longest_run", "reordered_texts"]

RUN = 4
"""Words in their own order that a paraphrase-safe text holds at most; search needs about 8."""
_BUCKETS = 1 << 22
_LETTERS = 12  # of a word's token: 48 bit, since it stands for a word and not for a person
_WORD = re.compile(r"<[a-z]+>|\w[\w'’-]*")
_MARK = re.compile(r"<[a-z]+>")


class CommonWords:
    """Words that enough authors use, in 64 MB however many there are.

    Each word has two sets of 64 marks that it may share with other words; an author makes one mark
    in each. A word is common when both sets have ``k`` marks, so it has been used by ``k``
    authors at least, but for the one in some thousands that shares both sets with common words.
    Sets and marks are keyed: they are the same for the same key, and told to nobody.

    Parameters
    ----------
    k : int
        At most 48; more authors than that cannot be told apart by 64 marks.
    tokens : Pseudonyms
    """

    def __init__(self, k: int, tokens: Pseudonyms) -> None:
        self.k, self._tokens = min(k, 48), tokens
        self._marks = np.zeros((2, _BUCKETS), dtype=np.uint64)

    def add(self, column: pa.Array, authors: pa.Array) -> None:
        """Take texts (N,) and their authors (N,)."""
        words, rows = words_of(column)
        coded, names = words.dictionary_encode(), authors.dictionary_encode()
        buckets = self._codes(coded.dictionary.to_pylist()) % np.uint64(_BUCKETS)
        marks = np.uint64(1) << self._codes(names.dictionary.to_pylist())[0] % np.uint64(64)
        codes, made = np.asarray(coded.indices), marks[np.asarray(names.indices)[rows]]
        for table, places in zip(self._marks, buckets, strict=True):
            np.bitwise_or.at(table, places[codes].astype(np.int64), made)

    def _codes(self, values: list[str]) -> np.ndarray:
        digests = self._tokens.digests("common", "", values)
        return np.frombuffer(digests, dtype="<u8").reshape(-1, 2).T

    def __contains__(self, word: str) -> bool:
        buckets = (self._codes([word])[:, 0] % np.uint64(_BUCKETS)).tolist()
        marks = [int(table[place]) for table, place in zip(self._marks, buckets, strict=True)]
        return min(mark.bit_count() for mark in marks) >= self.k


def hashed_texts(column: pa.Array, tokens: Pseudonyms, source: str) -> pa.Array:
    """Put a keyed token for each word of scrubbed texts; marks such as ``<url>`` stay."""
    known: dict[str, str] = {}

    def token(word: str) -> str:
        if _MARK.fullmatch(word):
            return word
        low = word.lower()
        if low not in known:
            known[low] = tokens.one("word", source, low)[:_LETTERS]
        return known[low]

    texts = (text and " ".join(map(token, _WORD.findall(text))) for text in column.to_pylist())
    return pa.array(list(texts), pa.string())


def reordered_texts(
    column: pa.Array, common: CommonWords, tokens: Pseudonyms, source: str
) -> pa.Array:
    """Put the common words of scrubbed texts in an order that only the key knows."""
    ranks: dict[str, str | None] = {}

    def rank(word: str) -> str | None:
        if word not in ranks:
            is_shown = _MARK.fullmatch(word) or word in common
            ranks[word] = tokens.one("order", source, word) if is_shown else None
        return ranks[word]

    return pa.array([text and _reordered(text, rank) for text in column.to_pylist()], pa.string())


def _reordered(text: str, rank: Callable[[str], str | None]) -> str:
    words = [word.lower() for word in _WORD.findall(text)]
    ranked = [(place, word) for word in words if (place := rank(word)) is not None]
    order = [word for _, word in sorted(ranked)]
    if longest_run(words, order) > RUN:  # by chance; one of some thousands
        order.reverse()
    if longest_run(words, order) > RUN:  # the same few words over and over
        order = order[:RUN]
    return " ".join(order)


def longest_run(original: list[str], made: list[str]) -> int:
    """Give the length of the longest run of words that both have, in words.

    Examples
    --------
    >>> longest_run("a b c d".split(), "x b c y".split())
    2
    """
    longest = 0
    before = [0] * (len(original) + 1)
    for word in made:
        now = [0] * (len(original) + 1)
        for place, other in enumerate(original):
            if word == other:
                now[place + 1] = before[place] + 1
                longest = max(longest, now[place + 1])
        before = now
    return longest
