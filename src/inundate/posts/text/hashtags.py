"""Cut hashtags into their words: by capitals and digits, then by the likeliest words."""

from __future__ import annotations

import math
from functools import lru_cache

import regex

from inundate.posts.text.vocabulary import LONGEST, Vocabulary

__all__ = ["Segmenter"]

_LONGEST_TAG = 60  # letters; X allows 280, but what is longer than this is no run of words
_LEAST = 5  # letters of an unknown word that is looked into
_LEAST_PIECE, _LONGEST_PIECE = 3, 12  # letters of a name within a tag that no list has
_PARTS = regex.compile(
    r"\p{N}++(?:st|nd|rd|th|s)(?!\p{Ll})|(?<!\p{L})\p{L}\p{N}++(?!\p{L})|\p{N}++|\p{Lu}+(?![\p{Ll}\p{M}])|[\p{Lu}\p{Lt}]?[\p{Ll}\p{Lo}\p{Lm}\p{M}]+|\p{Lt}"
)
_LATIN = regex.compile(r"[a-zà-öø-ÿœ]+")
_WEATHER = "wx"  # spotters' tags: a state, and this
_KEPT = 1 << 15


class Segmenter:
    """Cuts what is written without blanks.

    Parameters
    ----------
    vocabulary : Vocabulary

    Examples
    --------
    >>> from inundate.posts.text.vocabulary import english
    >>> cut = Segmenter(english())
    >>> cut("yycflood"), cut("HighRiver2013"), cut("PRAYFOROKLAHOMA")
    (['yyc', 'flood'], ['high', 'river', '2013'], ['pray', 'for', 'oklahoma'])
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._cut = lru_cache(maxsize=_KEPT)(self._segment)

    def __call__(self, tag: str) -> list[str]:
        """Give the words of a tag, in lower case.

        Parameters
        ----------
        tag : str
            Without its sign.
        """
        parts = _PARTS.findall(tag)
        lowered = tag.lower()
        words = self._words(parts)
        if lowered == tag:
            return words
        # capitals may mean nothing (fLoOd), or stand where no word begins (ABflood, YouTube)
        other = self._words(_PARTS.findall(lowered))
        return words if self._price(words) <= self._price(other) else other

    def _words(self, parts: list[str]) -> list[str]:
        return [word for part in parts for word in self._cut(part.lower())]

    def _price(self, words: list[str]) -> float:
        return sum(self.vocabulary.cost(word) for word in words)

    def _segment(self, part: str) -> tuple[str, ...]:
        """Cut a run of letters of one case; Viterbi over all places where words may meet."""
        known = self.vocabulary.costs
        if part.endswith(_WEATHER) and part[:-2] in known and part not in known:
            return part[:-2], _WEATHER
        if (
            len(part) < _LEAST
            or len(part) > _LONGEST_TAG
            or part in known
            or not _LATIN.fullmatch(part)
        ):
            return (part,)
        best = [0.0] + [math.inf] * len(part)
        start_of = [0] * (len(part) + 1)
        for end in range(1, len(part) + 1):
            for start in range(max(0, end - LONGEST), end):
                cost = known.get(part[start:end])
                if cost is None:
                    if not _LEAST_PIECE <= end - start <= _LONGEST_PIECE:
                        continue
                    cost = self.vocabulary.cost(part[start:end])
                if best[start] + cost < best[end]:
                    best[end], start_of[end] = best[start] + cost, start
        if best[-1] >= self.vocabulary.cost(part):
            return (part,)
        pieces: list[str] = []
        end = len(part)
        while end:
            pieces.append(part[start_of[end] : end])
            end = start_of[end]
        pieces.reverse()
        return tuple(pieces) if self._is_sound(pieces) else (part,)

    def _is_sound(self, pieces: list[str]) -> bool:
        """Whether pieces are words, not the shreds of a word of another language."""
        unknown = [piece for piece in pieces if piece not in self.vocabulary.costs]
        short = sum(len(piece) < _LEAST_PIECE for piece in pieces)
        if unknown:
            return len(unknown) == 1 and not short and unknown[0].isascii()
        return short * 2 <= len(pieces) and len(pieces[-1]) > 1
