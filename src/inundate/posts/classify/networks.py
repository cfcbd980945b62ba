"""Networks that read the words of a post in their order."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import nn

from inundate.core.run import Run
from inundate.learn.batches import TensorBatches
from inundate.learn.device import pick_device
from inundate.learn.random_state import isolated_random
from inundate.learn.weights import load_weights
from inundate.posts.classify.attention import TransformerNetwork
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.fitting import FittingSettings, Loss, fit_network, pad, validate_by
from inundate.posts.classify.layers import Pooling, WordLayer
from inundate.posts.classify.logistic import class_weights, softmax
from inundate.posts.classify.recurrent import OriginalNetwork, RecurrentNetwork
from inundate.posts.classify.words import WordTable, common_words, open_vectors
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.tokenise import Tokeniser, TokeniserSettings

__all__ = ["Bilstm", "Lstm", "OriginalLstm", "Transformer", "WordNetwork"]

_TOGETHER = 256  # posts of about the same length that are classified at a time


class WordNetworkSettings(FittingSettings):
    """What every network over words has to set."""

    embedding: str = Field(
        default="glove-6b-50d",
        description="Vectors of words: a name, a file or a folder; none: only learnt ones.",
    )
    vector_width: int = Field(
        default=50, ge=1, description="Numbers a word where there is no embedding."
    )
    learnt: Literal["none", "unknown", "all"] = Field(
        default="unknown",
        description="Words for which vectors are learnt, on top of those of the embedding: those "
        "that it lacks, or all.",
    )
    learnt_at_least: int = Field(
        default=3, ge=1, description="Training posts that must have such a word."
    )
    longest: int = Field(default=48, ge=1, description="Words of a post that are read.")
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0, description="Share of numbers left out.")
    tokeniser: TokeniserSettings = TokeniserSettings()


class WordNetwork(TextClassifier):
    """Base of the networks over words; each says how it is built."""

    fills_up: ClassVar[bool] = False  # whether posts are filled up to the longest there may be

    _network: nn.Module
    _words: WordLayer
    _table: WordTable
    _tokeniser: Tokeniser

    @abstractmethod
    def _build(self, words: WordLayer, classes: int) -> nn.Module:
        """Make the network with fresh weights."""

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        s = self.settings
        with isolated_random(seed, "weights"):
            tokens = self.prepare(train)
        inputs = self.inputs(tokens)
        target = torch.from_numpy(train.labels.copy())
        batches = TensorBatches(
            {"target": target, "inputs": inputs}, batch_size=s.batch_size, seed=seed
        )
        weights = class_weights(train.labels, len(train.classes), s.class_weight)
        validate = None
        if valid is not None:
            read = self.tokens(valid.texts)
            validate = validate_by(lambda: self._logits(read), valid.labels, s.choose_by)
        return {
            **fit_network(
                self._network,
                batches,
                Loss(weights),
                settings=s.training(seed),
                run=run,
                config=s.model_dump(mode="json"),
                validate=validate,
            ),
            "own_words": len(self._table.own_words),
            "known_words": self._coverage(tokens),
        }

    def prepare(self, train: LabelledPosts) -> list[list[str]]:
        """Make the network with fresh weights for some posts; give their words."""
        s = self.settings
        self._tokeniser = Tokeniser(s.tokeniser)
        tokens = self.tokens(train.texts)
        self._table = WordTable(open_vectors(s.embedding), s.vector_width)
        self._table = WordTable(self._table.embedding, s.vector_width, self._own_words(tokens))
        self._make(len(train.classes))
        return tokens

    @property
    def network(self) -> nn.Module:
        """The network itself; it takes what :meth:`inputs` gives."""
        return self._network

    def _own_words(self, tokens: Sequence[Sequence[str]]) -> list[str]:
        s = self.settings
        if s.learnt == "none" and s.embedding != "none":
            return []
        words = common_words(tokens, s.learnt_at_least)
        if s.learnt == "all" or not words:
            return words
        known = self._table.known(words)
        return [word for word, found in zip(words, known, strict=True) if not found]

    def _coverage(self, tokens: Sequence[Sequence[str]]) -> float | None:
        """Give the share of the words of the training posts that the embedding has."""
        if self._table.embedding is None:
            return None
        return round(self._table.embedding.coverage(tokens).share, 4)

    def _make(self, classes: int) -> None:
        characters = getattr(self.settings, "characters", 0)
        # corrections of vectors start at next to nothing, vectors of their own at GloVe's size
        spread = 0.3 if self._table.embedding is None else 0.02
        self._words = WordLayer(self._table, characters=characters, spread=spread)
        self._network = self._build(self._words, classes)
        self._network.to(pick_device(self.settings.device))

    def tokens(self, texts: Sequence[str]) -> list[list[str]]:
        """Give the words of each text that are read."""
        longest = self.settings.longest
        return [self._tokeniser(text)[:longest] for text in texts]

    def inputs(self, tokens: Sequence[Sequence[str]]) -> dict[str, torch.Tensor]:
        """Give rows and lengths, after the network has the rows of all words."""
        before = len(self._table)
        rows = self._table.rows(tokens)
        if len(self._table) != before or len(self._words.places) != before:
            self._words.take(self._table)
        return {
            "rows": torch.from_numpy(pad(rows, self.settings.longest, full=self.fills_up)),
            "length": torch.tensor([len(row) for row in rows]),
        }

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        self._table.trim()
        return softmax(self._logits(self.tokens(texts)))

    def _logits(self, tokens: Sequence[Sequence[str]]) -> np.ndarray[Any, Any]:
        order = np.argsort([len(found) for found in tokens], kind="stable")
        result = np.empty((len(tokens), len(self.classes)))
        inputs = self.inputs(tokens)
        device = next(self._network.parameters()).device
        with torch.inference_mode():
            for start in range(0, len(order), _TOGETHER):
                chosen = order[start : start + _TOGETHER]
                index = torch.from_numpy(chosen)
                batch = {name: tensor[index].to(device) for name, tensor in inputs.items()}
                result[chosen] = self._network(batch).cpu().numpy()
        return result

    def state(self) -> State:
        """Give the weights, the words that were learnt and what the vectors were."""
        embedding = self._table.embedding
        tensors = self._network.state_dict()
        return State(
            facts={
                "tokeniser": self._tokeniser.describe(),
                "own_words": list(self._table.own_words),
                "embedding": {
                    "name": None if embedding is None else embedding.name,
                    "digest": None if embedding is None else embedding.digest,
                    "width": self._table.width,
                },
            },
            arrays={name: tensor.cpu().numpy() for name, tensor in tensors.items()},
        )

    def take_state(self, state: State) -> None:
        """Take the weights; the vectors are opened, and must be the same."""
        s = self.settings
        self._tokeniser = Tokeniser.from_description(state.facts["tokeniser"])
        embedding = open_vectors(s.embedding, dict(state.facts["embedding"]))
        self._table = WordTable(embedding, s.vector_width, state.facts["own_words"])
        self._make(len(self.classes))
        tensors = {name: torch.from_numpy(array.copy()) for name, array in state.arrays.items()}
        load_weights(self._network, tensors, where=f"the classifier {self.name}")
        self._network.eval()


class LstmSettings(WordNetworkSettings):
    """An LSTM over the words."""

    width: int = Field(default=64, ge=1, description="Numbers a step and direction.")
    layers: int = Field(default=1, ge=1, description="LSTMs on top of one another.")
    pooling: Pooling = Field(default="max_mean", description="How steps become one vector.")
    characters: int = Field(
        default=0, ge=0, description="Numbers a word that come from its letters; 0: none."
    )


class Lstm(WordNetwork):
    """LSTM that reads forwards."""

    name = "lstm"
    kind = LstmSettings
    both_ways = False

    def _build(self, words: WordLayer, classes: int) -> nn.Module:
        s = self.settings
        return RecurrentNetwork(
            words,
            width=s.width,
            layers=s.layers,
            both_ways=self.both_ways,
            pooling=s.pooling,
            dropout=s.dropout,
            classes=classes,
        )


class Bilstm(Lstm):
    """LSTM that reads both ways."""

    name = "bilstm"
    both_ways = True


class TransformerSettings(WordNetworkSettings):
    """A transformer encoder over the words."""

    learning_rate: float = Field(default=1e-3, gt=0.0, description="Highest rate of AdamW.")
    width: int = Field(default=64, ge=2, description="Numbers a step.")
    heads: int = Field(default=4, ge=1, description="Heads of attention; divides width.")
    layers: int = Field(default=2, ge=1, description="Layers of attention.")
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0, description="Share left out.")
    characters: int = Field(
        default=0, ge=0, description="Numbers a word that come from its letters; 0: none."
    )


class Transformer(WordNetwork):
    """Transformer encoder, trained from scratch."""

    name = "transformer"
    kind = TransformerSettings

    def _build(self, words: WordLayer, classes: int) -> nn.Module:
        s = self.settings
        return TransformerNetwork(
            words,
            width=s.width,
            heads=s.heads,
            layers=s.layers,
            dropout=s.dropout,
            classes=classes,
        )


class OriginalSettings(WordNetworkSettings):
    """The original's settings, of which none is to be changed."""

    learnt: Literal["none", "unknown", "all"] = Field(
        default="none", description="Words for which vectors are learnt."
    )
    longest: int = Field(default=100, ge=1, description="Steps, most of them padding.")
    learning_rate: float = Field(default=1e-3, gt=0.0, description="Rate of Adam.")
    weight_decay: float = Field(default=0.0, ge=0.0, description="None: Adam.")
    warmup_steps: int = Field(default=0, ge=0, description="None.")
    schedule: Literal["cosine", "constant"] = Field(default="constant", description="Fixed.")
    clip: float = Field(default=0.0, ge=0.0, description="None.")
    width: int = Field(default=100, ge=1, description="Numbers a step.")


class OriginalLstm(WordNetwork):
    """The original's small LSTM, which stays at chance; kept to show why."""

    name = "original_lstm"
    kind = OriginalSettings
    fills_up = True

    def _build(self, words: WordLayer, classes: int) -> nn.Module:
        s = self.settings
        return OriginalNetwork(words, width=s.width, classes=classes)
