"""Does it run: one batch, the loss, and its gradient."""

from __future__ import annotations

import copy

import torch

from inundate.core.errors import InundateError
from inundate.learn.random_state import isolated_random
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
    model, optimiser = exam.case.pair()
    model.train()
    for batch in (exam.train[0], exam.train[-1]):
        with isolated_random(exam.seed, "doctor", "runs"):
            if exam.case.step is not None:
                exam.case.step(model, optimiser, batch["raw"])
            else:
                plain_step(exam.case.loss, model, optimiser, batch)


def _everything(exam: Exam) -> None:
    """Run the model on all batches: a word that it does not know may be in any of them."""
    model = copy.deepcopy(exam.case.model).eval()
    for batch in (*exam.train, *exam.valid):
        exam.run(model, batch)


def _broken(text: str) -> Finding:
    return Finding(Cause.DOES_NOT_RUN, "fault", text)
