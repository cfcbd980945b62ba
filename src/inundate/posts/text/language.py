"""Guess the language of a post by its script, letters and commonest words; or say that it is open.

Posts are short, and a wrong guess is worse than none: where the evidence is thin the answer is
:data:`UNKNOWN`. Names, tags and links tell nothing and are not looked at.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from itertools import islice

import regex

from inundate.posts.text.language_words import LETTERS, WORDS
from inundate.posts.text.vocabulary import english

__all__ = ["LANGUAGES", "UNKNOWN", "detect_language"]

UNKNOWN = "und"
"""Code of ISO 639-2 for a language that is not determined."""

_SCRIPTS = {
    "Greek": "el", "Hebrew": "he", "Thai": "th", "Devanagari": "hi", "Bengali": "bn",
    "Tamil": "ta", "Telugu": "te", "Gujarati": "gu", "Gurmukhi": "pa", "Malayalam": "ml",
    "Kannada": "kn", "Sinhala": "si", "Myanmar": "my", "Khmer": "km", "Lao": "lo",
    "Georgian": "ka", "Armenian": "hy", "Ethiopic": "am", "Hangul": "ko",
    "Cyrillic": "", "Arabic": "", "Latin": "", "Han": "", "Hiragana": "", "Katakana": "",
}  # fmt: skip
LANGUAGES = tuple(sorted({*filter(None, _SCRIPTS.values()), *WORDS, "zh", "ja", "ru", "uk", "bg",
                          "sr", "ar", "fa", "ur"}))  # fmt: skip
"""Codes of ISO 639-1 that :func:`detect_language` can give."""

_SCRIPT = regex.compile("|".join(rf"(?P<{name}>\p{{{name}}}+)" for name in _SCRIPTS))
_NO_WORDS = regex.compile(r"(?:https?://|www\.|[@#<])\S*|&\w+;|(?i:\bRT\b)")
_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)?")
_LOOKED_AT = 2_000  # characters
# the first that fits; letters that the other languages of a script have not
_CYRILLIC = (("uk", "іїєґ"), ("sr", "ђјљњћџ"), ("ru", "ыэё"), ("bg", "ъ"))
_ARABIC = (("ur", "ٹڈڑںےہھ"), ("fa", "پچژگکی"))
_LEAST_LETTERS = 4
_SURE = 0.85  # posterior from which an answer is given
_RARE = math.log(0.0004)  # of a word that is on another language's list alone
_LETTER = math.log(0.02)
# words of the English list beside those that sentences are built of: some are words elsewhere too
_ENGLISH_WORDS, _SHORT = 12_000, 3
_PLAIN = 1.4  # nats for English and against the others
_LEAST_PLAIN = 3


def _word_scores() -> dict[str, dict[str, float]]:
    """Give for each word its log probability by language, by Zipf's law over the lists."""
    scores: dict[str, dict[str, float]] = {}
    for language, words in WORDS.items():
        for rank, word in enumerate(words.split()):
            scores.setdefault(word, {})[language] = math.log(0.06 / (rank + 2))
    for language, letters in LETTERS.items():
        for letter in letters:
            scores.setdefault(letter, {})[language] = _LETTER
    return scores


_SCORES = _word_scores()
_SPECIAL = frozenset("".join(LETTERS.values()))


def detect_language(text: str) -> str:
    """Guess the language of a text.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Of :data:`LANGUAGES`, or :data:`UNKNOWN`.

    Examples
    --------
    >>> detect_language("The river is over the wall @made_up #flood")
    'en'
    >>> detect_language("El agua ya está en la calle"), detect_language("#flood wow")
    ('es', 'und')
    """
    seen = _NO_WORDS.sub(" ", text[:_LOOKED_AT])
    if seen.isascii():
        return _latin(seen)
    found: Counter[str] = Counter()
    for match in _SCRIPT.finditer(seen):
        found[str(match.lastgroup)] += len(match.group())
    if not found:
        return UNKNOWN
    script, letters = found.most_common(1)[0]
    if found["Hiragana"] + found["Katakana"] > 0 and script != "Latin":
        return "ja"
    if letters < _LEAST_LETTERS and script != "Han":
        return UNKNOWN
    if script == "Latin":
        return _latin(seen)
    if script == "Han":
        return "zh" if letters > 1 else UNKNOWN
    if script == "Cyrillic":
        return _by_letters(seen, _CYRILLIC, "")
    if script == "Arabic":
        return _by_letters(seen, _ARABIC, "ar")
    return _SCRIPTS[script]


def _by_letters(text: str, rules: tuple[tuple[str, str], ...], other: str) -> str:
    lowered = set(text.lower())
    for language, letters in rules:
        if not lowered.isdisjoint(letters):
            return language
    return other or UNKNOWN


def _latin(text: str) -> str:
    """Weigh the words and letters of a text in Latin script; naive Bayes, no prior."""
    written = _WORD.findall(text.replace("’", "'"))
    lowered = [word.lower() for word in written]
    evidence = [word for word in lowered if word in _SCORES]
    if not text.isascii():
        letters = set("".join(lowered))
        evidence += [letter for letter in _SPECIAL if letter in letters]
    common = _english_words()
    # a name is the same in every language, so what has capitals tells nothing
    plain = sum(word in common and word not in _SCORES for word in written)
    if not evidence and plain < _LEAST_PLAIN:
        return UNKNOWN
    total = dict.fromkeys(WORDS, 0.0)
    total["en"] = plain * _PLAIN
    for piece in evidence:
        known = _SCORES[piece]
        for language in total:
            total[language] += known.get(language, _RARE)
    best = max(total, key=lambda language: total[language])
    share = 1.0 / sum(math.exp(score - total[best]) for score in total.values())
    return best if share >= _SURE else UNKNOWN


@lru_cache(maxsize=1)
def _english_words() -> frozenset[str]:
    costs = english().costs
    return frozenset(word for word in islice(costs, _ENGLISH_WORDS) if len(word) > _SHORT)
