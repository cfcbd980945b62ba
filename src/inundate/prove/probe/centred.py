"""A feature of a series that was made with later values of another one, as a centred mean is."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.reference import targets_of

__all__ = ["probe_centred"]

_SIDE = 6  # steps to either side that are looked at, at most
_PARTS = 3  # sides that a window must hold: two around a step, and one that may be filled otherwise
_FEATURES = 12
_ROWS = 4000
_EXACT = 1e-4  # of the mean square from step to step, that rounding leaves
_LEFT = 1e-2  # of the same, that what was until then leaves
_COUNTS = 1e-2  # of the largest weight
_LIKE = 0.02  # of the largest weight, by which those of the two sides differ
_TOLD = 0.5  # of what the window leaves of the last step, that is left with the target
_NUMBERS = 24  # of a target


def probe_centred(exam: Exam) -> list[Finding]:
    """Look for a feature that is a sum of another one around each step, of both sides alike.

    As a centred mean, a smoothed series and a difference of the neighbours are: at the last step
    of a window they hold what is to be forecast, unless they were made of the window alone. What
    brings something about stands before it, and goes with no such sum.
    """
    target = targets_of(exam.train)
    if target is None or not target.is_floating_point() or target[0].numel() > _NUMBERS:
        return []
    wanted = target.reshape(len(target), -1).double()
    for name, value in exam.train[0]["inputs"].items():
        series = _by_time(gather(exam.train, name), value)
        for made, of in _pairs(series):
            if series is None or len(series) != len(wanted):
                continue
            one, other = series[..., made], series[..., of]
            if not _two_sided(one, other) or not _tells(one, other, wanted):
                continue
            text = (
                f"feature {made} of {name!r} is at each step a sum of feature {of} of the steps "
                "before and behind it, which count alike: at the last step of a window it tells "
                "the target"
            )
            return [Finding(Cause.TARGET_IN_INPUT, "fault", text, f"{name!r}, feature {made}")]
    return []


def _by_time(values: Tensor | None, value: Tensor) -> Tensor | None:
    """Give a series of several features as (N, T, C), with its longer axis as time."""
    if values is None or value.ndim != 3 or not value.is_floating_point():
        return None
    values = values if values.shape[1] >= values.shape[2] else values.transpose(1, 2)
    fits = values.shape[1] > _PARTS and 2 <= values.shape[2] <= _FEATURES
    return values.double() if fits and bool(torch.isfinite(values).all()) else None


def _side(series: Tensor) -> int:
    """Give the steps to either side that a series (N, T) is long enough for."""
    return min(_SIDE, (series.shape[1] - 1) // _PARTS)


def _pairs(series: Tensor | None) -> list[tuple[int, int]]:
    many = 0 if series is None else series.shape[2]
    return [(made, of) for made in range(many) for of in range(many) if made != of]


def _two_sided(made: Tensor, of: Tensor) -> bool:
    """Whether a series (N, T) is a sum of another one of as many steps before and behind."""
    side = _side(of)
    windows = of.unfold(1, 2 * side + 1, 1)[:, :-side]  # the last steps may be filled otherwise
    wanted = made[:, side : side + windows.shape[1]]
    rows, numbers = windows.reshape(-1, 2 * side + 1), wanted.reshape(-1)
    step = -(-len(rows) // _ROWS)
    rows, numbers = rows[::step] - rows[::step].mean(0), numbers[::step] - numbers[::step].mean()
    spread = float(made.diff(dim=1).square().mean())  # of a slow series, too
    if spread <= 0 or len(rows) < 4 * rows.shape[1]:
        return False
    weights, left = _fit(rows, numbers)
    if left > _EXACT * spread:
        return False
    before, behind = weights[:side].flip(0), weights[side + 1 :]
    most = float(weights.abs().max())
    if int((behind.abs() > _COUNTS * most).sum()) < 1:
        return False
    alike = min(float((before - behind).abs().max()), float((before + behind).abs().max()))
    return alike < _LIKE * most and _fit(rows[:, : side + 1], numbers)[1] > _LEFT * spread


def _tells(made: Tensor, of: Tensor, wanted: Tensor) -> bool:
    """Whether what the window leaves open of its last step is told by the target (N, K)."""
    last, window = made[:, -1] - made[:, -1].mean(), of[:, -2 * _side(of) - 1 :]
    rows = torch.cat([window, wanted], 1)
    rows = rows - rows.mean(0)
    if len(rows) < 4 * rows.shape[1] or not bool(torch.isfinite(rows).all()):
        return False
    left, rest = _fit(rows[:, : window.shape[1]], last)[1], _fit(rows, last)[1]
    return left > _EXACT * float(made.diff(dim=1).square().mean()) and rest < _TOLD * left


def _fit(rows: Tensor, numbers: Tensor) -> tuple[Tensor, float]:
    """Give the weights of a sum, and the mean square that it leaves."""
    gram = rows.T @ rows
    gram = gram + 1e-10 * float(gram.diagonal().mean()) * torch.eye(len(gram), dtype=gram.dtype)
    weights: Tensor = torch.linalg.solve(gram, rows.T @ numbers)
    return weights, float((numbers - rows @ weights).square().mean())
