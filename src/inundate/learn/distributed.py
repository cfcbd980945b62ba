"""Ranks of a training started by torchrun; one process alone is rank 0 of 1.

Each rank takes every n-th batch of the epoch, gradients are averaged before the step, and
only rank 0 writes to the run folder. A loss is a mean over the samples of its batch, so each
rank counts by its share of the samples: n ranks with batches of b learn what one learns with
batches of n b, also where the last batch of an epoch is smaller. The averaging is done here
and not by PyTorch's ``DistributedDataParallel``: that wrapper hides the model's own attributes
and methods from the loss, and fails on blocks that a batch does not use; our models are small
enough that one reduction after ``backward`` costs little.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn

from inundate.core.errors import ConfigError, InundateError
from inundate.learn.batches import Batch, Batches

__all__ = ["Ranks", "is_first_process", "join_ranks"]

Made = TypeVar("Made")


@dataclass(frozen=True)
class Ranks:
    """Tell which of the processes that train together we are.

    Parameters
    ----------
    rank, size, local : int
        Number of this process, how many there are, and its number on this machine.
    device : str
        Where small tensors are reduced: ``"cuda"`` under NCCL.
    """

    rank: int = 0
    size: int = 1
    local: int = 0
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this process writes the run folder."""
        return self.rank == 0

    def steps_per_epoch(self, batches: Batches) -> int:
        """Count the steps of an epoch; batches left over by the division are left out.

        Raises
        ------
        ConfigError
            If there are fewer batches than ranks.
        """
        steps = len(batches) // self.size
        if not steps:
            raise ConfigError(
                f"an epoch has {len(batches)} batches for {self.size} processes; "
                "expected at least one each",
                hint="lower batch_size, or start fewer processes",
            )
        return steps

    def batch(self, batches: Batches, epoch: int, index: int) -> tuple[Batch, int]:
        """Give this rank's batch of a step, and its number in the epoch."""
        number = index * self.size + self.rank
        return batches.batch(epoch, number), number

    def same_start(self, model: nn.Module) -> None:
        """Give every rank the weights and buffers of rank 0."""
        if self.size > 1:
            for tensor in model.state_dict().values():
                dist.broadcast(tensor, src=0)

    def share(self, samples: int) -> float:
        """Give what this rank's batch counts in a step: 1 where all have as many samples."""
        if self.size == 1:
            return 1.0
        mean = self.mean(torch.tensor(float(samples), device=self.device, dtype=torch.float64))
        return samples / mean.item()

    def average_gradients(self, model: nn.Module, share: float = 1.0) -> None:
        """Average the gradients over the ranks; a missing one counts as zero.

        Parameters
        ----------
        model : Module
        share : float
            Of :meth:`share`.
        """
        if self.size == 1:
            return
        trainable = [p for p in model.parameters() if p.requires_grad]
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in trainable]
        flat = self.mean(torch.cat([grad.flatten() for grad in grads]) * share)
        parts = torch.split(flat, [p.numel() for p in trainable])
        for parameter, part in zip(trainable, parts, strict=True):
            parameter.grad = part.view_as(parameter)

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Average a tensor over the ranks."""
        if self.size > 1:
            dist.all_reduce(values)
            values /= self.size
        return values

    def first_of(self, value: Any) -> Any:
        """Give every rank the value of rank 0."""
        if self.size == 1:
            return value
        holder = [value]
        dist.broadcast_object_list(holder, src=0)
        return holder[0]

    def made_by_first(self, make: Callable[[], Made], found: Callable[[], Made]) -> Made:
        """Let rank 0 make something on disk, and then the others find it.

        Parameters
        ----------
        make, found : callable
            What rank 0 does, and what the others do once it is done.

        Raises
        ------
        InundateError
            On every rank, if rank 0 could not make it.
        """
        if not self.is_first:
            self.raise_of_first(None)
            return found()
        try:
            made = make()
        except InundateError as error:
            self.raise_of_first(error)
            raise
        self.raise_of_first(None)
        return made

    def raise_of_first(self, error: InundateError | None) -> None:
        """Raise rank 0's error on every rank, so that none waits for one that is gone."""
        told = self.first_of(error)
        if told is not None:
            raise told

    def gather(self, value: Any) -> list[Any]:
        """Give every rank the values of all ranks, in order."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value)
        return found

    def any(self, flag: bool) -> bool:
        """Tell every rank whether the flag is set on any of them."""
        if self.size == 1:
            return flag
        count = torch.tensor(float(flag), device=self.device)
        dist.all_reduce(count)
        return bool(count.item())

    def first_fault(self, found: str | None) -> str | None:
        """Give every rank the first fault that any rank found, or None."""
        if not self.any(found is not None):
            return None
        return next(str(text) for text in self.gather(found) if text is not None)


@contextmanager
def join_ranks(device: str = "auto") -> Iterator[Ranks]:
    """Join the processes that torchrun started; alone, do nothing.

    Parameters
    ----------
    device : str
        ``cuda`` (or ``auto`` with a GPU) joins by NCCL, otherwise by gloo.

    Raises
    ------
    ConfigError
        If torchrun's variables are there in part.

    Examples
    --------
    >>> with join_ranks("cpu") as ranks:
    ...     ranks.rank, ranks.size
    (0, 1)
    """
    size = _variable("WORLD_SIZE", 1)
    if size == 1:
        yield Ranks()
        return
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise ConfigError(
            f"joining {size} processes: {', '.join(missing)} not set",
            hint="start the script with: torchrun --nproc-per-node N SCRIPT",
        )
    local = _variable("LOCAL_RANK", 0)
    use_gpu = device != "cpu" and torch.cuda.is_available()
    ours = not dist.is_initialized()
    if ours:
        if use_gpu:
            torch.cuda.set_device(local)  # NCCL sends objects from the current device
        dist.init_process_group("nccl" if use_gpu else "gloo")
    try:
        yield Ranks(dist.get_rank(), size, local, f"cuda:{local}" if use_gpu else "cpu")
        if ours:
            dist.barrier()  # nobody hangs up while another still listens
    finally:
        if ours:
            dist.destroy_process_group()


def is_first_process() -> bool:
    """Tell whether this process is the one that prints, under torchrun or alone."""
    return _variable("RANK", 0) == 0


def _variable(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit():
        raise ConfigError(f"environment variable {name} is {text!r}; expected a whole number")
    return int(text)
