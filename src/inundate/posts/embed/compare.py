"""Compare two embeddings: words, neighbours, and answers that people have given."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.core.seeds import make_rng
from inundate.posts.embed.sanity import spearman
from inundate.posts.embed.static import Embedding

__all__ = ["Agreement", "agreement", "rate_pairs", "read_pairs", "shared_words"]

_WORDS = 2000  # the first shared words are compared
_PAIRS = 20_000
_NEAR = 10


@dataclass(frozen=True)
class Agreement:
    """How far two embeddings say the same.

    Attributes
    ----------
    shared : int
        Words that both have.
    compared : int
        Of these the first ones, in the order of the first embedding.
    neighbours : float
        Mean share of a word's ten nearest, among those compared, that both agree on.
    similarity : float
        Spearman correlation of the cosines of pairs of words.
    """

    shared: int
    compared: int
    neighbours: float
    similarity: float

    def describe(self) -> dict[str, Any]:
        """Give the figures as JSON can hold them."""
        return asdict(self)


def shared_words(one: Embedding, other: Embedding) -> list[str]:
    """Give the words of the first embedding that the second has too, in the first one's order."""
    words = list(one.words)
    found = other.words.find([word.encode() for word in words])
    return [words[k] for k in np.flatnonzero(found >= 0).tolist()]


def agreement(one: Embedding, other: Embedding, *, seed: int = 0) -> Agreement:
    """Compare the neighbourhoods of the words that both have.

    Parameters
    ----------
    one, other : Embedding
    seed : int
        Of the pairs of words.

    Raises
    ------
    DataError
        If they share fewer than three words.
    """
    shared = shared_words(one, other)
    if len(shared) < 3:
        raise DataError(
            f"comparing {one.name} and {other.name}: they share {len(shared)} words, "
            "expected 3 at least",
            hint="are both of the same language, and of the same case?",
        )
    words = shared[:_WORDS]
    cosines = [_cosines(embedding.look_up(words)) for embedding in (one, other)]
    near = min(_NEAR, len(words) - 1)
    best = [np.argsort(-table, axis=1, kind="stable")[:, :near] for table in cosines]
    both = [len(set(a) & set(b)) / near for a, b in zip(*map(np.ndarray.tolist, best), strict=True)]
    rng = make_rng(seed, "pairs of words")
    first = rng.integers(len(words), size=_PAIRS)
    second = (first + rng.integers(1, len(words), size=_PAIRS)) % len(words)
    return Agreement(
        shared=len(shared),
        compared=len(words),
        neighbours=float(np.mean(both)),
        similarity=spearman(*(table[first, second].astype(np.float64) for table in cosines)),
    )


def _cosines(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give the cosine of all pairs; a word is no neighbour of its own."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.where(length > 0, length, 1)
    found: np.ndarray[Any, Any] = unit @ unit.T
    np.fill_diagonal(found, -np.inf)
    return found


def read_pairs(path: Path) -> list[tuple[str, str, float]]:
    """Read pairs of words and how alike people find them.

    Parameters
    ----------
    path : Path
        Two words and a number a line, with commas, tabulators or semicolons; a header is allowed.

    Raises
    ------
    MissingFileError, DataError
        If it is absent, or holds something else.
    """
    text = check_input(path, what="reading pairs of words").read_text("utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    delimiter = max("\t,;", key=(lines or [""])[0].count)
    pairs = []
    for number, row in enumerate(csv.reader(lines, delimiter=delimiter), 1):
        try:
            one, other, score = row[0].strip(), row[1].strip(), float(row[2])
        except (IndexError, ValueError) as error:
            if number == 1:
                continue  # a header
            raise DataError(
                f"reading pairs of words of {path}: row {number} is {row!r}, expected two words "
                "and a number"
            ) from error
        pairs.append((one, other, score))
    if len(pairs) < 3:
        raise DataError(f"reading pairs of words of {path}: {len(pairs)} pairs, expected 3 or more")
    return pairs


def rate_pairs(embedding: Embedding, pairs: Sequence[tuple[str, str, float]]) -> dict[str, Any]:
    """Compare the cosines of pairs with what people say.

    Parameters
    ----------
    embedding : Embedding
        With a policy other than zero, unknown words count too.
    pairs : sequence of (str, str, float)

    Returns
    -------
    dict
        ``pairs``, ``known`` (both words are), ``spearman`` over those that have vectors.
    """
    cosines, scores, known = [], [], 0
    for one, other, score in pairs:
        known += bool((embedding.ids([one, other]) >= 0).all())
        rows = embedding.look_up([one, other]).astype(np.float64)
        length = np.linalg.norm(rows, axis=1)
        if len(rows) == 2 and length.all():
            cosines.append(float(rows[0] @ rows[1] / length.prod()))
            scores.append(score)
    value = spearman(np.array(scores), np.array(cosines)) if len(scores) > 2 else float("nan")
    return {"pairs": len(pairs), "known": known, "rated": len(scores), "spearman": value}
