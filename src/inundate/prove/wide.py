"""Casts to half precision left out, wherever a model or its loss makes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

__all__ = ["widely"]

_HALF = (torch.float16, torch.bfloat16)
_CASTS = {torch.Tensor.half, torch.Tensor.bfloat16}


class _Wide(TorchFunctionMode):
    """Leaves out what casts to half precision."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a function, with float32 in the place of a half."""
        if func in _CASTS:
            return args[0].float()
        if func is torch.Tensor.to and args[0].is_floating_point():
            wide: list[Any] = [torch.float32 if one in _HALF else one for one in args[1:]]
            named = {k: torch.float32 if v in _HALF else v for k, v in (kwargs or {}).items()}
            cast: Any = func
            return cast(args[0], *wide, **named)
        return func(*args, **(kwargs or {}))


@contextmanager
def widely(active: bool = True) -> Iterator[None]:
    """Compute in float32 what is cast to half precision, if it is active.

    Parameters
    ----------
    active : bool
    """
    if not active:
        yield
        return
    with _Wide():
        yield
