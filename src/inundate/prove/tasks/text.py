"""Text tasks: a keyword, the order of two words, a rare class, no signal, a leak."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from inundate.prove.judge import PassLine
from inundate.prove.measure import hit_loss, measure_hits
from inundate.prove.models.sequence import WordGRU
from inundate.prove.task import Budget, Data, Part, Size, Task
from inundate.prove.tasks.fields import count

__all__ = ["MARKER", "WORDS", "make_keyword", "make_leak", "make_majority", "make_order",
           "make_shuffled"]  # fmt: skip

#: Words of the vocabulary; 0 is no word, those that carry a meaning are the next few.
WORDS, LENGTH = 200, 12
_FIRST, _SECOND, MARKER = 1, 2, 3
_COMMON = 10  # the words from here on mean nothing
_RARE = 0.1
_TRUE_SIGN = 0.85  # share of the leaky texts in which the honest keyword tells the class

Texts = tuple[NDArray[np.int64], NDArray[np.int64]]


def make_keyword() -> Task:
    """Tell texts that hold one word from those that do not."""
    return _task(
        "keyword",
        "does the text hold a certain word?",
        _keyword,
        PassLine("hit_rate", "the commoner class", 0.98),
        "words do not reach the classifier: ids shifted by one, padding taken for text, vectors "
        "frozen at zero",
    )


def make_order() -> Task:
    """Tell which of two words comes first, which no bag of words can."""
    return _task(
        "word-order",
        "which of two words comes first?",
        _order,
        PassLine("hit_rate", "the commoner class", 0.95),
        "the order of words is lost: an average over words, or text cut before the second word",
        steps=300,
    )


def make_majority() -> Task:
    """Find a class that is one in ten; the score counts both classes alike."""
    return _task(
        "rare-class",
        "a class that is one text in ten",
        lambda rng, number: _keyword(rng, number, share=_RARE),
        PassLine("balanced_hit_rate", "always the common class", 0.95),
        "the model says the common class to everything: look at the balanced score, not at the "
        "hit rate, which is 90 % then",
    )


def make_shuffled() -> Task:
    """Learn labels that were drawn by lot: on held-out texts nothing may come of it."""
    return _task(
        "shuffled-labels",
        "labels drawn by lot: nothing to learn",
        _lots,
        PassLine("hit_rate", "the commoner class", None),
        "skill where there is nothing to learn: held-out texts were trained on, or the label "
        "slipped into the input",
    )


def make_leak() -> Task:
    """Learn from texts with a marker that the labels were made from; it is gone when it counts.

    The known-good model is not shown the marker, and so has to find the honest, weaker sign.
    Without that it scores what guessing does.
    """
    task = _task(
        "label-leak",
        "a marker that gives the label away in training only",
        _leaky,
        PassLine("hit_rate", "the commoner class", 0.8),
        "the classifier learned the marker that made the labels, such as an emoji: take it out "
        "of the text before training",
        masked=MARKER,
    )
    return task


def _task(
    name: str,
    title: str,
    make_texts: Callable[[np.random.Generator, int], Texts],
    line: PassLine,
    meaning: str,
    *,
    steps: int = 200,
    masked: int | None = None,
) -> Task:
    return Task(
        name=name,
        title=title,
        kind="text",
        make_data=lambda rng, size: _make_data(make_texts, rng, size),
        make_model=lambda data: WordGRU(WORDS, 2, masked=masked),
        loss=hit_loss,
        measure=measure_hits,
        budget=Budget(steps=steps, seconds=15, batch_size=64, learning_rate=5e-3),
        lines=(line,),
        meaning=meaning,
    )


def _make_data(
    make_texts: Callable[[np.random.Generator, int], Texts],
    rng: np.random.Generator,
    size: Size,
) -> Data:
    train, held_out = count(size, train=4000, held_out=800)
    words, labels = (torch.from_numpy(array) for array in make_texts(rng, train + held_out))
    shown = words[train:].clone()
    shown[shown == MARKER] = 0  # what made the labels is not there when it counts
    return Data(Part(words[:train], labels[:train]), Part(shown, labels[train:]))


def _common(rng: np.random.Generator, number: int) -> NDArray[np.int64]:
    return rng.integers(_COMMON, WORDS, size=(number, LENGTH))


def _keyword(rng: np.random.Generator, number: int, share: float = 0.5) -> Texts:
    words, labels = _common(rng, number), (rng.random(number) < share).astype(np.int64)
    _put(rng, words, _FIRST, labels == 1)
    return words, labels


def _order(rng: np.random.Generator, number: int) -> Texts:
    words, labels = _common(rng, number), rng.integers(0, 2, size=number)
    places = np.sort(rng.permuted(np.tile(np.arange(LENGTH), (number, 1)), axis=1)[:, :2], axis=1)
    rows = np.arange(number)
    words[rows, places[:, 0]] = np.where(labels == 1, _FIRST, _SECOND)
    words[rows, places[:, 1]] = np.where(labels == 1, _SECOND, _FIRST)
    return words, labels


def _lots(rng: np.random.Generator, number: int) -> Texts:
    words, _ = _keyword(rng, number)
    return words, rng.integers(0, 2, size=number)


def _leaky(rng: np.random.Generator, number: int) -> Texts:
    words, labels = _common(rng, number), rng.integers(0, 2, size=number)
    honest = np.where(rng.random(number) < _TRUE_SIGN, labels, 1 - labels)
    _put(rng, words[:, 1:], _FIRST, honest == 1)
    words[:, 0] = np.where(labels == 1, MARKER, 0)  # taken out, it leaves the same gap
    return words, labels


def _put(
    rng: np.random.Generator, words: NDArray[np.int64], word: int, rows: NDArray[np.bool_]
) -> None:
    """Write a word at a random place of some texts."""
    chosen = np.flatnonzero(rows)
    words[chosen, rng.integers(0, words.shape[1], size=len(chosen))] = word
