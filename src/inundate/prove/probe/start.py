"""The untrained model: loss at step 0, dead and saturated units, symmetric weights."""

from __future__ import annotations

import copy

from torch import Tensor, nn

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.activations import SATURATED, is_fed_by_weights, watch_units

__all__ = ["probe_start"]

_DEAD = 0.95
_HIGH = 3.0  # times the loss of the best constant from which a start is doubtful


def probe_start(exam: Exam) -> list[Finding]:
    """Look at the loss at step 0, at dead and saturated units, and at symmetric weights."""
    model, _ = exam.case.pair()
    found = _units(exam, model.train())
    found += _symmetric(exam, model)
    loss = exam.loss(copy.deepcopy(model), [exam.typical])
    best, constant = exam.levels([exam.typical])
    exam.figures |= {"loss_start": loss, "loss_best": best, "loss_of_constant": constant}
    if not exam.case.trained and constant > best and loss > best + _HIGH * (constant - best):
        text = (
            f"at step 0 the loss is {loss:.4g}; a model that knows nothing but the mean (or the "
            f"frequencies) would have {constant:.4g}"
        )
        found.append(Finding(Cause.BAD_START, "suspect", text))
    return found


def _units(exam: Exam, model: nn.Module) -> list[Finding]:
    seen = watch_units(exam, model, exam.learnt[:8])
    found = []
    for name, unit in seen.items():
        if unit.dead >= _DEAD and is_fed_by_weights(exam, model, name):
            text = f"{100 * unit.dead:.0f} % of the units of {name} are 0 for all samples"
            found.append(Finding(Cause.DEAD_UNITS, "fault", text, name))
        elif unit.dead < _DEAD and unit.saturated >= SATURATED:
            text = (
                f"{100 * unit.saturated:.0f} % of the values of {name} are at an end of its range"
            )
            found.append(Finding(Cause.SATURATED, "suspect", text, name))
    return found[:1]


def _symmetric(exam: Exam, model: nn.Module) -> list[Finding]:
    """Look for layers all of whose units are alike; not the last one, where 0 is fine."""
    layers = [(n, w.detach()) for n, w in model.named_parameters() if w.ndim > 1]
    alike, zero = [], True
    for name, weight in layers[:-1]:
        if _rows_alike(weight):
            if not dict(model.named_parameters())[name].requires_grad:
                continue
            alike.append(name.removesuffix(".weight"))
            zero = zero and bool((weight == 0).all())
    if not alike:
        return []
    if zero:  # a table that is added starts so by right, and is soon of all sorts
        after = dict(exam.one.model.named_parameters())
        alike = [
            name for name in alike if _rows_alike(after.get(name, after.get(f"{name}.weight")))
        ]
    if not alike:
        return []
    subject = ", ".join(alike[:3])
    text = f"all units of {subject} have the same weights"
    # all 0, as the last layer of a residual branch may be
    return [Finding(Cause.SYMMETRIC_START, "suspect" if zero else "fault", text, subject)]


def _rows_alike(weight: Tensor | None) -> bool:
    """Whether all of more than two units have the same weights."""
    if weight is None:
        return False
    rows = weight.detach().reshape(len(weight), -1)
    return len(rows) > 2 and rows.shape[1] > 0 and bool((rows == rows[:1]).all())
