"""What every contextual embedding offers: vectors of tokens, and of whole posts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from inundate.core.errors import ConfigError

__all__ = ["ContextualEmbedding", "Floats", "check_fits", "length_buckets", "mean_pool"]

Floats = np.ndarray[Any, np.dtype[np.float32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

#: Most bytes of token vectors that one call may ask for: beyond it, callers should go in pieces.
MOST_BYTES = 2 << 30


@runtime_checkable
class ContextualEmbedding(Protocol):
    """Vectors of tokens that depend on the post around them."""

    name: str
    width: int

    def encode(self, texts: Sequence[str]) -> tuple[Floats, Mask]:
        """Give token vectors (N, L, E) and a mask (N, L) that is true where a token is."""
        ...

    def sentences(self, texts: Sequence[str]) -> Floats:
        """Give one vector a post (N, E); zeros for a post without tokens."""
        ...


def mean_pool(tokens: Floats, mask: Mask) -> Floats:
    """Average token vectors over the tokens that are there.

    Parameters
    ----------
    tokens : array (N, L, E)
        Token vectors.
    mask : array (N, L)
        True where there is a token.

    Returns
    -------
    array (N, E)
        Zeros where a post has no token.

    Examples
    --------
    >>> tokens = np.array([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]], np.float32)
    >>> mean_pool(tokens, np.array([[True, True, False]])).tolist()
    [[2.0, 3.0]]
    """
    counts = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    sums = np.where(mask[..., None], tokens, 0.0).sum(axis=1, dtype=np.float32)
    return np.asarray(sums / counts, np.float32)


def length_buckets(
    lengths: Sequence[int] | np.ndarray[Any, Any], *, most_tokens: int, most_rows: int
) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
    """Group rows of like length, longest first, so that little of a batch is padding.

    Parameters
    ----------
    lengths : sequence of int, (N,)
        Tokens of each row.
    most_tokens : int
        Most tokens of a batch, padding included; bounds the memory. A longer row is a batch of
        its own.
    most_rows : int
        Most rows of a batch.

    Yields
    ------
    array of int64
        Rows of one batch.

    Examples
    --------
    >>> [batch.tolist() for batch in length_buckets([1, 9, 2, 2], most_tokens=10, most_rows=8)]
    [[1], [2, 3, 0]]
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        rows = max(1, min(most_rows, most_tokens // longest))
        yield order[start : start + rows]
        start += rows


def check_fits(count: int, length: int, width: int, *, what: str) -> None:
    """Check that token vectors of so many posts may be held at once.

    Raises
    ------
    ConfigError
        If they are larger than :data:`MOST_BYTES`.
    """
    size = 4 * count * length * width
    if size > MOST_BYTES:
        raise ConfigError(
            f"{what}: {count} posts of up to {length} tokens of {width} numbers would take "
            f"{size / 2**30:.1f} GiB; at most {MOST_BYTES / 2**30:.0f} GiB are held at once",
            hint="encode fewer posts at a time, or take sentences(), which is bounded",
        )
