"""Check what a network is given, so that a slip is named and not broadcast."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from inundate.core.errors import DataError

__all__ = ["Side", "check_inputs"]

Side = int | str
"""Length of an axis: a number, a letter that is the same in all inputs, or ``H/4``."""


def check_inputs(
    model: str, inputs: Mapping[str, Tensor], expected: Mapping[str, tuple[Side, ...]]
) -> None:
    """Refuse inputs whose shapes do not fit; does nothing while a graph is compiled.

    Parameters
    ----------
    model : str
        Name for the message.
    inputs : mapping of str to Tensor
    expected : mapping of str to tuple
        Shape of each input, such as ``("B", 19, "H", "W")``.

    Raises
    ------
    DataError
        Naming the first input that is missing or does not fit.

    Examples
    --------
    >>> given = {"terrain": torch.zeros(2, 3, 8, 8), "rain": torch.zeros(2, 5, 2, 2)}
    >>> check_inputs("a", given, {"terrain": ("B", 3, "H", "W"), "rain": ("B", "K", "H/4", "W/4")})
    >>> check_inputs("a", given, {"terrain": ("B", 4, "H", "W")})
    Traceback (most recent call last):
    inundate.core.errors.DataError: a: input terrain (2, 3, 8, 8), expected (B, 4, H, W)
    """
    if torch.compiler.is_compiling():
        return
    known: dict[str, int] = {}
    for name, sides in expected.items():
        if name not in inputs:
            raise DataError(
                f"{model}: input {name!r} is missing; expected {', '.join(expected)}",
                hint="inundate.emulate.scene.Scene gives all that a model is shown",
            )
        found = tuple(inputs[name].shape)
        fits = len(found) == len(sides) and all(
            _fits(length, side, known) for length, side in zip(found, sides, strict=True)
        )
        if not fits:
            wanted = ", ".join(str(side) for side in sides)
            where = ", ".join(f"{letter} = {length}" for letter, length in known.items())
            given = f" with {where}" if where and any(isinstance(s, str) for s in sides) else ""
            told = given if name != next(iter(expected)) else ""
            raise DataError(f"{model}: input {name} {found}, expected ({wanted}){told}")


def _fits(length: int, side: Side, known: dict[str, int]) -> bool:
    if isinstance(side, int):
        return length == side
    letter, _, parts = side.partition("/")
    if letter not in known:
        known[letter] = length * int(parts or 1)
    return length * int(parts or 1) == known[letter]
