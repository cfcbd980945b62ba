"""Cases whose batches are read otherwise than they are given; loss and step still get those."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import nn

from inundate.prove.batch import Batch, as_batch
from inundate.prove.case import Case

__all__ = ["Reread", "step_of"]

_RAW = "raw_as_given"


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
