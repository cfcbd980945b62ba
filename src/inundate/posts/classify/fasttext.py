"""A classifier as fastText has it: mean of learnt vectors of words, pairs and runs of letters.

Source
------
Joulin et al. (2017), arXiv:1607.01759; runs of letters as in Bojanowski et al. (2017),
arXiv:1607.04606. Written anew; files of the program fastText are not read.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from inundate.core.run import Run
from inundate.learn.batches import Batch, sample_order
from inundate.learn.device import pick_device
from inundate.learn.random_state import isolated_random
from inundate.learn.weights import load_weights
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.fitting import FittingSettings, Loss, fit_network, validate_by
from inundate.posts.classify.logistic import class_weights, softmax
from inundate.posts.classify.words import common_words
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings

__all__ = ["FastText", "FastTextSettings"]

_KEPT = 1 << 17  # words whose numbers are remembered


class FastTextSettings(FittingSettings):
    """How many vectors there are, and how long."""

    epochs: int = Field(default=5, ge=1, description="Passes over the training posts.")
    learning_rate: float = Field(default=0.01, gt=0.0, description="Highest rate of AdamW.")
    width: int = Field(default=32, ge=1, description="Numbers a vector.")
    buckets: int = Field(
        default=1 << 15,
        ge=1,
        description="Vectors that pairs of words and runs of letters share by their hash.",
    )
    at_least: int = Field(default=2, ge=1, description="Training posts that must have a word.")
    shortest: int = Field(default=3, ge=1, description="Letters of the shortest run.")
    longest: int = Field(default=5, ge=1, description="Letters of the longest run.")
    pairs: bool = Field(default=True, description="Also pairs of neighbouring words.")
    tokeniser: TokeniserSettings = TokeniserSettings()


class _MeanNetwork(nn.Module):
    def __init__(self, rows: int, width: int, classes: int) -> None:
        super().__init__()
        self.vectors = nn.EmbeddingBag(rows, width, mode="mean")
        nn.init.uniform_(self.vectors.weight, -1.0 / width, 1.0 / width)
        self.head = nn.Linear(width, classes)
        nn.init.zeros_(self.head.weight)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give logits (B, K) of ``numbers`` (M,) of all posts and where each ``start``s (B,)."""
        logits: Tensor = self.head(self.vectors(inputs["numbers"], inputs["start"]))
        return logits


class _Ragged:
    """Batches of posts with different numbers of terms."""

    def __init__(
        self, rows: Sequence[np.ndarray[Any, Any]], labels: Tensor, *, size: int, seed: int
    ) -> None:
        self.rows, self.labels, self.size, self.seed = rows, labels, size, seed

    def __len__(self) -> int:
        return -(-len(self.rows) // self.size)

    def batch(self, epoch: int, index: int) -> Batch:
        """Give batch ``index`` of an epoch."""
        order = sample_order(len(self.rows), seed=self.seed, epoch=epoch)
        chosen = order[index * self.size : (index + 1) * self.size]
        return {
            "sample_id": torch.from_numpy(chosen),
            "target": self.labels[torch.from_numpy(chosen)],
            "inputs": _joined([self.rows[k] for k in chosen.tolist()]),
        }


def _joined(rows: Sequence[np.ndarray[Any, Any]]) -> dict[str, Tensor]:
    starts = np.cumsum([0, *(len(row) for row in rows[:-1])])
    numbers = np.concatenate([*rows, np.empty(0, np.int64)])
    return {"start": torch.from_numpy(starts), "numbers": torch.from_numpy(numbers)}


class FastText(TextClassifier):
    """Mean of learnt vectors, linear."""

    name = "fasttext"
    kind = FastTextSettings

    _words: dict[str, int]
    _network: _MeanNetwork
    _tokeniser: Tokeniser

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        s = self.settings
        self._tokeniser = Tokeniser(s.tokeniser)
        words = common_words(map(self._tokeniser, train.texts), s.at_least)
        self._take_words(words)
        with isolated_random(seed, "weights"):
            self._make(len(train.classes))
        batches = _Ragged(
            self._rows(train.texts),
            torch.from_numpy(train.labels.copy()),
            size=s.batch_size,
            seed=seed,
        )
        weights = class_weights(train.labels, len(train.classes), s.class_weight)
        validate = None
        if valid is not None:
            rows = self._rows(valid.texts)
            validate = validate_by(lambda: self._logits(rows), valid.labels, s.choose_by)
        facts = fit_network(
            self._network,
            batches,
            Loss(weights),
            settings=s.training(seed),
            run=run,
            config=s.model_dump(mode="json"),
            validate=validate,
        )
        return {**facts, "words": len(words)}

    def _take_words(self, words: Sequence[str]) -> None:
        self._words = {word: number for number, word in enumerate(words)}
        self._known: dict[str, tuple[int, ...]] = {}

    def _make(self, classes: int) -> None:
        s = self.settings
        self._network = _MeanNetwork(len(self._words) + s.buckets, s.width, classes)
        self._network.to(pick_device(s.device))

    def _bucket(self, term: str) -> int:
        # crc32: the same on every machine and in every process, which hash() is not
        hashed = zlib.crc32(term.encode("utf-8", "surrogatepass"))
        return len(self._words) + hashed % int(self.settings.buckets)

    def _word(self, token: str) -> tuple[int, ...]:
        """Give the numbers of a word and of its runs of letters."""
        s, spelt = self.settings, f"<{token}>"
        own = self._words.get(token)
        found = [] if own is None else [own]
        for size in range(s.shortest, min(s.longest, len(spelt)) + 1):
            found += [self._bucket(spelt[k : k + size]) for k in range(len(spelt) - size + 1)]
        if len(self._known) >= _KEPT:
            self._known.clear()
        kept = self._known[token] = tuple(found)
        return kept

    def _rows(self, texts: Sequence[str]) -> list[np.ndarray[Any, Any]]:
        rows = []
        known = self._known
        for text in texts:
            tokens = self._tokeniser(text)
            numbers: list[int] = []
            for token in tokens:
                found = known.get(token)
                numbers += self._word(token) if found is None else found
            if self.settings.pairs:
                numbers += [self._bucket(f"{first} {second}") for first, second in pairwise(tokens)]
            rows.append(np.array(numbers, np.int64))
        return rows

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return softmax(self._logits(self._rows(texts)))

    def _logits(self, rows: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        if not len(rows):
            return np.empty((0, len(self.classes)))
        device = self._network.head.weight.device
        with torch.inference_mode():
            inputs = {name: tensor.to(device) for name, tensor in _joined(rows).items()}
            logits: np.ndarray[Any, Any] = self._network(inputs).cpu().numpy()
        return logits

    def state(self) -> State:
        """Give the words and all vectors."""
        tensors = self._network.state_dict()
        return State(
            facts={"words": list(self._words), "tokeniser": self._tokeniser.describe()},
            arrays={name: tensor.cpu().numpy() for name, tensor in tensors.items()},
        )

    def take_state(self, state: State) -> None:
        """Take the words and all vectors."""
        self._tokeniser = Tokeniser.from_description(state.facts["tokeniser"])
        self._take_words(state.facts["words"])
        self._make(len(self.classes))
        tensors = {name: torch.from_numpy(array.copy()) for name, array in state.arrays.items()}
        load_weights(self._network, tensors, where=f"the classifier {self.name}")
        self._network.eval()
