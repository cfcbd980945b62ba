"""Signs that a post is about a hazard: stems within its letters, terms among its words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.posts.text.tokenise import Tokeniser

__all__ = ["FLOOD_STEMS", "HAZARDS", "StemSign", "TermSign", "hazard_of", "read_terms"]

FLOOD_STEMS = (
    "flood", "inunda", "inondation", "alluvion", "hochwasser", "überschwemm", "überflut",
    "enchente", "alagamento", "overstrom", "banjir",
)  # fmt: skip
"""Stems of words for floods in English, Romance and Germanic languages, and Indonesian."""

HAZARDS: dict[str, tuple[str, ...]] = {
    "flood": FLOOD_STEMS,
    "hurricane": ("hurricane", "huracan", "huracán", "storm", "flood"),
    "typhoon": ("typhoon", "bagyo", "storm", "flood"),
    "cyclone": ("cyclone", "storm", "flood"),
    "tornado": ("tornado", "twister", "storm"),
    "earthquake": ("earthquake", "quake", "terremoto", "temblor", "sismo", "lindol"),
    "tsunami": ("tsunami",),
    "fire": ("fire", "incendi", "burn", "smoke"),
    "haze": ("haze", "smog", "smoke"),
    "bombing": ("bomb", "blast", "explosion"),
    "shooting": ("shooting", "gunman", "shooter"),
    "explosion": ("explosion", "explode", "blast", "explosi"),
    "crash": ("crash", "derail", "train"),
    "collapse": ("collapse",),
    "meteor": ("meteor",),
}
"""Stems that stand for each kind of hazard; general knowledge, taken from no collection."""


def hazard_of(event: str) -> tuple[str, ...]:
    """Give the stems of the hazard that an event's name tells, none where it tells none.

    Examples
    --------
    >>> hazard_of("2013_oklahoma_tornado")
    ('tornado', 'twister', 'storm')
    """
    named = event.casefold()
    found = [stem for hazard, stems in HAZARDS.items() if hazard in named for stem in stems]
    return tuple(dict.fromkeys(found))


class StemSign:
    """Whether a text holds one of some runs of letters, in any case, also within a hashtag.

    Parameters
    ----------
    stems : sequence of str

    Examples
    --------
    >>> StemSign(("flood",))(["#yycFLOOD again", "sunny"]).tolist()
    [1, 0]
    """

    def __init__(self, stems: Sequence[str]) -> None:
        self.stems = tuple(stem.lower() for stem in stems)

    def __call__(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give (N,) int8, 1 where a text has the sign."""
        stems = self.stems
        found = [any(stem in low for stem in stems) for low in map(str.lower, texts)]
        return np.array(found, dtype=np.int8)


_WITHIN = 5  # letters from which a term also counts inside a longer word: floods, #stormwatch


class TermSign:
    """Whether all words of one of some terms are among the words of a text.

    A term of one word, of five letters or more, counts inside longer words too.

    Parameters
    ----------
    terms : sequence of str
        Each of one or more words.
    tokeniser : Tokeniser
        Also cuts hashtags into words.
    """

    def __init__(self, terms: Sequence[str], tokeniser: Tokeniser) -> None:
        self.terms = tuple(terms)
        self.tokeniser = tokeniser
        split = [term.split() for term in self.terms]
        single = [words[0] for words in split if len(words) == 1]
        self._single = frozenset(word for word in single if len(word) < _WITHIN)
        self._inside = tuple(word.lower() for word in single if len(word) >= _WITHIN)
        self._several: dict[str, list[frozenset[str]]] = {}
        for words in split:
            if len(words) > 1:
                self._several.setdefault(words[0], []).append(frozenset(words[1:]))

    def __call__(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give (N,) int8, 1 where a text has a term."""
        return (self.counts(texts) > 0).astype(np.int8)

    def counts(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Give the number of terms in each text, (N,) int64."""
        return np.array([self._count(text) for text in texts], np.int64)

    def _count(self, text: str) -> int:
        several, words, low = self._several, set(self.tokeniser(text)), text.lower()
        found = len(words & self._single) + sum(word in low for word in self._inside)
        for word in words & several.keys():
            found += sum(others <= words for others in several[word])
        return found


def read_terms(path: Path | None) -> tuple[str, ...]:
    """Read a lexicon: one term a line, lines that begin with ``#`` are remarks.

    Parameters
    ----------
    path : Path or None
        None gives the stems of :data:`HAZARDS` as words.

    Raises
    ------
    MissingFileError
        If the file is absent.
    DataError
        If it is not UTF-8 or holds no term.
    """
    if path is None:
        return tuple(dict.fromkeys(stem for stems in HAZARDS.values() for stem in stems))
    source = check_input(path, what="reading a lexicon")
    try:
        lines = source.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"reading the lexicon {source}: not UTF-8 ({error})") from error
    kept = (" ".join(line.lower().split()) for line in lines if not line.startswith("#"))
    terms = tuple(dict.fromkeys(term for term in kept if term))
    if not terms:
        raise DataError(
            f"reading the lexicon {source}: no term in it", hint="expected one term a line"
        )
    return terms
