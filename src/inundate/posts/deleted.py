"""Posts that their authors deleted: only a hash of each is kept, so that none comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

__all__ = ["Deleted", "digest"]

_WIDTH = 16


def digest(source: str, post_id: str) -> bytes:
    """Give the hash of a post that was deleted, 128 bit."""
    return hashlib.blake2b(f"{source}\0{post_id}".encode(), digest_size=_WIDTH).digest()


class Deleted:
    """A set of hashes in 16 bytes each.

    Parameters
    ----------
    hashes : bytes
        One after the other, in any order.
    """

    def __init__(self, hashes: bytes = b"") -> None:
        pairs = np.frombuffer(hashes, dtype=">u8").reshape(-1, 2)
        self._pairs = np.unique(pairs.astype(np.uint64), axis=0)

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Deleted:
        """Read the files that :meth:`to_bytes` has made, or that hashes were appended to."""
        return cls(b"".join(path.read_bytes() for path in paths))

    def __len__(self) -> int:
        return len(self._pairs)

    def to_bytes(self) -> bytes:
        """Give the hashes sorted, each once."""
        return self._pairs.astype(">u8").tobytes()

    def mask(self, source: str, post_ids: Iterable[pa.ChunkedArray]) -> np.ndarray:
        """Say which of the posts are deleted.

        Parameters
        ----------
        source : str
        post_ids : iterable of array
            Not looked at when no post is deleted.

        Returns
        -------
        array (N,), bool
            A single False when no post is deleted at all.
        """
        if not len(self):
            return np.zeros(1, dtype=bool)
        return np.concatenate([self._among(source, chunk.to_pylist()) for chunk in post_ids])

    def _among(self, source: str, post_ids: list[str]) -> np.ndarray:
        joined = b"".join(digest(source, post_id) for post_id in post_ids)
        wanted = np.frombuffer(joined, dtype=">u8").reshape(-1, 2).astype(np.uint64)
        place = np.searchsorted(self._pairs[:, 0], wanted[:, 0]).clip(max=len(self) - 1)
        return np.asarray((self._pairs[place] == wanted).all(axis=1))
