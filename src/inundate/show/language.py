"""The words of a page in several languages: every sentence has a key and lies in a file.

A sentence stays a plain string (in English), so that it can be logged or tested as one; it
also knows its key and its values, so that a page can say it again in another language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from typing import Any

from inundate.core.errors import ConfigError, nearest
from inundate.show.template import Html, asset

__all__ = [
    "LANGUAGES",
    "Said",
    "all_words",
    "check_language",
    "say_attributes",
    "say_html",
    "say_list",
    "speak",
    "symbol",
    "tell",
    "tell_count",
    "translate",
]

LANGUAGES = ("en", "de")
"""Languages that a page can be read in, English first; a file of ``assets/words`` each."""

_FIELD = re.compile(r"\{(\w+)\}")
_SPOKEN = re.compile(r'(<[^<>]*\sdata-say="([\w.]+)"[^<>]*>)(?=</)')
_LABELLED = re.compile(r'\sdata-label="([\w.]+)"')


@lru_cache(maxsize=8)
def all_words(language: str) -> Mapping[str, str]:
    """Give the sentences of a language by key.

    Raises
    ------
    ConfigError
        If there is no such language.
    """
    check_language(language)
    found: dict[str, str] = json.loads(asset(f"words/{language}.json"))
    return found


def check_language(language: str) -> str:
    """Give a language that there is.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if language not in LANGUAGES:
        close = nearest(language, LANGUAGES)
        raise ConfigError(
            f"language of a page: {language!r}, expected one of {', '.join(LANGUAGES)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    return language


class Said(str):
    """A sentence in English that can be said in other languages.

    Attributes
    ----------
    key : str
        Its key in the files of words.
    values : mapping
        What is put into its ``{name}`` fields: texts, numbers or other sentences.
    """

    __slots__ = ("key", "values")
    key: str
    values: Mapping[str, Any]

    def __new__(cls, key: str, values: Mapping[str, Any]) -> Said:
        """Say the sentence in English."""
        made = super().__new__(cls, _filled(all_words("en")[key], values, "en"))
        made.key, made.values = key, dict(values)
        return made

    def __getnewargs__(self) -> tuple[str, Mapping[str, Any]]:  # type: ignore[override]
        """Let copies be made of key and values, not of the English text."""
        return self.key, self.values


def tell(key: str, **values: Any) -> Said:
    """Give the sentence of a key.

    Examples
    --------
    >>> tell("layer.probability", threshold="0.3")
    'P(depth > 0.3 m)'
    >>> translate(tell("layer.rain"), "de")
    'Regenrate'
    """
    return Said(key, values)


def tell_count(key: str, count: int, **values: Any) -> Said:
    """Give the sentence of a key for one or for several things.

    Examples
    --------
    >>> tell_count("post.count", 1), tell_count("post.count", 3)
    ('1 post', '3 posts')
    """
    return Said(f"{key}.{'one' if count == 1 else 'other'}", {"count": count, **values})


def translate(text: str, language: str) -> str:
    """Say a sentence in a language; other text stays as it is."""
    if not isinstance(text, Said):
        return text
    return _filled(all_words(language)[text.key], text.values, language)


def symbol(text: str) -> str | dict[str, Any]:
    """Give a sentence as key and values, for a page's script; other text stays as it is."""
    if not isinstance(text, Said):
        return text
    values = {name: _symbol_of(value) for name, value in text.values.items()}
    return {"say": text.key, "with": values}


def say_attributes(text: str) -> Html:
    """Give the attributes that let a page's script say an element's text again."""
    if not isinstance(text, Said):
        return Html("")
    values = json.dumps(symbol(text), ensure_ascii=False)
    return Html(f' data-said="{escape(values)}"')


def say_html(text: str, language: str) -> Html:
    """Write a sentence as HTML that the page's switch of languages finds."""
    if isinstance(text, Html):
        return text
    if not isinstance(text, Said):
        return Html(escape(text))
    return Html(f"<span{say_attributes(text)}>{escape(translate(text, language))}</span>")


def say_list(lines: Iterable[str], language: str) -> Html:
    """Write sentences as an HTML list."""
    items = (
        f"<li{say_attributes(line)}>{escape(translate(line, language))}</li>" for line in lines
    )
    return Html(f"<ul>{''.join(items)}</ul>")


def speak(template: str, language: str) -> str:
    """Put the words of a language into a template.

    An empty element with ``data-say="key"`` gets the words as its text, and
    ``data-label="key"`` brings them as the name that screen readers say.

    Raises
    ------
    KeyError
        If the files of words lack a key.

    Examples
    --------
    >>> speak('<p data-say="layer.rain"></p>', "en")
    '<p data-say="layer.rain">Rain rate</p>'
    """
    words = all_words(language)
    labelled = _LABELLED.sub(
        lambda found: f'{found[0]} aria-label="{escape(words[found[1]])}"', template
    )
    return _SPOKEN.sub(lambda found: found[1] + escape(words[found[2]]), labelled)


def _filled(pattern: str, values: Mapping[str, Any], language: str) -> str:
    def fill(match: re.Match[str]) -> str:
        value = values[match[1]]
        return translate(value, language) if isinstance(value, str) else str(value)

    return _FIELD.sub(fill, pattern)


def _symbol_of(value: Any) -> Any:
    return symbol(value) if isinstance(value, str) else value
