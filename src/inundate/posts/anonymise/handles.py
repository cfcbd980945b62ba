"""Which handle belongs to which account, and which handles stand in texts as a word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.accounts import canonical
from inundate.posts.anonymise.distinct import Distinct, value_codes

__all__ = ["LEAST", "BareWords", "HandleBook", "canonical_column", "name_alone", "words_of"]

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


def name_alone(handles: pa.Array) -> pa.Array:
    """Give handles in lower case, without the server that may be part of them."""
    return pc.replace_substring_regex(pc.utf8_lower(handles), r"@.*$|\.bsky\.social$", "")


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
        self._is_seen = np.zeros(len(self._handles), dtype=bool)

    def add(
        self, texts: Sequence[tuple[pa.Array, np.ndarray]], tags: tuple[pa.Array, np.ndarray]
    ) -> None:
        """Take columns of texts, and the tags, each (N,) with the codes of its authors (N,)."""
        if not len(self._handles):
            return
        columns = [*texts, tags]
        words = [_written(column) for column, _ in columns]
        written = pa.concat_arrays([one for one, _ in words])
        authors = np.concatenate(
            [of[rows] for (_, of), (_, rows) in zip(columns, words, strict=True)]
        )
        is_text = np.arange(len(written)) < len(written) - len(words[-1][0])
        is_mention = pc.match_substring(written, "@")
        plain = pc.utf8_trim(written, _TRIM)
        if pc.any(is_mention).as_py():
            plain = pc.replace_with_mask(plain, is_mention, name_alone(plain.filter(is_mention)))
        # at once: each call makes a table of all handles
        places = pc.index_in(plain, self._handles)
        there = np.asarray(places.is_valid())
        found = np.asarray(places.drop_null()).astype(np.int64)
        mentions = np.asarray(is_mention)[there]
        np.add.at(self._mentioned, found[mentions], 1)
        # the tags of a post mostly stand in its text too, and are not counted twice
        np.add.at(self._bare, found[~mentions & is_text[there]], 1)
        self._is_seen[found[~mentions]] = True
        self._authors.add(found[~mentions], authors[there][~mentions])

    def rare(self) -> pa.Array:
        """Give the handles that go where they stand as a word.

        A word stays when at least ``k`` authors use it, and three times as often as the handle is
        mentioned: many write "calgary", and few of them mean the account.
        """
        is_word = np.zeros(len(self._handles), dtype=bool)
        is_word[self._authors.frequent().codes] = True
        is_word &= self._bare >= _WORD_RATIO * self._mentioned
        rare = self._handles.filter(pa.array(self._is_seen & ~is_word))
        return pa.array(sorted(rare.to_pylist()), pa.string())
