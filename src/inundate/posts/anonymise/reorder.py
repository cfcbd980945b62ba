"""Texts that no search finds: words in another order, rare ones left out, or tokens for words."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from inundate.posts.anonymise.distinct import value_codes
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

    Parameters
    ----------
    k : int
        At most 48; more authors than that cannot be told apart by 64 marks.
    """

    def __init__(self, k: int) -> None:
        self.k = min(k, 48)
        self._marks = np.zeros((2, _BUCKETS), dtype=np.uint64)

    def add(self, column: pa.Array, authors: np.ndarray) -> None:
        """Take texts (N,) and the codes of their authors (N,)."""
        words, rows = words_of(column)
        coded = words.dictionary_encode()
        codes = value_codes(coded.dictionary.to_pylist())[np.asarray(coded.indices)]
        marks = np.uint64(1) << (authors[rows].astype(np.uint64) % np.uint64(64))
        for table, buckets in zip(self._marks, _buckets(codes), strict=True):
            np.bitwise_or.at(table, buckets, marks)

    def __contains__(self, word: str) -> bool:
        first, second = _buckets(value_codes([word]))
        marks = (int(self._marks[0, first[0]]), int(self._marks[1, second[0]]))
        return min(mark.bit_count() for mark in marks) >= self.k


def _buckets(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    plain = codes.astype(np.uint64)
    size = np.uint64(_BUCKETS)
    return (plain % size).astype(np.int64), ((plain >> np.uint64(32)) % size).astype(np.int64)


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
    ranks: dict[str, str] = {}

    def rank(word: str) -> str:
        if word not in ranks:
            ranks[word] = tokens.one("order", source, word)
        return ranks[word]

    return pa.array(
        [text and _reordered(text, common, rank) for text in column.to_pylist()], pa.string()
    )


def _reordered(text: str, common: CommonWords, rank: Callable[[str], str]) -> str:
    words = [word.lower() for word in _WORD.findall(text)]
    kept = [word for word in words if _MARK.fullmatch(word) or word in common]
    order = sorted(kept, key=rank)
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
