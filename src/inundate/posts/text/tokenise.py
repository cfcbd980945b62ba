"""Cut the text of a post into tokens; the one place where it is done, in training and serving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import regex

from inundate.core.config import Settings
from inundate.core.errors import DataError
from inundate.posts.text.clean import clean
from inundate.posts.text.words import words_of

__all__ = ["Tokeniser", "TokeniserSettings"]

_KEPT = 1 << 17  # pieces of text whose tokens are remembered; some 30 MB
_LONGEST_KEPT = 24  # characters
_REPOST = regex.compile(r"(?<!\w)[Rr][Tt](?=\s+(?:@|＠|<user>))")


class TokeniserSettings(Settings):
    """How texts become tokens; stored with each model."""

    style: Literal["posts", "glove-twitter"] = "posts"
    """``posts``: words as GloVe 6B has them; ``glove-twitter``: as the vectors of that name."""
    split_hashtags: bool = True
    """Whether ``#yycflood`` becomes the words ``yyc`` and ``flood``."""
    strip_markers: tuple[str, ...] = ()
    """Signs that are taken out of every text, since labels were made of them."""


class Tokeniser:
    """Cuts texts into tokens, always the same for the same text.

    Parameters
    ----------
    settings : TokeniserSettings

    Examples
    --------
    >>> Tokeniser()("RT @bob: can't cross #BowRiver, http://t.co/x 😢")
    ['<rt>', '<user>', 'ca', "n't", 'cross', 'bow', 'river', ',', '<url>', '😢']
    """

    version: ClassVar[str] = "1"

    def __init__(self, settings: TokeniserSettings = TokeniserSettings()) -> None:  # noqa: B008
        self.settings = settings
        self._known: dict[str, tuple[str, ...]] = {}

    def __call__(self, text: str) -> list[str]:
        """Give the tokens of a text, in lower case.

        Parameters
        ----------
        text : str

        Returns
        -------
        list of str
            Empty where the text holds nothing but blanks.
        """
        if "RT" in text or "rt" in text:
            text = _REPOST.sub("<rt>", text)
        tokens: list[str] = []
        known = self._known
        for piece in text.split():
            found = known.get(piece)
            if found is None:
                found = self._cut(piece)
            tokens += found
        return tokens

    def _cut(self, piece: str) -> tuple[str, ...]:
        found = tuple(
            token
            for part in clean(piece).split()
            for token in words_of(part, self._split_tag, _shorten)
        )
        if len(piece) <= _LONGEST_KEPT:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[piece] = found
        return found

    def _split_tag(self, tag: str) -> list[str]:
        if not self.settings.split_hashtags:
            return ["#" + tag.lower()]
        return [part.lower() for part in _CAMEL.findall(tag)]

    def describe(self) -> dict[str, Any]:
        """Give what :meth:`from_description` makes the same tokeniser of, as JSON."""
        return {"version": self.version, **self.settings.model_dump(mode="json")}

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Tokeniser:
        """Make the tokeniser that a model was trained with.

        Raises
        ------
        DataError
            If that was of another version, or the description is none.
        """
        values = dict(description)
        version = values.pop("version", None)
        if version != cls.version:
            raise DataError(
                f"opening a model: its tokens were made by version {version!r} of the tokeniser, "
                f"and this inundate has version {cls.version!r}",
                hint="train it anew: inundate posts train",
            )
        return cls(TokeniserSettings.model_validate(values))


_CAMEL = regex.compile(r"\p{N}+|\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{Lt}\p{M}]+")


def _shorten(word: str) -> str:
    return str(regex.sub(r"(\p{L})\1\1+", r"\1\1", word))
