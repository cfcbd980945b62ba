"""Vectors for unknown words from their pieces, fitted to the words that are known.

Each run of three to five characters of ``<word>`` is hashed to one of many buckets, and the
vectors of the buckets are fitted so that their mean over a word's pieces comes near its vector
(bag of subwords: Zhao, Mudgal and Liang 2018, doi:10.18653/v1/D18-1059). Misspelt, inflected and
run-together words, of which posts are full, then stand near the words that they are made of.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.files import atomic_file
from inundate.posts.embed.index import WordTable
from inundate.posts.lock import locked

__all__ = ["LONGEST", "SHORTEST", "Subwords", "fit_subwords", "open_subwords", "pieces"]

SHORTEST, LONGEST = 3, 5
_BUCKETS = 2**17
_WORDS = 100_000
"""The first words of a file are fitted: the commonest ones, where it is ordered so."""
_EPOCHS = 10
_RATES = (0.5, 0.02)  # from, to: share of the error that one word's step takes away
_FILE = "subwords-2.npy"
_BASIS, _PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF  # FNV-1a, 32 bits


def pieces(word: str, buckets: int = _BUCKETS) -> list[int]:
    """Give the bucket of each piece of a word, once where a piece comes again.

    Otherwise a word such as ``-----`` would move its one bucket by many times its error.

    Examples
    --------
    >>> len(pieces("rain"))  # <ra rai ain in>  <rai rain ain>  <rain rain>
    9
    """
    text = f"<{word}>"
    found = []
    for size in range(SHORTEST, LONGEST + 1):
        for start in range(len(text) - size + 1):
            value = _BASIS
            for byte in text[start : start + size].encode("utf-8", "surrogatepass"):
                value = ((value ^ byte) * _PRIME) & _MASK
            found.append(value % buckets)
    return list(dict.fromkeys(found))


class Subwords:
    """Vectors of buckets.

    Parameters
    ----------
    buckets : array (K, E), float32
    """

    def __init__(self, buckets: np.ndarray[Any, Any]) -> None:
        self.buckets = buckets

    def vector(self, word: str) -> np.ndarray[Any, Any]:
        """Give the mean of the vectors of a word's pieces, (E,) float32; zero for no piece."""
        numbers = pieces(word, len(self.buckets))
        if not numbers:
            return np.zeros(self.buckets.shape[1], np.float32)
        return np.asarray(self.buckets[numbers].mean(axis=0, dtype=np.float64), np.float32)


def fit_subwords(
    words: WordTable, vectors: np.ndarray[Any, Any], *, buckets: int = _BUCKETS, seed: int = 0
) -> Subwords:
    """Fit the vectors of buckets to the words that are known.

    Parameters
    ----------
    words : WordTable
        V.
    vectors : array (V, E), float32
    buckets : int
        K.
    seed : int
        Of the order in which words are taken.
    """
    from inundate.posts.embed.subword_kernel import count_pieces, fit, list_pieces

    count = min(len(words), _WORDS)
    marked = [f"<{words[k]}>".encode() for k in range(count)]
    ends = np.cumsum([len(word) for word in marked])
    text = np.frombuffer(b"".join(marked), np.uint8)
    starts = np.zeros(count + 1, np.int64)
    numbers = np.empty(count_pieces(text, ends, SHORTEST, LONGEST).sum(), np.int32)
    list_pieces(text, ends, starts, numbers, SHORTEST, LONGEST, buckets)
    found = np.zeros((buckets, vectors.shape[1]), np.float32)
    rng = np.random.default_rng(seed)
    target = np.ascontiguousarray(vectors[:count])
    for epoch in range(_EPOCHS):
        share = epoch / (_EPOCHS - 1)
        rate = _RATES[0] * (_RATES[1] / _RATES[0]) ** share
        fit(found, target, starts, numbers, rng.permutation(count), np.float32(rate))
    return Subwords(found)


def open_subwords(folder: Path, words: WordTable, vectors: np.ndarray[Any, Any]) -> Subwords:
    """Give the subwords of an embedding, fitted once and kept in its folder.

    Parameters
    ----------
    folder : Path
        Of the embedding.
    words : WordTable
    vectors : array (V, E), float32

    Notes
    -----
    In a folder that cannot be written to they are fitted each time, to the same numbers.
    """
    file = folder / _FILE
    found = _load(file, vectors.shape[1])
    if found is None and not os.access(folder, os.W_OK | os.X_OK):
        return fit_subwords(words, vectors)
    if found is None:
        with locked(folder / "subwords.lock"):
            found = _load(file, vectors.shape[1])
            if found is None:
                found = fit_subwords(words, vectors)
                with atomic_file(file) as part:
                    np.save(part, found.buckets)
    return found


def _load(file: Path, width: int) -> Subwords | None:
    try:
        buckets: np.ndarray[Any, Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # not fitted yet, or damaged: fitted anew
    return Subwords(buckets.view(np.ndarray)) if buckets.shape == (_BUCKETS, width) else None
