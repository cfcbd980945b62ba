"""Words of an embedding in one memory-mapped text, found by sorted hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, overload

import numpy as np

__all__ = ["WordTable", "hash_words", "make_index"]


def hash_words(words: Iterable[bytes]) -> np.ndarray[Any, Any]:
    """Give 64 bits of BLAKE2 of each word, (N,) uint64."""
    make = hashlib.blake2b
    joined = b"".join([make(word, digest_size=8).digest() for word in words])
    return np.frombuffer(joined, "<u8").astype(np.uint64, copy=False)


def make_index(words: Sequence[bytes]) -> dict[str, np.ndarray[Any, Any]]:
    """Make the arrays of a :class:`WordTable`.

    Returns
    -------
    dict
        ``text`` uint8, ``offsets`` (V + 1,) int64, ``hashes`` (V,) uint64 in order, ``order``
        (V,) int32: the word that has the hash.
    """
    offsets = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=offsets[1:])
    hashes = hash_words(words)
    order = np.argsort(hashes, kind="stable").astype(np.int32)
    text = np.frombuffer(b"".join(words), np.uint8)
    return {"text": text, "offsets": offsets, "hashes": hashes[order], "order": order}


class WordTable(Sequence[str]):
    """The words of an embedding by number, and their numbers by word.

    Nothing is read before it is asked for. A word is its bytes: of two words with one hash each is
    found.

    Parameters
    ----------
    text, offsets, hashes, order : array
        Of :func:`make_index`.

    Examples
    --------
    >>> table = WordTable(**make_index([b"rain", b"river"]))
    >>> table[1], table.find([b"river", b"sea"]).tolist()
    ('river', [1, -1])
    """

    def __init__(
        self,
        text: np.ndarray[Any, Any],
        offsets: np.ndarray[Any, Any],
        hashes: np.ndarray[Any, Any],
        order: np.ndarray[Any, Any],
    ) -> None:
        self._text, self._offsets = text, offsets
        self._hashes, self._order = hashes, order

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, key: int) -> str: ...
    @overload
    def __getitem__(self, key: slice) -> list[str]: ...
    def __getitem__(self, key: int | slice) -> str | list[str]:
        if isinstance(key, slice):
            return [self[k] for k in range(*key.indices(len(self)))]
        number = range(len(self))[key]  # IndexError, and negative numbers, as a list has them
        return self._bytes(number).decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), 4096):
            ends = self._offsets[start : start + 4097].tolist()
            text = self._text[ends[0] : ends[-1]].tobytes()
            for a, b in pairwise(ends):
                yield text[a - ends[0] : b - ends[0]].decode("utf-8")

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._number(word) >= 0

    def index(self, word: str, start: int = 0, stop: int | None = None) -> int:
        """Give the number of a word.

        Raises
        ------
        ValueError
            If it is not there.
        """
        number = self._number(word)
        if number < start or (stop is not None and number >= stop):
            raise ValueError(f"{word!r} is not among the words")
        return number

    def _number(self, word: str) -> int:
        return int(self.find([word.encode("utf-8", "surrogatepass")])[0])

    def _bytes(self, number: int) -> bytes:
        return self._text[self._offsets[number] : self._offsets[number + 1]].tobytes()

    def find(self, words: Sequence[bytes]) -> np.ndarray[Any, Any]:
        """Give the number of each word, -1 where it is not there.

        Parameters
        ----------
        words : sequence of bytes
            UTF-8.

        Returns
        -------
        array (N,), int64
        """
        wanted = hash_words(words)
        places = np.searchsorted(self._hashes, wanted)
        return np.array(
            [
                self._at(int(place), hash_, word)
                for place, hash_, word in zip(places, wanted, words, strict=True)
            ],
            dtype=np.int64,
        )

    def _at(self, place: int, wanted: np.uint64, word: bytes) -> int:
        while place < len(self._hashes) and self._hashes[place] == wanted:
            number = int(self._order[place])
            if self._bytes(number) == word:
                return number
            place += 1
        return -1
