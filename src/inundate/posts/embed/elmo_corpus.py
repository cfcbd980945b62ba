"""A corpus for a language model: vocabulary, batches, and what n-grams can say about it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from inundate.core.errors import DataError
from inundate.core.seeds import make_rng
from inundate.learn.batches import Batch
from inundate.posts.embed.bucketed import bucketed_batches, sorted_batches
from inundate.posts.embed.elmo_characters import BEGIN, END, character_ids, distinct_words

__all__ = [
    "UNKNOWN",
    "SentenceBatches",
    "Vocabulary",
    "count_words",
    "hold_out",
    "ngram_perplexity",
]

UNKNOWN = " <UNK>"

Sentences = Sequence[Sequence[str]]
Ids = list[np.ndarray[Any, np.dtype[np.int64]]]


class Vocabulary:
    """Words that a model predicts, in falling order of their counts.

    Parameters
    ----------
    sentences : sequence of sequences of str
        The corpus.
    least : int
        Rarer words are predicted as one unknown word; as inputs they keep their characters.
    most : int
        Words at most.
    """

    def __init__(self, sentences: Sentences, *, least: int = 2, most: int = 50_000) -> None:
        counts = Counter(word for words in sentences for word in words)
        kept = sorted(
            (word for word, count in counts.items() if count >= least),
            key=lambda word: (-counts[word], word),
        )
        self.words = [BEGIN, END, UNKNOWN, *kept[:most]]
        self._ids = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def ids(self, sentences: Sentences) -> Ids:
        """Give the numbers of each sentence's words, boundaries added."""
        unknown = self._ids[UNKNOWN]
        return [
            np.asarray([0, *(self._ids.get(word, unknown) for word in words), 1], np.int64)
            for words in sentences
        ]


def count_words(ids: Ids, *, words: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Count the predicted words of sentences, boundaries included, by their number (V,)."""
    return np.bincount(np.concatenate(ids), minlength=words)


def hold_out(
    sentences: Sentences, share: float, *, seed: int
) -> tuple[list[Sequence[str]], list[Sequence[str]]]:
    """Part sentences into those to train on and those held out; equal ones stay together.

    Raises
    ------
    DataError
        If one of the parts would be empty.
    """
    distinct = sorted({tuple(words) for words in sentences if words})
    count = max(1, round(share * len(distinct)))
    order = make_rng(seed, "held out").permutation(len(distinct))
    held = {distinct[place] for place in order[:count]}
    kept = [words for words in sentences if words and tuple(words) not in held]
    if not kept:
        raise DataError(
            f"holding out {share:.0%} of a corpus: it has {len(distinct)} distinct sentences",
            hint="a language model needs some thousands",
        )
    return kept, [list(words) for words in sorted(held)]


class SentenceBatches:
    """Batches of sentences of like length, for the training loop.

    Each batch holds the characters of its distinct words once: ``targets`` (B, L) numbers in the
    vocabulary, -1 behind the end; ``places`` (B, L) rows of ``characters`` (W, M); ``lengths``
    (B,); all with the boundaries.

    Parameters
    ----------
    sentences : sequence of sequences of str
        At least one.
    vocabulary : Vocabulary
        What is predicted.
    batch_size : int
        Sentences of a batch.
    longest_word : int
        M.
    seed : int
        Seed of the order.
    shuffle : bool
        Whether each epoch has an order of its own.
    """

    def __init__(
        self,
        sentences: Sentences,
        vocabulary: Vocabulary,
        *,
        batch_size: int,
        longest_word: int,
        seed: int = 0,
        shuffle: bool = True,
    ) -> None:
        if not len(sentences):
            raise DataError("making batches of a corpus: it has no sentences")
        self._sentences, self._ids = sentences, vocabulary.ids(sentences)
        self._lengths = np.asarray([len(row) for row in self._ids])
        self._size, self._longest = batch_size, longest_word
        self._seed, self._shuffle = seed, shuffle
        self._drawn: tuple[int, list[np.ndarray[Any, Any]]] | None = None

    def __len__(self) -> int:
        return -(-len(self._ids) // self._size)

    def batch(self, epoch: int, index: int) -> Batch:
        """Give batch ``index`` of an epoch."""
        if self._drawn is None or self._drawn[0] != epoch:
            self._drawn = (epoch, self._order(epoch))
        rows = self._drawn[1][index]
        words, places, lengths = distinct_words([self._sentences[row] for row in rows])
        targets = np.full(places.shape, -1, np.int64)
        for number, row in enumerate(rows):
            targets[number, : lengths[number]] = self._ids[row]
        arrays = {
            "targets": targets,
            "places": np.maximum(places, 0),
            "lengths": lengths,
            "characters": character_ids(words, self._longest),
            "sample_id": rows,
        }
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def _order(self, epoch: int) -> list[np.ndarray[Any, Any]]:
        if not self._shuffle:
            return sorted_batches(self._lengths, size=self._size)
        return bucketed_batches(self._lengths, size=self._size, seed=self._seed, epoch=epoch)


def ngram_perplexity(train: Ids, valid: Ids, *, words: int) -> dict[str, float]:
    """Give the perplexity of held-out sentences under one- and two-word statistics.

    What a language model must beat. Single words are counted with one added to each; pairs
    are mixed with them after Witten and Bell, so that neither has a number to tune.

    Parameters
    ----------
    train, valid : list of arrays
        Word numbers of sentences with both boundaries; the first word is given, not predicted.
    words : int
        Size of the vocabulary.

    Source
    ------
    Witten and Bell (1991), doi:10.1109/18.87000, method C.

    Examples
    --------
    >>> row = np.array([0, 2, 3, 1])
    >>> found = ngram_perplexity([row] * 50, [row], words=4)
    >>> found["bigram"] < 1.1 < 2.9 < found["unigram"]
    True
    """
    single = np.ones(words)
    for row in train:
        np.add.at(single, row[1:], 1)
    single /= single.sum()
    pairs = Counter(pair for row in train for pair in zip(row[:-1].tolist(), row[1:], strict=True))
    seen, followers = np.zeros(words), np.zeros(words)
    for (before, _), count in pairs.items():
        seen[before] += count
        followers[before] += 1
    sums, total = {"unigram": 0.0, "bigram": 0.0}, 0
    for row in valid:
        for before, word in zip(row[:-1].tolist(), row[1:].tolist(), strict=True):
            alone = float(single[word])
            mixed = pairs[(before, word)] + followers[before] * alone
            weight = seen[before] + followers[before]
            sums["unigram"] -= math.log(alone)
            sums["bigram"] -= math.log(mixed / weight if weight else alone)
            total += 1
    return {name: math.exp(value / total) for name, value in sums.items()}
