"""Scrub the texts that hold nothing but plain handles and short links, many in one go.

They are most of those that hold anything. What is done here is what the search of a single text
does to them; a test holds both against each other.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inundate.posts.anonymise.gates import Gate

__all__ = ["is_simple", "scrub_simple"]

_LINK = r"(?i)https?:/\S*[^\s.,;:!?)\]}>'\"…*_~’‘”“–—»]"  # punctuation behind it is not part of it
_SHORT = r"(?i)https?://t\.co(?:/[^\s@]*)?(?:\s|$)"  # its domain is never told
_HANDLE = r"@[A-Za-z0-9_]+"
_NAME = re.compile(_HANDLE, re.ASCII)
_NOT_SIMPLE = (
    r"(?i)[a-z0-9_%][.+\-]*@|@[^a-z_]|@$|@[a-z0-9_]+[.\-@:][a-z0-9_]|@https?:"
    r"|[^\x00-\x7f]@|@[a-z0-9_]+[^\x00-\x7f]"
    r"|(?:mailto|tel|sms|acct|xmpp|skype|callto|geo):\S"
)
_SCHEME = "://"


def is_simple(column: pa.Array, bits: np.ndarray, other: list[int]) -> np.ndarray:
    """Say which texts :func:`scrub_simple` can scrub.

    Parameters
    ----------
    column : array of string (N,)
    bits : array (N,), int
        Of :class:`~inundate.posts.anonymise.gates.Gate`.
    other : list of int
        Rows that need more than what the bits tell.

    Returns
    -------
    array (N,), bool
    """
    found = (bits > 0) & (bits & ~(Gate.LINK | Gate.AT) == 0)
    found[other] = False
    rows = np.flatnonzero(found)
    texts = column.take(pa.array(rows))
    rest = pc.replace_substring_regex(texts, _SHORT, " ")
    odd = pc.or_(pc.match_substring(rest, _SCHEME), pc.match_substring_regex(texts, _NOT_SIMPLE))
    not_simple = np.asarray(odd.to_numpy(zero_copy_only=False), dtype=bool)
    found[rows[not_simple]] = False
    return np.asarray(found, dtype=bool)


def scrub_simple(column: pa.Array, mask: np.ndarray) -> tuple[pa.Array, dict[int, list[str]]]:
    """Scrub simple texts.

    Parameters
    ----------
    column : array of string (N,)
    mask : array (N,), bool

    Returns
    -------
    tuple of (array of string (N,), dict)
        The texts, the others as they are; by row the handles that were found.
    """
    rows = np.flatnonzero(mask)
    if not len(rows):
        return column, {}
    texts = column.take(pa.array(rows))
    has_handle = np.asarray(pc.match_substring(texts, "@").to_numpy(zero_copy_only=False))
    with_handle = texts.filter(pa.array(has_handle)).to_pylist()
    find = _NAME.findall
    handles = {
        row: [name[1:] for name in find(text)]
        for row, text in zip(rows[has_handle].tolist(), with_handle, strict=True)
    }
    made = pc.replace_substring_regex(texts, _LINK, "<url>")
    made = pc.replace_substring_regex(made, _HANDLE, "<user>")
    return pc.replace_with_mask(column, pa.array(mask), made), handles
