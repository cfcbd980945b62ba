"""Logistic regression on vectors of posts by an encoder of the BERT family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import DataError
from inundate.core.run import Run
from inundate.posts.classify.base import State, TextClassifier
from inundate.posts.classify.logistic import ClassWeight, fit_logistic, softmax
from inundate.posts.embed.bert import BertEmbedding
from inundate.posts.embed.contextual import Floats
from inundate.posts.embed.sentence import shared_sentences
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.text.markers import Stripper

__all__ = ["BertFrozen", "EncoderSettings"]


class EncoderSettings(Settings):
    """Which encoder, and what it is shown."""

    encoder: str = Field(
        default="minilm",
        description="Local folder of an encoder, or a name such as `minilm`.",
    )
    longest: int = Field(default=64, ge=3, description="Word pieces of a post; the rest is cut.")
    precision: Literal["fp32", "auto"] = Field(
        default="fp32",
        description="auto: classify in bfloat16 where a check on this machine finds it right and "
        "faster.",
    )
    strip_markers: tuple[str, ...] = Field(
        default=(), description="Signs taken out of every text, since labels were made of them."
    )


class BertFrozenSettings(EncoderSettings):
    """How vectors of posts become classes."""

    inverse_penalty: float = Field(
        # the best across events that are no floods; within an event all from 0.001 to 1 are alike
        default=0.003,
        gt=0.0,
        description="C of the logistic regression: larger is freer.",
    )
    class_weight: ClassWeight = Field(
        default="none", description="balanced: all classes count alike."
    )


class BertFrozen(TextClassifier):
    """Logistic regression on vectors of posts.

    The encoder is opened once for all models of a process, and each text goes through it once.
    A saved model holds the digest of the encoder, not its weights.
    """

    name = "bert_frozen"
    kind = BertFrozenSettings

    _slopes: np.ndarray[Any, Any]  # (E, K)
    _offsets: np.ndarray[Any, Any]  # (K,)

    def _fit(
        self, train: LabelledPosts, valid: LabelledPosts | None, seed: int, run: Run | None
    ) -> dict[str, Any]:
        self._slopes, self._offsets = fit_logistic(
            self._vectors(train.texts),
            train.labels,
            len(train.classes),
            inverse_penalty=self.settings.inverse_penalty,
            class_weight=self.settings.class_weight,
            what=self.name,
        )
        return {"encoder": self._embedding().describe()}

    def _embedding(self) -> BertEmbedding:
        s = self.settings
        found = shared_sentences(s.encoder, longest=s.longest, precision=s.precision).embedding
        if not isinstance(found, BertEmbedding):
            raise DataError(
                f"opening the encoder {s.encoder} for {self.name}: it is an ELMo, expected an "
                "encoder of the BERT family",
                hint="take elmo_bilstm",
            )
        return found

    def _vectors(self, texts: Sequence[str]) -> Floats:
        """Give vectors (N, E) whose numbers have a mean square of 1."""
        s, strip = self.settings, Stripper(self.settings.strip_markers)
        width = self._embedding().width
        memory = shared_sentences(s.encoder, longest=s.longest, precision=s.precision)
        vectors = memory.sentences([strip(text) for text in texts])
        norms = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
        return np.asarray(vectors / norms * np.sqrt(width), np.float32)

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return softmax(self._vectors(texts) @ self._slopes + self._offsets)

    def state(self) -> State:
        """Give the weights and which encoder they are for."""
        return State(
            facts={"encoder": self._embedding().digest},
            arrays={"slopes": self._slopes, "offsets": self._offsets},
        )

    def take_state(self, state: State) -> None:
        """Take the weights; refuse another encoder."""
        found, expected = self._embedding().digest, state.facts["encoder"]
        if found != expected:
            raise DataError(
                f"opening {self.name}: the encoder {self.settings.encoder} has the digest "
                f"{found[:12]}, the model was fitted on {expected[:12]}",
                hint="give it the encoder it was fitted on, or train anew: inundate posts train",
            )
        self._slopes, self._offsets = state.arrays["slopes"], state.arrays["offsets"]
