"""What can be learnt from the inputs at all: ridge regression and nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inundate.prove.answers import of_classes
from inundate.prove.case import Batch
from inundate.prove.exam import Exam, Skill
from inundate.prove.judge import sign_flip_p
from inundate.prove.probe.ahead import is_next
from inundate.prove.probe.data import gather
from inundate.prove.ragged import is_apart

__all__ = [
    "around",
    "local_features",
    "plain_skill",
    "reference_skill",
    "sample_features",
    "targets_of",
]

_MOST = 1024  # features of a sample
_BUCKETS = 512  # of hashed tokens and pairs of tokens
_PENALTIES = (0.1, 3.0, 100.0)
_NEIGHBOURS = 5
_FEW = 100  # samples, of which nothing can be said


def targets_of(batches: Sequence[Batch]) -> Tensor | None:
    """Lay all targets together; None where their shapes differ."""
    parts = [batch["target"] for batch in batches]
    return torch.cat(parts) if len({tuple(p.shape[1:]) for p in parts}) == 1 else None


def sample_features(batches: Sequence[Batch]) -> Tensor | None:
    """Give (N, F): values of all inputs, thinned out; counts of tokens and of pairs of them.

    None where inputs have no row for each sample. The answers so far, which a model that writes
    word by word is given, say too much as a whole.
    """
    found: list[Tensor] = []
    given = batches[0]["inputs"]
    if not all(is_apart(batch) for batch in batches):
        return None
    told = [name for name, value in given.items() if is_next(value, batches[0]["target"])]
    for name, tensor in given.items():
        if name in told and len(told) < len(given):
            continue
        values = gather(batches, name)
        if values is None:
            return None
        if tensor.is_floating_point():
            flat = values.reshape(len(values), -1).float()
            step = -(-flat.shape[1] // _MOST)
            found.append(flat[:, ::step])
        elif values.ndim == 2:
            found += _token_counts(values.long())
        elif values.ndim == 1:
            found.append(_counts(values.long()[:, None] % _BUCKETS))
    return torch.cat(found, 1) if found else None


def _token_counts(tokens: Tensor) -> list[Tensor]:
    """Count tokens, ordered pairs of neighbours, and which token comes first."""
    pairs = tokens[:, :-1] * 7919 + tokens[:, 1:] + 104729  # primes: a hash that spreads
    return [_counts(tokens % _BUCKETS), _counts(pairs % _BUCKETS)]


def _counts(buckets: Tensor) -> Tensor:
    found = torch.zeros(len(buckets), _BUCKETS)
    return found.scatter_add_(1, buckets, torch.ones_like(buckets, dtype=torch.float32))


def reference_skill(exam: Exam) -> Skill | None:
    """Score simple learners on the validation samples, the best of them.

    Returns
    -------
    Skill or None
        None where inputs or targets have no common shape, or outputs are not of the target's kind.
    """
    if not exam.comparable:
        return None
    train, valid = exam.learnt, exam.valid
    target, other = targets_of(train), targets_of(valid)
    if target is None or other is None or (target.ndim and len(target) < 10):
        return None
    tried = [_by_sample(exam, train, valid, target), _by_place(exam, train, valid, target)]
    batch = {**_rest(valid), "target": other, "inputs": {}}
    constants = [exam.error(c, batch) for c in exam.answers.constants(batch)]
    if exam.answers.kind == "classes" and other.ndim == 1:
        # the commonest class of few samples is another one in validation by chance
        constants += [(other != other.mode().values).float()]
    trivial = min(constants, key=lambda e: float(e.mean())).double().numpy()
    best: Skill | None = None
    outputs = [one for found in tried for one in found]
    for output in outputs:
        errors = exam.error(output, batch).double().numpy()
        value = 1.0 - float(errors.mean() / max(trivial.mean(), 1e-30))
        chance = len(outputs) * sign_flip_p(trivial - errors, seed=exam.seed)  # the best of several
        skill = Skill(value, min(chance, 1.0), 0.0)
        if best is None or skill.value > best.value:
            best = skill
    return best


def plain_skill(exam: Exam) -> Skill | None:
    """Score simple learners of the targets themselves, whatever the model's outputs are.

    As where those are logarithms of rates, quantiles, or a mean and a variance.

    Returns
    -------
    Skill or None
        None where inputs or targets have no common shape, or targets are not measured.
    """
    train, valid = exam.learnt, exam.valid
    target, other = targets_of(train), targets_of(valid)
    if target is None or other is None or not target.is_floating_point() or len(target) < _FEW:
        return None
    wanted, right = (part.float().nan_to_num().reshape(len(part), -1) for part in (target, other))
    pair = _standard(train, valid)
    if pair is None or wanted.shape[1] > _MOST:
        return None
    guesses = [_neighbours(*pair, wanted)]
    guesses += [_ridge(*pair, wanted, penalty) for penalty in _PENALTIES]
    trivial = (right - wanted.mean(0)).square().mean(1).double().numpy()
    errors = [(right - guess).square().mean(1).double().numpy() for guess in guesses]
    best = min(errors, key=lambda found: float(found.mean()))
    value = 1.0 - float(best.mean() / max(trivial.mean(), 1e-30))
    return Skill(value, sign_flip_p(trivial - best, seed=exam.seed), 0.0)


def _standard(train: Sequence[Batch], valid: Sequence[Batch]) -> tuple[Tensor, Tensor] | None:
    """Give the features of both parts by the mean and deviation of training."""
    inputs, asked = sample_features(train), sample_features(valid)
    if inputs is None or asked is None or inputs.shape[1] != asked.shape[1]:
        return None
    mean, scale = inputs.mean(0), inputs.std(0).clamp(min=1e-6)
    return (inputs - mean) / scale, ((asked - mean) / scale).clamp(-10, 10)


def _rest(batches: Sequence[Batch]) -> Batch:
    """Lay together what batches hold besides inputs and target, such as a mask."""
    names = [n for n, v in batches[0].items() if isinstance(v, Tensor) and n != "target" and v.ndim]
    return {name: torch.cat([batch[name] for batch in batches]) for name in names}


def _by_sample(
    exam: Exam, train: Sequence[Batch], valid: Sequence[Batch], target: Tensor
) -> list[Tensor]:
    """Predict from all of a sample: ridge regression and nearest neighbours."""
    pair = _standard(train, valid)
    if pair is None:
        return []
    inputs, asked = pair
    wanted = _numbers(exam, target)  # (N, K)
    shape = (len(asked), *exam.output.shape[1:])
    guesses = [_neighbours(inputs, asked, wanted)]
    if wanted.shape[1] <= 4096:
        guesses += [_ridge(inputs, asked, wanted, penalty) for penalty in _PENALTIES]
    return [_as_output(exam, guess, shape) for guess in guesses if guess.numel() == np.prod(shape)]


def _numbers(exam: Exam, target: Tensor) -> Tensor:
    if exam.answers.kind == "classes":
        classes = len(exam.answers.prior)
        one_hot = functional.one_hot(of_classes(target, classes), classes).float()
        return one_hot.reshape(len(target), -1)
    return target.float().nan_to_num().reshape(len(target), -1)


def _ridge(inputs: Tensor, asked: Tensor, wanted: Tensor, penalty: float) -> Tensor:
    mean = wanted.mean(0)
    gram = inputs @ inputs.T if len(inputs) < inputs.shape[1] else inputs.T @ inputs
    eye = torch.eye(len(gram)) * penalty * inputs.shape[1] ** 0.5
    if len(inputs) < inputs.shape[1]:
        weights: Tensor = inputs.T @ torch.linalg.solve(gram + eye, wanted - mean)
    else:
        weights = torch.linalg.solve(gram + eye, inputs.T @ (wanted - mean))
    return asked @ weights + mean


def _neighbours(inputs: Tensor, asked: Tensor, wanted: Tensor) -> Tensor:
    near = torch.cdist(asked, inputs).topk(min(_NEIGHBOURS, len(inputs)), largest=False).indices
    return wanted[near].mean(1)


def _as_output(exam: Exam, guess: Tensor, shape: tuple[int, ...]) -> Tensor:
    if exam.answers.kind == "logits":
        guess = torch.logit(guess.clamp(1e-3, 1 - 1e-3))
    if exam.answers.kind == "classes" and len(shape) > 2:
        classes = len(exam.answers.prior)
        return guess.reshape(shape[0], -1, classes).movedim(-1, 1).reshape(shape)
    return guess.reshape(shape)


def local_features(
    batches: Sequence[Batch], size: tuple[int, ...], *, blocks: bool = False
) -> Tensor | None:
    """Give (N, C, H, W): each input, its means around, and its mean over the sample.

    Inputs on another grid are brought to the target's; values of a whole sample stand everywhere.
    With ``blocks`` a finer input gives the mean, the least and the most of what lies in a cell.
    """
    maps = []
    for name, tensor in batches[0]["inputs"].items():
        values = gather(batches, name)
        if values is None or not tensor.is_floating_point():
            continue
        if values.ndim == 5:  # frames of maps: means over frames
            values = values.mean(1)
        if values.ndim == 4:
            values = values.float()
            if blocks and values.shape[2] > size[0] and values.shape[3] > size[1]:
                cells = (size[0], size[1])
                most = (functional.adaptive_max_pool2d(sign * values, cells) for sign in (1, -1))
                values = torch.cat([functional.adaptive_avg_pool2d(values, cells), *most], 1)
            if tuple(values.shape[2:]) != size:
                values = functional.interpolate(values, size=size, mode="nearest")
            maps.append(values[:, :48])
    if not maps:
        return None
    return around(torch.cat(maps, 1))


def around(maps: Tensor) -> Tensor:
    """Give maps (N, C, H, W), their means around each place, and those of the sample."""
    near = [functional.avg_pool2d(maps, k, 1, k // 2, count_include_pad=False) for k in (3, 9)]
    whole = maps.mean((2, 3), keepdim=True).expand_as(maps)
    return torch.cat([maps, *near, whole], 1)


def _by_place(
    exam: Exam, train: Sequence[Batch], valid: Sequence[Batch], target: Tensor
) -> list[Tensor]:
    """Predict each place of a map from what is around it."""
    if target.ndim != 4 or exam.answers.kind != "values" or target.shape[1] > 16:
        return []
    size = tuple(target.shape[2:])
    inputs, asked = local_features(train, size), local_features(valid, size)
    if inputs is None or asked is None or inputs.shape[1] != asked.shape[1]:
        return []
    rows = inputs.movedim(1, -1).reshape(-1, inputs.shape[1])
    wanted = target.float().nan_to_num().movedim(1, -1).reshape(-1, target.shape[1])
    step = -(-len(rows) // 20000)
    mean, scale = rows.mean(0), rows.std(0).clamp(min=1e-6)
    flat = ((asked.movedim(1, -1).reshape(-1, inputs.shape[1]) - mean) / scale).clamp(-10, 10)
    guess = _ridge(((rows - mean) / scale)[::step], flat, wanted[::step], 1.0)
    return [guess.reshape(len(asked), *size, -1).movedim(-1, 1)]
