"""One vector a word: open a file of vectors, look words up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from inundate.core.errors import ConfigError
from inundate.posts.embed.cache import open_cached, resolve_source
from inundate.posts.embed.coverage import Coverage, make_coverage
from inundate.posts.embed.folder import Opened, open_folder

__all__ = ["Embedding", "Unknown"]

Unknown = Literal["zero", "drop", "mean", "subword"]
_REMEMBERED = 2**18  # words whose numbers are kept at hand: posts repeat theirs


class Embedding:
    """Words and their vectors, memory-mapped; see :meth:`open`.

    Parameters
    ----------
    opened : Opened
        Folder of the embedding.
    oov : str
        What stands for words that it does not have: ``zero``; ``drop``: nothing, so that there are
        fewer vectors than words; ``mean`` of all vectors; ``subword``: what the word's pieces say.

    Attributes
    ----------
    name : str
    width : int
        E, numbers a word.
    words : sequence of str
        V.
    vectors : array (V, E), float32
        Read-only, memory-mapped.
    digest : str
        SHA-256 of the source.
    """

    def __init__(self, opened: Opened, oov: Unknown = "zero") -> None:
        if oov not in get_args(Unknown):
            raise ConfigError(
                f"opening an embedding: oov={oov!r}, expected one of {', '.join(get_args(Unknown))}"
            )
        self.folder = opened.folder
        self.meta = opened.meta
        self.name: str = opened.meta["name"]
        self.width: int = opened.meta["width"]
        self.digest: str = opened.meta["digest"]
        self.words = opened.words
        self.vectors = opened.vectors
        self.oov: Unknown = oov
        self._mean = opened.mean
        self._numbers: dict[str, int] = {}
        self._pieces = self._make_pieces() if oov == "subword" else None

    @classmethod
    def open(
        cls, source: str | Path, *, oov: Unknown = "zero", cache: Path | None = None
    ) -> Embedding:
        """Open vectors: a file, a folder of this package, or the name of vectors in a package.

        A file is read once, into a cache; afterwards opening it takes some milliseconds.

        Parameters
        ----------
        source : str or Path
            GloVe or word2vec text, word2vec binary (plain, gzip, zip, zstd;
            ``archive.zip/name`` where an archive holds several), the JSON of wink-embeddings-sg,
            ``.npy`` with a list of words beside it, a folder that ``inundate posts embed`` wrote,
            or a name such as ``glove-6b-50d``.
        oov : str
            See :class:`Embedding`.
        cache : Path, optional
            Folder of the cache; by default ``INUNDATE_CACHE``, or the user's.

        Raises
        ------
        MissingFileError, MissingExtraError
            If there is no such file or name, or its package is not installed.
        DataError
            If it holds no vectors, is cut short, or more than 1 % of its lines are broken.
        """
        found = resolve_source(source)
        opened = open_folder(found) if isinstance(found, Path) else open_cached(found, cache)
        return cls(opened, oov)

    def __reduce__(self) -> tuple[Any, ...]:  # a worker maps the files anew
        return _reopen, (self.folder, self.oov)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and int(self.ids([word])[0]) >= 0

    def ids(self, tokens: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give the number of each word, -1 where it is unknown.

        Parameters
        ----------
        tokens : sequence of str
            L.

        Returns
        -------
        array (L,), int64
        """
        numbers = self._numbers
        try:
            return np.array([numbers[token] for token in tokens], np.int64)
        except KeyError:
            self._learn(tokens)
            numbers = self._numbers
            return np.array([numbers[token] for token in tokens], np.int64)

    def _learn(self, tokens: Sequence[str]) -> None:
        if len(self._numbers) > _REMEMBERED:
            self._numbers = {}
        new = [token for token in dict.fromkeys(tokens) if token not in self._numbers]
        found = self.words.find([token.encode("utf-8", "surrogatepass") for token in new])
        self._numbers.update(zip(new, found.tolist(), strict=True))

    def look_up(self, tokens: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give the vector of each word.

        Parameters
        ----------
        tokens : sequence of str
            L.

        Returns
        -------
        array (L, E), float32
            The very numbers of the file; of unknown words what ``oov`` says, with ``drop`` none.
        """
        numbers = self.ids(tokens)
        unknown = numbers < 0
        if not unknown.any():
            return self.vectors.take(numbers, axis=0)
        if self.oov == "drop":
            return self.vectors.take(numbers[~unknown], axis=0)
        found = np.zeros((len(numbers), self.width), np.float32)
        found[~unknown] = self.vectors[numbers[~unknown]]
        if self.oov == "mean":
            found[unknown] = self._mean
        elif self._pieces is not None:
            for k in np.flatnonzero(unknown).tolist():
                found[k] = self._pieces(tokens[k])
        return found

    def _make_pieces(self) -> Callable[[str], np.ndarray[Any, Any]]:
        from inundate.posts.embed.subword import open_subwords

        return open_subwords(self.folder, self.words, self.vectors).vector

    def coverage(self, texts_tokens: Iterable[Sequence[str]]) -> Coverage:
        """Count how many words of a corpus are known.

        Parameters
        ----------
        texts_tokens : iterable of sequence of str
            The words of each text.
        """
        counts: Counter[str] = Counter()
        for tokens in texts_tokens:
            counts.update(tokens)
        words = list(counts)
        known: set[str] = set()
        for start in range(0, len(words), _REMEMBERED):
            part = words[start : start + _REMEMBERED]
            numbers = self.words.find([word.encode("utf-8", "surrogatepass") for word in part])
            known.update(part[k] for k in np.flatnonzero(numbers >= 0).tolist())
        return make_coverage(counts, known)

    def neighbours(self, word: str, count: int = 10) -> list[tuple[str, float]]:
        """Give the words whose vectors point most the same way, with the cosine.

        Parameters
        ----------
        word : str
            Where unknown, its vector under ``oov`` counts; of a zero vector nothing is near.
        count : int
        """
        query = self.look_up([word])
        if not len(query) or not np.any(query):
            return []
        cosine = self._cosines(query[0])
        own = int(self.ids([word])[0])
        if own >= 0:
            cosine[own] = -np.inf
        best = np.argsort(-cosine, kind="stable")[:count]
        return [(self.words[int(k)], float(cosine[k])) for k in best if np.isfinite(cosine[k])]

    def _cosines(self, query: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        found = np.empty(len(self), np.float32)
        for start in range(0, len(self), 65536):  # bounded memory, whatever the file's size
            rows = np.asarray(self.vectors[start : start + 65536])
            length = np.linalg.norm(rows, axis=1) * np.linalg.norm(query)
            with np.errstate(divide="ignore", invalid="ignore"):
                found[start : start + 65536] = np.where(length > 0, rows @ query / length, -np.inf)
        return found


def _reopen(folder: Path, oov: Unknown) -> Embedding:
    return Embedding(open_folder(folder), oov)
