"""Count how many different authors share a value, for many values at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

__all__ = ["Distinct", "Frequent", "codes_of", "count_authors", "unique_pairs", "value_codes"]

_PAIRS = 100_000  # waiting pairs; 2 MB


def value_codes(values: Sequence[object]) -> np.ndarray:
    """Give a code of 64 bit for each value, the same for the same value in this process.

    Python's own hash: it is drawn anew for each process, and never leaves it.
    """
    return np.fromiter(map(hash, values), dtype=np.int64, count=len(values))


def codes_of(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Give the codes of a column, and which of its rows have a value."""
    coded = column.dictionary_encode()
    codes = value_codes(coded.dictionary.to_pylist())
    there = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
    found = np.zeros(len(column), dtype=np.int64)
    if len(codes):
        found = codes[coded.indices.fill_null(0).to_numpy(zero_copy_only=False)]
    return found, there


class Frequent:
    """The values that enough authors share; asked by the values themselves."""

    def __init__(self, codes: np.ndarray) -> None:
        self.codes = codes
        self._codes = frozenset(codes.tolist())

    def __contains__(self, value: object) -> bool:
        return hash(value) in self._codes

    def __len__(self) -> int:
        return len(self._codes)


class Distinct:
    """Which values at least ``k`` authors used, in memory that grows with the rare ones alone.

    Parameters
    ----------
    k : int
    """

    def __init__(self, k: int) -> None:
        self.k = k
        self._values = np.empty(0, dtype=np.int64)
        self._authors = np.empty(0, dtype=np.int64)
        self._frequent = np.empty(0, dtype=np.int64)
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self._number = 0

    def add(self, values: np.ndarray, authors: np.ndarray) -> None:
        """Take codes of values and of the authors who used them, both (N,)."""
        rare = ~np.isin(values, self._frequent)
        self._waiting.append(unique_pairs(values[rare], authors[rare]))
        self._number += len(self._waiting[-1][0])
        if self._number > _PAIRS:
            self._settle()

    def _settle(self) -> None:
        parts = [(self._values, self._authors), *self._waiting]
        self._waiting, self._number = [], 0
        values, authors = unique_pairs(
            np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
        )
        found, counts = np.unique(values, return_counts=True)
        self._frequent = np.union1d(self._frequent, found[counts >= self.k])
        # who else uses what is frequent need not be remembered
        rare = ~np.isin(values, self._frequent)
        self._values, self._authors = values[rare], authors[rare]

    def frequent(self) -> Frequent:
        """Give the values that at least ``k`` authors used."""
        self._settle()
        return Frequent(self._frequent)


def count_authors(values: np.ndarray, authors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the values (M,), rising, and the number of authors of each."""
    found, counts = np.unique(unique_pairs(values, authors)[0], return_counts=True)
    return found, counts


def unique_pairs(values: np.ndarray, authors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the different pairs of value and author, both (M,), by value and author."""
    order = np.lexsort((authors, values))
    values, authors = values[order], authors[order]
    if not len(values):
        return values, authors
    first = np.ones(len(values), dtype=bool)
    first[1:] = (values[1:] != values[:-1]) | (authors[1:] != authors[:-1])
    return values[first], authors[first]
