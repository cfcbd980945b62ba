"""Words about places: what stands before a name, behind it, and around it in a hashtag."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from inundate.posts.locate.names import fold
from inundate.posts.text.language_words import WORDS

__all__ = [
    "AFFIXES",
    "BEFORE",
    "CUES",
    "ELSEWHERE",
    "FUNCTION_WORDS",
    "RELATIVE",
    "WordSense",
    "strip_affixes",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS = frozenset(fold(word) for words in WORDS.values() for word in words.split())

# prepositions and the like before which nothing but a place or a time is likely
CUES = _words(
    "in at near from to around across outside downtown through into toward towards north south "
    "east west northern southern eastern western central "
    "nel nella nello presso vicino dintorni provincia zona "
    "en cerca desde hasta em perto vers chez pres bei nach aus nahe "
    "brgy barangay sitio"
)

# behind a name: a thing that is called after the place and may be far from it, or has no place
ELSEWHERE = _words(
    "river creek lake falls canyon mountain mountains hill valley bay brook county "
    "street st road rd avenue ave av drive dr lane ln trail tr highway hwy way boulevard blvd "
    "fiume torrente lago via viale piazza rio calle fluss bach strasse fleuve rue "
    "subdivision subd village ext "
    "post times news sun herald journal tribune radio tv police department report"
)

# before a name: University of Colorado, Lake Louise, Via Roma; and call signs of stations
BEFORE = _words(
    "university lake river mount mt fort via viale piazza monte lago rio calle rue radio ctv cbc "
)

# what tags about a flood put before or behind a place
AFFIXES = tuple(
    sorted(
        _words(
            "flood floods flooding flooded floodrelief storm strong relief rescue help helps "
            "pray prayers prayer for the stay save love weather wx fire fires quake "
            "earthquake wind snow rain news traffic update updates alert alerts volunteer "
            "volunteers disaster emergency alluvione maltempo forza allerta meteo "
            "allertameteo aiuta aiutiamo la per baha bangon ulan bagyo hochwasser flut "
            "unwetter inundacion inundaciones lluvia inondation crue "
            "fuerza enchente chuva banjir gempa terremoto"
        ),
        key=len,
        reverse=True,
    )
)

RELATIVE = re.compile(
    r"\b(?:by|near|next to|beside|behind|opposite|across from|in front of|outside|under|down|"
    r"along|north of|south of|east of|west of|end of|corner of|close to)\s+"
    r"(?:the|our|my|a|this|that)\s+"
    r"(?:\w+\s+){0,2}?(?:bridge|river|creek|church|school|station|mall|park|shop|store|pub|"
    r"road|street|house|hospital|underpass|roundabout|library|market|bank|plant|temple)\b",
    re.IGNORECASE,
)
"""A place told by another that has no name: it is counted, and left unlocated."""

_PIECE = re.compile(r"[^\W\d_]+")
_TAG = re.compile(r"[#@]\w+|https?://\S+")


def strip_affixes(tag: str) -> str:
    """Give what is left of a folded tag without what is said of the place, and years.

    Examples
    --------
    >>> strip_affixes("prayforthephilippines"), strip_affixes("calgaryflood2013")
    ('philippines', 'calgary')
    """
    left = tag.strip("0123456789")
    changed = True
    while changed:
        changed = False
        for affix in AFFIXES:
            if len(left) > len(affix) + 2 and left.startswith(affix):
                left, changed = left[len(affix) :], True
            elif len(left) > len(affix) + 2 and left.endswith(affix):
                left, changed = left[: -len(affix)].rstrip("0123456789"), True
    return left


class WordSense:
    """Whether a word is written as a name or as a word, counted in the posts themselves.

    A town called Hope is one word with hope; in posts of people who hope it stands small far more
    often than in those who write of the town. No list of such names is needed, in any language.

    Parameters
    ----------
    texts : iterable of str
        Posts of the collection.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._small: Counter[str] = Counter()
        self._large: Counter[str] = Counter()
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Count the words of a post, where its capitals tell something."""
        plain = _TAG.sub(" ", text)
        pieces = list(_PIECE.finditer(plain))
        small = sum(piece[0].islower() for piece in pieces)
        if not pieces or small == len(pieces) or small < len(pieces) / 3:
            return
        for place, piece in enumerate(pieces):
            before = plain[: piece.start()].rstrip()
            if piece[0].islower():
                self._small[fold(piece[0])] += 1
            elif place and before[-1:] not in '.!?:;…"“':
                self._large[fold(piece[0])] += 1

    def is_word(self, folded: str) -> bool:
        """Whether a folded word is a word of the language rather than a name."""
        if folded in FUNCTION_WORDS:
            return True
        small, large = self._small[folded], self._large[folded]
        return small > large
