"""The data loader: does it starve, repeat, sort, or pair inputs with other targets."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding

__all__ = ["probe_loader", "sample_keys"]

_FEW = 0.5  # share of different samples in an epoch below which a loader repeats itself
_SORTED = 0.5  # share of the variety of all samples that a batch has, below which it is sorted
_MANY = 6  # batches from which order can be judged


def sample_keys(batches: Sequence[Batch], *, target: bool = False) -> list[list[bytes]]:
    """Give a key for each sample of each batch, the same for the same inputs (or target)."""
    found = []
    for batch in batches:
        tensors = [batch["target"]] if target else list(batch["inputs"].values())
        arrays = [t.detach().cpu().contiguous() for t in tensors if t.ndim]
        found.append([_key([a[row] for a in arrays]) for row in range(len(batch["target"]))])
    return found


def _key(parts: Sequence[Tensor]) -> bytes:
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(part.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.digest()


def probe_loader(exam: Exam) -> list[Finding]:
    """Go through two epochs of the training data."""
    found = _starves(exam)
    if found or _alike(exam):
        return found  # samples that are all alike are the fault of who made them
    return _repeats(exam) or _mispaired(exam) or _sorted(exam)


def _starves(exam: Exam) -> list[Finding]:
    seen = [len(exam.train), len(exam.again)]
    whole = seen[0] < exam.effort.batches
    if whole and seen[1] < 0.9 * seen[0]:
        text = f"the first epoch has {seen[0]} batches, the second {seen[1]}"
        return [Finding(Cause.LOADER_STARVES, "fault", text)]
    try:
        told = len(exam.case.train)  # type: ignore[arg-type]
    except TypeError:
        return []
    if whole and seen[0] < 0.9 * told:
        text = f"an epoch has {seen[0]} batches; the loader says {told}"
        return [Finding(Cause.LOADER_STARVES, "fault", text)]
    return _skips(exam)


def _skips(exam: Exam) -> list[Finding]:
    """Compare what an epoch gives with the data set behind a torch loader, if there is one."""
    behind = getattr(exam.case.train, "dataset", None)
    samples = sum(len(batch["target"]) for batch in exam.train)
    if behind is None or not hasattr(behind, "__len__") or len(exam.train) >= exam.effort.batches:
        return []
    if samples >= 0.5 * len(behind):
        return []
    text = f"an epoch has {samples} samples; the data set behind it has {len(behind)}"
    return [Finding(Cause.LOADER_STARVES, "fault", text)]


def _repeats(exam: Exam) -> list[Finding]:
    keys = sample_keys(exam.train)
    flat = [key for batch in keys for key in batch]
    different = len(set(flat)) / len(flat)
    exam.figures["different_samples"] = different
    if len(keys) < 3 or different >= _FEW:
        return []
    most = Counter(flat).most_common(1)[0][1]
    same = max(Counter(tuple(sorted(batch)) for batch in keys).values())
    # short texts repeat by themselves; a loader that repeats gives whole batches or one sample
    if same < 2 and most < max(3, 0.02 * len(flat)):
        return []
    text = (
        f"of {len(flat)} samples in {len(keys)} batches {len(set(flat))} are different; the same "
        f"batch comes up to {same} times, the same sample {most} times"
    )
    return [Finding(Cause.LOADER_REPEATS, "fault", text)]


def _alike(exam: Exam) -> bool:
    """Whether all inputs are the same though targets are not."""
    inputs, targets = (
        {key for batch in sample_keys(exam.train, target=which) for key in batch}
        for which in (False, True)
    )
    return len(inputs) == 1 and len(targets) > 1


def _mispaired(exam: Exam) -> list[Finding]:
    inputs = [key for batch in sample_keys(exam.train) for key in batch]
    targets = [key for batch in sample_keys(exam.train, target=True) for key in batch]
    held = dict(zip(inputs, targets, strict=True))
    other_inputs = [key for batch in sample_keys(exam.again) for key in batch]
    other_targets = [key for batch in sample_keys(exam.again, target=True) for key in batch]
    pairs = [
        (held[key], value)
        for key, value in zip(other_inputs, other_targets, strict=True)
        if key in held
    ]
    unlike = sum(one != other for one, other in pairs)
    if len(pairs) < 10 or unlike < 0.2 * len(pairs):
        return []
    text = (
        f"of {len(pairs)} inputs that came in two epochs {unlike} had another target in the second"
    )
    return [Finding(Cause.TARGETS_MISPAIRED, "fault", text)]


def _sorted(exam: Exam) -> list[Finding]:
    targets = [batch["target"] for batch in exam.train]
    if len(targets) < _MANY or min(len(t) for t in targets[:-1]) < 4:
        return []
    if targets[0].is_floating_point():
        return _sorted_values(targets)
    return _sorted_classes(targets) if targets[0].ndim == 1 else []


def _sorted_classes(targets: Sequence[Tensor]) -> list[Finding]:
    everything = torch.cat(list(targets))
    whole = _entropy(everything)
    within = float(np.mean([_entropy(t) for t in targets]))
    if whole < 0.1 or within >= _SORTED * whole:
        return []
    text = (
        f"a batch has on average {np.exp(within):.2f} classes of {np.exp(whole):.2f} "
        "(exponential of the entropy)"
    )
    return [Finding(Cause.LOADER_SORTED, "fault", text)]


def _entropy(classes: Tensor) -> float:
    _, counts = torch.unique(classes, return_counts=True)
    share = counts.double() / counts.sum()
    return float(-(share * share.log()).sum())


def _sorted_values(targets: Sequence[Tensor]) -> list[Finding]:
    """Compare how batch means differ with how they would if samples were drawn at random."""
    means = [t.double().reshape(len(t), -1).nanmean(1) for t in targets]
    everything = torch.cat(means)
    usual = float(everything.var()) / float(np.mean([len(m) for m in means]))
    seen = float(torch.stack([m.mean() for m in means]).var())
    if usual <= 0 or seen < 5.0 * usual:  # F with 6 and more degrees: below 0.1 % by chance
        return []
    text = (
        f"the mean target differs between batches {seen / usual:.1f} times as much as it would if "
        "samples were drawn at random"
    )
    return [Finding(Cause.LOADER_SORTED, "fault", text)]
