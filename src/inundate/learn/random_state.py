"""Save and restore every random state that training draws from, as JSON."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from inundate.core.seeds import make_seed

__all__ = ["capture_random", "isolated_random", "restore_random"]


@contextmanager
def isolated_random(seed: int, *keys: str | int) -> Iterator[None]:
    """Seed PyTorch and Python's ``random`` inside the block; give back the caller's after it.

    Examples
    --------
    >>> with isolated_random(0, "a"):
    ...     first = torch.rand(3)
    >>> with isolated_random(0, "a"):
    ...     bool((first == torch.rand(3)).all())
    True
    """
    outside = random.getstate()
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if _gpu_in_use() else []):
        derived = make_seed(seed, *keys)
        torch.manual_seed(derived)
        random.seed(derived)
        try:
            yield
        finally:
            random.setstate(outside)


def capture_random(generator: np.random.Generator | None = None) -> dict[str, Any]:
    """Give the random states of PyTorch (CPU, GPUs), Python and a NumPy generator.

    Returns
    -------
    dict
        Texts, numbers and lists only, fit for JSON.
    """
    version, numbers, gauss = random.getstate()
    state: dict[str, Any] = {
        "torch": _to_text(torch.get_rng_state()),
        "python": [version, list(numbers), gauss],
    }
    if _gpu_in_use():
        state["cuda"] = _to_text(torch.cuda.get_rng_state())
    if generator is not None:
        state["numpy"] = generator.bit_generator.state
    return state


def restore_random(state: Mapping[str, Any], generator: np.random.Generator | None = None) -> None:
    """Set the random states that :func:`capture_random` gave.

    A GPU's state is set only where there is a GPU, a NumPy state only on a generator of
    the same kind.
    """
    torch.set_rng_state(_from_text(state["torch"]))
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(_from_text(state["cuda"]))
    if "numpy" in state and generator is not None:
        generator.bit_generator.state = state["numpy"]


def _to_text(state: torch.Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode("ascii")


def _from_text(text: str) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)


def _gpu_in_use() -> bool:
    return torch.cuda.is_available() and bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]
