"""Whether a post has the words that are looked for, where the platform does not search itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from inundate.core.errors import ConfigError

__all__ = ["Words"]

_TERM = re.compile(r'"([^"]*)"|(\S+)')
_OPERATOR = re.compile(r"[a-z_]+:\S|[()]|-|(?:AND|OR|NOT)$")


class Words:
    """A query of words: all of them, or one of several groups that ``OR`` divides.

    A word is found whole, with or without ``#`` before it; in quotes several words are found
    together. Case, width and accents' encoding do not count.

    Parameters
    ----------
    query : str or None
        None matches everything.

    Raises
    ------
    ConfigError
        If a group has no word, or a word looks like a platform's operator.

    Examples
    --------
    >>> words = Words('flood river OR "burst its banks" OR hochwasser')
    >>> words.match("The River is in #flood"), words.match("a flooded street")
    (True, False)
    """

    def __init__(self, query: str | None) -> None:
        groups = re.split(r"\s+OR\s+", query.strip()) if query is not None else []
        self._groups = [_patterns(group, query or "") for group in groups]

    def match(self, *texts: str | None) -> bool:
        """Whether any group is found whole in the texts together."""
        if not self._groups:
            return True
        text = _folded("\n".join(text for text in texts if text))
        return any(all(word.search(text) for word in group) for group in self._groups)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _patterns(group: str, query: str) -> Sequence[re.Pattern[str]]:
    terms = _TERM.findall(group)
    found = [term.strip() for pair in terms for term in pair if term.strip()]
    bad = [plain for _, plain in terms if _OPERATOR.match(plain)]
    if bad or not found:
        told = f"{bad[0]!r} is an operator of a search" if bad else "a group has no word"
        raise ConfigError(
            f"the words {query!r}: {told}; a stream is filtered here, by words, "
            '"words in quotes" and OR',
            hint="give --language, --since and so on for the rest",
        )
    return [re.compile(_whole(_folded(term))) for term in found]


def _whole(term: str) -> str:
    joined = r"\s+".join(re.escape(part) for part in term.split())
    before = r"(?<!\w)" if term[0].isalnum() else ""
    return before + joined + (r"(?!\w)" if term[-1].isalnum() else "")
