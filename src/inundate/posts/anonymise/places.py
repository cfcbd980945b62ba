"""Places as narrow as a house: coordinates, postcodes, house numbers, codes of squares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

__all__ = ["Postcodes", "find_houses", "find_squares"]

Postcodes = Literal["area", "keep", "remove"]

_DEGREES = r"[-+]?\d{1,3}\.\d{3,}°?(?:\s?[NSEWnsew]\b)?"
_DMS = (
    r"\d{1,3}\s?°\s?(?:\d{1,2}(?:\.\d+)?\s?['m]\s?)?(?:\d{1,2}(?:\.\d+)?\s?(?:\"|''|s)\s?)?[NSEW]"
)
_COORDINATES = re.compile(
    rf"(?<![\w.])(?:{_DEGREES}\s?[,;/ ]\s?{_DEGREES}|{_DMS}[,;\s]{{0,3}}{_DMS})(?!\w)"
)
_WORDS = re.compile(r"///[^\W\d_]{3,}+\.[^\W\d_]{3,}+\.[^\W\d_]{3,}+")  # what3words
_PLUS = re.compile(
    r"(?<![\w])[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,4}(?!\w)", re.IGNORECASE
)
_GRID = re.compile(r"(?<!\w)[HNOST][A-HJ-Z] ?(?:\d{3} \d{3}|\d{4} \d{4}|\d{5} \d{5}|\d{6}|\d{8}"
                   r"|\d{10})(?!\w)")  # fmt: skip
_UK = re.compile(r"(?<!\w)([A-Z]{1,2}\d[A-Z\d]?)( {0,2}\d[ABD-HJLNP-UW-Z]{2})(?!\w)", re.IGNORECASE)
_CANADA = re.compile(r"(?<!\w)([ABCEGHJ-NPRSTVXY]\d[A-Z])([ -]?\d[A-Z]\d)(?!\w)", re.IGNORECASE)
_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|"
    "T[NX]|UT|V[AT]|W[AIVY]"
)
_ZIP = re.compile(rf"(?<!\w)((?:{_STATES}),? )(\d{{5}}(?:-\d{{4}})?)(?!\w)")
_NETHERLANDS = re.compile(r"(?<!\w)([1-9]\d{3})( ?(?!AD|AM|BC|PM)[A-Z]{2})(?= [A-Z][a-z])")
_GERMAN = re.compile(r"(?<!\w)()((?:D-)?\d{5})(?= (?:Berlin|Hamburg|München|Köln|Frankfurt|Bonn|"
                     r"Dresden|Leipzig|Passau|Ahrweiler|Trier|Aachen)\b)")  # fmt: skip

_KINDS = (
    "street|st|road|rd|avenue|ave|lane|ln|drive|dr|close|crescent|cres|court|ct|boulevard|blvd|"
    "terrace|way|place|square|gardens|grove|parade|highway|hwy|row|hill|mews"
)
_LONG_KINDS = "street|road|avenue|lane|drive|close|crescent|boulevard|terrace|gardens|grove"
_SMALL = (
    "(?!(?:on|of|in|the|and|at|to|a|an|is|are|for|from|by|with|along|people|cars|homes|more)\\b)"
)
_HOUSES = (
    re.compile(
        r"(?<![\w.,:/$£€#-])(\d{1,5}[A-Za-z]?(?:\s?[-/]\s?\d{1,4}[A-Za-z]?)?),? "
        rf"(?:[A-Z0-9][\w'.]* ){{1,3}}(?:(?i:{_KINDS}))\b"
    ),
    re.compile(
        r"(?<![\w.,:/$£€#-])(\d{1,5}[a-z]?),? "
        rf"(?:{_SMALL}[a-z][\w'.]* ){{1,2}}(?:{_LONG_KINDS})\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<!\w)(?:flat|apt|apartment|unit|house no|house number|room|suite)\.? ?\#?"
        r"(\d{1,5}[a-z]?)(?!\w)",
        re.IGNORECASE,
    ),
    re.compile(
        r"[^\W\d_]+(?:straße|strasse|str\.|weg|platz|gasse|allee|laan|straat) "
        r"(\d{1,4} ?[a-z]?)(?!\w)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<![\w.,:])(\d{1,4}(?: ?(?:bis|ter))?),? (?:rue|boulevard|chemin|impasse|quai|allée)"
        r"(?: (?:de|du|des|la|le|les|d'))* ?[^\W\d_]",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:calle|via|viale|rua|avenida|av\.|plaza|piazza|jalan|jl\.)"
        r"(?: [^\W\d_][\w'.]*){1,4},? (?:n[°ºo.]* ?)?(\d{1,4})(?!\w)",
        re.IGNORECASE,
    ),
)


def find_squares(text: str, *, postcodes: Postcodes) -> Iterator[tuple[int, int, str]]:
    """Find coordinates, codes of squares and postcodes in a folded text.

    Parameters
    ----------
    text : str
    postcodes : str
        ``remove``; ``area`` leaves the part that thousands of homes share; ``keep``.

    Yields
    ------
    tuple of (int, int, str)
        Start, end, and ``place`` or ``postcode``.
    """
    for pattern in (_COORDINATES, _WORDS, _PLUS, _GRID):
        for match in pattern.finditer(text):
            yield *match.span(), "place"
    if postcodes == "keep":
        return
    for pattern in (_UK, _CANADA, _ZIP, _NETHERLANDS, _GERMAN):
        for match in pattern.finditer(text):
            # the name of a state or town stays, its code does not
            is_inner = postcodes == "area" or pattern in (_ZIP, _GERMAN)
            yield match.start(2 if is_inner else 1), match.end(), "postcode"


def find_houses(text: str) -> Iterator[tuple[int, int, str]]:
    """Find numbers of houses in a folded text; the street stays.

    Yields
    ------
    tuple of (int, int, str)
        Start, end, and ``house``.
    """
    for pattern in _HOUSES:
        for match in pattern.finditer(text):
            yield *match.span(1), "house"
