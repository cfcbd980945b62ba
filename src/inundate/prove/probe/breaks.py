"""Trainings that end in NaN: a function that is not defined, or steps that are too long."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.trial import Trial, run_trial

__all__ = ["probe_breaks"]

#: Functions that have no finite value, or no finite slope, at some finite numbers.
_EDGED = {
    "acos", "arccos", "asin", "arcsin", "acosh", "atanh", "arctanh", "sqrt", "rsqrt", "log", "log2",
    "log10", "log1p", "logit", "div", "true_divide", "truediv", "rtruediv", "rdiv", "divide", "pow",
    "rpow", "reciprocal", "norm", "vector_norm", "std", "var", "cosine_similarity", "normalize",
    "lgamma", "digamma", "xlogy", "mean", "nanmean", "lerp", "logdet", "slogdet", "inverse",
    "idiv", "itruediv", "binary_cross_entropy", "kl_div", "median", "atan2", "cdist",
}  # fmt: skip
_LEAP = 4.0  # times the largest loss at the start, that steps which are too long go beyond
_LARGE = 1e4  # numbers of this size come of such steps
_WILD = 0.2  # rate of Adam and its like, that is none in use


class _FirstBroken(TorchFunctionMode):
    """Names the first function that makes numbers which are not finite of finite ones."""

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.size = 0.0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a function and compare what it gives with what it was given."""
        found = func(*args, **(kwargs or {}))
        if not self.name and isinstance(found, Tensor) and not _finite(found):
            given = [one for one in (*args, *(kwargs or {}).values()) if isinstance(one, Tensor)]
            if all(_finite(one) for one in given):
                self.name = getattr(func, "__name__", "").strip("_")
                self.size = max((float(g.abs().max()) for g in given if g.numel()), default=0.0)
        return found


def _finite(value: Tensor) -> bool:
    return not value.is_floating_point() or bool(torch.isfinite(value).all())


def probe_breaks(exam: Exam) -> list[Finding]:
    """See where a training that ends in NaN meets a number that is not finite first.

    Steps that are too long make numbers too large on their way; where those are as they should be,
    a function was asked where it is not defined, such as the root of 0 on the way back.
    """
    if exam.case.trained or _wild(exam):
        return []
    for trial, batches in ((exam.one, [exam.typical]), (exam.all, exam.learnt)):
        found = _met(exam, trial, batches) if trial.broke else ""
        if found:
            return [Finding(Cause.NOT_FINITE_OUTPUT, "fault", found, "the loss", firm=True)]
    return []


def _wild(exam: Exam) -> bool:
    optimiser = exam.case.pair()[1]
    kind = type(optimiser).__name__.lower()
    highest = max(float(group["lr"]) for group in optimiser.param_groups)
    return ("adam" in kind or "rms" in kind) and highest > _WILD


def _met(exam: Exam, trial: Trial, batches: Sequence[Batch]) -> str:
    """Say which function was not finite, and when; "" where numbers had grown before."""
    steps = len(trial.losses) - 1  # that were made before the loss was not finite
    losses = trial.losses[:steps]
    usual = max(abs(trial.first), abs(exam.levels([exam.typical])[1]))
    if steps < 1 or max(map(abs, losses)) > _LEAP * usual:
        return ""
    for made in (steps, steps - 1):
        model = run_trial(exam.case, batches, made, seed=exam.seed).model
        if not all(_finite(weight.detach()) for weight in model.parameters()):
            continue
        if any(float(weight.detach().abs().max()) > _LARGE for weight in model.parameters()):
            return ""
        name, way = _broken(exam, model.train(), batches[made % len(batches)])
        if name not in _EDGED:
            return ""
        return (
            f"after {made} steps, in which the loss was {max(losses):.3g} at most, the function "
            f"{name!r} gives numbers that are not finite {way}"
        )
    return ""


def _broken(exam: Exam, model: nn.Module, batch: Batch) -> tuple[str, str]:
    """Name the function whose value, or slope, is the first that is not finite."""
    watch = _FirstBroken()
    with isolated_random(exam.seed, "doctor", "breaks"):
        with watch, torch.no_grad():
            exam.case.loss(copy.deepcopy(model), batch)
        if watch.name:
            return (watch.name if watch.size < _LARGE else ""), "of finite ones"
        loss = exam.case.loss(model, batch)
        return (_way_back(loss) if loss.requires_grad else ""), "on the way back"


def _way_back(loss: Tensor) -> str:
    """Name the first function of a graph whose slope is not finite for a finite one behind it."""
    names: list[str] = []

    def watch(node: Any) -> None:
        def see(given: Any, behind: Any) -> None:
            ends = [[one for one in part if isinstance(one, Tensor)] for part in (given, behind)]
            if not names and all(map(_finite, ends[1])) and not all(map(_finite, ends[0])):
                names.append(_of_node(node.name()))

        node.register_hook(see)

    ahead, seen = [loss.grad_fn], set()
    while ahead:
        node = ahead.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        watch(node)
        ahead += [before for before, _ in node.next_functions]
    torch.autograd.backward(loss)
    return names[0] if names else ""


def _of_node(name: str) -> str:
    """Turn the name of a step of the way back, such as SqrtBackward0, into that of its function."""
    first = name.partition("Backward")[0]
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in first)
    return snake.strip("_").removeprefix("linalg_")
