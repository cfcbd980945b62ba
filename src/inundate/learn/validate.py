"""The usual validation: the mean loss, and its parts, over held-out batches."""

from __future__ import annotations

from collections.abc import Callable, Collection

import torch
from torch import nn

from inundate.core.errors import DataError
from inundate.learn.batches import Batches, count_samples, find_not_finite, to_device
from inundate.learn.probes import evaluating
from inundate.learn.random_state import isolated_random
from inundate.learn.watch import LossFunction

__all__ = ["validate_on"]


def validate_on(
    batches: Batches, loss_fn: LossFunction, *, allow_nan: Collection[str] = ()
) -> Callable[[nn.Module], dict[str, float]]:
    """Make a validation that gives the loss and its parts over all of some batches.

    Parameters
    ----------
    batches : Batches
        Held-out data; epoch 0 is taken.
    loss_fn : callable
        As for training; its parts that are single numbers are averaged over samples.
    allow_nan : collection of str
        Keys in which NaN means "missing".

    Returns
    -------
    callable
        ``validate(model)`` gives a dict of means with ``"loss"``. It leaves weights,
        modes and random states as they were.

    Raises
    ------
    DataError
        From the validation, if a batch holds values that are not finite.
    """

    def validate(model: nn.Module) -> dict[str, float]:
        sums: dict[str, float] = {}
        samples = 0
        device = next(model.parameters()).device
        with isolated_random(0, "validate"), evaluating(model):
            for index in range(len(batches)):
                batch = batches.batch(0, index)
                found = find_not_finite(batch, allow=allow_nan)
                if found is not None:
                    raise DataError(f"validating: batch {index}: {found}")
                size = count_samples(batch)
                for name, part in loss_fn(model, to_device(batch, device)).items():
                    if torch.as_tensor(part).numel() == 1:
                        sums[name] = sums.get(name, 0.0) + size * float(part)
                samples += size
        return {name: total / samples for name, total in sums.items()}

    return validate
