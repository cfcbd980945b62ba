"""Train a network on posts by the loop of the package, with or without a run folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.config import Settings
from inundate.core.run import Run
from inundate.learn.batches import Batch, Batches
from inundate.learn.checkpoint import checkpoint_folders
from inundate.learn.job import Validate
from inundate.learn.loop import resume_training, train
from inundate.learn.settings import TrainSettings
from inundate.learn.weights import load_model
from inundate.posts.classify.logistic import ClassWeight, softmax
from inundate.posts.classify.quality import plain_scores

__all__ = ["FittingSettings", "Loss", "fit_network", "pad", "validate_by"]


class FittingSettings(Settings):
    """How a network is trained on posts."""

    epochs: int = Field(default=7, ge=1, description="Passes over the training posts.")
    batch_size: int = Field(default=64, ge=1, description="Posts in one step.")
    learning_rate: float = Field(default=2e-3, gt=0.0, description="Highest rate of AdamW.")
    weight_decay: float = Field(default=0.01, ge=0.0, description="Decay of weight matrices.")
    warmup_steps: int = Field(default=50, ge=0, description="Steps of linear rise of the rate.")
    schedule: Literal["cosine", "linear", "constant"] = Field(
        default="cosine", description="How the rate falls after the warm-up."
    )
    clip: float = Field(default=1.0, ge=0.0, description="Largest gradient norm; 0: any.")
    choose_by: Literal["loss", "macro_f1"] = Field(
        default="loss",
        description="Score on the validation posts whose best epoch is kept; without such posts "
        "the last epoch is.",
    )
    class_weight: ClassWeight = Field(
        default="none", description="balanced: all classes count alike."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Where to compute; auto takes the GPU if there is one."
    )
    threads: int = Field(
        default=0, ge=0, description="CPU threads while training; 0: as PyTorch finds them."
    )

    def training(self, seed: int) -> TrainSettings:
        """Give the settings of the loop."""
        return TrainSettings(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_steps=self.warmup_steps,
            schedule=self.schedule,
            clip=self.clip,
            seed=seed,
            checkpoint_every_steps=0,
            checkpoint_every_minutes=2.0,
            keep=1,
            log_every_steps=20,
            device=self.device,
            threads=self.threads,
        )


class Loss:
    """Cross entropy of the logits that a network gives for the inputs of a batch.

    Parameters
    ----------
    weights : array (K,)
        Of each class.
    """

    def __init__(self, weights: np.ndarray[Any, Any]) -> None:
        self._weights = torch.from_numpy(np.asarray(weights, np.float32))

    def __call__(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Give the loss, weighted by class."""
        logits = model(batch["inputs"])
        weights = self._weights.to(logits.device)
        each = functional.cross_entropy(logits, batch["target"], reduction="none")
        return {"loss": (each * weights[batch["target"]]).mean()}


def validate_by(
    logits: Callable[[], np.ndarray[Any, Any]], labels: np.ndarray[Any, Any], choose_by: str
) -> Validate:
    """Make a validation whose ``loss`` is the score that chooses the epoch.

    Parameters
    ----------
    logits : callable
        Gives those of the validation posts (N, K) with the weights of now.
    labels : array (N,), int64
    choose_by : str
        ``loss`` or ``macro_f1``.
    """

    def validate(model: nn.Module) -> dict[str, float]:
        was_training = model.training
        model.eval()
        try:
            scores = plain_scores(softmax(logits()), labels)
        finally:
            model.train(was_training)
        log_loss = scores.pop("loss")
        chosen = log_loss if choose_by == "loss" else 1.0 - scores["macro_f1"]
        return {"loss": chosen, "log_loss": log_loss, **scores}

    return validate


def fit_network(
    network: nn.Module,
    batches: Batches,
    loss: Callable[[nn.Module, Batch], dict[str, Tensor]],
    *,
    settings: TrainSettings,
    run: Run | None,
    config: Mapping[str, Any],
    validate: Validate | None = None,
) -> dict[str, Any]:
    """Train a network and put the weights of its best epoch into it.

    Parameters
    ----------
    network : Module
    batches : Batches
    loss : callable
        See :func:`~inundate.learn.loop.train`.
    settings : TrainSettings
    run : Run, optional
        A run with checkpoints goes on, a finished one is only read; None trains in a folder
        that is removed.
    config : mapping
        Settings of the model, for the run that is removed; a given run has its own.
    validate : callable, optional

    Returns
    -------
    dict
        ``epochs``, ``steps``, ``best_step``, ``parameters`` and ``valid``.

    Raises
    ------
    ConfigError
        If a run that goes on was begun with other settings.
    TrainingStopped
        If the loss or weights are not finite.
    """
    with _run_or_temporary(run, config) as place:
        if place.status != "finished":
            begin = resume_training if checkpoint_folders(place.path) else train
            begin(
                network,
                batches,
                loss,
                run=place,
                settings=settings,
                validate=validate,
                progress=run is not None,
            )
        load_model(network, place.path, which="best")
        facts = Run(place.path).manifest
    network.eval()
    return {
        "epochs": facts["epoch"],
        "steps": facts["step"],
        "best_step": facts["best_step"],
        "parameters": facts["parameters"],
        "valid": facts["scores"],
    }


@contextmanager
def _run_or_temporary(run: Run | None, config: Mapping[str, Any]) -> Iterator[Run]:
    if run is not None:
        yield run
        return
    with tempfile.TemporaryDirectory(prefix="inundate-") as folder:
        yield Run.create(Path(folder) / "run", kind="posts train", config={"model": dict(config)})


def pad(
    rows: Sequence[np.ndarray[Any, Any]], width: int, *, full: bool = False
) -> np.ndarray[Any, Any]:
    """Put rows of different lengths into one array, zeros behind.

    Parameters
    ----------
    rows : sequence of array (L,), int64
    width : int
        Longer rows lose their end.
    full : bool
        Fill all up to ``width``, not only to the longest row.

    Returns
    -------
    array (N, at most width), int64
        At least one column.
    """
    longest = width if full else max([1, *(min(len(row), width) for row in rows)])
    found = np.zeros((len(rows), longest), np.int64)
    for number, row in enumerate(rows):
        kept = row[:longest]
        found[number, : len(kept)] = kept
    return found
