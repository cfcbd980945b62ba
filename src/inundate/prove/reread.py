"""Cases whose batches are read otherwise than they are given; loss and step still get those."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from inundate.prove.answers import kind_of
from inundate.prove.batch import Batch, as_batch
from inundate.prove.case import Case

__all__ = ["IGNORED", "Reread", "step_of", "usual_ignored"]

_RAW = "raw_as_given"
IGNORED = -100  # class of places that count for nothing, as PyTorch's losses have it by themselves


class Reread:
    """A loader whose batches are changed; what the user gave stays beside them.

    Parameters
    ----------
    loader : iterable of batches
    change : callable
        Gives a batch in the doctor's form for another one.
    """

    def __init__(self, loader: Iterable[Any], change: Callable[[Batch], Batch]) -> None:
        self._loader, self._change = loader, change

    def __len__(self) -> int:
        return len(self._loader)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._loader, name)  # such as the data set behind it

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give the batches of an epoch."""
        for raw in self._loader:
            yield {**self._change(as_batch(raw)), _RAW: raw}


def step_of(case: Case) -> Any:
    """Give the user's own step, which takes what the loader gave; None if there is none."""
    own = case.step
    if own is None:
        return None

    def step(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Any:
        return own(model, optimiser, raw[_RAW])

    return step


def usual_ignored(case: Case, batches: Sequence[Batch], output: Tensor) -> Case | None:
    """Give the case with the class that counts for nothing as -100, where it is another number.

    Such as 255 at the edges of objects, which ``ignore_index=255`` leaves out of the loss.

    Parameters
    ----------
    case : Case
    batches : sequence of Batch
    output : Tensor
        Of the first batch.

    Returns
    -------
    Case or None
        None where all classes have a score, or there is more than one number beyond them.
    """
    target = batches[0]["target"]
    if target.is_floating_point() or kind_of(case, batches[0], output) != "classes":
        return None
    scores = output.shape[1] if output.shape[2:] == target.shape[1:] else output.shape[-1]
    beyond = {int(v) for b in batches for v in torch.unique(b["target"]).tolist() if v >= scores}
    if len(beyond) != 1:
        return None
    (number,) = beyond

    def change(batch: Batch) -> Batch:
        target = batch["target"]
        return {**batch, "target": torch.where(target == number, IGNORED, target)}

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        target = batch["target"]
        return case.loss(model, {**batch, "target": torch.where(target < 0, number, target)})

    return replace(
        case,
        train=Reread(case.train, change),
        valid=None if case.valid is None else Reread(case.valid, change),
        loss=loss,
        step=step_of(case),
    )
