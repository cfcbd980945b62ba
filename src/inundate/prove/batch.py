"""Batches of any loader, brought into the form that the doctor asks: :func:`as_batch`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from inundate.core.errors import DataError

__all__ = [
    "SEVERAL", "Batch", "Several", "as_batch", "as_given", "as_loaded", "is_placed", "kind_name",
]  # fmt: skip

#: ``inputs`` (table of tensors (B, …)), ``target`` (Tensor), ``raw`` (as the loader gave it).
Batch = dict[str, Any]

#: Key of what takes several targets apart; no loader names a part of its batches so.
SEVERAL = "several targets"
_TARGETS = ("target", "targets", "labels", "label", "y")
_SINGLE = "input"
_PACKED, _SIZES = "_packed", "_sizes"  # a packed sequence as rows, and how long each is
_COMPLEX = "_real_imaginary"  # complex numbers as pairs, on a last axis


def as_batch(raw: Any) -> Batch:
    """Bring a batch into the doctor's form.

    Several targets stand side by side, and what takes them apart again beside them, as
    :data:`SEVERAL`. Packed sequences become rows that are filled up, and the length of each;
    complex numbers become pairs. For the model they are what they were (:func:`as_given`).

    Parameters
    ----------
    raw : tuple or mapping
        ``(inputs, target)``, or names with a ``target``, ``labels``, ``label`` or ``y`` among
        them, where inputs are a tensor, several, or a table of them.

    Raises
    ------
    DataError
        If no inputs or no target can be found.

    Examples
    --------
    >>> sorted(as_batch((torch.zeros(2, 3), torch.zeros(2)))["inputs"])
    ['input']
    """
    if isinstance(raw, Mapping):
        return _from_mapping(raw)
    pair = isinstance(raw, (tuple, list)) and len(raw) >= 2
    if pair and _is_target(raw[-1]):
        inputs = raw[0] if len(raw) == 2 else tuple(raw[:-1])
        return {"inputs": _table(inputs), **_targets(raw[-1]), "raw": raw}
    raise DataError(
        f"looking at a batch: found {kind_name(raw)}; expected (inputs, target) or a mapping with "
        f"one of {', '.join(_TARGETS)}",
        hint=_hint(raw[-1]) if pair else _ALONE,
    )


_ALONE = (
    "let the loader give tensors in pairs; where a model gives its input back, that is the target "
    "as well"
)


def _hint(target: Any) -> str:
    if isinstance(target, (tuple, list, Mapping)):
        return "several targets must be tensors with a row for each sample, in a tuple or by name"
    return "turn arrays and numbers into tensors, as torch.as_tensor does"


def _from_mapping(raw: Mapping[str, Any]) -> Batch:
    key = next((name for name in _TARGETS if _is_target(raw.get(name))), None)
    if key is None:
        named = next((name for name in _TARGETS if name in raw), None)
        if named is not None:
            raise DataError(
                f"looking at a batch: its {named} is {kind_name(raw[named])}; expected a tensor",
                hint=_hint(raw[named]),
            )
        raise DataError(
            f"looking at a batch: found the keys {sorted(map(str, raw))}; expected one of "
            f"{', '.join(_TARGETS)} among them",
            hint="name the target so",
        )
    if "inputs" in raw:
        rest = {name: raw[name] for name in raw if name not in ("inputs", key)}
        return {**rest, "inputs": _table(raw["inputs"]), **_targets(raw[key]), "raw": raw}
    inputs = {n: v for n, v in raw.items() if n != key and _is_input(v)}
    return {"inputs": _table(inputs), **_targets(raw[key]), "raw": raw}


def _table(inputs: Any) -> dict[str, Tensor]:
    if _is_input(inputs):
        inputs = {_SINGLE: inputs}
    elif isinstance(inputs, (tuple, list)):
        inputs = {f"{_SINGLE}{place}": value for place, value in enumerate(inputs)}
    given = inputs if isinstance(inputs, Mapping) else {}
    found: dict[str, Tensor] = {}
    for name, value in given.items():
        if isinstance(value, PackedSequence):
            found[f"{name}{_PACKED}"], found[f"{name}{_SIZES}"] = pad_packed_sequence(
                value, batch_first=True
            )
        elif isinstance(value, Tensor):
            if value.layout is not torch.strided:
                raise DataError(
                    f"looking at a batch: its input {name} is {value.layout}; expected a dense "
                    "tensor",
                    hint="let the loader give value.to_dense(), and make it sparse in the model",
                )
            if value.is_complex():
                found[f"{name}{_COMPLEX}"] = torch.view_as_real(value.resolve_conj())
            else:
                found[name] = value
    if not found:
        raise DataError(
            f"looking at a batch: its inputs are {kind_name(inputs)}; expected tensors",
            hint="turn arrays and lists into tensors in the loader",
        )
    return found


def _is_input(value: Any) -> bool:
    return isinstance(value, (Tensor, PackedSequence))


@dataclass(frozen=True)
class Several:
    """Several targets, as the loader had them.

    Parameters
    ----------
    names : tuple of str, or None
        Of each; None if they came in a tuple or list.
    shapes : tuple of tuple of int
        Of each, without the samples.
    dtypes : tuple of dtype
    """

    names: tuple[str, ...] | None
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[torch.dtype, ...]

    def given(self, target: Tensor) -> Any:
        """Take targets (B, K) that stand side by side apart again."""
        sizes = [math.prod(shape) for shape in self.shapes]
        parts = [
            part.reshape(-1, *shape).to(dtype)
            for part, shape, dtype in zip(
                torch.split(target, sizes, 1), self.shapes, self.dtypes, strict=True
            )
        ]
        return tuple(parts) if self.names is None else dict(zip(self.names, parts, strict=True))


def _is_target(value: Any) -> bool:
    """Whether it is a tensor, or several with as many rows."""
    if isinstance(value, Tensor):
        return True
    if not isinstance(value, (tuple, list, Mapping)) or not value:
        return False
    parts = list(value.values()) if isinstance(value, Mapping) else list(value)
    return (
        all(isinstance(one, Tensor) and one.ndim > 0 for one in parts)
        and len({len(one) for one in parts}) == 1
    )


def _targets(value: Any) -> dict[str, Any]:
    """Lay several targets side by side; whole numbers stay so if all of them are."""
    if isinstance(value, Tensor):
        return {"target": value}
    names = tuple(map(str, value)) if isinstance(value, Mapping) else None
    parts = list(value.values()) if isinstance(value, Mapping) else list(value)
    form = Several(
        names, tuple(tuple(one.shape[1:]) for one in parts), tuple(one.dtype for one in parts)
    )
    flat = [one.reshape(len(one), -1) for one in parts]
    whole = not any(one.is_floating_point() for one in flat)
    target = torch.cat([one.long() if whole else one.to(_widest(flat)) for one in flat], 1)
    return {"target": target, SEVERAL: form}


def _widest(parts: list[Tensor]) -> torch.dtype:
    wide = any(part.dtype == torch.float64 for part in parts)
    return torch.float64 if wide else torch.float32


def as_given(inputs: Mapping[str, Tensor]) -> dict[str, Any]:
    """Give a table of inputs as the loader had it: packed sequences, complex numbers.

    Parameters
    ----------
    inputs : mapping of str to Tensor
        As :func:`as_batch` gives them.
    """
    found: dict[str, Any] = {}
    for name, value in inputs.items():
        if name.endswith(_PACKED) and f"{name.removesuffix(_PACKED)}{_SIZES}" in inputs:
            whole = name.removesuffix(_PACKED)
            sizes = inputs[f"{whole}{_SIZES}"].long().clamp(1, value.shape[1]).cpu()
            found[whole] = pack_padded_sequence(
                value, sizes, batch_first=True, enforce_sorted=False
            )
        elif name.endswith(_COMPLEX):
            found[name.removesuffix(_COMPLEX)] = torch.view_as_complex(value.contiguous())
        elif not (name.endswith(_SIZES) and f"{name.removesuffix(_SIZES)}{_PACKED}" in inputs):
            found[name] = value
    return found


def is_placed(name: str) -> bool:
    """Say whether an input had no name, and is given by its place."""
    return name == _SINGLE or name.removeprefix(_SINGLE).isdigit()


def as_loaded(inputs: Mapping[str, Tensor]) -> Any:
    """Give inputs in the loader's own form: a tensor, several in a tuple, or a table of them.

    Parameters
    ----------
    inputs : mapping of str to Tensor
        As :func:`as_batch` gives them.

    Examples
    --------
    >>> as_loaded(as_batch((torch.ones(2), torch.zeros(2)))["inputs"])
    tensor([1., 1.])
    """
    given = as_given(inputs)
    if not all(map(is_placed, given)):
        return given
    return given[_SINGLE] if list(given) == [_SINGLE] else tuple(given.values())


def kind_name(value: Any) -> str:
    """Name the type of a value, and of what a tuple or list holds."""
    if isinstance(value, (tuple, list)):
        return (
            f"{type(value).__name__} of {', '.join(type(v).__name__ for v in value) or 'nothing'}"
        )
    return type(value).__name__
