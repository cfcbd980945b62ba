"""Pseudonyms: keyed hashes of 128 bit, another family for each kind and platform.

A token is written in the letters a to p: it holds no digit, so that none can be taken for an
id or a phone number, and passes through every tokeniser whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from inundate.posts.anonymise.key import Key

__all__ = ["TOKEN_LETTERS", "Pseudonyms", "letters"]

TOKEN_LETTERS = 32
_BYTES = TOKEN_LETTERS // 2
_PAIRS = np.array(
    [[high + 97, low + 97] for high in range(16) for low in range(16)], dtype=np.uint8
)


class Pseudonyms:
    """Tokens under one key.

    Parameters
    ----------
    key : Key

    Examples
    --------
    >>> from inundate.posts.anonymise.key import draw_key
    >>> tokens = Pseudonyms(draw_key())
    >>> tokens.one("author", "x", "12") == tokens.one("author", "x", "12")
    True
    >>> tokens.one("author", "x", "12") == tokens.one("post", "x", "12")
    False
    """

    def __init__(self, key: Key) -> None:
        self._key = key

    def digests(self, kind: str, source: str, values: Sequence[str]) -> bytes:
        """Give the hashes of several values, 16 bytes each, one after the other."""
        return self._digests(
            kind, source, [value.encode("utf-8", "surrogatepass") for value in values]
        )

    def _digests(self, kind: str, source: str, values: Sequence[bytes]) -> bytes:
        base = self._key.hasher(kind)
        base.update(source.encode() + b"\0")
        copy = base.copy
        found = []
        for value in values:
            hasher = copy()
            hasher.update(value)
            found.append(hasher.digest())
        return b"".join(found)

    def one(self, kind: str, source: str, value: str) -> str:
        """Give the token of one value."""
        return str(letters(self.digests(kind, source, [value]))[0])

    def columns(self, kind: str, source: str, columns: Sequence[pa.Array]) -> list[pa.Array]:
        """Give the tokens of columns of texts, null where these are; equal texts are hashed once.

        Parameters
        ----------
        kind : str
            ``post``, ``author``, ...
        source : str
            Platform, of all values.
        columns : sequence of array of string (N,)
        """
        coded = pa.concat_arrays(columns).dictionary_encode()
        # as bytes, since hashes want these
        values = coded.dictionary.cast(pa.binary()).to_pylist()
        made = letters(self._digests(kind, source, values)).take(coded.indices)
        edges = np.cumsum([0, *map(len, columns)]).tolist()
        return [made.slice(edge, len(one)) for edge, one in zip(edges, columns, strict=False)]

    def column(self, kind: str, source: str, values: pa.Array) -> pa.Array:
        """Give the tokens of one column; see :meth:`columns`."""
        return self.columns(kind, source, [values])[0]


def letters(digests: bytes) -> pa.Array:
    """Write hashes of 16 bytes, one after the other, as texts.

    Examples
    --------
    >>> letters(bytes(16)).to_pylist()
    ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']
    """
    text = _PAIRS[np.frombuffer(digests, dtype=np.uint8)].tobytes()
    number = len(digests) // _BYTES
    offsets = np.arange(0, len(text) + 1, TOKEN_LETTERS, dtype=np.int32)
    return pa.StringArray.from_buffers(number, pa.py_buffer(offsets), pa.py_buffer(text))
