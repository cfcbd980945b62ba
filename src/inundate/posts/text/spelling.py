"""Give words in which letters are drawn out their usual spelling."""

from __future__ import annotations

from itertools import product

import regex

from inundate.posts.text.vocabulary import Vocabulary

__all__ = ["shorten"]

_LAUGH = regex.compile(r"([hj][aeio])\1++[hj]?|a((?:ha){2,})h?")
_RUN = regex.compile(r"(\p{L})\1+")
_RUNS = 6  # drawn out letters of one word; more are a cry


def shorten(word: str, vocabulary: Vocabulary) -> str:
    """Give the likeliest word that a drawn out one is of.

    Letters that come three times or more are taken once or twice, whichever makes the commoner
    word; once when none is known. Laughter is cut to two syllables.

    Parameters
    ----------
    word : str
        In lower case.
    vocabulary : Vocabulary

    Examples
    --------
    >>> from inundate.posts.text.vocabulary import english
    >>> [shorten(word, english()) for word in ("soooo", "flooooding", "stilllll", "lmaooo")]
    ['so', 'flooding', 'still', 'lmao']
    """
    laugh = _LAUGH.fullmatch(word)
    if laugh:
        return (laugh[1] or "ha") * 2
    if word in vocabulary:
        return word
    pieces: list[tuple[str, ...]] = []
    done = drawn = 0
    for match in _RUN.finditer(word):
        letter = match[1]
        pieces.append((word[done : match.start()],))
        is_drawn = len(match.group()) > 2
        drawn += is_drawn
        pieces.append((letter, letter * 2) if is_drawn else (match.group(),))
        done = match.end()
    pieces.append((word[done:],))
    if drawn > _RUNS:
        return "".join(choices[0] for choices in pieces)
    # min takes the first of equals: that with all letters once
    ways = ["".join(way) for way in product(*pieces)]
    return min(ways, key=lambda way: vocabulary.costs.get(way, float("inf")))
