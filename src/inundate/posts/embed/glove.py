"""Train GloVe: vectors whose products tell how often words stand together.

Source
------
Pennington, Socher and Manning (2014), doi:10.3115/v1/D14-1162.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import StabilityError
from inundate.core.seeds import make_rng
from inundate.posts.embed.corpus import Corpus

__all__ = ["Glove", "GloveSettings", "count_pairs"]

_PIECE = 2**18  # pairs of a piece of work
_SMALLEST = 2**20  # places of a table of pairs


class GloveSettings(Settings):
    """How to train GloVe; the defaults are the paper's, but for the smaller window."""

    width: Annotated[int, Field(ge=1, le=4096)] = 100
    """Numbers a word, E."""
    window: Annotated[int, Field(ge=1, le=1000)] = 10
    """Words to each side that count, each by 1 / its distance."""
    epochs: Annotated[int, Field(ge=1)] = 25
    """Times that all pairs are gone through."""
    min_count: Annotated[int, Field(ge=1)] = 5
    """Words that come more rarely are left out."""
    max_words: Annotated[int, Field(ge=2)] = 400_000
    """At most so many different words."""
    rate: Annotated[float, Field(gt=0.0)] = 0.05
    """Learning rate of AdaGrad."""
    limit: Annotated[float, Field(gt=0.0)] = 100.0
    """Pairs that are more common count no more than those."""
    power: Annotated[float, Field(ge=0.0)] = 0.75
    """Of a rarer pair's count, in its weight."""
    seed: int = 0


def count_pairs(
    corpus: Corpus, window: int, on_words: Callable[[int], None] = lambda _count: None
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Count how often words stand together, each time by 1 / their distance.

    Parameters
    ----------
    corpus : Corpus
    window : int
    on_words : callable
        Called with a number of words after each piece of work.

    Returns
    -------
    rows, columns : array (N,), int32
        Numbers of the words, the smaller one first, in their order.
    counts : array (N,), float64
        Of both directions together where the words are the same, else of each.
    """
    from inundate.posts.embed.glove_kernel import EMPTY, add_pairs, grow_table

    keys = np.full(_SMALLEST, EMPTY, np.uint64)
    values = np.zeros(_SMALLEST, np.float64)
    used = 0
    for tokens, ends in corpus.chunks():
        text = 0
        while text < len(ends):
            text, used = add_pairs(tokens, ends, text, window, keys, values, used)
            if text < len(ends):
                keys, values = grow_table(keys, values)
        on_words(len(tokens))
    taken = np.flatnonzero(keys != EMPTY)
    taken = taken[np.argsort(keys[taken])]  # an order that no table's size changes
    rows = (keys[taken] >> np.uint64(32)).astype(np.int32)
    columns = (keys[taken] & np.uint64(2**32 - 1)).astype(np.int32)
    return rows, columns, values[taken]


class Glove:
    """A training of GloVe: the same seed on the same machine gives the same bits.

    Parameters
    ----------
    corpus : Corpus
    settings : GloveSettings
    on_words : callable
        Called with a number of words while pairs are counted.
    """

    name = "glove"

    def __init__(
        self,
        corpus: Corpus,
        settings: GloveSettings,
        on_words: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self.corpus, self.settings = corpus, settings
        self.rows, self.columns, self.counts = count_pairs(corpus, settings.window, on_words)
        rng = make_rng(settings.seed, "glove", "start")
        shape = (2, len(corpus.words), settings.width + 1)  # the bias is the last one
        start = (rng.random(shape, dtype=np.float32) - 0.5) / settings.width
        self._arrays = {"words": start[0].copy(), "contexts": start[1].copy()}
        for name in ("word_squares", "context_squares"):
            self._arrays[name] = np.ones(shape[1:], np.float32)

    @property
    def vectors(self) -> np.ndarray[Any, Any]:
        """Sum of a word's vectors as word and as context, as in the paper, (V, E) float32."""
        words, contexts = self._arrays["words"], self._arrays["contexts"]
        return np.asarray(words[:, :-1] + contexts[:, :-1])

    def train_epoch(
        self, epoch: int, on_words: Callable[[int], None] = lambda _count: None
    ) -> dict[str, float]:
        """Go once through all pairs, in an order of this epoch's own.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        on_words : callable
            Called with the number of words that a piece of work stands for.

        Returns
        -------
        dict
            ``loss`` a pair.

        Raises
        ------
        StabilityError
            If a number is not finite any more.
        """
        from inundate.posts.embed.glove_kernel import train_pairs

        train: Any = train_pairs
        how, count = self.settings, len(self.counts)
        order = make_rng(how.seed, "glove", "order", epoch).permutation(count)
        loss = 0.0
        for start in range(0, count, _PIECE):
            piece = order[start : start + _PIECE]
            loss += train(
                self.rows, self.columns, self.counts, piece, *self._arrays.values(),
                how.rate, how.limit, how.power,
            )  # fmt: skip
            on_words(round(len(self.corpus) * len(piece) / count))
        if not np.isfinite(loss):
            raise StabilityError(
                f"training GloVe: numbers are not finite after epoch {epoch + 1}",
                hint=f"try a smaller --rate than {how.rate}",
            )
        return {"loss": loss / count, "pairs": count}

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """Give all that the next epoch depends on."""
        return dict(self._arrays)

    def restore(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Go on from :meth:`state`."""
        self._arrays = {name: state[name] for name in self._arrays}
