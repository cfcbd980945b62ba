"""Numbers that lead to a person: phones, cards, accounts, papers, machines, plates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import phonenumbers

from inundate.posts.anonymise.fold import EMOJI

__all__ = ["REGIONS", "find_codes", "find_numbers"]

REGIONS = ("GB", "US", "AU", "IN", "DE", "FR", "BR", "PH")
_GAP = rf"[ ().\-/{EMOJI}]{{0,3}}"
_RUN = re.compile(rf"(?<![\w.,$£€])(?:\+|\(\+?)?\d(?:{_GAP}\d){{5,}}+(?![\w%])")
_LONG = re.compile(r"\d{9,}")
_TIME = r"(?:[T ]{1,2}\d{1,2}(?:[:.]?\d\d){0,3})?"
_DATE = re.compile(
    rf"(?:19|20)\d\d[-/. ]{{0,3}}\d{{1,2}}[-/. ]{{0,3}}\d{{1,2}}{_TIME}"
    rf"|\d{{1,2}}[-/. ]{{1,3}}\d{{1,2}}[-/. ]{{1,3}}(?:19|20)?\d\d{_TIME}"
    r"|(?:19|20)\d\d ?[-/] ?(?:(?:19|20)\d\d|\d\d)"
    r"|\d{1,2}(?: ?[-/.] ?\d{1,2}){2,3}"
)
_YEARS = re.compile(r"(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d")
_LOCAL = re.compile(r"\(?\d{3}\)?[-. ]\d{4}|\d{3}[-. ]\d{2}[-. ]\d{2}|\d{4}[- ]\d{4}")
_ROUND = re.compile(r"\d{1,5}0{3,}|(?:19|20)\d{6}")
_PHONE_DIGITS = (7, 15)  # ITU-T E.164: at most 15
_CARD_DIGITS = (13, 19)  # ISO/IEC 7812
_ANY = 9  # digits: no count, sum or year of a post has so many, an id has

_CODES = (
    ("id", r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ("id", r"0x[0-9a-f]{40}|bc1[0-9a-z]{25,59}|[13][1-9A-HJ-NP-Za-km-z]{25,34}"),
    ("ip", r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}"),
    ("ip", r"(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}"),
    ("ip", r"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}"),
    ("id", r"[A-CEGHJ-PR-TW-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]"),  # National Insurance
    ("id", r"\d{3}-\d\d-\d{4}"),  # Social Security
    ("plate", r"[A-Z]{2}\d\d ?[A-Z]{3}"),
    ("id", r"(?<!#)(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}"),
)
_CODE = [(kind, re.compile(rf"(?<![\w.])(?:{pattern})(?!\w)", re.IGNORECASE))
         if kind != "plate" else (kind, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"))
         for kind, pattern in _CODES]  # fmt: skip
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]){11,40}+", re.IGNORECASE)
_IBAN_TEXT = (  # SWIFT's register: characters by country
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 "
    "EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 "
    "KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 "
    "PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VG24 XK20"
)
_IBAN_LENGTHS = {word[:2]: int(word[2:]) for word in _IBAN_TEXT.split()}


def find_numbers(text: str, regions: Sequence[str] = REGIONS) -> Iterator[tuple[int, int, str]]:
    """Find phones, cards and other long numbers.

    Parameters
    ----------
    text : str
        Folded.
    regions : sequence of str
        Countries whose local numbers are known.

    Yields
    ------
    tuple of (int, int, str)
        Start, end, and ``phone``, ``card`` or ``number``.
    """
    for match in _RUN.finditer(text):
        kind = _kind(match.group(), tuple(regions))
        if kind:
            yield *match.span(), kind
    for match in _LONG.finditer(text):  # glued to letters
        yield *match.span(), "number"


def _kind(found: str, regions: tuple[str, ...]) -> str:
    digits = "".join(char for char in found if char.isdigit())
    number = len(digits)
    is_international = found.startswith(("+", "(+", "00"))
    if _YEARS.fullmatch(found):
        return ""
    if not is_international and _DATE.fullmatch(found) and not _LOCAL.fullmatch(found):
        return ""
    if _CARD_DIGITS[0] <= number <= _CARD_DIGITS[1] and _luhn(digits):
        return "card"
    if number >= _ANY or is_international:
        return "phone" if _is_phone(found, regions) else "number"
    if number < _PHONE_DIGITS[0]:
        return ""
    if _LOCAL.fullmatch(found) or found.startswith(("0", "(0")):
        return "phone"
    if _ROUND.fullmatch(found):
        return ""
    if found.isdigit():
        return "number"
    return "phone" if _is_phone(found, regions) else ""


@lru_cache(maxsize=4096)
def _is_phone(found: str, regions: tuple[str, ...]) -> bool:
    if len(found) > 40:  # phonenumbers refuses longer ones slowly
        return False
    for region in regions:
        try:
            number = phonenumbers.parse(found, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def find_codes(text: str) -> Iterator[tuple[int, int, str]]:
    """Find accounts of banks, papers, addresses of machines, wallets and plates.

    Yields
    ------
    tuple of (int, int, str)
        Start, end, and ``iban``, ``id``, ``ip`` or ``plate``.
    """
    for match in _IBAN.finditer(text):
        end = _iban_end(match.group())
        if end:
            yield match.start(), match.start() + end, "iban"
    for kind, pattern in _CODE:
        for match in pattern.finditer(text):
            yield *match.span(), kind


def _iban_end(found: str) -> int:
    """Give where a number ends whose length and check digits are right; ISO 13616."""
    left = _IBAN_LENGTHS.get(found[:2].upper(), 0)
    for end, char in enumerate(found, 1):
        left -= char.isalnum()
        if left == 0:
            plain = "".join(filter(str.isalnum, found[:end])).upper()
            turned = "".join(str(int(one, 36)) for one in plain[4:] + plain[:4])
            return end if int(turned) % 97 == 1 else 0
    return 0
