"""One vector a word out of an encoder: much faster, and blind to what stands around a word."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import DataError
from inundate.core.files import check_output
from inundate.posts.embed.bert import BertEmbedding
from inundate.posts.embed.contextual import Floats
from inundate.posts.embed.files import Block
from inundate.posts.embed.folder import write_folder

__all__ = ["DistilSettings", "common_words", "distil", "distilled_vectors"]


class DistilSettings(Settings):
    """How vectors of words are taken from an encoder."""

    width: int = Field(default=256, ge=1, description="Numbers of a vector.")
    weights: Literal["sif", "zipf", "none"] = Field(
        default="sif",
        description="How common words are made short: by their counts, by their rank, or not.",
    )
    sif: float = Field(
        default=1e-3, gt=0.0, description="Share of all words at which a weight is a half."
    )


def common_words(
    tokens: Iterable[Sequence[str]], *, least: int = 2, most: int = 50_000
) -> dict[str, int]:
    """Count words and keep the commonest, in falling order.

    Parameters
    ----------
    tokens : iterable of sequences of str
        Posts, cut into words.
    least : int
        Rarer words are left out.
    most : int
        Words kept.

    Examples
    --------
    >>> common_words([["the", "river"], ["the", "road"], ["the", "river"]])
    {'the': 3, 'river': 2}
    """
    counts: dict[str, int] = {}
    for words in tokens:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    kept = sorted(
        ((word, count) for word, count in counts.items() if count >= least),
        key=lambda item: (-item[1], item[0]),
    )
    return dict(kept[:most])


def distilled_vectors(
    embedding: BertEmbedding, counts: dict[str, int], settings: DistilSettings
) -> Floats:
    """Give a vector (V, width) for each word, in the order of ``counts``.

    Each word goes through the encoder by itself. The vectors are turned to their principal
    components, of which the first ``width`` are kept, and made shorter the commoner a word is,
    so that the plain mean over a post is a good vector of it.

    Parameters
    ----------
    embedding : BertEmbedding
        The encoder.
    counts : dict of str to int
        Words and how often they are met.
    settings : DistilSettings
        Width and weights.

    Raises
    ------
    DataError
        If there are fewer words than the vectors are to have numbers, or no such width.

    Source
    ------
    Tulkens and van Dongen (2024), Model2Vec; weights after Arora et al. (2017), A simple but
    tough-to-beat baseline for sentence embeddings, ICLR.
    """
    width = settings.width
    if width > min(len(counts), embedding.width):
        raise DataError(
            f"distilling {embedding.name}: vectors of {width} numbers are asked for; there are "
            f"{len(counts)} words, and the encoder has {embedding.width} numbers",
            hint="take a smaller width, or more words",
        )
    vectors = embedding.sentences(list(counts)).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    values, axes = np.linalg.eigh(vectors.T @ vectors)  # rising; (E,), (E, E)
    axes = axes[:, np.argsort(-values)[:width]]
    # an axis has no sign of its own: its largest part is made positive, on every machine
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(width)])
    return np.asarray((vectors @ axes) * _weights(counts, settings)[:, None], np.float32)


def _weights(counts: dict[str, int], settings: DistilSettings) -> np.ndarray[Any, Any]:
    if settings.weights == "none":
        return np.ones(len(counts))
    if settings.weights == "zipf":
        ranks = np.empty(len(counts))
        order = np.argsort(-np.asarray(list(counts.values())), kind="stable")
        ranks[order] = np.arange(len(counts))
        return np.log1p(ranks + 1.0)
    shares = np.asarray(list(counts.values()), np.float64)
    shares /= shares.sum()
    return settings.sif / (settings.sif + shares)


def distil(
    embedding: BertEmbedding,
    counts: dict[str, int],
    folder: Path | str,
    *,
    settings: DistilSettings | None = None,
    overwrite: bool = False,
) -> Path:
    """Write distilled vectors as a folder that ``Embedding.open`` reads.

    Parameters
    ----------
    embedding : BertEmbedding
        The encoder.
    counts : dict of str to int
        Words and how often they are met, such as :func:`common_words` gives.
    folder : Path
        Where to write; whole or not at all.
    settings : DistilSettings, optional
        Width and weights.
    overwrite : bool
        Whether an existing folder is replaced.

    Raises
    ------
    RunError
        If the folder exists.
    DataError
        As for :func:`distilled_vectors`.
    """
    chosen = settings or DistilSettings()
    target = check_output(folder, overwrite)
    vectors = distilled_vectors(embedding, counts, chosen)
    block = Block([word.encode("utf-8", "surrogatepass") for word in counts], vectors)
    return write_folder(
        target,
        [block],
        name=target.name,
        digest=hashlib.sha256(vectors.tobytes() + "\n".join(counts).encode()).hexdigest(),
        distilled_from=embedding.describe(),
        distilled_with=chosen.model_dump(mode="json"),
    )
