"""Handles, e-mail addresses and other names of accounts in a folded text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inundate.posts.anonymise.fold import EMOJI

__all__ = ["canonical", "find_accounts", "find_hidden_addresses"]

_CJK = "\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"[^\W{_CJK}]"  # scripts without blanks: what follows a handle there is no part of it
_NAME = rf"(?:{_LETTER}|[{EMOJI}])*{_LETTER}"
# after the name: more of it behind a dot or hyphen, another server, a server of Matrix
_HANDLE = re.compile(
    rf"@(?:[{EMOJI}]*(?:{_NAME}(?:[.\-][a-z0-9_]\w*)*"
    r"(?:@[\w-]++(?:\.[\w-]++)*)?(?::[\w-]++(?:\.[\w-]++)++)?)"
    rf"|[{_CJK}]{{1,15}}[A-Za-z0-9_]*)"
)
_CLOCK = re.compile(r"@\d{1,2}(?:[:.]\d\d)?(?:[ap]m|h|hrs?)?(?!\w)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+%@-])[\w.+%-]++@[\w-]++(?:\.[\w-]++)*")
_INSIDE = re.compile(r"[\w.+%-]@")
_WORDS_BEFORE = "rt mt via cc by from with hat tip ht h/t thx thanks hi hey follow"
_BEFORE = frozenset(_WORDS_BEFORE.split())
_HIDDEN = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}+\s{0,2}(?:[\[({<]\s?at\s?[\])}>]|@|\bat\b)\s{0,2}"
    r"[\w-]{1,63}+(?:\s{0,2}(?:[\[({<]\s?dot\s?[\])}>]|\bdot\b)\s{0,2}[\w-]{1,63}+){1,3}",
    re.IGNORECASE,
)
_SPACED = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}+ {1,2}@ {1,2}[\w-]++(?:\.[\w-]++)+")
_OTHER = re.compile(
    r"(?<![\w/])/?(?:u|user)/[\w-]{3,}+"  # Reddit
    r"|(?<!\w)did:[a-z]{2,10}:[\w.%:-]{3,}+"
    r"|(?<!\w)(?:ig|insta|instagram|snap|snapchat|telegram|tiktok|twitter|whatsapp|wechat|skype"
    r"|discord|signal|kik|line id|venmo|cashapp|paypal|facebook|fb)\s?[:=]\s?[@$]?[\w.-]{3,}+"
    r"|(?<!\w)\w{2,32}+\#\d{4}(?!\d)"  # Discord
    r"|(?<!\w)\$[A-Za-z][A-Za-z_]{6,20}(?!\w)",  # Cash App
    re.IGNORECASE,
)
_DOT = re.compile(r"\bdot\b|[\[({<]\s?dot", re.IGNORECASE)


def find_accounts(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Find accounts where a text has an ``@``.

    Yields
    ------
    tuple of (int, int, str, str)
        Start, end, ``user`` or ``email``, and the handle without its first ``@``.
    """
    for match in _ADDRESS.finditer(text) if _INSIDE.search(text) else ():
        start, end = match.span()
        local, _, domain = match.group().partition("@")
        if local.strip(".+-%_") and local.lower().strip(".+-%") not in _BEFORE:
            # of a server of many people it is a name there too, so the handle is told as well
            yield start, end, "email", match.group() if "." in domain else domain
    for match in _HANDLE.finditer(text):
        found = match.group()
        if not (found[1].isdigit() and _CLOCK.fullmatch(found)):
            yield match.start(), match.end(), "user", found[1:]


def find_hidden_addresses(text: str) -> Iterator[tuple[int, int, str]]:
    """Find addresses that are spelled out, and accounts that are told without an ``@``.

    Yields
    ------
    tuple of (int, int, str)
        Start, end, and ``user`` or ``email``.
    """
    if _DOT.search(text):
        for match in _HIDDEN.finditer(text):
            yield *match.span(), "email"
    if " @ " in text or " @  " in text:
        for match in _SPACED.finditer(text):
            yield *match.span(), "email"
    for match in _OTHER.finditer(text):
        yield *match.span(), "user"


def canonical(handle: str, source: str, host: str | None = None) -> str:
    """Give the one spelling of a handle within a platform.

    Parameters
    ----------
    handle : str
        Folded, without the first ``@``.
    source : str
        Platform.
    host : str, optional
        Server that a handle without one belongs to, on Mastodon.

    Examples
    --------
    >>> canonical("Bob:", "x"), canonical("Bob", "mastodon", "example.social")
    ('bob', 'bob@example.social')
    >>> canonical("bob", "bluesky"), canonical("bob.bsky.social", "bluesky")
    ('bob.bsky.social', 'bob.bsky.social')
    """
    name = handle.casefold().strip(" @.:,;-")
    if source == "mastodon" and "@" not in name and host:
        return f"{name}@{host.casefold()}"
    if source == "bluesky" and name and "." not in name:
        return f"{name}.bsky.social"
    return name
