"""Which targets a loss of values counts: small errors, what is common, rare, or high."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.counted import known_of, slope_of

__all__ = ["probe_weighed"]

_SMALL, _FAR = 0.5, 30.0  # deviations of the targets, by which answers are off
_DRAWS = 4
_NONE, _MOST = 0.05, 0.5  # share of the numbers that move the loss: next to none, and most
_COMMON = 0.2  # of the targets, that are about the same, as where it is dry
_RARE = 20  # targets that are not
_ABOUT = (0.02, 0.1, 0.25)  # deviations within which targets are about the same
_APART = 0.5  # deviations from which they are not
_LESS = 0.03  # of what a common target counts
_FEWEST = 20  # one of so many targets
_DECIDES = 0.28  # of the gradient, that those with the most of it have
_NEXT = 0.2  # of the usual size of a target, below which it is next to 0
_HIGH = 2.0  # deviations above the mean


@dataclass(frozen=True)
class _Slopes:
    """Mean size of the gradient at each number of a target, for small errors and for large ones."""

    target: Tensor
    known: Tensor
    small: Tensor
    far: Tensor

    def share(self, where: Tensor, *, small: bool = False) -> float:
        """Give the share of some numbers that move the loss."""
        moved = self.small > 0 if small else (self.small > 0) | (self.far > 0)
        return float(moved[where].float().mean())


def probe_weighed(exam: Exam) -> list[Finding]:
    """Ask for the gradient of the loss at answers that are off at random, target by target."""
    batch = exam.typical
    target = batch["target"]
    if exam.answers.kind != "values" or not target.is_floating_point() or exam.answers.spread <= 0:
        return []
    slopes = _slopes(exam, batch)
    if slopes is None or int(slopes.known.sum()) < _RARE:
        return []
    found = _blind_to_small(exam, slopes) or (_by_kind(exam, slopes) if target.ndim > 2 else [])
    return found or _nearest_to_zero(exam, slopes)


def _slopes(exam: Exam, batch: Batch) -> _Slopes | None:
    right = exam.answers.right(batch)
    if right is None or not bool(torch.isfinite(right).all()):
        return None
    drawn = torch.Generator().manual_seed(exam.seed)
    sizes = []
    for off in (_SMALL, _FAR):
        found = torch.zeros(right.shape)
        for _ in range(_DRAWS):
            noise = torch.randn(right.shape, generator=drawn).to(right)
            slope = slope_of(exam, batch, right + off * exam.answers.spread * noise)
            if slope is None or not bool(torch.isfinite(slope).all()):
                return None
            found += slope.abs().cpu() / _DRAWS
        sizes.append(found)
    target = batch["target"].float().cpu().reshape(right.shape)
    return _Slopes(target, known_of(exam, batch).reshape(right.shape), *sizes)


def _blind_to_small(exam: Exam, slopes: _Slopes) -> list[Finding]:
    """See whether errors as large as the targets differ cost nothing, and far larger ones do."""
    small = slopes.share(slopes.known, small=True)
    if small > _NONE or float((slopes.far > 0)[slopes.known].float().mean()) < _MOST:
        return []
    text = (
        f"errors of {_SMALL * exam.answers.spread:.3g} move the loss at {100 * small:.0f} % of the "
        f"places, and errors of {_FAR * exam.answers.spread:.3g} at most of them; the targets "
        f"have a deviation of {exam.answers.spread:.3g}"
    )
    return [Finding(Cause.LOSS_FLOOR, "fault", text, firm=True)]


def _nearest_to_zero(exam: Exam, slopes: _Slopes) -> list[Finding]:
    """See whether the few targets next to 0 decide, as where an error is divided by its target."""
    counts, size = slopes.small[slopes.known], slopes.target[slopes.known].abs()
    order = counts.argsort(descending=True)[: max(1, len(counts) // _FEWEST)]
    share = float(counts[order].sum() / counts.sum().clamp(min=1e-30))
    exam.figures["few_targets_count"] = share
    if share < _DECIDES or float(size[order].median()) > _NEXT * float(size.median()):
        return []
    text = (
        f"errors at the {len(order)} of {len(counts)} targets that are nearest to 0 make "
        f"{100 * share:.0f} % of the gradient: all others hardly count"
    )
    return [Finding(Cause.LOSS_FLOOR, "suspect", text)]


def _usual(values: Tensor, spread: float) -> tuple[float, float]:
    """Give a value that a fifth of the targets are near, and how near, as narrow as may be."""
    usual = near = 0.0
    for about in _ABOUT:
        near = about * spread
        usual = float(torch.round(values / near).mode().values) * near
        if float(((values - usual).abs() <= near).float().mean()) >= _COMMON:
            break
    return usual, near


def _by_kind(exam: Exam, slopes: _Slopes) -> list[Finding]:
    """Compare what common targets count, such as those of dry places, with all others."""
    spread = exam.answers.spread
    values = slopes.target[slopes.known]
    usual, about = _usual(values, spread)
    common = slopes.known & ((slopes.target - usual).abs() <= about)
    others = slopes.known & ((slopes.target - usual).abs() > _APART * spread)
    high = slopes.known & (slopes.target > float(values.mean()) + _HIGH * spread)
    if int(high.sum()) >= _RARE and slopes.share(high) <= _NONE:
        text = (
            f"whatever the answers, the {int(high.sum())} targets above "
            f"{float(slopes.target[high].min()):.3g} do not move the loss"
        )
        return [Finding(Cause.LOSS_IGNORES, "fault", text, "the highest targets")]
    if float(common.sum()) < _COMMON * float(slopes.known.sum()) or int(others.sum()) < _RARE:
        return []
    if slopes.share(common) <= _NONE < slopes.share(others):
        text = f"whatever the answers, targets of about {usual:.3g} do not move the loss"
        text += f"; they are {100 * float(common.sum() / slopes.known.sum()):.0f} % of all"
        return [Finding(Cause.LOSS_IGNORES, "fault", text, f"targets of about {usual:.3g}")]
    counted = float(slopes.small[others].mean() / slopes.small[common].mean().clamp(min=1e-30))
    exam.figures["rare_targets_count"] = min(counted, 1e6)
    if counted > _LESS:
        return []
    text = (
        f"an error where the target is not about {usual:.3g}, as at "
        f"{100 * float(others.sum() / slopes.known.sum()):.0f} % of the places, counts for "
        f"{counted:.2g} of one elsewhere"
    )
    return [Finding(Cause.MAJORITY_COLLAPSE, "fault", text, firm=True)]
