"""Take signs out of texts that labels were made of, so that no model can read the label."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from inundate.core.errors import ConfigError
from inundate.posts.text.clean import clean

__all__ = ["Stripper"]


class Stripper:
    """Takes markers out of texts.

    Parameters
    ----------
    markers : sequence of str
        Emoji, whatever their skin tone and variation; emoticons, words or tags, whatever their
        case. An emoji that is part of a joined one is not that one.

    Raises
    ------
    ConfigError
        If a marker is blank, has blanks in it, or cannot be seen.

    Examples
    --------
    >>> Stripper(["👍", ":)"])("dry again 👍🏽 :) &#128077;")
    'dry again'
    """

    def __init__(self, markers: Sequence[str]) -> None:
        shown = [" ".join(clean(marker).split()) for marker in markers]
        wrong = [mark for mark, seen in zip(markers, shown, strict=True)
                 if not seen or " " in seen]  # fmt: skip
        if wrong:
            raise ConfigError(
                f"stripping markers: {wrong[0]!r} is no marker; expected a sign or a word "
                "without blanks"
            )
        self.signs = frozenset(sign for sign in shown if not sign.isascii())
        words = sorted((sign for sign in shown if sign.isascii()), key=len, reverse=True)
        self._words = regex.compile("|".join(map(_pattern, words)), regex.IGNORECASE)
        self._has_words = bool(words)

    def __call__(self, text: str) -> str:
        """Give a text without the markers; one that has none comes back as it is."""
        if not self.signs and not self._has_words:
            return text
        seen = clean(text)
        kept = self.strip_clean(seen)
        return text if kept == seen else " ".join(kept.split())

    def strip_clean(self, text: str) -> str:
        """Give what :func:`~inundate.posts.text.clean.clean` made of a text without them."""
        if self.signs and not text.isascii():
            parts = text.split(" ")
            if not self.signs.isdisjoint(parts):
                text = " ".join(part for part in parts if part not in self.signs)
        return str(self._words.sub(" ", text)) if self._has_words else text


def _pattern(word: str) -> str:
    before = r"(?<!\w)" if word[0].isalnum() else ""
    after = r"(?!\w)" if word[-1].isalnum() else ""
    return f"{before}{regex.escape(word)}{after}"
