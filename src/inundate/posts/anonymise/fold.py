"""See a text as a reader sees it: look-alikes, invisible characters and encodings undone.

What is found in the folded text is replaced in the text itself, so a text keeps every character
that is not part of an identifier. See UTS 39 for look-alikes; the table here holds letters of
other scripts that are drawn as those of handles, numbers and links.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

__all__ = ["EMOJI", "Folded", "fold"]

# pictures that may stand within what is split by them, for a class of a regular expression
EMOJI = "\u2190-\u21ff\u2300-\u23ff\u2460-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"

_LOOKALIKES = (
    ("аαɑᴀ", "a"), ("ЬвβʙƄ", "b"), ("сϲᴄ", "c"), ("ԁᴅɗ", "d"), ("еєεᴇҽ", "e"), ("ꜰƒ", "f"),
    ("ɡɢց", "g"), ("һհʜ", "h"), ("іιɪıɩӏ", "i"), ("јᴊϳ", "j"), ("кκᴋ", "k"), ("ʟⅼ", "l"),
    ("мᴍ", "m"), ("пոɴη", "n"), ("оοօᴏσ", "o"), ("рρᴘ", "p"), ("ԛզ", "q"), ("гʀ", "r"),
    ("ѕꜱ", "s"), ("тτᴛ", "t"), ("υսᴜʋ", "u"), ("νѵᴠ", "v"), ("ԝωᴡ", "w"), ("хχ", "x"),
    ("уγʏү", "y"), ("ᴢ", "z"),
    ("АΑ", "A"), ("ВΒ", "B"), ("С", "C"), ("ЕΕ", "E"), ("Ԍ", "G"), ("НΗ", "H"), ("ІΙӀ", "I"),
    ("Ј", "J"), ("КΚ", "K"), ("МΜ", "M"), ("Ν", "N"), ("ОΟ", "O"), ("РΡ", "P"), ("Ѕ", "S"),
    ("ТΤ", "T"), ("Ѵ", "V"), ("Ԝ", "W"), ("ХΧ", "X"), ("УΥ", "Y"), ("Ζ", "Z"),
    ("。․｡", "."), ("⁄∕⧸", "/"), ("ː∶꞉", ":"), ("‐‑‒–—−﹣", "-"), ("‿", "_"),
    ("’‘ʼ′", "'"), ("״″”“", '"'), ("…", "…"),  # the last: three dots would be an expansion
)  # fmt: skip
_KNOWN = {ord(letter): like for letters, like in _LOOKALIKES for letter in letters}
_KNOWN |= {0x1F150 + place: chr(65 + place) for place in range(26)}  # white on black circles
_KNOWN |= {0x1F170 + place: chr(65 + place) for place in range(26)}  # white on black squares
_BLANK = {0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800}  # letters to Unicode, blank to the eye
_PLAIN = re.compile(r"[\w@._:/%()+#-]+", re.ASCII)
_CODED = re.compile(
    r"(?:%[0-9A-Fa-f]{2})+"
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|commat|period|sol|colon|lowbar|num|percnt|amp"
    r"|nbsp|zwj|zwnj|shy);"
)
_ROUNDS = 3  # of undoing encodings within encodings


class _Table(dict[int, str]):
    """What each character is drawn as, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _KNOWN.get(code) or _drawn(chr(code))
        return found


def _drawn(char: str) -> str:
    if char in "\n\r\t" or char.isascii():
        return char
    if unicodedata.category(char) in ("Cf", "Cc", "Mn", "Me", "Cs") or ord(char) in _BLANK:
        return ""
    if char.isspace():
        return " "
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", char)
    if len(plain) == 1:
        return _KNOWN.get(ord(plain), plain)
    return plain if _PLAIN.fullmatch(plain) else char


_table = _Table()


@dataclass(frozen=True)
class Folded:
    """A text as it is seen, and where each of its characters comes from.

    Parameters
    ----------
    text : str
    starts : list of int, optional
        Where in the original each character begins, and the original's length; None where both
        texts run in step.
    """

    text: str
    starts: list[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Give the span in the original, with what is invisible behind it."""
        if self.starts is None:
            return start, end
        place = end
        while place < len(self.starts) - 1 and self.starts[place] == self.starts[place - 1]:
            place += 1  # of characters that come from one, all or none
        return self.starts[start], self.starts[place]


def fold(text: str) -> Folded:
    r"""Undo what hides an identifier from a search.

    Examples
    --------
    >>> fold("%40b\u200bоb 7\ufe0f\u20e3").text
    '@bob 7'
    """
    if text.isascii():
        if "%" not in text and "&" not in text:
            return Folded(text)
    elif all(len(_table[ord(char)]) == 1 for char in set(text)):
        text = text.translate(_table)
        if "%" not in text and "&" not in text:
            return Folded(text)
    else:
        return _decode(_char_by_char(text))
    return _decode(Folded(text))


def _char_by_char(text: str) -> Folded:
    out: list[str] = []
    starts: list[int] = []
    for place, char in enumerate(text):
        drawn = _table[ord(char)]
        out.append(drawn)
        starts += [place] * len(drawn)
    return Folded("".join(out), [*starts, len(text)])


def _decode(folded: Folded) -> Folded:
    for _ in range(_ROUNDS):
        if not _CODED.search(folded.text):
            break
        folded = _decode_once(folded)
    return folded


def _decode_once(folded: Folded) -> Folded:
    text = folded.text
    origins = folded.starts or range(len(text) + 1)
    out: list[str] = []
    starts: list[int] = []
    done = 0
    for match in _CODED.finditer(text):
        plain = _plain(match.group())
        out += (text[done : match.start()], plain)
        starts += origins[done : match.start()]
        starts += [origins[match.start()]] * len(plain)
        done = match.end()
    out.append(text[done:])
    starts += origins[done:]
    return Folded("".join(out), starts)


def _plain(coded: str) -> str:
    if coded.startswith("&"):
        decoded = html.unescape(coded)
    else:
        decoded = unquote_to_bytes(coded).decode("utf-8", "replace")
    return "".join(_table[ord(char)] for char in decoded)
