"""Which handle belongs to which account, and which handles stand in texts as a word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.accounts import canonical
from inundate.posts.anonymise.distinct import Distinct, value_codes

__all__ = ["LEAST", "BareWords", "HandleBook", "canonical_column", "words_of"]

LEAST = 4  # letters of a handle that is looked for without @; shorter ones are words
_WAITING = 200_000  # pairs; 5 MB
_WORD_RATIO = 3
_TRIM = "#@.,:;!?()[]{}'\"<>*~|/&-"


def canonical_column(handles: pa.Array, source: str, hosts: pa.Array | None = None) -> list[str]:
    """Give the one spelling of each handle of a column without nulls."""
    if source not in ("mastodon", "bluesky"):  # as canonical does it, in one go
        lowered: list[str] = pc.utf8_trim(pc.utf8_lower(handles), " @.:,;-").to_pylist()
        return lowered
    names = handles.to_pylist()
    places = hosts.to_pylist() if hosts is not None else [None] * len(names)
    return [canonical(name, source, host) for name, host in zip(names, places, strict=True)]


class HandleBook:
    """From handles to the hashes of accounts, 24 bytes each.

    Of a handle that several accounts had, one account is taken, always the same.
    """

    def __init__(self) -> None:
        self._codes = np.empty(0, dtype=np.int64)
        self._digests = np.empty(0, dtype="V16")
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, source: str, handles: Sequence[str], digests: bytes) -> None:
        """Take handles in their one spelling, and the digests of their accounts' tokens."""
        codes = value_codes([(source, handle) for handle in handles])
        self._waiting.append((codes, np.frombuffer(digests, dtype="V16")))
        if sum(len(one[0]) for one in self._waiting) > _WAITING:
            self.settle()

    def settle(self) -> None:
        """Make ready for :meth:`find`."""
        parts = self._waiting
        if len(self._codes):
            parts = [(self._codes, self._digests), *parts]
        if not parts:
            return
        codes = np.concatenate([part[0] for part in parts])
        digests = np.concatenate([part[1] for part in parts])
        halves = digests.view(">u8").reshape(-1, 2)
        order = np.lexsort((halves[:, 1], halves[:, 0], codes))
        codes, digests = codes[order], digests[order]
        first = np.ones(len(codes), dtype=bool)
        first[1:] = codes[1:] != codes[:-1]
        self._codes, self._digests, self._waiting = codes[first], digests[first], []

    def __len__(self) -> int:
        return len(self._codes)

    def find(self, source: str, handles: Sequence[str]) -> list[bytes | None]:
        """Give the digest of each handle's account, None where it is unknown."""
        if not len(self._codes):
            return [None] * len(handles)
        codes = value_codes([(source, handle) for handle in handles])
        places = np.searchsorted(self._codes, codes).clip(max=len(self._codes) - 1)
        known = self._codes[places] == codes
        return [
            self._digests[place].tobytes() if is_known else None
            for place, is_known in zip(places.tolist(), known.tolist(), strict=True)
        ]


def words_of(column: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Give the words of texts in lower case, without punctuation around, and their rows."""
    written, rows = _written(column)
    return pc.utf8_trim(written, _TRIM), rows


def _written(column: pa.Array) -> tuple[pa.Array, np.ndarray]:
    lists = pc.utf8_split_whitespace(pc.utf8_lower(column))
    return lists.flatten(), np.asarray(pc.list_parent_indices(lists))


class BareWords:
    """Handles that texts hold as a plain word or tag, and are no words to most who write them.

    Parameters
    ----------
    handles : array of string (M,)
        In lower case, each once.
    k : int
    """

    def __init__(self, handles: pa.Array, k: int) -> None:
        self._handles = handles.filter(pc.greater_equal(pc.utf8_length(handles), LEAST))
        self._authors = Distinct(k)
        self._bare = np.zeros(len(self._handles), dtype=np.int64)
        self._mentioned = np.zeros(len(self._handles), dtype=np.int64)

    def add(self, columns: Sequence[tuple[pa.Array, np.ndarray]]) -> None:
        """Take columns of texts (N,), each with the codes of their authors (N,)."""
        if not len(self._handles):
            return
        words = [_written(column) for column, _ in columns]
        written = pa.concat_arrays([one for one, _ in words])
        authors = np.concatenate(
            [of[rows] for (_, of), (_, rows) in zip(columns, words, strict=True)]
        )
        # at once: each call makes a table of all handles
        places = pc.index_in(pc.utf8_trim(written, _TRIM), self._handles)
        there = pc.is_valid(places)
        found = np.asarray(places.drop_null())
        is_mention = np.asarray(pc.match_substring(written.filter(there), "@"))
        np.add.at(self._mentioned, found[is_mention], 1)
        bare = found[~is_mention]
        np.add.at(self._bare, bare, 1)
        self._authors.add(bare.astype(np.int64), authors[np.asarray(there)][~is_mention])

    def rare(self) -> pa.Array:
        """Give the handles that go where they stand as a word.

        A word stays when at least ``k`` authors use it, and three times as often as the handle is
        mentioned: many write "calgary", and few of them mean the account.
        """
        is_word = np.zeros(len(self._handles), dtype=bool)
        is_word[self._authors.frequent().codes] = True
        is_word &= self._bare >= _WORD_RATIO * self._mentioned
        rare = self._handles.filter(pa.array((self._bare > 0) & ~is_word))
        return pa.array(sorted(rare.to_pylist()), pa.string())
