"""Identifiers that are planted in synthetic posts, each drawn at random so that it can be found.

Letters of secrets are q to z alone and no ordinary word of the posts has four of these in a row;
pseudonyms are written in a to p. So four letters of a secret that survive are seen, wherever
they are, and nothing else looks like them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from urllib.parse import quote

__all__ = ["LETTERS", "TEXT_KINDS", "Secrets", "digits", "word"]

LETTERS = "qrstuvwxyz"
_LIKE = str.maketrans("xystuvzqr", "хуѕтսνᴢԛг")
_BOLD = {ord(letter): chr(0x1D41A + ord(letter) - 97) for letter in LETTERS}
_WIDE = {ord(char): chr(ord(char) + 0xFEE0) for char in LETTERS + "0123456789@."}
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_ZERO_WIDTH, _BIDI = "\u200b", "\u2066"


class Secrets:
    """All that was planted, by kind."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.kinds: dict[str, set[str]] = {}

    def plant(self, kind: str, secret: str) -> str:
        """Take note of a secret, and give it."""
        self.kinds.setdefault(kind, set()).add(secret)
        return secret

    def word(self, kind: str, length: int = 9) -> str:
        """Draw a secret of letters."""
        return self.plant(kind, word(self.random, length))

    def number(self, kind: str, length: int = 18) -> str:
        """Draw a secret of digits."""
        return self.plant(kind, digits(self.random, length))

    def all(self) -> Iterator[tuple[str, str]]:
        """Give every kind and secret."""
        for kind, found in sorted(self.kinds.items()):
            for secret in sorted(found):
                yield kind, secret


def word(source: random.Random, length: int = 9) -> str:
    """Draw letters."""
    return "".join(source.choices(LETTERS, k=length))


def digits(source: random.Random, length: int) -> str:
    """Draw digits, the first of which is not 0."""
    return source.choice("123456789") + "".join(source.choices("0123456789", k=length - 1))


def _phone(secrets: Secrets, kind: str) -> str:
    return secrets.plant(kind, "077009" + digits(secrets.random, 5))


def _iban(secrets: Secrets, kind: str) -> str:
    number = digits(secrets.random, 18)
    check = 98 - int(number + "131400") % 97  # DE00
    secrets.plant(kind, number)
    return f"DE{check:02d}{number}"


def _card(secrets: Secrets, kind: str) -> str:
    start = "4" + digits(secrets.random, 14)
    odd = sum(sum(divmod(2 * int(one), 10)) for one in start[::2])
    number = start + str(-(odd + sum(map(int, start[1::2]))) % 10)
    secrets.plant(kind, number)
    return " ".join(number[place : place + 4] for place in range(0, 16, 4))


def _hex(secrets: Secrets, kind: str, length: int) -> str:
    return secrets.plant(kind, "".join(secrets.random.choices("0123456789abcdef", k=length)))


def _uuid(secrets: Secrets, kind: str) -> str:
    first, last = (_hex(secrets, kind, length) for length in (8, 12))
    return f"{first}-4c4c-b68a-38c4-{last}"


def _postcode(secrets: Secrets, kind: str, pattern: str) -> str:
    draw = {"A": "DEHLNS", "9": "23456789"}
    made = "".join(secrets.random.choice(draw[one]) if one in draw else one for one in pattern)
    return secrets.plant(kind, made)


def _coordinates(secrets: Secrets, kind: str) -> str:
    first, second = (digits(secrets.random, 6) for _ in "ab")
    secrets.plant(kind, first)
    secrets.plant(kind, second)
    return f"53.{first}, -0.{second}"


def _split(secrets: Secrets, kind: str, middle: str) -> str:
    return secrets.word(kind, 5) + middle + secrets.word(kind, 5)


def _address(secrets: Secrets, kind: str, at: str, dot: str = ".org") -> str:
    return secrets.word(kind) + at + secrets.word(kind) + dot


def _grouped(number: str, before: str, *cuts: tuple[int, str]) -> str:
    """Write a number in groups: each cut is a length and what stands behind it."""
    out, place = [before], 0
    for length, behind in cuts:
        out.append(number[place : place + length] + behind)
        place += length
    return "".join(out)


def _ip(secrets: Secrets, kind: str) -> str:
    return secrets.plant(kind, ".".join(str(secrets.random.randint(100, 250)) for _ in "abcd"))


def _hardware(secrets: Secrets, kind: str) -> str:
    made = "".join(secrets.random.choices("0123456789abcdef", k=12))
    return secrets.plant(kind, ":".join(made[p : p + 2] for p in range(0, 12, 2)))


def _degrees(secrets: Secrets, kind: str) -> str:
    pairs = [secrets.random.randint(10, 59) for _ in "abcd"]
    made = "53°{}'{}\"N 0°{}'{}\"W".format(*pairs)
    return secrets.plant(kind, made)


def _plus(secrets: Secrets, kind: str) -> str:
    start = _postcode(secrets, kind, "9C5X99QC")
    return f"{start}+{secrets.random.choice('2345')}V"


def _kinds() -> dict[str, Callable[[Secrets], str]]:
    """Give the kinds; each is drawn under its own name."""
    named: dict[str, Callable[[Secrets, str], str]] = {
        "handle": lambda s, k: "@" + s.word(k),
        "handle, capitals and colon": lambda s, k: f"@{s.word(k).upper()}: ",
        "handle behind a stop": lambda s, k: ".@" + s.word(k),
        "handle in brackets": lambda s, k: f"(@{s.word(k)})",
        "handle glued to a word": lambda s, k: "see@" + s.word(k),
        "wide @": lambda s, k: "＠" + s.word(k),
        "wide handle": lambda s, k: "@" + s.word(k).translate(_WIDE),
        "bold handle": lambda s, k: "@" + s.word(k).translate(_BOLD),
        "look-alike letters": lambda s, k: "@" + s.word(k).translate(_LIKE),
        "zero-width characters": lambda s, k: "@" + _ZERO_WIDTH.join(s.word(k)),
        "marks of direction": lambda s, k: f"@{_BIDI}{s.word(k)}\u2069",
        "split by an emoji": lambda s, k: "@" + _split(s, k, "🌊"),
        "percent-encoded handle": lambda s, k: "%40" + s.word(k),
        "percent-encoded twice": lambda s, k: "%2540" + s.word(k),
        "HTML entity": lambda s, k: "&#64;" + s.word(k),
        "handle of Mastodon": lambda s, k: "@" + _address(s, k, "@", ".social"),
        "handle of Bluesky": lambda s, k: f"@{s.word(k)}.bsky.social",
        "handle of Matrix": lambda s, k: "@" + _address(s, k, ":"),
        "handle with stops": lambda s, k: "@" + _split(s, k, "."),
        "repost prefix": lambda s, k: f"RT @{s.word(k)}: cut…",
        "name on Reddit": lambda s, k: "u/" + s.word(k),
        "name on Discord": lambda s, k: s.word(k) + "#" + s.number(k, 4),
        "name on a messenger": lambda s, k: "telegram: " + s.word(k),
        "DID": lambda s, k: "did:plc:" + s.word(k, 24),
        "e-mail": lambda s, k: _address(s, k, "@"),
        "e-mail in capitals": lambda s, k: f"{s.word(k).upper()}@EXAMPLE.ORG",
        "wide e-mail": lambda s, k: _address(s, k, "@").translate(_WIDE),
        "e-mail [at] [dot]": lambda s, k: _address(s, k, " [at] ", " [dot] org"),
        "e-mail spelled out": lambda s, k: _address(s, k, " at ", " dot org"),
        "status link": lambda s, k: f"https://twitter.com/{s.word(k)}/status/{s.number(k)}",
        "profile without scheme": lambda s, k: "x.com/" + s.word(k),
        "percent-encoded link": lambda s, k: quote("https://x.com/" + s.word(k), safe=""),
        "name in a link's query": lambda s, k: "http://example.com/?u=" + s.word(k),
        "name before a link's host": lambda s, k: f"ftp://{s.word(k)}@example.com/",
        "name as a subdomain": lambda s, k: s.word(k) + ".tumblr.com",
        "AT link": lambda s, k: f"at://did:plc:{s.word(k, 24)}/app.bsky.feed.post/{s.word(k)}",
        "phone": _phone,
        "phone with blanks": lambda s, k: _grouped(_phone(s, k), "", (5, " "), (3, " "), (3, "")),
        "phone, international": lambda s, k: "+44 " + _phone(s, k)[1:],
        "phone in wide digits": lambda s, k: _phone(s, k).translate(_WIDE),
        "phone in Arabic digits": lambda s, k: _phone(s, k).translate(_ARABIC),
        "phone in keycaps": lambda s, k: "".join(f"{d}\ufe0f\u20e3" for d in _phone(s, k)),
        "phone, American": lambda s, k: _grouped(
            s.number(k, 10), "(", (3, ") "), (3, "-"), (4, "")
        ),
        "account of a bank": _iban,
        "card": _card,
        "post id": lambda s, k: s.number(k, 19),
        "UUID": _uuid,
        "wallet": lambda s, k: s.plant(k, "0x" + _hex(s, k, 40)),
        "IP address": _ip,
        "hardware address": _hardware,
        "UK postcode": lambda s, k: _postcode(s, k, "HU5 9AA"),
        "Canadian postcode": lambda s, k: _postcode(s, k, "T9S 9N9"),
        "number plate": lambda s, k: _postcode(s, k, "AA99 AAA"),
        "coordinates": _coordinates,
        "degrees and minutes": _degrees,
        "three words of a square": lambda s, k: "///" + ".".join(s.word(k) for _ in "abc"),
        "plus code": _plus,
        "grid reference": lambda s, k: f"TA {s.number(k, 5)} {s.number(k, 5)}",
        "house number": lambda s, k: s.number(k, 5) + " High Street",
        "social security number": lambda s, k: _grouped(
            s.number(k, 9), "", (3, "-"), (2, "-"), (4, "")
        ),
    }
    return {kind: _under(make, kind) for kind, make in named.items()}


def _under(make: Callable[[Secrets, str], str], kind: str) -> Callable[[Secrets], str]:
    return lambda secrets: make(secrets, kind)


TEXT_KINDS = _kinds()
"""What stands in texts, alternative texts, choices of polls and titles."""
