"""Weights beside those that the layers would draw by themselves."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from inundate.learn.random_state import isolated_random
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.known import worth
from inundate.prove.trial import Remedy, Trial, draw_anew

__all__ = ["odd_weights", "probe_fresh"]

_LARGER = 5.0  # times the size that a layer draws
_SMALLER = 0.01
_ONE_SIGN = 0.6  # mean over size, of weights that are drawn around 0
_NUMBERS = 16  # of a tensor, from which its size and mean mean something
_QUICKER = 0.2  # of the way, on average over the steps, that fresh weights are ahead


def probe_fresh(exam: Exam) -> list[Finding]:
    """See whether one batch is learnt far quicker from weights that the layers draw themselves.

    Asked only of weights that are of another size than those, or all of one sign.
    """
    if exam.case.trained or not worth(exam, Cause.SATURATED, Cause.BAD_START):
        return []
    odd = odd_weights(exam)
    if not odd:
        return []
    fresh = Remedy("with fresh weights", fresh=True)
    steps = exam.effort.remedy
    own, other = _pace(exam, exam.one, steps), _pace(exam, exam.try_one(fresh), steps)
    exam.figures |= {"pace": own, "pace, with fresh weights": other}
    text = f"weights that no layer draws by itself: {'; '.join(odd[:3])}"
    if other < own + _QUICKER:
        return []
    text += (
        f"; over {steps} steps on one batch the training is on average {100 * own:.0f} % of the "
        f"way to the right answer, with fresh weights {100 * other:.0f} %"
    )
    held = [f for f in exam.findings if f.cause is Cause.SATURATED]
    cause = Cause.SATURATED if held or _gates(odd) else Cause.BAD_START
    subject = held[0].subject if held else odd[0].split(" ")[0]
    return [Finding(cause, "fault", text, subject, tried=True, firm=True)]


def _gates(odd: list[str]) -> bool:
    """Whether only biases of a recurrent layer are odd: gates that stay open or closed."""
    return all(".bias_" in f".{name}" for name in odd)


def odd_weights(exam: Exam) -> list[str]:
    """Name the tensors of weights that differ from what their layers draw."""
    given, drawn = copy.deepcopy(exam.case.model), copy.deepcopy(exam.case.model)
    with torch.no_grad(), isolated_random(exam.seed, "doctor", "fresh"):
        draw_anew(drawn)
    found = []
    fresh = dict(drawn.named_parameters())
    for name, weight in given.named_parameters():
        said = _unlike(_real(weight.detach()).float(), _real(fresh[name].detach()).float())
        if said and weight.requires_grad:
            found.append(f"{name} {said}")
    return found


def _real(weight: Tensor) -> Tensor:
    return torch.view_as_real(weight) if weight.is_complex() else weight


def _unlike(given: Tensor, drawn: Tensor) -> str:
    if given.numel() < _NUMBERS and given.numel() > 1:
        most = float(given.abs().max())
        away = given.ndim == 1 and most > 100 * max(float(drawn.abs().max()), 0.1)
        return f"goes up to {most:.3g}" if away else ""
    size, usual = (float(one.square().mean().sqrt()) for one in (given, drawn))
    if usual <= 0 or size == usual:
        return ""
    if given.numel() == 1:  # the one number of a last bias
        return f"is {float(given.flatten()[0]):.3g}" if size > 100 * max(usual, 0.1) else ""
    # a bias of 0 is usual, whatever the layer draws
    if size > _LARGER * usual or (given.ndim > 1 and size < _SMALLER * usual):
        return f"is {size / usual:.3g} times as large"
    sides = [abs(float(one.mean())) / max(s, 1e-30) for one, s in ((given, size), (drawn, usual))]
    if given.ndim > 1 and sides[0] > _ONE_SIGN and sides[1] < _ONE_SIGN / 2:
        return f"has the mean {float(given.mean()):.3g} at a size of {size:.3g}"
    return ""


def _pace(exam: Exam, trial: Trial, steps: int) -> float:
    """Give how far a training is on average over its first steps, between -1 and 1."""
    best, constant = exam.levels([exam.typical])
    if constant <= best or not trial.losses:
        return 0.0
    losses = trial.losses[:steps]
    losses = losses + [losses[-1]] * (steps - len(losses))
    way = (constant - torch.tensor(losses).double()) / (constant - best)
    return float(way.nan_to_num(-1.0).clamp(-1.0, 1.0).mean())
