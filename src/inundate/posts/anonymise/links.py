"""Links: only the domain that was registered is ever left, and not that of every link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

__all__ = ["HIDDEN", "HOST", "domain_of", "find_links"]

# shorteners tell nothing, platforms would tell whose post was linked
_HIDDEN_TEXT = (
    "t.co bit.ly ow.ly goo.gl tinyurl.com buff.ly dlvr.it fb.me is.gd ift.tt youtu.be lnkd.in "
    "amzn.to wp.me tmblr.co trib.al tiny.cc shar.es su.pr j.mp cutt.ly rb.gy twitter.com x.com "
    "twitpic.com yfrog.com instagr.am vine.co t.me wa.me"
)
HIDDEN = frozenset(_HIDDEN_TEXT.split())
# under these every customer has a name of his own in front, which goes
_HOSTS_TEXT = (
    "bsky.social tumblr.com wordpress.com blogspot.com blogspot.co.uk substack.com medium.com "
    "github.io gitlab.io livejournal.com typepad.com weebly.com wixsite.com squarespace.com "
    "netlify.app vercel.app pages.dev web.app herokuapp.com carrd.co neocities.org "
    "posthaven.com deviantart.com bandcamp.com patreon.com blogspot.ca blogspot.com.au "
    "photobucket.com smugmug.com webs.com tripod.com ghost.io hatenablog.com free.fr"
)
_HOSTS = frozenset(_HOSTS_TEXT.split())
_SECOND_TEXT = "ac co com edu gob gov gouv govt ltd me mil net nhs nom or org plc sch"
_SECOND = frozenset(_SECOND_TEXT.split())
_TLDS_TEXT = (
    "com org net edu gov mil int info biz io co me tv app dev social online site xyz news blog "
    "live club shop page link cloud tech space world today life media name pro mobi cat eu uk us "
    "ca au nz ie de fr es it nl be ch at dk no se fi pl pt br mx ar cl in pk bd lk jp cn kr ru ua "
    "za ng ke ph id my sg th vn ly gl gd cc fm gg sh so to ws la st is im ai"
)
_TLDS = frozenset(_TLDS_TEXT.split())
_BARE_TLDS_TEXT = (  # believed without a path behind them; "it" or "so" would be words
    "com org net edu gov info biz io tv app dev social online site xyz uk ca eu ly gl"
)
_BARE_TLDS = frozenset(_BARE_TLDS_TEXT.split())
_HTTP = re.compile(r"https?://\S*", re.IGNORECASE)
_HTTPS = re.compile(r"https?://", re.IGNORECASE)
_SCHEME = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,15}+://\S*", re.IGNORECASE)
_WWW = re.compile(r"(?<!\w)www\.\S+", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w@.-])[^\W_][\w-]*+(?:\.[\w-]++)+(?::\d{1,5})?(?:[/?]\S*)?")
_MAILTO = re.compile(r"[oleptxs]:[^/\s]", re.IGNORECASE)
_MAIL = re.compile(r"(?<!\w)(?:mailto|tel|sms|acct|xmpp|skype|callto|geo):\S+", re.IGNORECASE)
_END = ".,;:!?)]}>'\"…*_~’‘”“–—»"
HOST = r"(?is)^\s*(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#\s]*@)?([^/?#:\s]+).*"
"""Pattern of a link whose first group is the host, for ``re`` and RE2 alike."""
_HOST = re.compile(HOST)


@lru_cache(maxsize=65_536)
def domain_of(link: str) -> str:
    """Give the registered domain of a link or host; empty where there is none to be told.

    Examples
    --------
    >>> domain_of("https://www.bbc.co.uk/news/1"), domain_of("http://bob.tumblr.com")
    ('bbc.co.uk', 'tumblr.com')
    >>> domain_of("https://twitter.com/bob/status/1"), domain_of("http://10.0.0.1/bob")
    ('', '')
    """
    match = _HOST.match(link)
    labels = match[1].lower().strip(".").split(".") if match else []
    if len(labels) < 2 or not labels[-1].isalpha() or not all(labels):
        return ""
    for number in (2, 3):
        if ".".join(labels[-number:]) in _HOSTS:
            return ".".join(labels[-number:])
    is_second = len(labels[-1]) == 2 and labels[-2] in _SECOND
    if is_second and len(labels) < 3:
        return ""
    domain = ".".join(labels[-3:] if is_second else labels[-2:])
    return "" if domain in HIDDEN or not domain.isascii() else domain


def find_links(text: str, *, bare: bool = True) -> Iterator[tuple[int, int, str]]:
    """Find links in a folded text.

    Parameters
    ----------
    text : str
    bare : bool
        Whether to look for hosts without a scheme too.

    Yields
    ------
    tuple of (int, int, str)
        Start and end, and what :func:`domain_of` reads; links with a scheme first, so that what
        follows may overlap them.
    """
    if "://" in text:
        # what follows a scheme is taken to the next blank, whatever is in it
        for match in _HTTP.finditer(text):
            yield _cut(text, *match.span())
        if len(_HTTPS.findall(text)) < text.count("://"):
            for match in _SCHEME.finditer(text):
                yield _cut(text, *match.span())
    if _MAILTO.search(text):
        for match in _MAIL.finditer(text):
            start, end, _ = _cut(text, *match.span())
            yield start, end, ""
    if bare:
        for match in _WWW.finditer(text):
            yield _cut(text, *match.span())
        for match in _BARE.finditer(text):
            if _is_bare(match.group()):
                yield _cut(text, *match.span())


def _cut(text: str, start: int, end: int) -> tuple[int, int, str]:
    """Leave the punctuation behind a link to the text."""
    while end > start and text[end - 1] in _END:
        end -= 1
    return start, end, text[start:end]


def _is_bare(found: str) -> bool:
    """Whether words with dots between them are a host, not a missing blank after a sentence."""
    host, path = _split(found)
    labels = host.split(".")
    last = labels[-1].lower()
    if path:
        return last in _TLDS and len(path) > 1
    # "flood.Com" is a slip, "FLOOD.COM" and "flood.com" are hosts
    is_one_case = labels[-1].islower() or host.isupper()
    return is_one_case and last in _BARE_TLDS and not host.replace(".", "").isdigit()


def _split(found: str) -> tuple[str, str]:
    place = min((spot for mark in ":/?" if (spot := found.find(mark)) >= 0), default=len(found))
    return found[:place], found[place:]
