"""A corpus as numbers on disk: tokenised once, read by every epoch, of any size."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.core.files import atomic_folder

__all__ = ["Corpus", "encode_corpus", "open_corpus"]

_BUFFER = 2**20  # words written at a time
_CHUNK = 2**17  # words of a piece of work


@dataclass(frozen=True)
class Corpus:
    """Texts as numbers of their words, without the rare ones.

    Attributes
    ----------
    words : list of str
        V, the commonest first.
    counts : array (V,), int64
    tokens : array, int32
        Words of all texts, one after the other.
    ends : array, int64
        Where each text ends in it.
    read : int
        Running words that were read, the rare ones among them.
    """

    words: list[str]
    counts: np.ndarray[Any, Any]
    tokens: np.ndarray[Any, Any]
    ends: np.ndarray[Any, Any]
    read: int

    def __len__(self) -> int:
        return len(self.tokens)

    def chunks(
        self, size: int = _CHUNK
    ) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
        """Give whole texts of together about ``size`` words: their words, and where each ends."""
        first, start = 0, 0
        while first < len(self.ends):
            last = max(first + 1, int(np.searchsorted(self.ends, start + size, side="right")))
            stop = int(self.ends[last - 1])
            yield np.asarray(self.tokens[start:stop]), np.asarray(self.ends[first:last]) - start
            first, start = last, stop


def encode_corpus(
    texts: Iterable[Sequence[str]], folder: Path, *, min_count: int = 5, max_words: int = 10**6
) -> Corpus:
    """Turn a corpus into numbers of its words, in one pass, and keep it on disk.

    Parameters
    ----------
    texts : iterable of sequence of str
        The words of each text.
    folder : Path
        Made whole or not at all.
    min_count : int
        Words that come more rarely are left out.
    max_words : int
        At most so many different words stay, the commonest.

    Raises
    ------
    DataError
        If too few words stay to train on.
    """
    numbers: dict[str, int] = {}
    with atomic_folder(folder) as part:
        raw, lengths = part / "raw.bin", []
        counts = np.zeros(0, np.int64)
        with raw.open("wb") as stream:
            buffer: list[int] = []
            for tokens in texts:
                lengths.append(len(tokens))
                buffer.extend([numbers.setdefault(token, len(numbers)) for token in tokens])
                if len(buffer) >= _BUFFER:
                    counts = _flush(stream, buffer, counts, len(numbers))
            counts = _flush(stream, buffer, counts, len(numbers))
        words = list(numbers)
        # the commonest first; among equals the one that came first
        order = np.argsort(-counts, kind="stable")[:max_words]
        order = order[counts[order] >= min_count]
        _check(words, counts, order, min_count)
        renumber = np.full(len(words), -1, np.int32)
        renumber[order] = np.arange(len(order), dtype=np.int32)
        _write(part, raw, np.array(lengths, np.int64), renumber)
        raw.unlink()
        np.save(part / "counts.npy", counts[order])
        kept = {"words": [words[k] for k in order.tolist()], "read": int(counts.sum())}
        (part / "words.json").write_text(json.dumps(kept), encoding="utf-8")
    return open_corpus(folder)


def _flush(
    stream: Any, buffer: list[int], counts: np.ndarray[Any, Any], size: int
) -> np.ndarray[Any, Any]:
    data = np.array(buffer, np.int32)
    stream.write(data.tobytes())
    buffer.clear()
    grown = np.bincount(data, minlength=size)
    grown[: len(counts)] += counts
    return grown


def _check(
    words: list[str], counts: np.ndarray[Any, Any], order: np.ndarray[Any, Any], least: int
) -> None:
    if len(order) < 2:
        raise DataError(
            f"reading the corpus: {counts.sum():,} words, {len(words):,} different, of which "
            f"{len(order)} come {least} times or more; expected at least 2",
            hint="give more text, or a smaller --min-count",
        )


def _write(
    part: Path, raw: Path, lengths: np.ndarray[Any, Any], renumber: np.ndarray[Any, Any]
) -> None:
    """Renumber piece by piece, leave rare words out, and note where each text ends now."""
    found = np.memmap(raw, np.int32, mode="r")
    ends = np.cumsum(lengths)
    new_ends, total, first = np.empty(len(ends), np.int64), 0, 0
    with (part / "tokens.bin").open("wb") as stream:
        for start in range(0, len(found), _BUFFER):
            piece = renumber[found[start : start + _BUFFER]]
            kept = piece >= 0
            last = int(np.searchsorted(ends, start + len(piece), side="right"))
            running = np.concatenate([[0], np.cumsum(kept)])
            new_ends[first:last] = total + running[ends[first:last] - start]
            stream.write(piece[kept].tobytes())
            total, first = total + int(running[-1]), last
    new_ends[first:] = total
    lengths = np.diff(new_ends, prepend=0)
    np.save(part / "ends.npy", new_ends[lengths > 0])


def open_corpus(folder: Path) -> Corpus:
    """Open what :func:`encode_corpus` wrote."""
    kept = json.loads((folder / "words.json").read_text("utf-8"))
    tokens: np.ndarray[Any, Any] = np.memmap(folder / "tokens.bin", np.int32, mode="r")
    return Corpus(
        words=kept["words"],
        counts=np.load(folder / "counts.npy", allow_pickle=False),
        tokens=tokens,
        ends=np.load(folder / "ends.npy", allow_pickle=False),
        read=kept["read"],
    )
