"""Training samples whose input was turned or moved and whose target was not."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.reference import local_features, targets_of
from inundate.prove.probe.relation import TURNS, explained

__all__ = ["probe_turned"]

_TOLD = 0.15  # of the variance, that what is around a place explains in validation
_FEWER = 0.25  # of the samples: so many fewer lie as they should in training
_MOST = 0.6  # of the samples in training, from which most lie as they should
_AS_WELL = 0.9  # times what is explained in validation: training maps lie as they should
_WORSE = 1.5  # times the error in validation, with the best turn of each training sample
_SHIFTS = (-8, -4, -2, 2, 4, 8)  # cells
_BETTER = 0.15  # by how much a moved target must be explained better
_OTHERS = 0.7  # of the samples that do not lie right, whose batch has a nearer target
_DIFFERENT = 0.5  # of those, that the nearest targets are different ones
_SIDE = 8  # cells along each side
_CLASSES = 4


def probe_turned(exam: Exam) -> list[Finding]:
    """Learn from validation maps how targets lie, and look at each training map."""
    if exam.case.valid is None:
        return []
    train, valid = _maps(exam, "train"), _maps(exam, "valid")
    if train is None or valid is None or train[0].shape[1:] != valid[0].shape[1:]:
        return []
    if train[1].shape[2:] != valid[1].shape[2:] or len(valid[0]) < 8:
        return []
    kinds = range(min(train[1].shape[1], valid[1].shape[1]))
    pairs = [((train[0], train[1][:, [k]]), (valid[0], valid[1][:, [k]])) for k in kinds]
    told = [explained(*pair[1])[0] for pair in pairs]
    best = max(kinds, key=lambda k: told[k])
    exam.figures["explained_in_validation"] = told[best]
    return _alone(exam, told[best], *pairs[best]) or _moved(pairs[best][0])


def _maps(exam: Exam, part: str) -> tuple[Tensor, Tensor] | None:
    """Give what is around each place (N, F, H, W) and what its target is there (N, K, H, W)."""
    batches = exam.train if part == "train" else exam.valid
    target = targets_of(batches)
    if target is None or target.ndim not in (3, 4) or min(target.shape[-2:]) < _SIDE:
        return None
    if target.ndim == 3 and not target.is_floating_point():
        kinds = [kind for kind in range(_CLASSES) if 0 < (target == kind).float().mean() < 1]
        if not kinds:
            return None
        target = torch.stack([(target == kind).float() for kind in kinds], 1)
    else:
        target = target.float().nan_to_num()
        target = target[:, None] if target.ndim == 3 else target.mean(1, keepdim=True)
    features = local_features(batches, tuple(target.shape[2:]))
    return None if features is None else (features, target)


def _alone(
    exam: Exam, told: float, train: tuple[Tensor, Tensor], valid: tuple[Tensor, Tensor]
) -> list[Finding]:
    if told < _TOLD or train[1].shape[-1] != train[1].shape[-2]:
        return []
    by_itself = explained(*train)[0]
    exam.figures["explained_in_training"] = by_itself
    if by_itself >= _AS_WELL * told:
        return []  # what holds in validation fails for inputs that are prepared otherwise alone
    guess, own = (_guess(valid, part[0]) for part in (train, valid))
    here, there = _as_they_are(guess, train[1]), _as_they_are(own, valid[1])
    usual = float((own - valid[1]).square().mean())
    turned = here <= min(_MOST, there - _FEWER)
    other = _of_others(exam, guess, train[1], _WORSE * usual) if turned else 0.0
    if other > _OTHERS:
        text = (
            f"what is around a place tells the target best with the target as it is in "
            f"{100 * there:.0f} % of the validation samples, and in {100 * here:.0f} % of the "
            f"training samples; of the others {100 * other:.0f} % are nearer to the target of "
            "another sample of their batch than to their own, however that is turned"
        )
        return [Finding(Cause.TARGETS_MISPAIRED, "fault", text)]
    if _least(guess, train[1]) > _WORSE * usual:
        return []  # no turn makes training maps fit: they differ from validation otherwise
    exam.figures |= {"lie_right_train": here, "lie_right_valid": there}
    if not turned:
        return []
    text = (
        f"what is around a place tells the target best with the target as it is in "
        f"{100 * there:.0f} % of the validation samples, and in {100 * here:.0f} % of the training "
        "samples; in the others with the target turned or mirrored"
    )
    subject = "inputs are turned or mirrored in training, and targets are not"
    return [Finding(Cause.AXES_MIXED, "fault", text, subject)]


def _of_others(exam: Exam, guess: Tensor, target: Tensor, least: float) -> float:
    """Give how many targets that do not lie right are outdone by that of a sample beside them.

    Those of a mixture whose shares are exchanged, or that were put in another order. Only where
    those others fit as well as targets in validation do; one that is near to all says nothing.
    """
    errors = _errors(guess, target)
    wrong = errors.argmin(0) != list(TURNS).index("as it is")
    nearest, which, begin = [], [], 0
    for size in (len(batch["target"]) for batch in exam.train):
        part = slice(begin, begin + size)
        away = (guess[part][:, None] - target[part][None]).square().mean((2, 3, 4))
        one = away.fill_diagonal_(float("inf")).min(1)
        nearest.append(one.values)
        which.append(one.indices + begin)
        begin += size
    found = torch.cat(nearest)
    different = len(torch.unique(torch.cat(which)[wrong])) / max(int(wrong.sum()), 1)
    if float(found[wrong].median()) > least or different < _DIFFERENT:
        return 0.0
    return float((found < errors.amin(0))[wrong].float().mean())


def _guess(known: tuple[Tensor, Tensor], asked: Tensor) -> Tensor:
    """Predict targets (N, 1, H, W) by a line in what is around each place."""
    features, target = known
    rows = features.movedim(1, -1).reshape(-1, features.shape[1])
    step = -(-len(rows) // 20000)
    mean, scale = rows.mean(0), rows.std(0).clamp(min=1e-6)
    fit = ((rows - mean) / scale)[::step]
    wanted = target.movedim(1, -1).reshape(-1, 1)[::step]
    middle = wanted.mean(0)
    gram = fit.T @ fit + torch.eye(fit.shape[1]) * 1e-3 * len(fit)
    weights = torch.linalg.solve(gram, fit.T @ (wanted - middle))
    flat = ((asked.movedim(1, -1).reshape(-1, features.shape[1]) - mean) / scale).clamp(-10, 10)
    guess: Tensor = flat @ weights + middle
    return guess.reshape(len(asked), *target.shape[2:], 1).movedim(-1, 1)


def _errors(guess: Tensor, target: Tensor) -> Tensor:
    """Give the mean square error of each sample with each turn of its target (turns, N)."""
    ways = [turn(target) for turn in TURNS.values()]
    return torch.stack([(guess - way).square().mean((1, 2, 3)) for way in ways])


def _least(guess: Tensor, target: Tensor) -> float:
    """Give the mean square error with the turn that fits each sample best."""
    errors = _errors(guess, target)
    return float(errors.amin(0).mean())


def _as_they_are(guess: Tensor, target: Tensor) -> float:
    """Give the share of samples whose target fits best as it is."""
    errors = _errors(guess, target)
    return float((errors.argmin(0) == list(TURNS).index("as it is")).float().mean())


def _moved(train: tuple[Tensor, Tensor]) -> list[Finding]:
    """See whether targets follow far better from places some cells away."""
    features, target = train
    ways = [(0, 0)] + [(s, 0) for s in _SHIFTS] + [(0, s) for s in _SHIFTS]
    ways = [way for way in ways if abs(max(way, key=abs)) <= min(target.shape[2:]) // 2]
    found = explained(features, torch.cat([target.roll(way, (2, 3)) for way in ways], 1))
    best = max(range(len(ways)), key=lambda i: found[i])
    here = max(found[0], 0.0)
    if found[best] < here + _BETTER or found[best] < 1.5 * here:
        return []
    down, right = ways[best]
    cells = f"{abs(down or right)} cells {'down' if down > 0 else 'up'}"
    if right:
        cells = f"{abs(right)} cells to the {'right' if right > 0 else 'left'}"
    text = (
        f"what is around a place explains {100 * here:.0f} % of the target there, and "
        f"{100 * found[best]:.0f} % if the target is moved {cells}"
    )
    subject = f"the target would have to be moved {cells}"
    return [Finding(Cause.AXES_MIXED, "suspect", text, subject)]
