"""A BiLSTM over ELMo's layers, whose mix is learnt with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from inundate.core.errors import DataError
from inundate.core.run import Run
from inundate.learn.device import pick_device
from inundate.learn.random_state import isolated_random
from inundate.learn.weights import load_weights
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.fitting import FittingSettings, Loss, fit_network, validate_by
from inundate.posts.classify.layers import Pool, head
from inundate.posts.classify.logistic import ABSENT, class_weights, softmax
from inundate.posts.classify.post_batches import PostBatches
from inundate.posts.embed.contextual import length_buckets
from inundate.posts.embed.elmo import ElmoEmbedding
from inundate.posts.embed.elmo_network import ScalarMix
from inundate.posts.embed.sentence import find_model
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.markers import Stripper

__all__ = ["ElmoBilstm"]

_KEPT_BYTES = 1 << 30  # of layers kept in memory through a training; more is made anew each time
_MOST_TOKENS, _MOST_ROWS = 8192, 256
_MEASURED = 500  # posts over whose words the layers are measured
_LEAST_SPREAD = 1e-5


class ElmoBilstmSettings(FittingSettings):
    """Which ELMo, and what stands on it."""

    elmo: str = Field(
        default="", description="Folder with *options.json and *weights.hdf5; must be given."
    )
    width: int = Field(default=64, ge=1, description="Numbers a step and direction.")
    dropout: float = Field(default=0.3, ge=0.0, lt=1.0, description="Share of numbers left out.")
    longest: int = Field(default=48, ge=1, description="Words of a post; the rest is cut off.")
    strip_markers: tuple[str, ...] = Field(
        default=(), description="Signs taken out of every text, since labels were made of them."
    )


class _Tagger(nn.Module):
    """Mix of layers, BiLSTM over packed posts, largest and mean output, logits.

    Each number of each layer is brought to mean 0 and spread 1 over words of the training first:
    the layers of a small ELMo differ by a factor of a hundred, and some hardly move.
    """

    centre: Tensor  # (K, 1, E)
    spread: Tensor

    def __init__(
        self, layers: int, width: int, *, units: int, classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(layers, 1, width))
        self.register_buffer("spread", torch.ones(layers, 1, width))
        self.mix = ScalarMix(layers)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(width, units, batch_first=True, bidirectional=True)
        self.pool = Pool(2 * units, "max_mean")
        self.head = head(self.pool.width, classes, dropout)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Turn layers (B, K, L, E) and numbers of words (B,) into logits (B, K)."""
        layers, lengths = inputs["layers"], inputs["length"].clamp(min=1)
        alike = (layers - self.centre) / self.spread
        tokens = self.dropout(self.mix(alike.transpose(0, 1)))
        # a post without words goes in as one step of filling
        packed = pack_padded_sequence(tokens, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        found: Tensor = self.head(self.pool(outputs, lengths))
        return found


@lru_cache(maxsize=1)
def _opened(folder: str) -> ElmoEmbedding:
    return ElmoEmbedding.open(folder)


class ElmoBilstm(TextClassifier):
    """A BiLSTM on the layers of an ELMo, which itself stays as it is.

    A saved model holds the digest of the ELMo, not its weights.
    """

    name = "elmo_bilstm"
    kind = ElmoBilstmSettings

    _model: _Tagger

    def _elmo(self) -> ElmoEmbedding:
        if not self.settings.elmo:
            raise DataError(
                f"making {self.name}: no ELMo is named",
                hint="give the folder of one as `elmo`, such as inundate posts embed elmo writes",
            )
        return _opened(str(find_model(self.settings.elmo).absolute()))

    def _words(self, texts: Sequence[str]) -> list[list[str]]:
        strip, cut = Stripper(self.settings.strip_markers), self._elmo().words
        return [cut(strip(text))[: self.settings.longest] for text in texts]

    def _make(self, classes: int) -> _Tagger:
        s, elmo = self.settings, self._elmo()
        layers = elmo.network.options.layers
        return _Tagger(layers, elmo.width, units=s.width, classes=classes, dropout=s.dropout)

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        s = self.settings
        with isolated_random(seed, self.name):
            self._model = self._make(len(train.classes))
        self._measure(train.texts[:_MEASURED])
        self._model.to(pick_device(s.device))
        weights = class_weights(train.labels, len(train.classes), s.class_weight)
        validate = None
        if valid is not None:
            words = self._words(valid.texts)
            validate = validate_by(lambda: self._logits(words), valid.labels, s.choose_by)
        told = fit_network(
            self._model,
            self._batches(train, seed),
            Loss(weights),
            settings=s.training(seed),
            run=run,
            config=s.model_dump(mode="json"),
            validate=validate,
        )
        with torch.no_grad():  # a class that no post has gets no chance, as in other models
            bias = dict(self._model.head.named_parameters())["1.bias"]
            bias[torch.from_numpy(weights == 0)] = ABSENT
        return {**told, "elmo": self._elmo().describe()}

    def _measure(self, texts: Sequence[str]) -> None:
        """Measure mean and spread of the layers over the words of some posts."""
        words = [row for row in self._words(texts) if row]
        if not words:
            raise DataError(f"fitting {self.name}: the posts hold no word")
        layers, mask = self._elmo().layers(words)
        seen = layers[:, mask]  # (K, words, E)
        self._model.centre = seen.mean(dim=1, keepdim=True)
        self._model.spread = seen.std(dim=1, keepdim=True, correction=0).clamp(min=_LEAST_SPREAD)

    def _batches(self, posts: LabelledPosts, seed: int) -> PostBatches:
        words = self._words(posts.texts)
        elmo = self._elmo()
        lengths = [len(row) for row in words]
        size = 4 * sum(lengths) * elmo.width * elmo.network.options.layers
        kept: dict[int, Tensor] = {}

        def collate(chosen: np.ndarray[Any, Any]) -> dict[str, Tensor]:
            missing = [row for row in chosen.tolist() if row not in kept]
            if missing:
                layers, _ = elmo.layers([words[row] for row in missing])  # (K, B, L, E)
                for place, row in enumerate(missing):
                    kept[row] = layers[:, place, : lengths[row]].clone()
            found = _padded([kept[row] for row in chosen.tolist()])
            if size > _KEPT_BYTES:
                kept.clear()
            return found

        return PostBatches(
            lengths,
            posts.labels,
            collate,
            batch_size=self.settings.batch_size,
            seed=seed,
        )

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return softmax(self._logits(self._words(texts)))

    @torch.inference_mode()
    def _logits(self, words: list[list[str]]) -> np.ndarray[Any, Any]:
        device = next(self._model.parameters()).device
        logits = np.zeros((len(words), len(self.classes)))
        lengths = [len(row) for row in words]
        for rows in length_buckets(lengths, most_tokens=_MOST_TOKENS, most_rows=_MOST_ROWS):
            layers, _ = self._elmo().layers([words[row] for row in rows])
            parts = [layers[:, place, : lengths[row]] for place, row in enumerate(rows)]
            inputs = {name: tensor.to(device) for name, tensor in _padded(parts).items()}
            logits[rows] = self._model(inputs).double().cpu().numpy()
        return logits

    def state(self) -> State:
        """Give the weights and which ELMo they are for."""
        return State(
            facts={"elmo": self._elmo().digest},
            arrays={name: p.detach().cpu().numpy() for name, p in self._model.state_dict().items()},
        )

    def take_state(self, state: State) -> None:
        """Take the weights; refuse another ELMo."""
        found, expected = self._elmo().digest, state.facts["elmo"]
        if found != expected:
            raise DataError(
                f"opening {self.name}: the ELMo {self.settings.elmo} has the digest "
                f"{found[:12]}, the model was fitted on {expected[:12]}",
                hint="give it the ELMo it was fitted on, or train anew: inundate posts train",
            )
        self._model = self._make(len(self.classes)).to(pick_device(self.settings.device)).eval()
        tensors = {name: torch.from_numpy(array.copy()) for name, array in state.arrays.items()}
        load_weights(self._model, tensors, where=self.name)


def _padded(posts: list[Tensor]) -> dict[str, Tensor]:
    """Fill posts (K, L, E) of several lengths to (B, K, L, E), at least one step long."""
    lengths = torch.tensor([post.shape[1] for post in posts])
    layers = torch.zeros(
        len(posts), posts[0].shape[0], max(1, int(lengths.max())), posts[0].shape[2]
    )
    for place, post in enumerate(posts):
        layers[place, :, : post.shape[1]] = post
    return {"layers": layers, "length": lengths}
