"""Emoji as readers see them: one cluster is one sign, whatever it is written with.

Skin tones and variation selectors are taken off, since they change neither the sign nor, in a
table of markers, its category. Signs that are joined (a family, a heart on fire) stay whole.
"""

from __future__ import annotations

from functools import lru_cache

import regex

__all__ = ["CLUSTER", "canonical", "clusters"]

JOINER = "\u200d"
_MODIFIERS = regex.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_SIGN = r"\p{Extended_Pictographic}[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?[\ufe0e\ufe0f]?"
_TAGS = r"[\U000e0020-\U000e007e]{1,16}\U000e007f"
CLUSTER = (  # UTS 51, ED-17: keycaps, flags, flags of regions, signs joined
    r"(?:[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{2}"
    rf"|{_SIGN}(?:{_TAGS})?(?:\u200d{_SIGN})*|[\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff])"
)
"""Pattern of one emoji, for the package ``regex``."""
_CLUSTER = regex.compile(CLUSTER)


@lru_cache(maxsize=8192)
def canonical(cluster: str) -> str:
    """Give an emoji without skin tone and variation selectors.

    A skin tone that stands alone stays as it is.

    Examples
    --------
    >>> canonical("\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}")
    '👍'
    """
    return _MODIFIERS.sub("", cluster) or cluster


def clusters(text: str) -> list[str]:
    """Give the emoji of a text in order, each in its one spelling.

    Examples
    --------
    >>> clusters("wet 👍🏽👍 and ❤️")
    ['👍', '👍', '❤']
    """
    if text.isascii():
        return []
    return [canonical(found) for found in _CLUSTER.findall(text)]
