"""Train word2vec: skip-gram or CBOW with negative sampling.

Source
------
Mikolov, Sutskever, Chen, Corrado and Dean (2013), "Distributed representations of words and
phrases and their compositionality", NeurIPS 26.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import StabilityError
from inundate.core.seeds import make_rng, make_seed
from inundate.posts.embed.corpus import Corpus

__all__ = ["Word2Vec", "Word2VecSettings"]

_POWER = 0.75  # of the counts, in drawing the words that are pushed away: the paper's


class Word2VecSettings(Settings):
    """How to train word2vec."""

    method: Literal["skip-gram", "cbow"] = "skip-gram"
    """From a word its surroundings, better for rare words; or the other way round, quicker."""
    width: Annotated[int, Field(ge=1, le=4096)] = 100
    """Numbers a word, E."""
    window: Annotated[int, Field(ge=1, le=1000)] = 5
    """Words to each side that count at most; for each word it is drawn anew up to this."""
    negative: Annotated[int, Field(ge=1, le=100)] = 5
    """Words drawn to be pushed away, for each that is pulled near."""
    epochs: Annotated[int, Field(ge=1)] = 5
    """Times that the corpus is gone through."""
    min_count: Annotated[int, Field(ge=1)] = 5
    """Words that come more rarely are left out."""
    max_words: Annotated[int, Field(ge=2)] = 1_000_000
    """At most so many different words."""
    sample: Annotated[float, Field(ge=0.0, le=1.0)] = 1e-3
    """Words of a larger share of the corpus are skipped now and then; 0 skips none."""
    rate: Annotated[float, Field(gt=0.0)] = 0.025
    """Learning rate at the beginning; it falls in a straight line to rate_end."""
    rate_end: Annotated[float, Field(ge=0.0)] = 1e-4
    seed: int = 0


class Word2Vec:
    """A training of word2vec: the same seed on the same machine gives the same bits.

    Parameters
    ----------
    corpus : Corpus
    settings : Word2VecSettings

    Attributes
    ----------
    inputs : array (V, E), float32
        The vectors.
    outputs : array (V, E), float32
    """

    name = "word2vec"

    def __init__(self, corpus: Corpus, settings: Word2VecSettings) -> None:
        from inundate.posts.embed.word2vec_kernel import alias_table, sigmoid_table

        self.corpus, self.settings = corpus, settings
        shape = (len(corpus.words), settings.width)
        rng = make_rng(settings.seed, "word2vec", "start")
        # twice as wide as in word2vec's programme, as gensim has it: small corpora learn sooner
        self.inputs = (2 * rng.random(shape, dtype=np.float32) - 1) / settings.width
        self.outputs = np.zeros(shape, np.float32)
        self._state = np.array([make_seed(settings.seed, "word2vec", "draws")], np.uint64)
        self._tables = (*alias_table(corpus.counts**_POWER), *sigmoid_table())
        self._keep = keep_shares(corpus.counts, settings.sample)

    @property
    def vectors(self) -> np.ndarray[Any, Any]:
        """The vectors as they are now, (V, E) float32."""
        return self.inputs

    def train_epoch(
        self, epoch: int, on_words: Callable[[int], None] = lambda _count: None
    ) -> dict[str, float]:
        """Go once through the corpus.

        Parameters
        ----------
        epoch : int
            Counted from 0; tells the learning rate.
        on_words : callable
            Called with a number of words after each piece of work.

        Returns
        -------
        dict
            ``loss`` a pair of word and surroundings.

        Raises
        ------
        StabilityError
            If a number is not finite any more.
        """
        from inundate.posts.embed.word2vec_kernel import CBOW, SKIP_GRAM, train_texts

        how = self.settings
        method = SKIP_GRAM if how.method == "skip-gram" else CBOW
        done, total = epoch * len(self.corpus), how.epochs * len(self.corpus)
        loss, pairs = 0.0, 0
        for tokens, ends in self.corpus.chunks():
            lost, count = train_texts(
                method, tokens, ends, self.inputs, self.outputs, self._keep, *self._tables,
                how.window, how.negative, how.rate, how.rate_end, done, total, self._state,
            )  # fmt: skip
            loss, pairs, done = loss + lost, pairs + count, done + len(tokens)
            on_words(len(tokens))
        if not np.isfinite(loss) or not np.isfinite(self.inputs).all():
            raise StabilityError(
                f"training word2vec: numbers are not finite after epoch {epoch + 1}",
                hint=f"try a smaller --rate than {how.rate}",
            )
        return {"loss": loss / max(pairs, 1), "pairs": pairs}

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """Give all that the next epoch depends on."""
        return {"inputs": self.inputs, "outputs": self.outputs, "random": self._state}

    def restore(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Go on from :meth:`state`."""
        self.inputs, self.outputs = state["inputs"], state["outputs"]
        self._state = state["random"]


def keep_shares(counts: np.ndarray[Any, Any], sample: float) -> np.ndarray[Any, Any]:
    """Give the share of each word's occurrences that are taken, of 2^32, (V,) uint32."""
    if sample == 0:
        return np.full(len(counts), 2**32 - 1, np.uint32)
    part = sample * counts.sum() / counts
    # as word2vec's programme has it; the paper's text says 1 - sqrt(part) is left out
    share = np.minimum(np.sqrt(part) + part, 1.0)
    return np.asarray(share * (2**32 - 1), np.uint32)
