"""The words of a piece of text without blanks in it, in the style of posts."""

from __future__ import annotations

import re
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
_TLDS = f"(?:{_TLDS})|(?:{_TLDS.upper()})"
# French and Italian; the token keeps its apostrophe, as in most vectors of these languages
_ELIDED = "l|d|j|m|t|s|c|n|qu|jusqu|lorsqu|puisqu|un|dell|nell|all|dall|sull|quell|quest"
# one sign is one word in scripts without blanks
_SOLID = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_ANY = {
    "letter": rf"(?!{_SOLID})\p{{L}}",
    "inner": r"[\p{L}\p{M}\p{N}]",
    "mark": r"[\w\p{M}]",
    "more": rf"|(?P<solid>{_SOLID}\p{{M}}*+)|(?P<emoji>{CLUSTER})",
    "money": "$€£",
}
# the same for ASCII alone, which the standard library matches several times faster
_ASCII = {
    "letter": "[A-Za-z]",
    "inner": "[A-Za-z0-9]",
    "mark": r"\w",
    "more": "",
    "money": "$",
}


def _grammar(letter: str, inner: str, mark: str, more: str, money: str) -> str:
    """Write the pattern of one token; the first alternative that fits counts."""
    return rf"""
    (?P<word>{letter}{inner}*+(?![\w'.:/@+-])|(?<=\.){letter}{inner}*+(?![\w':/@+-]))
    |(?P<mark>(?P<sign>[!?,"%&{money}])(?P=sign)*+|\.(?!\.))
    |(?P<fixed><(?:{"|".join(kind[1:-1] for kind in STANDS_FOR)})>:?+)
    |(?P<url>[A-Za-z][A-Za-z0-9+.-]{{1,15}}+://\S*+|[Ww][Ww][Ww]\.\S++
      |(?<![\w@.-])(?:[A-Za-z0-9-]++\.(?=[A-Za-z0-9-]))++(?:{_TLDS})(?![\w@-])(?:[/?]\S*+)?+)
    |(?P<mail>(?<![\w.+%@-])\w[\w.+%-]*+@[\w-]++(?:\.[\w-]++)*+)
    |(?P<user>@{mark}++(?:[.-]{mark}++)*+(?:@[\w-]++(?:\.[\w-]++)*+)?+:?+)
    |(?P<keycap>[0-9\#*]\u20e3)
    |(?P<tag>\#{mark}++)
    |(?P<face>[:=;][-'^]?[)(\]\[/\\|DPpo*]++(?!\w)|[)(][-'^]?[:=;](?![\w)(])|<3(?!\d))
    |(?P<number>\d++(?:[.,:/]\d++)*+(?:(?:[Ss][Tt]|[Nn][Dd]|[Rr][Dd]|[Tt][Hh]|[Ss])(?!\w))?+)
    |(?P<suffix>(?i:'(?:s|m|re|ve|ll|d|t)|(?<!\w)n't|(?<!\w)(?:{_ELIDED})')(?!\w))
    |(?P<initials>(?<![\w.])(?:[A-Za-z]\.){{2,8}}+(?!\w))
    |(?P<long>{letter}{inner}*+(?:['-](?={letter}){inner}++)*+)
    {more}
    |(?P<dots>\.\.++)
    |(?P<other>(?P<twin>[.:;'()/+-])(?P=twin)*+)
    """


_PIECES = regex.compile(_grammar(**_ANY), regex.VERBOSE)
_ASCII_PIECES = re.compile(_grammar(**_ASCII), re.VERBOSE | re.ASCII)

_HYPHEN_LONGEST = 40  # letters; what is longer is no word
_NUMBER_LONGEST = 4  # digits: years, hours and counts of a street stay, others are one token
_CONTRACTED = re.compile(r"(.+)('(?:s|m|re|ve|ll|d)|n't)")
_COMMA = re.compile(r"^(\d+),(\d\d?)$")  # as most of Europe writes tenths
_BEFORE = re.compile(rf"((?:{_ELIDED})')(.+)")
_DRAWN = re.compile(r"([^\W\d_])\1\1|^a?([hj][aeio])\2[hj]")

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
    pieces = _ASCII_PIECES if piece.isascii() else _PIECES
    for match in pieces.finditer(piece):
        kind, found = match.lastgroup, match.group()
        if kind == "word" or kind == "long":
            yield from _word(found.lower(), shorten)
        elif kind == "mark" or kind == "other":
            yield found[0]
        elif kind == "user" or kind == "mail":
            yield USER
        elif kind == "url":
            yield URL
            yield from words_of(found[len(found.rstrip(_END)) :], split_tag, shorten)
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
    if _DRAWN.search(word):
        word = shorten(word)
    if "'" in word:
        match = _BEFORE.fullmatch(word) or _CONTRACTED.fullmatch(word)
        if match:
            yield from match.groups()
            return
    if "-" in word:
        parts = word.split("-")
        if len(word) > _HYPHEN_LONGEST or len(parts[0]) > 1:
            yield from parts
            return
    yield word


def _number(found: str) -> str:
    if sum(char.isdigit() for char in found) > _NUMBER_LONGEST:
        return NUMBER
    return _COMMA.sub(r"\1.\2", found.lower())


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
