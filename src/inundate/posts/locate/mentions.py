"""Names of a gazetteer in the text of a post: the longest that fit, and what stands around them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inundate.posts.locate.gazetteer import FORMS, Gazetteer
from inundate.posts.locate.names import fold
from inundate.posts.locate.words import (
    AFFIXES,
    BEFORE,
    CUES,
    ELSEWHERE,
    FUNCTION_WORDS,
    WordSense,
    strip_affixes,
)

__all__ = ["Mention", "find_mentions"]

_TOKEN = re.compile(
    r"(?P<skip>https?://\S*|[@＠]\w[\w.]*|\b[\w.]{1,64}@[\w.]+)|(?P<tag>[#＃]\w+)"
    r"|(?P<word>(?:[^\W\d_]\.){2,}|\d+(?=\w)[\w]+|[^\W\d_]+(?:['’-][^\W\d_]+)*)|(?P<number>\d+)"
)
_CAMEL = re.compile(r"[A-Z]?[^\WA-Z\d_]+|[A-Z]+(?![a-z])|\d+")
_CODE, _JOINED = FORMS.index("code"), FORMS.index("joined")
_LEAST_LETTERS = 3
_LONGEST_TAG = 80  # letters of a tag that is looked into
_LEAST_PART = 5  # letters of a part of a tag that is looked up by itself


@dataclass(frozen=True)
class Mention:
    """A name of the gazetteer in a text.

    Attributes
    ----------
    start, end : int
        Characters.
    text : str
    candidates : tuple of (int, int)
        Rows of the gazetteer and forms of the name.
    is_tag, is_part : bool
        Whether it stands in a hashtag, and is only a part of one.
    is_capital : bool
        Whether capitals tell that it is a name.
    is_word : bool
        Whether it may as well be a common word.
    has_cue : bool
        Whether a word such as "in" or "near" stands before it.
    is_named_after : bool
        Whether it is part of the name of something else: Boulder Creek, University of Colorado.
    name_before, name_behind : bool
        Whether another word with a capital stands beside it.
    after_comma : bool
        Whether a comma stands before it.
    """

    start: int
    end: int
    text: str
    candidates: tuple[tuple[int, int], ...]
    is_tag: bool = False
    is_part: bool = False
    is_capital: bool = False
    is_word: bool = False
    has_cue: bool = False
    is_named_after: bool = False
    name_before: bool = False
    name_behind: bool = False
    after_comma: bool = False


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    text: str
    kind: str
    folded: str


@dataclass(frozen=True)
class _Capitals:
    """What capitals tell in a text: names from words; anything at all."""

    names: bool
    by_any: bool


def find_mentions(text: str, gazetteer: Gazetteer, sense: WordSense) -> list[Mention]:
    """Find the names of a gazetteer in a post, the longest first, none overlapping.

    Parameters
    ----------
    text : str
    gazetteer : Gazetteer
    sense : WordSense
        What is known of the words of this collection.
    """
    tokens = [
        _Token(one.start(), one.end(), one[0], one.lastgroup or "", fold(one[0].lstrip("#＃")))
        for one in _TOKEN.finditer(text)
    ]
    told = _Capitals(_tells_by_capitals(tokens), not text.isupper())
    found: list[Mention] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.kind == "tag":
            mention = _in_tag(token, gazetteer, sense)
            if mention is not None:
                found.append(mention)
            place += 1
        elif token.kind == "word":
            mention, used = _from(place, tokens, text, gazetteer, sense, told)
            if mention is not None:
                found.append(mention)
            place += used
        else:
            place += 1
    return found


def _tells_by_capitals(tokens: list[_Token]) -> bool:
    """Whether the writer uses capitals as one should: neither all large nor all small."""
    words = [one.text for one in tokens if one.kind == "word" and len(one.text) > 1]
    large = sum(word[0].isupper() for word in words)
    return bool(words) and 0 < large <= max(2, 0.7 * len(words))


def _from(
    place: int, tokens: list[_Token], text: str, gazetteer: Gazetteer, sense: WordSense,
    told: _Capitals,
) -> tuple[Mention | None, int]:  # fmt: skip
    """Look for the longest name that begins at a token."""
    run = [tokens[place]]
    for after in tokens[place + 1 : place + gazetteer.longest]:
        between = text[run[-1].end : after.start]
        if after.kind != "word" or between.strip(".'’-") not in ("", " "):
            break
        run.append(after)
    for number in range(len(run), 0, -1):
        part = run[:number]
        name = text[part[0].start : part[-1].end]
        folded = fold(name)
        candidates = _fitting(gazetteer.find(folded), name)
        if not candidates or (number == 1 and _too_short(name, folded)):
            continue
        return _described(
            place, number, name, folded, candidates, tokens, text, sense, told
        ), number
    return None, 1


def _too_short(name: str, folded: str) -> bool:
    return len(folded) < _LEAST_LETTERS and not name.isupper()


def _fitting(candidates: list[tuple[int, int]], name: str) -> tuple[tuple[int, int], ...]:
    """Leave codes out unless they are written large, and names run together unless in a tag."""
    letters = name.replace(".", "")
    return tuple(
        (row, form)
        for row, form in candidates
        if form != _JOINED and (form != _CODE or letters.isupper())
    )


def _described(
    place: int, number: int, name: str, folded: str, candidates: tuple[tuple[int, int], ...],
    tokens: list[_Token], text: str, sense: WordSense, told: _Capitals,
) -> Mention:  # fmt: skip
    first, last = tokens[place], tokens[place + number - 1]
    before = tokens[place - 1] if place else None
    after = tokens[place + number] if place + number < len(tokens) else None
    joined_before = before is not None and text[before.end : first.start].strip("\"“'(") in (
        "",
        " ",
    )
    joined_after = after is not None and text[last.end : after.start] in (" ", "'s ", "’s ", "-")
    previous = before.folded if before is not None and joined_before else ""
    following = after.folded if after is not None and joined_after else ""
    is_large = all(word[:1].isupper() or word in FUNCTION_WORDS for word in name.split())
    begins = before is None or not joined_before or text[before.end : first.start].strip() != ""
    two_back = tokens[place - 2].folded if place > 1 else ""
    return Mention(
        first.start, last.end, name, candidates,
        is_capital=is_large and told.names and not (begins and number == 1),
        is_word=number == 1 and sense.is_word(folded),
        has_cue=previous in CUES or (previous in ("the", "of", "metro") and two_back in CUES),
        is_named_after=(after is not None and joined_after and following in ELSEWHERE)
        or previous in BEFORE
        or (previous == "of" and two_back in BEFORE),
        name_before=told.names and joined_before and _is_name(before) and previous not in CUES,
        name_behind=told.by_any and joined_after and _is_name(after),
        after_comma=before is not None and text[before.end : first.start].strip() in (",", ".,"),
    )  # fmt: skip


def _is_name(token: _Token | None) -> bool:
    return (
        token is not None
        and token.kind == "word"
        and token.text[0].isupper()
        and token.folded not in FUNCTION_WORDS
        and token.folded not in AFFIXES  # Calgary Flood, a headline
    )


def _in_tag(token: _Token, gazetteer: Gazetteer, sense: WordSense) -> Mention | None:
    """Look a hashtag up: whole, without what tags add to a place, by its capitals."""
    tag = token.text[1:]
    whole = gazetteer.find(token.folded)
    if whole and len(token.folded) >= 2:
        return Mention(
            token.start + 1, token.end, tag, tuple(whole), is_tag=True,
            is_word=sense.is_word(token.folded),
        )  # fmt: skip
    left = token.folded if len(tag) > _LONGEST_TAG else strip_affixes(token.folded)
    if left != token.folded and len(left) >= _LEAST_LETTERS:
        found = gazetteer.find(left)
        start = fold(tag).find(left)
        if found and start >= 0:
            begin = token.start + 1 + start
            return Mention(
                begin, begin + len(left), tag[start : start + len(left)], tuple(found),
                is_tag=True, is_word=sense.is_word(left),
            )  # fmt: skip
    for piece in _CAMEL.finditer(tag):
        folded = fold(piece[0])
        if len(folded) >= _LEAST_PART and piece[0] != tag and not sense.is_word(folded):
            candidates = tuple(one for one in gazetteer.find(folded) if one[1] < _CODE)
            if candidates:
                return Mention(
                    token.start + 1 + piece.start(), token.start + 1 + piece.end(), piece[0],
                    candidates, is_tag=True, is_part=True,
                )  # fmt: skip
    return None
