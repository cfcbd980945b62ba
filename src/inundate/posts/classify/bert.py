"""An encoder of the BERT family, trained further on judged posts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from inundate.core.errors import DataError
from inundate.core.run import Run
from inundate.learn.device import pick_device
from inundate.learn.random_state import isolated_random
from inundate.learn.settings import TrainSettings
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.bert_frozen import EncoderSettings
from inundate.posts.classify.fitting import FittingSettings, Loss, fit_network, validate_by
from inundate.posts.classify.logistic import (
    ABSENT,
    class_weights,
    softmax,
)
from inundate.posts.classify.post_batches import PostBatches
from inundate.posts.embed.bert import BertEmbedding
from inundate.posts.embed.bert_encoder import BertEncoder, masked_mean
from inundate.posts.embed.bert_files import build_network, check_config, config_of, put_weights
from inundate.posts.embed.bert_precision import LEAST_COSINE
from inundate.posts.embed.bert_tokens import BertTokens
from inundate.posts.embed.sentence import find_model
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.markers import Stripper

__all__ = ["BertFinetuned"]

_WARMUP = 0.1  # share of all steps, as measured best on crisis posts with a fall in a line


class BertFinetunedSettings(EncoderSettings, FittingSettings):
    """How an encoder is trained further."""

    epochs: int = Field(default=2, ge=1, description="Passes over the training posts.")
    batch_size: int = Field(default=32, ge=1, description="Posts in one step.")
    learning_rate: float = Field(default=5e-5, gt=0.0, description="Highest rate of AdamW.")
    warmup_steps: int = Field(
        default=0, ge=0, description="Steps of linear rise of the rate; 0: a tenth of all."
    )
    schedule: Literal["cosine", "linear", "constant"] = Field(
        default="linear", description="How the rate falls to zero after the warm-up."
    )
    dropout: float = Field(
        default=0.1, ge=0.0, lt=1.0, description="Share of a post's vector left out in training."
    )
    train_in: Literal["fp32", "bf16"] = Field(
        default="fp32",
        description="bf16: multiply matrices in bfloat16 while training; refused where the vectors "
        "of the encoder do not bear it. Saves time only on processors that have it.",
    )
    freeze_words: bool = Field(
        default=False,
        description="Leave the vectors of word pieces as they are: half the weights of a small "
        "encoder, and what most of the optimiser's time goes into.",
    )

    def loop(self, seed: int, *, steps: int) -> TrainSettings:
        """Give the settings of the loop for an epoch of so many steps."""
        warmup = self.warmup_steps or math.ceil(_WARMUP * self.epochs * steps)
        return self.training(seed).model_copy(update={"warmup_steps": warmup, "floor": 0.0})


class _Head(nn.Module):
    """An encoder, the mean over its tokens, and logits."""

    def __init__(
        self, encoder: BertEncoder, classes: int, *, dropout: float, train_in: str = "fp32"
    ) -> None:
        super().__init__()
        self._rounded = train_in == "bf16"
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(encoder.width, classes)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Turn piece numbers and their mask (B, L) into logits (B, K)."""
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        rounded = self._rounded and self.training
        with torch.autocast(ids.device.type, dtype=torch.bfloat16, enabled=rounded):
            hidden = self.encoder(ids, mask)
        pooled = masked_mean(hidden.float(), mask)
        found: Tensor = self.logits(self.dropout(pooled))
        return found


class BertFinetuned(TextClassifier):
    """An encoder trained further on the judged posts; a saved model holds all of its weights.

    Source
    ------
    Devlin et al. (2019), arXiv:1810.04805; mean over tokens as in Reimers and Gurevych (2019),
    arXiv:1908.10084.
    """

    name = "bert_finetuned"
    kind = BertFinetunedSettings

    _model: _Head
    _tokens: BertTokens
    _embedding: BertEmbedding

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        s = self.settings
        folder = find_model(s.encoder)
        self._tokens = BertTokens.open(folder, longest=s.longest)
        encoder = BertEncoder.open(folder)
        with isolated_random(seed, self.name):
            self._model = _Head(encoder, len(train.classes), dropout=s.dropout, train_in=s.train_in)
        if s.freeze_words:
            encoder.words().requires_grad_(False)
        self._model.to(pick_device(s.device))
        batches = self._batches(train, seed)
        weights = class_weights(train.labels, len(train.classes), s.class_weight)
        self._serve("fp32")
        self._check_rounding()
        validate = None
        if valid is not None:
            validate = validate_by(lambda: self._logits(valid.texts), valid.labels, s.choose_by)
        told = fit_network(
            self._model,
            batches,
            Loss(weights),
            settings=s.loop(seed, steps=len(batches)),
            run=run,
            config=s.model_dump(mode="json"),
            validate=validate,
        )
        with torch.no_grad():  # a class that no post has gets no chance, as in other models
            self._model.logits.bias[torch.from_numpy(weights == 0)] = ABSENT
        self._serve(s.precision)
        return {**told, "encoder": s.encoder, "precision": self._embedding.describe()["precision"]}

    def _check_rounding(self) -> None:
        if self.settings.train_in == "fp32":
            return
        cosine = self._embedding.rounding()
        if not cosine >= LEAST_COSINE:
            raise DataError(
                f"fitting {self.name} in bfloat16: vectors of the encoder then have a cosine of "
                f"{cosine:.5f} to those in float32, expected at least {LEAST_COSINE}",
                hint="train_in = fp32",
            )

    def _serve(self, precision: Literal["fp32", "auto"]) -> None:
        training = self._model.training
        self._embedding = BertEmbedding(
            self._model.encoder, self._tokens, name=self.name, precision=precision
        )
        self._model.train(training)

    def _batches(self, posts: LabelledPosts, seed: int) -> PostBatches:
        strip = Stripper(self.settings.strip_markers)
        rows = self._tokens.ids([strip(text) for text in posts.texts])

        def collate(chosen: np.ndarray[Any, Any]) -> dict[str, Tensor]:
            ids, mask = self._tokens.pad_rows([rows[row] for row in chosen])
            return {"input_ids": ids, "attention_mask": mask}

        return PostBatches(
            [len(row) for row in rows],
            posts.labels,
            collate,
            batch_size=self.settings.batch_size,
            seed=seed,
        )

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return softmax(self._logits(texts))

    def _logits(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        strip = Stripper(self.settings.strip_markers)
        vectors = self._embedding.sentences([strip(text) for text in texts])
        weight, bias = (p.detach().cpu().numpy() for p in self._model.logits.parameters())
        return np.asarray(vectors.astype(np.float64) @ weight.T + bias)

    def state(self) -> State:
        """Give all weights, the configuration of the encoder and its tokeniser."""
        return State(
            facts={
                "config": config_of(self._model.encoder.network),
                "tokeniser": self._tokens.text,
                "pad": self._tokens.pad,
            },
            arrays={name: p.detach().cpu().numpy() for name, p in self._model.named_parameters()},
        )

    def take_state(self, state: State) -> None:
        """Build the encoder and take its weights; no other folder is needed."""
        config = check_config(dict(state.facts["config"]), where=f"opening {self.name}")
        s = self.settings
        self._tokens = BertTokens.from_text(
            state.facts["tokeniser"], pad=int(state.facts["pad"]), longest=s.longest
        )
        encoder = BertEncoder(build_network(config))
        self._model = _Head(encoder, len(self.classes), dropout=s.dropout)
        tensors = {name: torch.from_numpy(array.copy()) for name, array in state.arrays.items()}
        put_weights(self._model, tensors, where=self.name)
        self._model.to(pick_device(s.device)).eval()
        self._serve(s.precision)
