"""Batches by number: what the loop asks for, so that resuming needs only integers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from inundate.core.errors import ConfigError, DataError
from inundate.core.seeds import make_rng

__all__ = [
    "Batch",
    "Batches",
    "NotFinite",
    "TensorBatches",
    "count_samples",
    "find_not_finite",
    "sample_order",
    "to_device",
]

#: Named tensors (B, …), tables of such tensors (``inputs``), and ``sample_id`` as a list of
#: B texts or a tensor (B,).
Batch = Mapping[str, Any]


class Batches(Protocol):
    """Data that the loop can ask for by epoch and number, in any order, any number of times.

    ``batch(epoch, index)`` must be a pure function of its arguments (and of a seed fixed
    when the object was made): the same numbers give the same tensors in another process.
    """

    def __len__(self) -> int:
        """Count the batches of one epoch."""
        ...

    def batch(self, epoch: int, index: int) -> Batch:
        """Give batch ``index`` of an epoch."""
        ...


def sample_order(count: int, *, seed: int, epoch: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Give the order of samples in an epoch, the same on every machine.

    Examples
    --------
    >>> sorted(sample_order(4, seed=1, epoch=2).tolist())
    [0, 1, 2, 3]
    """
    return make_rng(seed, "order", epoch).permutation(count)


class TensorBatches:
    """Batches cut from tensors in memory.

    Parameters
    ----------
    tensors : mapping of str to Tensor (N, …) or to a mapping of such
        All samples; the first dimension counts them.
    batch_size : int
        Samples a batch; the last batch of an epoch may be smaller.
    seed : int
        Seed of the order.
    shuffle : bool
        Whether each epoch has an order of its own; otherwise samples come as stored.

    Raises
    ------
    DataError
        If the tensors hold different numbers of samples, or none.

    Examples
    --------
    >>> data = TensorBatches({"inputs": {"a": torch.zeros(5, 2)}}, batch_size=2, seed=0)
    >>> len(data), tuple(data.batch(0, 2)["inputs"]["a"].shape)
    (3, (1, 2))
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor | Mapping[str, Tensor]],
        *,
        batch_size: int,
        seed: int,
        shuffle: bool = True,
    ) -> None:
        counts = {name: tensor.shape[0] for name, tensor in _leaves(tensors)}
        if len(set(counts.values())) != 1 or not min(counts.values()):
            raise DataError(
                f"making batches: the tensors hold {counts} samples; "
                "expected the same number of each, at least one",
                hint="cut all tensors along their first dimension alike",
            )
        if batch_size < 1:
            raise ConfigError(f"batch_size is {batch_size}; expected at least 1")
        self.count = next(iter(counts.values()))
        self._tensors = tensors
        self._size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        self._drawn: tuple[int, np.ndarray[Any, np.dtype[np.int64]]] | None = None

    def __len__(self) -> int:
        return -(-self.count // self._size)

    def batch(self, epoch: int, index: int) -> Batch:
        """Give batch ``index`` of an epoch, with ``sample_id`` (B,) added."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        if self._drawn is None or self._drawn[0] != epoch:  # once an epoch: it costs a millisecond
            self._drawn = (epoch, self._order(epoch))
        order = self._drawn[1]
        chosen = torch.from_numpy(order[index * self._size : (index + 1) * self._size])
        cut = {
            name: {key: tensor[chosen] for key, tensor in value.items()}
            if isinstance(value, Mapping)
            else value[chosen]
            for name, value in self._tensors.items()
        }
        return {"sample_id": chosen, **cut}

    def _order(self, epoch: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        if not self._shuffle:
            return np.arange(self.count)
        return sample_order(self.count, seed=self._seed, epoch=epoch)


@dataclass(frozen=True)
class NotFinite:
    """Where in a batch the first value that is not finite stands."""

    key: str
    position: int
    sample: str
    value: float
    count: int

    def __str__(self) -> str:
        return (
            f"{self.count} value(s) of {self.key!r} are {self.value} "
            f"in sample {self.sample} (position {self.position} of the batch)"
        )


def find_not_finite(batch: Batch, *, allow: Collection[str] = ()) -> NotFinite | None:
    """Find the first tensor and sample with a NaN or an infinite value.

    Parameters
    ----------
    batch : Batch
        Tensors (B, …); whole numbers are skipped.
    allow : collection of str
        Keys in which NaN means "missing" to the loss, such as ``"target"`` or
        ``"inputs.rain"``; infinite values are refused there too.

    Returns
    -------
    NotFinite or None
        None if all values are finite.
    """
    for key, tensor in _leaves(batch):
        if not tensor.is_floating_point():
            continue
        bad = torch.isinf(tensor) if key in allow else ~torch.isfinite(tensor)
        if not bool(bad.any()):
            continue
        by_sample = bad.reshape(tensor.shape[0], -1) if tensor.ndim else bad.reshape(1, 1)
        position = int(by_sample.any(dim=1).nonzero()[0, 0])
        value = float(tensor[bad][0])
        count = int(by_sample[position].sum())
        return NotFinite(key, position, _sample_name(batch, position), value, count)
    return None


def count_samples(batch: Batch) -> int:
    """Count the samples of a batch, by its first tensor.

    Raises
    ------
    DataError
        If it has no tensor.
    """
    for _, tensor in _leaves(batch):
        return int(tensor.shape[0])
    raise DataError(f"counting samples: a batch has no tensor, only {sorted(batch)}")


def to_device(batch: Batch, device: torch.device) -> dict[str, Any]:
    """Move the tensors of a batch, nested ones too; the rest stays as it is."""
    moved: dict[str, Any] = {}
    for name, value in batch.items():
        if isinstance(value, Tensor):
            moved[name] = value.to(device, non_blocking=True)
        elif isinstance(value, Mapping):
            moved[name] = to_device(value, device)
        else:
            moved[name] = value
    return moved


def _leaves(batch: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Walk over the tensors of a batch with their dotted names."""
    for name, value in batch.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")


def _sample_name(batch: Batch, position: int) -> str:
    names = batch.get("sample_id")
    if isinstance(names, Tensor):
        return str(names[position].item())
    return repr(names[position]) if names is not None else f"number {position}"
