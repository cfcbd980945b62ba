"""An output that is held in a range: by a last activation, or by a clamp."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from inundate.learn.random_state import isolated_random
from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.kind import normalised
from inundate.prove.probe.reach import FITTED
from inundate.prove.trial import Remedy, run_trial

__all__ = ["probe_range"]

_MISSED = 0.05  # share of the targets that an output may not reach
_RARE, _LOST = 0.01, 0.4  # such a share, if this much of the variance is lost with it
_ALL = 0.99  # of the targets: whatever else a training does, it can do nothing but go to the end
_KNOWN = ((0.0, True), (-1.0, True), (1.0, False), (0.0, False))  # bound, whether from below
_AT = 0.02  # share of the outputs that lie at a bound which no weights move
_COLUMNS = 16  # numbers of an answer
_NEAR = 1e-3  # of a bound
_SAME = 1e-5
_LARGE = 3.0
_PUSHES, _PUSH = 80, 1e-2  # steps by Adam, and their rate, that push outputs to an end
_CREEPS = 0.1  # of the first half's way, that outputs still go in the second half of those
_POOR = 0.3  # of the way from the right answer's loss to the constant's


def probe_range(exam: Exam) -> list[Finding]:
    """See whether the output is held in a range that the targets leave."""
    if exam.answers.kind != "values":
        return _scores(exam)
    targets = _wanted(exam)
    targets = targets[torch.isfinite(targets)]
    seen = _outputs(exam)
    if not seen or not targets.numel():
        return []
    margin = 0.05 * max(float(targets.std()), 1e-12)
    everything = torch.cat(seen)
    for bound, below in (*_KNOWN, *_clamps(seen)):
        inside = bool((everything >= bound).all() if below else (everything <= bound).all())
        touched = bool(((everything - bound).abs() < _NEAR).any())
        missed = targets < bound - margin if below else targets > bound + margin
        share = float(missed.float().mean())
        many = share >= _MISSED or _most_is_lost(targets, bound, missed)
        if inside and touched and many:
            where = f"at {bound:.4g} or {'above' if below else 'below'}"
            text = (
                f"whatever is put in, outputs stay {where}; {100 * share:.0f} % of the targets "
                f"are {'below' if below else 'above'}"
                f"{'' if exam.comparable else ', of what the loss asks for'}"
            )
            if _chances(exam, everything):
                text += "; all lie between 0 and 1, where the loss takes scores of classes"
                return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]
            all_of_them = share >= _ALL and len(torch.unique(everything)) > 1
            return [Finding(Cause.OUTPUT_RANGE, "fault", text, where, firm=all_of_them)]
    return _by_column(exam, seen) or _pushed(exam, targets, margin)


def _chances(exam: Exam, outputs: Tensor) -> bool:
    """Whether outputs are chances, whatever the weights, and are asked for scores of classes."""
    whole = not exam.typical["target"].is_floating_point() and not exam.comparable
    return whole and bool(((outputs >= 0.0) & (outputs <= 1.0)).all())


def _by_column(exam: Exam, seen: Sequence[Tensor]) -> list[Finding]:
    """See whether one number of an answer is held, and the lowest loss needs it beyond.

    As where one of several tasks has a last activation that is another one's.
    """
    batch = exam.typical
    free = exam.answers.right(batch) if exam.direct else exam.free_output(batch)
    alike = exam.constant(batch)
    if free is None or free.ndim != 2 or not 2 <= free.shape[1] <= _COLUMNS or alike is None:
        return []
    least = loss_of_fixed(exam.case, batch, free)
    parts = [part.reshape(-1, free.shape[1]) for part in seen if part.numel() % free.shape[1] == 0]
    if least is None or not math.isfinite(least) or len(parts) < len(seen):
        return []
    for place, (bound, below) in itertools.product(range(free.shape[1]), _KNOWN):
        column = torch.cat([part[:, place] for part in parts])
        inside = bool((column >= bound).all() if below else (column <= bound).all())
        if not inside or not bool(((column - bound).abs() < _NEAR).any()):
            continue
        held = free.clone()
        held[:, place] = free[:, place].clamp(**{"min" if below else "max": bound})
        loss = loss_of_fixed(exam.case, batch, held)
        if loss is None or not loss > least + _POOR * (alike - least):
            continue
        where = f"at {bound:.4g} or {'above' if below else 'below'}"
        text = (
            f"whatever is put in, number {place} of an answer stays {where}: the best answers have "
            f"the loss {least:.3g}, held so {loss:.3g}, and one for all {alike:.3g}"
        )
        return [Finding(Cause.OUTPUT_RANGE, "fault", text, where)]
    return []


def _pushed(exam: Exam, targets: Tensor, margin: float) -> list[Finding]:
    """Train outputs to be as low, and as high, as can be: what they do not reach, no loss will.

    An end to which outputs only come near, as those of a sigmoid, is seen by this alone.
    """
    if exam.case.trained or exam.one_progress >= FITTED or not exam.comparable:
        return []
    both = {sign: _ends(exam, sign) for sign in (1.0, -1.0)}
    if None in both.values() or not any(e[0] - e[2] > margin for e in both.values() if e):
        return []  # what cannot be moved at all is held by something else
    for sign, ends in both.items():
        below = sign > 0
        start, half, whole = ends or (0.0, 0.0, 0.0)
        beyond = sign * targets < whole - margin
        missed = float(beyond.float().mean())
        many = missed >= 2.0 * _MISSED or _most_is_lost(targets, sign * whole, beyond)
        if not many or half - whole > max(_CREEPS * (start - half), _CREEPS * margin):
            continue
        where = f"{'above' if below else 'below'} {sign * whole:.4g}"
        text = (
            f"trained for nothing but to be {'low' if below else 'high'}, outputs come to "
            f"{sign * whole:.4g} and no further; {100 * missed:.0f} % of the targets are "
            f"{'below' if below else 'above'}"
        )
        return [Finding(Cause.OUTPUT_RANGE, "fault", text, where, firm=missed >= _ALL)]
    return []


def _most_is_lost(targets: Tensor, bound: float, missed: Tensor) -> bool:
    """Whether a few targets beyond a bound, such as wet places, hold most of what differs."""
    if float(missed.float().mean()) < _RARE:
        return False
    lost = float((targets[missed] - bound).square().sum()) / len(targets)
    return lost > _LOST * float(targets.var())


def _ends(exam: Exam, sign: float) -> tuple[float, float, float] | None:
    """Give the lowest of sign * output at first, after half of the steps, and after all of them."""

    def pushed(model: nn.Module, batch: Batch) -> Tensor:
        return sign * exam.case.call(model, batch["inputs"]).float().mean()

    found = []
    for steps in (0, _PUSHES // 2, _PUSHES):
        remedy = Remedy("pushed", adam=_PUSH, no_decay=True, loss=pushed)
        trial = run_trial(exam.case, [exam.typical], steps, remedy=remedy, seed=exam.seed)
        if trial.broke:
            return None
        found.append(float((sign * exam.run(trial.model.eval(), exam.typical)).min()))
    if not all(map(math.isfinite, found)):
        return None
    return found[0], found[1], found[2]


def _scores(exam: Exam) -> list[Finding]:
    """See whether scores are held so narrowly that the best of them have a poor loss."""
    batch = exam.typical
    right, constant = exam.answers.right(batch), exam.constant(batch)
    best = None if right is None else loss_of_fixed(exam.case, batch, right)
    seen = _outputs(exam)
    if right is None or best is None or constant is None or constant <= best or not seen:
        return []
    if normalised(exam, batch):
        return []
    for bound, below in _clamps(seen):
        held = right.clamp(min=bound) if below else right.clamp(max=bound)
        least = loss_of_fixed(exam.case, batch, held)
        if least is None or least < best + _POOR * (constant - best):
            continue
        where = f"at {bound:.4g} or {'above' if below else 'below'}"
        text = (
            f"whatever is put in and whatever the weights, outputs stay {where}: the best of them "
            f"have the loss {least:.3g}, and it could be {best:.3g}"
        )
        return [Finding(Cause.OUTPUT_RANGE, "fault", text, where)]
    return []


def _wanted(exam: Exam) -> Tensor:
    """Give what outputs should reach: the targets, or what the loss asks for in their place."""
    if exam.comparable:
        return torch.cat([b["target"].float().flatten() for b in exam.train])
    free = [exam.free_output(batch) for batch in exam.learnt[:3]]
    found = [one.float().flatten() for one in free if one is not None]
    return torch.cat(found) if found else torch.zeros(0)


def _clamps(seen: Sequence[Tensor]) -> list[tuple[float, bool]]:
    """Give the bounds that all models share, whatever their weights, with some outputs at each."""
    found = []
    for below in (True, False):
        ends = [float(part.min() if below else part.max()) for part in seen]
        size = max(abs(end) for end in ends)
        at = [float((part == end).float().mean()) for part, end in zip(seen, ends, strict=True)]
        kinds = [len(torch.unique(part)) for part in seen]
        # one of them, that of large weights, may lie at both ends alone
        varied = min(kinds) > 1 and sum(count > 2 for count in kinds) >= len(kinds) - 1
        if varied and max(ends) - min(ends) <= _SAME * size and min(at) > _AT:
            found.append((ends[0], below))
    return found


def _large(exam: Exam) -> nn.Module:
    """Give the model with large weights drawn anew, whose outputs go to the ends of any range."""
    model = copy.deepcopy(exam.case.model)
    with torch.no_grad(), isolated_random(exam.seed, "doctor", "large"):
        for weight in model.parameters():
            if weight.is_floating_point():
                weight.copy_(_LARGE * torch.randn_like(weight))
    return model


def _outputs(exam: Exam) -> list[Tensor]:
    """Give outputs of three models on inputs as they are, much larger, and turned in sign."""
    found = []
    models: Sequence[nn.Module] = (
        copy.deepcopy(exam.case.model), exam.one.model, exam.all.model,
    )  # fmt: skip
    for model in (*models, _large(exam)):
        model.eval()
        parts: list[Tensor] = []
        for factor in (1.0, 1000.0, -1000.0):
            for batch in exam.train[:3]:
                inputs = {
                    name: value * factor if value.is_floating_point() else value
                    for name, value in batch["inputs"].items()
                }
                parts.append(exam.run(model, {**batch, "inputs": inputs}).float().flatten())
        outputs = torch.cat(parts)
        outputs = outputs[torch.isfinite(outputs)]
        if outputs.numel():
            found.append(outputs)
    return found
