"""Cut the text of a post into tokens; the one place where it is done, in training and serving."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal

import regex

from inundate.core.config import Settings, resolve_settings
from inundate.core.errors import DataError
from inundate.posts.text import twitter
from inundate.posts.text.clean import clean
from inundate.posts.text.fixed import REPOST, URL, USER
from inundate.posts.text.hashtags import Segmenter
from inundate.posts.text.markers import Stripper
from inundate.posts.text.spelling import shorten
from inundate.posts.text.vocabulary import Vocabulary, english
from inundate.posts.text.words import words_of

__all__ = ["Tokeniser", "TokeniserSettings"]

_KEPT = 1 << 17  # pieces of text whose tokens are remembered; some 30 MB
_LONGEST_KEPT = 24  # characters
# most of what was not seen before: what the grammar makes of it is known beforehand
_LINK = re.compile(r"https?://[!-%'-~]*[A-Za-z0-9/]")
_MENTION = re.compile(r"@\w+:?", re.ASCII)
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
    vocabulary : Vocabulary, optional
        Words that hashtags are cut into and drawn out words are shortened to, such as those of
        an embedding; by default the English list of the package.

    Examples
    --------
    >>> Tokeniser()("RT @bob: can't cross #bowriver, sooo wet http://t.co/x 😢")
    ['<rt>', '<user>', 'ca', "n't", 'cross', 'bow', 'river', ',', 'so', 'wet', '<url>', '😢']
    """

    version: ClassVar[str] = "1"

    def __init__(
        self,
        settings: TokeniserSettings = TokeniserSettings(),  # noqa: B008
        *,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self.settings = settings
        self._own = vocabulary
        self._strip = Stripper(settings.strip_markers)
        self._is_plain = not settings.strip_markers
        self._is_posts = settings.style == "posts"
        self._known: dict[str, tuple[str, ...]] = {}

    def __reduce__(self) -> tuple[Any, ...]:  # a worker remembers pieces of its own
        return _rebuild, (self.settings, self._own)

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
        if self._is_posts and ("RT" in text or "rt" in text):
            text = _REPOST.sub(REPOST, text)
        tokens: list[str] = []
        known = self._known
        for piece in text.split():
            found = known.get(piece)
            if found is None:
                found = self._cut(piece)
            tokens += found
        return tokens

    def strip(self, text: str) -> str:
        """Give a text without the markers, for models that do not take tokens."""
        return self._strip(text)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Words that hashtags are cut into."""
        return english() if self._own is None else self._own

    @cached_property
    def _split(self) -> Segmenter:
        return Segmenter(self.vocabulary)

    def _cut(self, piece: str) -> tuple[str, ...]:
        found = tuple(self._posts(piece) if self._is_posts else self._twitter(piece))
        if len(piece) <= _LONGEST_KEPT:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[piece] = found
        return found

    def _posts(self, piece: str) -> Iterator[str]:
        if self._is_plain:
            if _LINK.fullmatch(piece):
                yield URL
                return
            if _MENTION.fullmatch(piece):
                yield USER
                return
        for part in self._strip.strip_clean(clean(piece)).split():
            yield from words_of(part, self._split_tag, self._shorten)

    def _twitter(self, piece: str) -> Iterator[str]:
        for part in self._strip(piece).split():
            yield from twitter.cut(part, self.settings.split_hashtags)

    def _split_tag(self, tag: str) -> list[str]:
        return self._split(tag) if self.settings.split_hashtags else ["#" + tag.lower()]

    def _shorten(self, word: str) -> str:
        return shorten(word, self.vocabulary)

    def describe(self) -> dict[str, Any]:
        """Give what :meth:`from_description` makes the same tokeniser of, as JSON."""
        words = None if self._own is None else self._own.digest
        return {
            "version": self.version,
            "vocabulary": words,
            **self.settings.model_dump(mode="json"),
        }

    @classmethod
    def from_description(
        cls, description: Mapping[str, Any], *, vocabulary: Vocabulary | None = None
    ) -> Tokeniser:
        """Make the tokeniser that a model was trained with.

        Parameters
        ----------
        description : mapping
            From :meth:`describe`.
        vocabulary : Vocabulary, optional
            The one of that tokeniser, where it was not the package's.

        Raises
        ------
        DataError
            If that was of another version or had other words, or the description is none.
        """
        values = dict(description)
        version, words = values.pop("version", None), values.pop("vocabulary", None)
        if version != cls.version:
            raise DataError(
                f"opening a model: its tokens were made by version {version!r} of the tokeniser, "
                f"and this inundate has version {cls.version!r}",
                hint="train it anew: inundate posts train",
            )
        given = None if vocabulary is None else vocabulary.digest
        if given != words:
            raise DataError(
                f"opening a model: its hashtags were cut by the words {words or 'of the package'}, "
                f"those given are {given or 'of the package'}",
                hint="give the embedding that it was trained with",
            )
        return cls(resolve_settings(TokeniserSettings, flags=values), vocabulary=vocabulary)


def _rebuild(settings: TokeniserSettings, vocabulary: Vocabulary | None) -> Tokeniser:
    return Tokeniser(settings, vocabulary=vocabulary)
