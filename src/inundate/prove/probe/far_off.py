"""Weights that a model holds by itself, so far off that no input comes near them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.probe.reach import helps, percent, reach, told
from inundate.prove.trial import Remedy

__all__ = ["far_off_weights"]

_FAR = 5.0  # size of weights; centres, queries and tables are drawn at about 1
_NUMBERS = 16  # of a tensor, from which its size means something
_MOVES = 1e-3  # of the output's size, by which other inputs move it


def far_off_weights(exam: Exam) -> list[Finding]:
    """Draw centres, queries or tables anew around 0, where no input moves the output.

    They are weights of no layer, so that nothing draws them but the user. If the output then
    follows the inputs, and one batch is learnt, where they start is the cause.

    Parameters
    ----------
    exam : Exam
        Of a model whose output depends on no input.
    """
    sizes = {name: _size(weight) for name, weight in _bare(exam.case.model)}
    far = {name: size for name, size in sizes.items() if size > _FAR}
    if not far or exam.case.trained or not worth(exam, Cause.IGNORES_INPUT):
        return []
    for deviation in (1.0, 0.1):
        remedy = Remedy(f"drawn around 0 by {deviation:g}", prepare=_drawn(far, deviation, exam))
        if not _moves(exam, remedy):
            continue
        reached = reach(exam, remedy)
        exam.figures[f"one_batch, {remedy.name}"] = reached
        if helps(reached, exam.one_progress):
            listed = ", ".join(f"{name} ({size:.3g})" for name, size in list(far.items())[:3])
            text = (
                f"with the inputs of other samples the output is the same to nine digits, and "
                f"weights are far from 0: {listed}; {told(exam, exam.one_progress)}, with these "
                f"{remedy.name} {percent(reached)}"
            )
            subject = ", ".join(list(far)[:3])
            return [Finding(Cause.BAD_START, "fault", text, subject, tried=True, firm=True)]
    return []


def _bare(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Give the weights that are held by modules that draw none by themselves."""
    for place, module in model.named_modules():
        if any(hasattr(module, name) for name in ("reset_parameters", "_reset_parameters")):
            continue
        for name, weight in module.named_parameters(recurse=False):
            if weight.numel() >= _NUMBERS and weight.is_floating_point():
                yield f"{place}.{name}" if place else name, weight.detach()


def _size(weight: Tensor) -> float:
    return float(weight.double().square().mean().sqrt())


def _drawn(names: dict[str, float], deviation: float, exam: Exam) -> Callable[[nn.Module], None]:
    """Draw these weights anew, in place: the optimiser goes on holding them."""

    def prepare(model: nn.Module) -> None:
        held = dict(model.named_parameters())
        with torch.no_grad(), isolated_random(exam.seed, "doctor", "far-off"):
            for name in names:
                held[name].normal_(0.0, deviation)

    return prepare


def _moves(exam: Exam, remedy: Remedy) -> bool:
    """Whether the output follows the inputs with these weights, before any training."""
    model = copy.deepcopy(exam.case.model).eval()
    if remedy.prepare is not None:
        remedy.prepare(model)
    batch = exam.typical
    count = len(batch["target"])
    inputs = {n: v.roll(1, 0) if len(v) == count else v for n, v in batch["inputs"].items()}
    one = exam.run(model, batch).double()
    two = exam.run(model, {**batch, "inputs": inputs}).double()
    return float((one - two).abs().max()) > _MOVES * max(float(one.abs().max()), 1e-12)
