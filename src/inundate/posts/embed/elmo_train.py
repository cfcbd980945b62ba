"""Train an ELMo on a corpus, and keep it in the files that others read too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from inundate.core.config import Settings
from inundate.core.files import atomic_folder, write_text
from inundate.core.run import Run
from inundate.learn.loop import resume_training, train
from inundate.learn.random_state import isolated_random
from inundate.learn.settings import TrainSettings
from inundate.learn.weights import load_model
from inundate.posts.embed.elmo import TOKENISER_FILE
from inundate.posts.embed.elmo_corpus import (
    SentenceBatches,
    Vocabulary,
    count_words,
    hold_out,
    ngram_perplexity,
)
from inundate.posts.embed.elmo_files import TRAINED, write_weights
from inundate.posts.embed.elmo_language import LanguageModel, language_loss, perplexities
from inundate.posts.embed.elmo_network import BiLm
from inundate.posts.embed.elmo_options import ElmoOptions, write_options

__all__ = ["ElmoSettings", "ElmoTrainSettings", "ElmoTraining", "train_elmo"]


class ElmoTrainSettings(TrainSettings):
    """How long and how fast an ELMo is trained."""

    epochs: int = Field(default=10, ge=0, description="Times through the corpus; 0: no limit.")
    batch_size: int = Field(default=64, ge=1, description="Sentences in one step.")
    learning_rate: float = Field(default=6e-3, gt=0.0, description="Highest rate of AdamW.")
    weight_decay: float = Field(default=1e-4, ge=0.0, description="Decay of weight matrices.")
    warmup_steps: int = Field(default=100, ge=0, description="Steps of linear rise of the rate.")


class ElmoSettings(Settings):
    """Sizes of an ELMo and what it predicts in training."""

    character_width: int = Field(default=16, ge=1, description="Numbers of a character's vector.")
    filters: tuple[tuple[int, int], ...] = Field(
        default=((1, 32), (2, 32), (3, 64), (4, 64)),
        description="Width in characters and number of each kind of filter.",
    )
    highways: int = Field(default=1, ge=0, description="Highway layers behind the filters.")
    projection: int = Field(
        default=64, ge=1, description="Numbers of one direction's output; a token has twice these."
    )
    cells: int = Field(default=256, ge=1, description="Cells of an LSTM.")
    layers: int = Field(default=2, ge=1, description="LSTM layers of each direction.")
    longest_word: int = Field(
        default=50,
        ge=3,
        description="Characters of a word, with its two boundaries; AllenNLP always takes 50.",
    )
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0, description="Share left out in training.")
    least_count: int = Field(default=2, ge=1, description="Rarer words are predicted as unknown.")
    most_words: int = Field(default=50_000, ge=1, description="Words that are predicted.")
    samples: int = Field(
        default=0,
        ge=0,
        description="Words drawn in each step to compare the true one with; 0: all words. "
        "Some 2,000 save time from vocabularies of 10,000 on.",
    )
    held_out: float = Field(
        default=0.05, gt=0.0, lt=1.0, description="Share of distinct sentences held out."
    )

    def options(self) -> ElmoOptions:
        """Give the sizes in the form of an options file."""
        return ElmoOptions.build(
            character_width=self.character_width,
            filters=self.filters,
            highways=self.highways,
            projection=self.projection,
            cells=self.cells,
            layers=self.layers,
            longest_word=self.longest_word,
        )


@dataclass(frozen=True)
class ElmoTraining:
    """What came out of a training.

    Parameters
    ----------
    folder : Path
        With options, weights, vocabulary and scores; ``ElmoEmbedding.open`` reads it.
    scores : dict of str to float
        Perplexities on held-out sentences: of the model forwards, backwards and their
        geometric mean, and of the baselines ``unigram`` and ``bigram``.
    steps : int
        Optimiser steps made.
    epochs : float
        Times through the corpus.
    """

    folder: Path
    scores: Mapping[str, float]
    steps: int
    epochs: float


def train_elmo(
    corpus: Sequence[Sequence[str]],
    settings: ElmoSettings,
    run: Run,
    *,
    training: TrainSettings | None = None,
    valid: Sequence[Sequence[str]] | None = None,
    tokeniser: Mapping[str, Any] | None = None,
    resume: bool = False,
    progress: bool = True,
) -> ElmoTraining:
    """Train a bidirectional language model and write it to ``RUN/elmo``.

    Each sentence starts from a state of zeros, since posts are independent of each other.

    Parameters
    ----------
    corpus : sequence of sequences of str
        Posts, cut into words.
    settings : ElmoSettings
        Sizes.
    run : Run
        Gets checkpoints, metrics and the model.
    training : TrainSettings, optional
        How long and how fast; by default :class:`ElmoTrainSettings`.
    valid : sequence of sequences of str, optional
        Held-out posts; by default a share of the corpus is held out, equal posts together.
    tokeniser : mapping, optional
        Description of what cut the posts, stored beside the weights so that the same is used:
        that of a :class:`~inundate.posts.text.tokenise.Tokeniser`, or ``{"tokens": "spaces"}``.
    resume : bool
        Whether to go on with a run that was interrupted.
    progress : bool
        Whether to show a bar.

    Raises
    ------
    DataError
        If the corpus is too small to hold anything out.
    RunError, TrainingStopped
        As :func:`~inundate.learn.loop.train`.
    """
    training = training or ElmoTrainSettings()
    if valid is None:
        kept, held = hold_out(corpus, settings.held_out, seed=training.seed)
    else:
        kept = [words for words in corpus if len(words)]
        held = [list(words) for words in valid if len(words)]
    vocabulary = Vocabulary(kept, least=settings.least_count, most=settings.most_words)
    shared: dict[str, Any] = {
        "batch_size": training.batch_size,
        "longest_word": settings.longest_word,
    }
    batches = SentenceBatches(kept, vocabulary, seed=training.seed, **shared)
    held_batches = SentenceBatches(held, vocabulary, shuffle=False, **shared)
    with isolated_random(training.seed, "elmo"):
        network = BiLm(settings.options(), dropout=settings.dropout)
        model = LanguageModel(network, len(vocabulary), samples=settings.samples)
    model.start_from(count_words(vocabulary.ids(kept), words=len(vocabulary)))
    validate = perplexities(held_batches)
    if run.status != "finished":  # else it was stopped just before the model was written
        start = resume_training if resume else train
        start(
            model,
            batches,
            language_loss,
            run=run,
            settings=training,
            validate=validate,
            progress=progress,
        )
    load_model(model, run.path)
    ngrams = ngram_perplexity(vocabulary.ids(kept), vocabulary.ids(held), words=len(vocabulary))
    scores = {**validate(model), **ngrams}
    folder = _write(run.path / TRAINED, network, vocabulary, tokeniser, scores)
    facts = Run(run.path).manifest
    return ElmoTraining(folder, scores, steps=facts["step"], epochs=facts["epoch"])


def _write(
    target: Path,
    network: BiLm,
    vocabulary: Vocabulary,
    tokeniser: Mapping[str, Any] | None,
    scores: Mapping[str, float],
) -> Path:
    with atomic_folder(target) as place:
        write_options(place / "elmo_options.json", network.options)
        write_weights(place / "elmo_weights.hdf5", network)
        if tokeniser is not None:
            write_text(place / TOKENISER_FILE, json.dumps(dict(tokeniser), indent=2) + "\n")
        words = "".join(f"{word.strip()}\n" for word in vocabulary.words)
        write_text(place / "vocabulary.txt", words)
        write_text(place / "scores.json", json.dumps(dict(scores), indent=2) + "\n")
    return target
