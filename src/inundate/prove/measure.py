"""What is minimised and measured in the tasks: skill, nearest target, class hit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.errors import DataError
from inundate.learn.batches import Batch
from inundate.prove.task import Data, Part, Scores

__all__ = [
    "as_kind",
    "hit_loss",
    "image_grid",
    "measure_hits",
    "measure_nearest",
    "measure_skill",
    "predict",
    "skill_of",
    "squared_loss",
]

Kind = TypeVar("Kind", bound=nn.Module)

_CHUNK = 500  # samples scored at once
_SHOWN = 8  # samples in a picture


def squared_loss(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Give the mean square error over that of a target of unit variance."""
    return {"loss": functional.mse_loss(model(batch["inputs"]), batch["target"])}


def hit_loss(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Give the cross-entropy of logits (B, K) and classes (B,)."""
    return {"loss": functional.cross_entropy(model(batch["inputs"]), batch["target"])}


def as_kind(model: nn.Module, kind: type[Kind], *, task: str) -> Kind:
    """Give the model if it is of the kind that a task can draw from.

    Raises
    ------
    DataError
        If it is another.
    """
    if not isinstance(model, kind):
        raise DataError(
            f"task {task}: the model is a {type(model).__name__}, "
            f"expected a {kind.__name__}, whose parts the score needs",
            hint="tasks from image to image take any model: easy-random, identity",
        )
    return model


def predict(
    model: nn.Module, part: Part, call: Callable[[nn.Module, Tensor], Tensor] | None = None
) -> Tensor:
    """Run a model over the inputs of a part, in pieces; (N, ...)."""
    with torch.no_grad():
        found = [call(model, piece) if call else model(piece) for piece in _pieces(part.inputs)]
    return torch.cat(found)


def skill_of(
    predicted: Tensor, target: Tensor, trivial: Tensor
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give 1 - square error over the mean one of a trivial answer, per sample, for both.

    Parameters
    ----------
    predicted, target : Tensor (N, ...)
    trivial : Tensor (...)
        The same for all samples, such as the mean training target.

    Returns
    -------
    tuple of array (N,)
        Of the model, whose mean is its skill, and of the trivial answer, whose mean is 0.
    """
    error = ((predicted - target) ** 2).flatten(1).mean(dim=1).double()
    trivial_error = ((trivial - target) ** 2).flatten(1).mean(dim=1).double()
    scale = trivial_error.mean().clamp(min=1e-12)
    return (1 - error / scale).numpy(), (1 - trivial_error / scale).numpy()


def measure_skill(model: nn.Module, data: Data) -> Scores:
    """Score predictions by their skill over the mean training target."""
    predicted, target = predict(model, data.held_out), data.held_out.target
    values, baseline = skill_of(predicted, target, data.train.target.mean(dim=0))
    return Scores({"skill": values}, {"skill": baseline}, pictures=_pictures(data, predicted))


def measure_nearest(model: nn.Module, data: Data) -> Scores:
    """Score painted images by whether the right one of ``data.shown["images"]`` is the nearest.

    ``nearest_target`` is the share for which it is; the trivial answer paints the image of the
    commonest training class. ``skill`` tells how well it is painted, over the mean target: an
    output that is nearest may still be a grey blur.
    """
    return nearest_scores(predict(model, data.held_out), data)


def nearest_scores(predicted: Tensor, data: Data) -> Scores:
    """Score painted images (N, 1, H, W); see :func:`measure_nearest`."""
    labels = data.held_out.classes()
    images = data.shown["images"]  # (K, 1, H, W)
    distance = torch.cdist(predicted.flatten(1), images.flatten(1))  # (N, K)
    commonest = int(torch.bincount(data.train.classes()).argmax())
    hits = (distance.argmin(dim=1) == labels).double().numpy()
    values, baseline = skill_of(predicted, data.held_out.target, data.train.target.mean(dim=0))
    return Scores(
        {"nearest_target": hits, "skill": values},
        {"nearest_target": (labels == commonest).double().numpy(), "skill": baseline},
        pictures=_pictures(data, predicted),
    )


def measure_hits(model: nn.Module, data: Data) -> Scores:
    """Score classes by the share that is right.

    ``balanced_hit_rate`` takes as many samples of each class as there are of the rarest.
    """
    target = data.held_out.target
    guessed = predict(model, data.held_out).argmax(dim=1)
    commonest = torch.bincount(data.train.target).argmax()
    hits, trivial = ((one == target).double() for one in (guessed, commonest))
    counts = torch.bincount(target)
    fewest = int(counts[counts > 0].min())
    alike = torch.cat([(target == one).nonzero()[:fewest, 0] for one in counts.nonzero()])
    return Scores(
        {"hit_rate": hits.numpy(), "balanced_hit_rate": hits[alike].numpy()},
        {"hit_rate": trivial.numpy(), "balanced_hit_rate": trivial[alike].numpy()},
    )


def image_grid(*rows: Tensor, columns: int = _SHOWN) -> NDArray[np.float32]:
    """Lay images out: one row for each tensor (N, 1 or more, H, W), the first channel shown.

    Returns
    -------
    array (rows, columns, H, W), float32, 0 to 1
    """
    picked = [row[:columns, :1].reshape(-1, *row.shape[-2:]) for row in rows]
    stacked = torch.stack([row.detach().float().clamp(0.0, 1.0) for row in picked])
    found: NDArray[np.float32] = stacked.numpy().astype(np.float32)
    return found


def _pictures(data: Data, predicted: Tensor) -> dict[str, NDArray[np.float32]]:
    """Show inputs, targets and outputs, each row between its own darkest and lightest."""
    inputs, target = data.held_out.inputs, data.held_out.target
    if inputs.ndim != 4 or target.ndim != 4:
        return {}
    low, high = float(target.min()), float(target.max())
    span = max(high - low, 1e-6)
    first = inputs[:_SHOWN].sum(dim=1, keepdim=True) if inputs.shape[1] > 1 else inputs[:_SHOWN]
    seen = (first - first.amin()) / (first.amax() - first.amin()).clamp(min=1e-6)
    rows = [seen, (target[:_SHOWN] - low) / span, (predicted[:_SHOWN] - low) / span]
    if inputs.shape[-2:] != target.shape[-2:]:
        rows = rows[1:]
    return {"inputs, targets, outputs": image_grid(*rows)}


def _pieces(inputs: Tensor) -> Iterator[Tensor]:
    for start in range(0, len(inputs), _CHUNK):
        yield inputs[start : start + _CHUNK]
