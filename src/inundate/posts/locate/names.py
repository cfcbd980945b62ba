"""Names as they are compared: without case, accents and signs between words."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

__all__ = ["fold", "key_of"]

_QUOTES = re.compile(r"['’`´.]")  # within names: Prince's, St. Ives
_BETWEEN = re.compile(r"[^\w]+|_+")
_KEPT = 1 << 16


def fold(name: str) -> str:
    """Give the form in which names are compared.

    Examples
    --------
    >>> fold("Torpè"), fold("St. John’s"), fold("Stratford-upon-Avon")
    ('torpe', 'st johns', 'stratford upon avon')
    """
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _BETWEEN.sub(" ", _QUOTES.sub("", plain)).strip().casefold()


@lru_cache(maxsize=_KEPT)
def key_of(folded: str) -> int:
    """Give 64 bits for a folded name: among a million names two alike are not to be expected."""
    return int.from_bytes(hashlib.blake2b(folded.encode(), digest_size=8).digest(), "little")
