"""Which handle belongs to which account, and which handles stand in texts as a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.accounts import canonical
from inundate.posts.anonymise.distinct import Distinct, value_codes
from inundate.posts.anonymise.shelf import Shelf

__all__ = ["LEAST", "BareWords", "HandleBook", "canonical_column", "name_alone", "words_of"]

LEAST = 4  # letters of a handle that is looked for without @; shorter ones are words
_DIGEST = 16  # bytes
_BLOCK = 1 << 20  # bytes, whole rows
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
    """From handles to the hashes of accounts.

    Of a handle that several accounts had, one account is taken, always the same.

    Parameters
    ----------
    folder : Path
        For temporary files.
    """

    def __init__(self, folder: Path) -> None:
        self._shelf = Shelf(folder, _DIGEST)
        self.settle = self._shelf.settle

    def add(self, source: str, handles: Sequence[str], digests: bytes) -> None:
        """Take handles in their one spelling, and the digests of their accounts' tokens."""
        codes = value_codes([(source, handle) for handle in handles])
        self._shelf.add(codes, np.frombuffer(digests, dtype=f"V{_DIGEST}"))

    def __len__(self) -> int:
        return len(self._shelf)

    def find(self, source: str, handles: Sequence[str]) -> tuple[np.ndarray, bytes]:
        """Look for the accounts of handles.

        Parameters
        ----------
        source : str
        handles : sequence of str
            In their one spelling, (N,).

        Returns
        -------
        tuple of (array (N,), bool; bytes)
            Which are known, and the digests of these, one after the other.
        """
        found, digests = self._shelf.find(value_codes([(source, handle) for handle in handles]))
        return found, digests.tobytes()


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
    folder : Path
        For temporary files.
    k : int
    """

    def __init__(self, folder: Path, k: int) -> None:
        self._shelf = Shelf(folder / "handles")
        self._mentions = folder / "mentions"  # rows of code and number: those of other words too
        self._authors = Distinct(k)
        self._places: dict[str, int] = {}  # of the handles that were seen as a word
        self._numbers = np.zeros(0, dtype=np.int64)

    def learn(self, handles: pa.Array) -> None:
        """Take handles in lower case, before the texts."""
        long = handles.filter(pc.greater_equal(pc.utf8_length(handles), LEAST))
        self._shelf.add(value_codes(long.to_pylist()))

    def settle(self) -> None:
        """Make ready for the texts."""
        self._shelf.settle()

    def __len__(self) -> int:
        """Give the number of handles, once settled."""
        return len(self._shelf)

    def add(
        self,
        texts: Sequence[tuple[pa.Array, np.ndarray]],
        tags: tuple[pa.Array, np.ndarray],
        author_codes: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        """Take columns of texts, and the tags.

        Parameters
        ----------
        texts : sequence of tuple of (array of string (N,); array (N,), int)
            With the post of each.
        tags : tuple of (array of string (N,); array (N,), int)
        author_codes : callable
            Gives the codes of the authors of posts.
        """
        columns = [*texts, tags]
        words = [_written(column) for column, _ in columns]
        coded = pa.concat_arrays([one for one, _ in words]).dictionary_encode()
        posts = np.concatenate(
            [of[rows] for (_, of), (_, rows) in zip(columns, words, strict=True)]
        )
        written, codes = coded.dictionary, np.asarray(coded.indices)
        is_text = np.arange(len(codes)) < len(codes) - len(words[-1][0])
        is_mention = np.asarray(pc.match_substring(written, "@"))
        plain = pc.utf8_trim(written, _TRIM)
        self._add_mentions(name_alone(plain.filter(is_mention)), np.bincount(codes)[is_mention])
        place = np.full(len(written), -1, dtype=np.int64)
        asked = ~is_mention & np.asarray(pc.greater_equal(pc.utf8_length(plain), LEAST))
        place[asked] = self._places_of(plain.filter(pa.array(asked)).to_pylist())
        found = place[codes]
        there = found >= 0
        # the tags of a post mostly stand in its text too, and are not counted twice
        np.add.at(self._numbers, found[there & is_text], 1)
        self._authors.add(found[there], author_codes(posts[there]))

    def _places_of(self, words: list[str]) -> np.ndarray:
        """Give the places of the words that are a handle, -1 of others."""
        is_handle, _ = self._shelf.find(value_codes(words))
        known = self._places
        found = np.full(len(words), -1, dtype=np.int64)
        for row in np.flatnonzero(is_handle).tolist():
            found[row] = known.setdefault(words[row], len(known))
        more = np.zeros(len(known) - len(self._numbers), dtype=np.int64)
        self._numbers = np.concatenate([self._numbers, more])
        return found

    def _add_mentions(self, names: pa.Array, numbers: np.ndarray) -> None:
        rows = np.stack([value_codes(names.to_pylist()), numbers.astype(np.int64)], axis=1)
        with self._mentions.open("ab") as stream:
            stream.write(rows.tobytes())

    def _mentioned(self) -> np.ndarray:
        """Give how often each of the handles that were seen as a word is mentioned."""
        codes = value_codes(list(self._places))
        order = np.argsort(codes)
        codes = codes[order]
        found = np.zeros(len(codes), dtype=np.int64)
        with self._mentions.open("rb") as stream:
            while block := stream.read(_BLOCK):
                rows = np.frombuffer(block, dtype=np.int64).reshape(-1, 2)
                places = np.searchsorted(codes, rows[:, 0]).clip(max=len(codes) - 1)
                is_same = codes[places] == rows[:, 0]
                np.add.at(found, order[places[is_same]], rows[is_same, 1])
        return found

    def rare(self) -> pa.Array:
        """Give the handles that go where they stand as a word.

        A word stays when at least ``k`` authors use it, and three times as often as the handle is
        mentioned: many write "calgary", and few of them mean the account.
        """
        if not self._places:
            return pa.array([], pa.string())
        is_word = np.zeros(len(self._places), dtype=bool)
        is_word[self._authors.frequent().codes] = True
        is_word &= self._numbers >= _WORD_RATIO * self._mentioned()
        rare = (name for name, place in self._places.items() if not is_word[place])
        return pa.array(sorted(rare), pa.string())
