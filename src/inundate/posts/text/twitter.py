"""Tokens as the vectors GloVe Twitter have them, in the order in which they were cut there.

The order and the patterns are those that researchers of floods used with these vectors, after
the script of their authors. Two faults are mended: an emoji that is glued to a word stands
alone, since the word would be unknown otherwise, and hashtags keep their letters that are not
Latin and what follows an underscore. What pseudonymisation puts into a text is a token.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from inundate.posts.text.emoji import CLUSTER, canonical
from inundate.posts.text.fixed import STANDS_FOR, URL

__all__ = ["cut"]

_LONGEST = 200  # characters without a blank; what is longer is cut, so that time stays linear
_CLUSTER = regex.compile(CLUSTER)
_FIXED = regex.compile("|".join(STANDS_FOR), regex.IGNORECASE)
_EYES, _NOSE = "[8:=;]", r"['`\-]?"
_LINK = regex.compile(r"https?://\S+\b|www\.(?:\w+\.)+\S*")
_MENTION = regex.compile(r"@\S+")
_FACES = (
    (regex.compile(rf"{_EYES}{_NOSE}[)dD]+|(?<![)dD])[)dD]+{_NOSE}{_EYES}"), "<smile>"),
    (regex.compile(rf"{_EYES}{_NOSE}[pP]+"), "<lolface>"),
    (regex.compile(rf"{_EYES}{_NOSE}\(+|(?<!\))\)+{_NOSE}{_EYES}"), "<sadface>"),
    (regex.compile(rf"{_EYES}{_NOSE}[/|l*]"), "<neutralface>"),
)
_NUMBER = regex.compile(r"[-+]?\.*+\d[:,.\d]*+")
_TAG = regex.compile(r"#\S+")
_CAMEL = regex.compile(r"<number>|[A-Z][^A-Z_<]*|[^A-Z_<]+")
_REPEATED = regex.compile(r"([!?.]){2,}")
_ELONGATED = regex.compile(r"([^\W\d_])\1{2,}\b")
_CAPITALS = regex.compile(r"[A-Z]{2,}")
_MARKS = regex.compile(r"([!?:;.,\[\]])")


def cut(piece: str, split_tags: bool = True) -> Iterator[str]:
    """Give the tokens of a piece of text without blanks.

    Parameters
    ----------
    piece : str
    split_tags : bool
        Whether hashtags are cut at capitals.

    Examples
    --------
    >>> list(cut("#HighRiver")), list(cut("NOOOO!!!")), list(cut("12km/h"))
    (['<hashtag>', 'high', 'river'], ['no', '<allcaps>', '<elong>', '!', '<repeat>'],
     ['<number>km', '/', 'h'])
    """
    if not piece.isascii():
        piece = _CLUSTER.sub(lambda found: f" {canonical(found.group())} ", piece)
    piece = _FIXED.sub(lambda found: STANDS_FOR[found.group().lower()], piece)
    piece = _MENTION.sub("<user>", _LINK.sub(URL, piece))
    for start in range(0, len(piece), _LONGEST):
        yield from _tokens(piece[start : start + _LONGEST], split_tags)


def _tokens(text: str, split_tags: bool) -> list[str]:
    for pattern, token in _FACES:
        text = pattern.sub(token, text)
    text = text.replace("/", " / ").replace("<3", "<heart>")
    text = _NUMBER.sub("<number>", text)
    text = _TAG.sub(lambda found: _tag(found.group()[1:], split_tags), text)
    text = _REPEATED.sub(r"\1 <repeat>", text)
    text = _ELONGATED.sub(r"\1 <elong>", text)
    text = _CAPITALS.sub(lambda found: f"{found.group().lower()} <allcaps>", text)
    text = _MARKS.sub(r" \1 ", text.replace("’", "'"))
    return text.lower().replace(",", " ").split()


def _tag(body: str, split: bool) -> str:
    if body == body.upper():
        return body.lower()
    parts = _CAMEL.findall(body) if split else [body]
    return " ".join(["<hashtag>", *parts])
