"""What scrubbing does to real posts: words that it should have left, identifiers that it did."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from inundate.posts.anonymise.scrub import Scrubber

__all__ = [
    "MARKS",
    "Damage",
    "changed_words",
    "damaged_beside_obvious",
    "measure_marked",
    "post_hash",
    "read_marks",
    "real_posts",
]

MARKS = "marks.json"
"""Marks by hand: hash of a post to the places of its words that lead to a person."""
_FILES = ("CrisisLexT6/*/*.csv", "CrisisLexT26/*/*-tweets_labeled.csv")


@dataclass(frozen=True)
class Damage:
    """Counts of words, which stand between blanks."""

    posts: int
    plain: int
    """Words that lead to nobody."""
    damaged: int
    """Of these, changed."""
    marked: int
    """Words that do."""
    missed: int
    """Of these, left as they are."""


def real_posts(data: Path, number: int, seed: int = 0) -> list[str]:
    """Draw texts of CrisisLex, each once, always the same."""
    texts: set[str] = set()
    for pattern in _FILES:
        for path in sorted((data / "text").glob(pattern)):
            with path.open(encoding="utf-8", errors="replace", newline="") as stream:
                texts.update(row[1] for row in csv.reader(stream) if len(row) > 1)
    return random.Random(seed).sample(sorted(texts), min(number, len(texts)))


def post_hash(text: str) -> str:
    """Name a post in the marks without telling it."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def changed_words(text: str, spans: Sequence[tuple[int, int]]) -> set[int]:
    """Give the places of the words of a text that a replaced span touches."""
    found: set[int] = set()
    start = 0
    for place, word in enumerate(text.split()):
        start = text.index(word, start)
        end = start + len(word)
        if any(first < end and start < last for first, last in spans):
            found.add(place)
        start = end
    return found


def read_marks() -> dict[str, list[int]]:
    """Read the marks."""
    text = resources.files(__package__).joinpath(MARKS).read_text(encoding="utf-8")
    marks: dict[str, list[int]] = json.loads(text)["marks"]
    return marks


def measure_marked(texts: Sequence[str], scrubber: Scrubber, marks: dict[str, Any]) -> Damage:
    """Hold scrubbed texts against the marks.

    Parameters
    ----------
    texts : sequence of str
        Those that are not marked are left out.
    scrubber : Scrubber
    marks : dict
    """
    counts = [0] * 5
    for text in texts:
        wanted = marks.get(post_hash(text))
        if wanted is None:
            continue
        changed = changed_words(text, scrubber.spans(text))
        number = len(text.split())
        counts[0] += 1
        counts[1] += number - len(wanted)
        counts[2] += len(changed - set(wanted))
        counts[3] += len(wanted)
        counts[4] += len(set(wanted) - changed)
    return Damage(*counts)


def damaged_beside_obvious(texts: Sequence[str], scrubber: Scrubber) -> tuple[int, int]:
    """Count words without ``@`` and link, and those of them that are changed: a bound from above.

    Returns
    -------
    tuple of (int, int)
        Changed, all.
    """
    changed = total = 0
    for text in texts:
        plain = {place for place, word in enumerate(text.split()) if not _is_obvious(word)}
        total += len(plain)
        changed += len(plain & changed_words(text, scrubber.spans(text)))
    return changed, total


def _is_obvious(word: str) -> bool:
    return "@" in word or "＠" in word or "://" in word
