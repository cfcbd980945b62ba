"""Maps and series whose numbers were laid out anew where axes should have been exchanged."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["probe_layout", "relaid"]

_SMOOTH = 0.4  # correlation of neighbours from which a layout can be told to be the right one
_LOST = 0.6  # of the correlation that another layout has
_EVEN = 0.8  # correlation from which what is left of it to 1 can be compared
_ROUGHER = 3.0
_PLAIN = 0.02  # less than this is left where nothing changes along an axis
_BATCH = 16  # samples that are looked at
_LEAST = 3  # places along an axis of which neighbours are compared
_ORDERED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.RNN, nn.GRU, nn.LSTM)


def relaid(values: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Give what the numbers of samples (B, …) would be had a reshape been a change of axes.

    Each result has the shape of ``values``: the numbers of a sample are read in the order of
    other axes, and those are then exchanged.
    """
    axes = range(values.ndim - 1)
    sizes = values.shape[1:]
    for order in itertools.permutations(axes):
        if order == tuple(axes):
            continue
        back = [order.index(axis) for axis in axes]
        read = values.reshape(len(values), *[sizes[axis] for axis in order])
        yield str(tuple(sizes[a] for a in order)), read.permute(0, *[a + 1 for a in back])


def probe_layout(exam: Exam) -> list[Finding]:
    """Compare how alike neighbours are, as the numbers lie and in other layouts.

    Asked of inputs and targets, and of what reaches the first layer that looks at neighbours.
    """
    return _of_data(exam) or _on_the_way(exam) or _before_first(exam)


def _on_the_way(exam: Exam) -> list[Finding]:
    """See whether the numbers of a map reach a module in another order, in a map of its shape.

    In that order neighbours are no longer alike: axes were not exchanged, but numbers laid out
    anew.
    """
    batch = exam.train[0]
    maps = {n: v for n, v in batch["inputs"].items() if v.is_floating_point() and v.ndim == 4}
    given = {name: (value, _maps(value[:_BATCH]) or 0.0) for name, value in maps.items()}
    given = {name: pair for name, pair in given.items() if pair[1] >= _SMOOTH}
    torn: list[str] = []

    def see(_module: nn.Module, args: Any, kwargs: Any) -> None:
        for value in _tensors((args, kwargs)):
            for name, (first, here) in given.items():
                if torn or value.shape != first.shape or torch.equal(value, first):
                    continue
                there = _maps(value[:_BATCH])
                if there is None or there > _LOST * here:
                    continue
                if torch.equal(value.flatten().sort().values, first.flatten().sort().values):
                    text = f"neighbours of {name!r} have a correlation of {here:.2f} as they lie, "
                    torn.extend([name, f"{text}and of {there:.2f} where they are read"])

    model = copy.deepcopy(exam.case.model).eval()
    for module in model.modules() if given else ():
        module.register_forward_pre_hook(see, with_kwargs=True)
    if given:
        exam.run(model, batch)
    if not torn:
        return []
    subject = f"the numbers of {torn[0]!r} were reshaped where axes should be exchanged"
    return [Finding(Cause.AXES_MIXED, "fault", torn[1], subject)]


def _tensors(held: Any) -> Iterator[Tensor]:
    """Give the tensors among what a module is called with."""
    if isinstance(held, Tensor):
        if held.is_floating_point():
            yield held.detach()
    elif isinstance(held, dict):
        yield from _tensors(list(held.values()))
    elif isinstance(held, (tuple, list)):
        for one in held:
            yield from _tensors(one)


def _of_data(exam: Exam) -> list[Finding]:
    batch = exam.train[0]
    held = {repr(name): value for name, value in batch["inputs"].items()}
    for name, value in {**held, "the target": batch["target"]}.items():
        if not value.is_floating_point() or value.ndim not in (3, 4):
            continue
        told = _told(value[:_BATCH], last=value.ndim == 4)
        if told:
            subject = f"the numbers of {name} were reshaped where axes should be exchanged"
            return [Finding(Cause.AXES_MIXED, "fault", f"{name}: {told}", subject)]
    return []


def _told(values: Tensor, *, last: bool) -> str:
    """Say whether another layout has far smoother maps (…, H, W), or series (B, T, C) of each."""
    measure = _maps if last else _series
    here = measure(values)
    ways = dict(relaid(values))
    if here is None or not ways:
        return ""
    best = max(ways, key=lambda name: measure(ways[name]) or 0.0)
    there = measure(ways[best]) or 0.0
    if not _smoother(here, there) or not (last or _seam(values)):
        return ""
    return (
        f"neighbours have a correlation of {here:.2f} as they lie, and of {there:.2f} if each "
        f"sample is read as {best}"
    )


def _smoother(here: float, there: float) -> bool:
    """Whether neighbours are far more alike in one layout than in another."""
    if there >= _SMOOTH and here <= _LOST * there:
        return True
    return there >= _EVEN and 1.0 - here >= max(_ROUGHER * (1.0 - there), _PLAIN)


def _seam(values: Tensor, apart: int = 1) -> bool:
    """Whether the end of each row goes on at the begin of the next, as where rows are cut wrongly.

    Where channels are merely alike, it does not. Numbers of several channels in turn go on that
    many places ``apart``.
    """
    spread = values.detach().float()
    spread = spread - spread.mean((1, 2), keepdim=True)
    one, other = spread[:, :-1, -apart:], spread[:, 1:, :apart]
    scale = float(one.norm() * other.norm())
    return scale > 0 and float((one * other).sum()) / scale >= _SMOOTH


def _maps(values: Tensor) -> float | None:
    """Give the lower of the correlations along rows and along columns."""
    found = [_along(values, -1), _along(values, -2)]
    return None if None in found else min(one for one in found if one is not None)


def _series(values: Tensor) -> float | None:
    """Give the correlation along the first of two axes, each channel by itself."""
    return _along(values, 1)


def _along(values: Tensor, axis: int) -> float | None:
    size = values.shape[axis]
    if size < _LEAST or not bool(torch.isfinite(values).all()):
        return None
    values = values.detach().float()
    spread = values - values.mean(axis, keepdim=True)
    one, other = spread.narrow(axis, 0, size - 1), spread.narrow(axis, 1, size - 1)
    scale = float(spread.square().mean())
    return float((one * other).mean()) / scale if scale > 0 else None


def _before_first(exam: Exam) -> list[Finding]:
    """Look at what reaches the first layer that reads neighbours together."""
    seen: list[tuple[str, nn.Module, Tensor]] = []

    def hook(name: str) -> Callable[[nn.Module, Any], None]:
        def see(module: nn.Module, given: Any) -> None:
            if given and isinstance(given[0], Tensor) and not seen:
                seen.append((name, module, given[0].detach()))

        return see

    model = copy.deepcopy(exam.case.model).eval()
    for name, module in model.named_modules():
        if isinstance(module, _ORDERED):
            module.register_forward_pre_hook(hook(name))
    exam.run(model, exam.train[0])
    if not seen or not seen[0][2].is_floating_point():
        return []
    name, module, values = seen[0]
    given = [v for v in exam.train[0]["inputs"].values() if v.is_floating_point() and v.ndim > 2]
    if not any(v.numel() == values.numel() for v in given):
        return []  # something else than the input by now, such as embeddings of words
    told = _reached(module, values[:_BATCH])
    if not told:
        return []
    subject = f"what reaches {name} was reshaped where axes should be exchanged"
    return [Finding(Cause.AXES_MIXED, "fault", f"{name}: {told}", subject)]


def _reached(module: nn.Module, values: Tensor) -> str:
    if isinstance(module, nn.Conv2d) and values.ndim == 4:
        return _told(values, last=True)
    if isinstance(module, nn.Conv1d) and values.ndim == 3:
        return _told_channels(values)
    recurrent = isinstance(module, (nn.RNN, nn.GRU, nn.LSTM)) and values.ndim == 3
    if recurrent and getattr(module, "batch_first", False):
        return _told(values, last=False)
    return ""


def _told_channels(values: Tensor) -> str:
    """Of series (B, C, T), time comes last."""
    here = _along(values, 2)
    (way,) = [found for _, found in relaid(values)] or [values]
    there = _along(way, 2)
    if here is None or there is None or not _smoother(here, there):
        return ""
    channels = values.shape[1]
    in_turn = 1 < channels < values.shape[2] // 2 and _seam(values, channels)
    if not in_turn and not _seam(values):
        return ""
    return (
        f"neighbours in time have a correlation of {here:.2f} as they lie, and of {there:.2f} with "
        "time and channels read the other way round"
    )
