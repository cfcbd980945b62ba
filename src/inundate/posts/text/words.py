"""The words of a piece of text without blanks in it, in the style of posts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import regex

from inundate.posts.text.emoji import CLUSTER
from inundate.posts.text.fixed import (
    HEART,
    LAUGH,
    NEUTRAL,
    NUMBER,
    SAD,
    SMILE,
    STANDS_FOR,
    URL,
    USER,
)

__all__ = ["words_of"]

_TLDS = (
    "com|org|net|edu|gov|info|biz|io|tv|app|dev|social|online|site|xyz|news|co|uk|ca|eu|au|nz"
    "|us|de|fr|es|br|in|ph|ly|gl|me"
)
_L = r"[\p{L}\p{M}]"
_LN = r"[\p{L}\p{M}\p{N}]"
_SOLID = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
# French and Italian; the token keeps its apostrophe, as in most vectors of these languages
_ELIDED = "l|d|j|m|t|s|c|n|qu|jusqu|lorsqu|puisqu|un|dell|nell|all|dall|sull|quell|quest"
_PIECES = regex.compile(
    rf"""
    (?P<fixed><(?:{"|".join(mark[1:-1] for mark in STANDS_FOR)})>:?+)
    |(?P<url>[a-z][a-z0-9+.-]{{1,15}}+://\S*+|www\.\S++
      |(?<![\w@.-])[a-z0-9-]++(?:\.[a-z0-9-]++)++(?<=\.(?:{_TLDS}))(?![\w@])(?:[/?]\S*+)?+)
    |(?P<mail>(?<![\w.+%@-])[\w.+%-]++@[\w-]++(?:\.[\w-]++)*+)
    |(?P<user>@[\w\p{{M}}]++(?:[.-][\w\p{{M}}]++)*+(?:@[\w-]++(?:\.[\w-]++)*+)?+:?+)
    |(?P<tag>\#[\w\p{{M}}]++)
    |(?P<face>[:=;][-'^]?[)(\]\[/\\|DPo*]++(?!\w)|[)(][-'^]?[:=;](?![\w)(])|<3(?!\d))
    |(?P<number>\d++(?:[.,:/]\d++)*+(?:(?:st|nd|rd|th|s)(?!\w))?+)
    |(?P<suffix>(?:'(?:s|m|re|ve|ll|d|t)|(?<!\w)n't|(?<!\w)(?:{_ELIDED})')(?!\w))
    |(?P<initials>(?<!\w)(?:[a-z]\.){{2,8}}+(?!\w))
    |(?P<solid>{_SOLID}\p{{M}}*+)
    |(?P<word>(?:(?!{_SOLID}){_L}){_LN}*+(?:['-](?={_L}){_LN}++)*+)
    |(?P<emoji>{CLUSTER})
    |(?P<dots>\.\.++)
    |(?P<mark>(?P<sign>[!?.,:;"'()/%&$€£+-])(?P=sign)*+)
    """,
    regex.VERBOSE | regex.IGNORECASE,
)

_HYPHEN_LONGEST = 40  # letters; what is longer is no word
_NUMBER_LONGEST = 4  # digits: years, hours and counts of a street stay, others are one token
_CONTRACTED = regex.compile(r"(.+)('(?:s|m|re|ve|ll|d)|n't)")
_BEFORE = regex.compile(rf"((?:{_ELIDED})')(.+)")
_TRIPLED = regex.compile(r"(\p{L})\1\1")

Split = Callable[[str], list[str]]
Shorten = Callable[[str], str]


def words_of(piece: str, split_tag: Split, shorten: Shorten) -> Iterator[str]:
    """Give the tokens of a piece of text.

    Parameters
    ----------
    piece : str
        Without blanks, cleaned by :func:`~inundate.posts.text.clean.clean`.
    split_tag : callable
        Gives the words of a hashtag, which comes without its sign.
    shorten : callable
        Gives the usual spelling of a word in which a letter stands three times or more in a row.
    """
    for match in _PIECES.finditer(piece):
        kind, found = match.lastgroup, match.group()
        if kind == "word":
            yield from _word(found.lower(), shorten)
        elif kind == "mark":
            yield found[0]
        elif kind == "user" or kind == "mail":
            yield USER
        elif kind == "url":
            yield URL
            yield from found[len(found.rstrip(_END)) :][:1]
        elif kind == "tag":
            yield from split_tag(found[1:])
        elif kind == "fixed":
            yield STANDS_FOR[found.rstrip(":").lower()]
        elif kind == "number":
            yield _number(found)
        elif kind == "face":
            yield _face(found)
        elif kind == "dots":
            yield "..."
        else:
            yield found.lower()


_END = ".,;:!?)]}>'\"*_~-"  # behind a link: not part of it; see posts.anonymise.links


def _word(word: str, shorten: Shorten) -> Iterator[str]:
    if _TRIPLED.search(word):
        word = shorten(word)
    if "'" in word:
        match = _BEFORE.fullmatch(word) or _CONTRACTED.fullmatch(word)
        if match:
            yield from match.groups()
            return
    if "-" in word:
        parts = word.split("-")
        if len(word) > _HYPHEN_LONGEST or min(map(len, parts)) > 1:
            yield from parts
            return
    yield word


def _number(found: str) -> str:
    digits = sum(char.isdigit() for char in found)
    return found.lower() if digits <= _NUMBER_LONGEST else NUMBER


def _face(found: str) -> str:
    if found == "<3":
        return HEART
    mouth = found.rstrip("/\\")[-1] if found[0] in ":=;" else found[0]
    if found[0] not in ":=;":
        return SMILE if mouth == "(" else SAD  # turned round
    if mouth in ")]D":
        return SMILE
    if mouth in "([":
        return SAD
    return LAUGH if mouth in "pP" else NEUTRAL
