"""Undo what stands between a text and its letters: entities, look-alike forms, invisible signs."""

from __future__ import annotations

import html
import unicodedata

import regex

from inundate.posts.text.emoji import CLUSTER, canonical

__all__ = ["clean"]

_ROUNDS = 3  # entities within entities: platforms escape what is escaped
_SURROGATE = regex.compile("[\ud800-\udfff]")
_CLUSTER = regex.compile(CLUSTER)
_DOUBLE = {"\u203c": "!!", "\u2049": "!?"}  # punctuation to Unicode's list of emoji
_QUOTES = str.maketrans("‘’‚‛ʼ′´`“”„‟″«»‐‑‒–—―−", "''''''''\"\"\"\"\"\"\"-------")
_INVISIBLE = regex.compile(r"\p{Cf}+|[\ufe00-\ufe0f\u20e3\U000e0100-\U000e01ef]+")
_CONTROL = regex.compile(r"\p{Cc}+|\p{Zl}+|\p{Zp}+|\p{Co}+|\p{Cs}+|\ufffd+")


def clean(text: str) -> str:
    """Give a text whose letters, digits and punctuation have one form each.

    Entities are undone, the rest is in NFKC, quotes and dashes are those of ASCII, emoji are in
    their one spelling with blanks around them, and what has no shape is gone.

    Examples
    --------
    >>> clean("ﬂood &amp;amp; ｍｕｄ’s wet👍🏽")
    "flood & mud's wet 👍 "
    """
    if "&" in text:
        for _ in range(_ROUNDS):
            found = html.unescape(text)
            if found == text:
                break
            text = found
    if text.isascii():
        return text if text.isprintable() else _CONTROL.sub(" ", text)
    if _SURROGATE.search(text):  # halves of a sign, as a JSON that was cut leaves them
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    parts: list[str] = []
    done = 0
    for match in _CLUSTER.finditer(text):
        sign = canonical(match.group())
        parts += (_letters(text[done : match.start()]), _DOUBLE.get(sign) or f" {sign} ")
        done = match.end()
    parts.append(_letters(text[done:]))
    return "".join(parts)


def _letters(text: str) -> str:
    if text.isascii():
        return text if text.isprintable() else _CONTROL.sub(" ", text)
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return str(_CONTROL.sub(" ", _INVISIBLE.sub("", text)))
