"""Does it run: one batch, the loss, and its gradient."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from inundate.core.errors import DataError, InundateError
from inundate.learn.random_state import isolated_random
from inundate.prove.batch import kind_name
from inundate.prove.blame import of_model
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.trial import plain_step

__all__ = ["probe_runs"]


def probe_runs(exam: Exam) -> list[Finding]:
    """Run the model and its loss once, and say what the error means if they cannot be run."""
    try:
        if not exam.train:
            return [Finding(Cause.LOADER_STARVES, "fault", "the data loader gives no batch at all")]
        for part in (
            {id(exam.train[0]): exam.train[0], id(exam.train[-1]): exam.train[-1]}
        ).values():
            model = copy.deepcopy(exam.case.model).train()
            exam.run(model, part)
            loss = exam.case.loss(model, part)
            if loss.numel() != 1:
                return [_broken(f"the loss has shape {tuple(loss.shape)}; expected one number")]
            if loss.requires_grad:
                torch.autograd.backward(loss)
        _steps(exam)
        _everything(exam)
    except InundateError as error:
        if not str(error).startswith("running the model") and not of_model(error):
            raise  # its message says already what to do
        return [_broken(str(error).removeprefix("running the model: "))]
    except Exception as error:  # noqa: BLE001  whatever a user's model raises is the finding
        return [
            _broken(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
        ]
    return []


def _steps(exam: Exam) -> None:
    """Make two steps one after the other: what is kept of the first may stop the second."""
    own = exam.case.step
    model, optimiser = exam.case.pair()
    model.train()
    before = [weight.detach().clone() for weight in exam.case.model.parameters()]
    for batch in (exam.train[0], exam.train[-1]):
        with isolated_random(exam.seed, "doctor", "runs"):
            if own is None:
                plain_step(exam.case.loss, model, optimiser, batch)
            else:
                _is_loss(own(model, optimiser, batch["raw"]))
    if own is not None:
        _left_alone(exam.case.model, before)


def _is_loss(value: Any) -> None:
    if not isinstance(value, (Tensor, Real)) or (isinstance(value, Tensor) and value.numel() != 1):
        found = tuple(value.shape) if isinstance(value, Tensor) else kind_name(value)
        raise DataError(
            f"running the step: it gave {found}; expected the loss, one number",
            hint="end it with: return loss",
        )


def _left_alone(model: nn.Module, before: Sequence[Tensor]) -> None:
    """See that a step of the user's own trained the copy, and undo what it did to the model."""
    weights = list(model.parameters())
    pairs = list(zip(weights, before, strict=True))
    if all(torch.allclose(now, then, rtol=0.0, atol=0.0, equal_nan=True) for now, then in pairs):
        return
    with torch.no_grad():
        for now, then in pairs:
            now.copy_(then)
    raise DataError(
        "running the step: it trains the model of the factory; expected the one that it is given",
        hint="use the arguments of step(model, optimiser, batch) in it: the doctor trains copies",
    )


def _everything(exam: Exam) -> None:
    """Run the model on all batches: a word that it does not know may be in any of them."""
    model = copy.deepcopy(exam.case.model).eval()
    for batch in (*exam.train, *exam.valid):
        exam.run(model, batch)


def _broken(text: str) -> Finding:
    return Finding(Cause.DOES_NOT_RUN, "fault", text)
