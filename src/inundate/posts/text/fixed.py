"""Tokens that stand for something else, and what they stand for."""

from __future__ import annotations

__all__ = ["FIXED", "NUMBER", "PLACE", "REPOST", "STANDS_FOR", "URL", "USER"]

URL, USER, NUMBER, PLACE, REPOST = "<url>", "<user>", "<number>", "<place>", "<rt>"
SMILE, LAUGH, SAD, NEUTRAL, HEART = "<smile>", "<lolface>", "<sadface>", "<neutralface>", "<heart>"
FIXED = (URL, USER, NUMBER, PLACE, REPOST, SMILE, LAUGH, SAD, NEUTRAL, HEART)
"""Tokens of the style ``posts`` that no text holds as words."""

STANDS_FOR = {
    **{f"<{kind}>": USER for kind in ("user", "email", "person")},
    **{f"<{kind}>": NUMBER for kind in ("phone", "card", "number", "iban", "id", "ip", "plate")},
    **{f"<{kind}>": PLACE for kind in ("place", "postcode", "house")},
    "<url>": URL,
    **{token: token for token in FIXED},
}
"""From what pseudonymisation puts into texts to the token for it; see
:data:`inundate.posts.anonymise.scrub.KINDS`."""
