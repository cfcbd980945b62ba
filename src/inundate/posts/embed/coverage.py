"""How many of a corpus's words an embedding knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

__all__ = ["Coverage", "make_coverage"]


@dataclass(frozen=True)
class Coverage:
    """Known and unknown words of a corpus.

    Attributes
    ----------
    tokens, known : int
        Running words, and those of them that the embedding has.
    types, known_types : int
        Different words, and those of them that the embedding has.
    commonest_unknown : tuple of (str, int)
        Words that it does not have and how often they came, the commonest first.
    """

    tokens: int
    known: int
    types: int
    known_types: int
    commonest_unknown: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        """Share of running words that are known; NaN of no words."""
        return self.known / self.tokens if self.tokens else float("nan")

    @property
    def unknown_share(self) -> float:
        """Share of running words that are out of vocabulary."""
        return 1.0 - self.share

    def describe(self) -> dict[str, Any]:
        """Give the figures as JSON can hold them."""
        return {
            "tokens": self.tokens,
            "known": self.known,
            "share": self.share,
            "unknown_share": self.unknown_share,
            "types": self.types,
            "known_types": self.known_types,
            "commonest_unknown": [list(item) for item in self.commonest_unknown],
        }


def make_coverage(counts: Counter[str], known: set[str], *, most: int = 20) -> Coverage:
    """Make the figures of counted words, of which some are known."""
    unknown = Counter({word: n for word, n in counts.items() if word not in known})
    ordered = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))
    total = counts.total()
    return Coverage(
        tokens=total,
        known=total - unknown.total(),
        types=len(counts),
        known_types=len(counts) - len(unknown),
        commonest_unknown=tuple(ordered[:most]),
    )
