"""Where to compute: device and CPU threads, set for a block and given back after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from inundate.core.errors import ConfigError

__all__ = ["cpu_threads", "describe_device", "pick_device", "repeatable"]


def pick_device(name: str, *, local_rank: int = 0) -> torch.device:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device.

    Parameters
    ----------
    name : str
        ``auto`` takes a GPU if there is one.
    local_rank : int
        Which GPU of the machine, under torchrun.

    Raises
    ------
    ConfigError
        If ``cuda`` is asked for and absent, or the name is unknown.

    Examples
    --------
    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"device is {name!r}; expected one of auto, cpu, cuda")
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if local_rank >= found:
        raise ConfigError(
            f"device 'cuda' number {local_rank} was asked for; PyTorch {torch.__version__} "
            f"finds {found} GPUs",
            hint="--device cpu, or install a CUDA build of torch and start one process a GPU",
        )
    return torch.device("cuda", local_rank)


def describe_device(device: torch.device) -> str:
    """Name a device for the manifest, such as ``cpu, 2 threads`` or the GPU's model."""
    if device.type == "cuda":
        return f"{device}, {torch.cuda.get_device_name(device)}"
    return f"cpu, {torch.get_num_threads()} threads"


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Compute with ``count`` CPU threads inside the block; 0 changes nothing."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def repeatable() -> Iterator[None]:
    """Let cuDNN choose only algorithms that give the same bits each time.

    Other kernels of CUDA that add in no fixed order (scatter, some interpolations, the
    backward of ``index_select``) are not covered; the CPU needs nothing.
    """
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
