"""Tell by one look at a whole column which texts need which search.

The patterns run in RE2, whose time grows with the length of a text and with nothing else. Each
lets through more than its search finds, never less.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["ODD", "Gate", "gates"]

# letters with accents, kana, han, hangul, quotation marks, dashes and the like: what they look like
_HARMLESS = (
    r"\x{A1}\x{A3}\x{AB}\x{B0}\x{B7}\x{BB}\x{BF}-\x{130}\x{2013}\x{2014}\x{2018}\x{2019}\x{201C}"
    r"\x{201D}\x{2022}\x{2026}\x{20AC}\x{3001}\x{3041}-\x{3096}\x{30A1}-\x{30FA}"
    r"\x{4E00}-\x{9FFF}\x{AC00}-\x{D7A3}"
)
_PICTURES = (
    r"\x{2190}-\x{21FF}\x{2300}-\x{23FF}\x{2500}-\x{27BF}\x{2900}-\x{297F}\x{2B00}-\x{2BFF}"
    r"\x{1F300}-\x{1FAFF}"
)
_DRAWN = r"\x{2013}\x{2014}\x{2018}\x{2019}\x{201C}\x{201D}"  # as other dashes and primes are
ODD = (
    rf"[^\x00-\x7f{_HARMLESS}{_PICTURES}]|%[0-9A-Fa-f]{{2}}|&[#a-zA-Z]"
    rf"|[{_PICTURES}][A-Za-z0-9_@.]|[A-Za-z0-9_@.][{_PICTURES}]|[0-9][{_DRAWN}]|[{_DRAWN}][0-9]"
)
"""Texts that are not what they look like: they are folded first."""


class Gate:
    """What a text may hold; plain numbers, since this is asked several times a text."""

    LINK = 1
    BARE = 2
    AT = 4
    HIDDEN = 8
    CODE = 16
    SQUARE = 32
    HOUSE = 64
    NUMBER = 128
    WORD = 256


_HTTP = r"(?i)https?://\S*"
_KINDS = (
    "street|st|road|rd|avenue|ave|lane|ln|drive|dr|close|crescent|cres|court|ct|boulevard|blvd|"
    "terrace|way|place|square|gardens|grove|parade|highway|hwy|row|hill|mews"
)
_PATTERNS: dict[int, str] = {
    Gate.LINK: r"(?i)://|(?:mailto|tel|sms|acct|xmpp|skype|callto|geo):\S",
    Gate.BARE: r"[^\s.]\.[^\s.]",
    Gate.HIDDEN: (
        r"(?i)(?:^|[^a-z])dot(?:[^a-z]|$)|\S @ |u/|user/|did:|#[0-9]{4}|\$[a-z]{7}"
        r"|(?:ig|insta|instagram|snap|snapchat|telegram|tiktok|twitter|whatsapp|wechat|skype"
        r"|discord|signal|kik|line id|venmo|cashapp|paypal|facebook|fb)\s?[:=]"
    ),
    Gate.CODE: (
        r"(?i)[0-9a-f]{8}-[0-9a-f]{4}|0x[0-9a-f]{8}|[0-9a-z_-]{20}"
        r"|(?:[0-9a-f]{2}[:-]){4}|[0-9a-f]*:[0-9a-f]*:[0-9a-f]*:[0-9a-f]*:|::"
        r"|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"
        r"|[a-z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[a-d]|[0-9]{3}-[0-9]{2}-[0-9]{4}"
        r"|(?-i:[A-Z]{2}[0-9]{2} ?[A-Z]{3})"
        r"|[a-z]{2}[0-9]{2}(?:[ -]?[0-9a-z]{1,4}){3}(?:.*[0-9]){4}"
    ),
    Gate.SQUARE: (
        r"(?i)[0-9]\.[0-9]{3}|°|///|\+[2-9cfghjmpqrvwx]{2}|(?-i:[HNOST][A-Z] ?[0-9]{3})"
        r"|[a-z][0-9][a-z0-9]? {0,2}[0-9][a-z]{2}|[a-z][0-9][a-z][ -]?[0-9][a-z][0-9]"
        r"|(?-i:[A-Z]{2}),? [0-9]{5}|[0-9]{4} ?(?-i:[A-Z]{2} [A-Z])|[0-9]{5} (?-i:[A-Z])"
    ),
    Gate.HOUSE: (
        rf"(?i)[0-9][a-z]?,? (?:[^ ]+ ){{1,3}}(?:{_KINDS})"
        r"|(?:flat|apt|apartment|unit|house no|house number|room|suite)\.? ?#?[0-9]"
        r"|(?:straße|strasse|str\.|weg|platz|gasse|allee|laan|straat) [0-9]"
        r"|[0-9](?: ?(?:bis|ter))?,? (?:rue|boulevard|chemin|impasse|quai|allée)"
        r"|(?:calle|via|viale|rua|avenida|av\.|plaza|piazza|jalan|jl\.) .*[0-9]"
    ),
    Gate.NUMBER: r"[0-9](?:[^0-9A-Za-z]{0,3}[0-9]){5}",
}


def gates(column: pa.Array) -> np.ndarray:
    """Give the searches that each text needs.

    Parameters
    ----------
    column : array of string (N,)
        Folded.

    Returns
    -------
    array (N,), int
        Of :class:`Gate`.
    """
    bits = np.where(_mask(pc.match_substring(column, "@")), Gate.AT, 0)
    # what is within a link goes with it
    rest = pc.replace_substring_regex(column, _HTTP, "<")
    for gate, pattern in _PATTERNS.items():
        looked_at = column if gate == Gate.LINK else rest
        bits |= np.where(_mask(pc.match_substring_regex(looked_at, pattern)), gate, 0)
    return bits


def _mask(found: pa.Array) -> np.ndarray:
    return np.asarray(found.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)
