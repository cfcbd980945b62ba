"""Each input by itself, over two epochs: is it its sample's own, or drawn anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.loader import key_of

__all__ = ["probe_each_input"]

_PAIRS = 10  # samples that came in both epochs, from which something can be said
_UNLIKE = 0.2  # of those
_OTHERS = 0.8  # of the new values, from which they are those of other samples
_KINDS = 20  # different targets, from which they are numbers and no classes
_MOST = 0.5  # of the samples of a kind
_LOUD = 1.0  # deviation of what is drawn anew, of that between samples
_ROUGH = 0.3  # correlation of neighbours, below which a difference is noise and no other cut


def probe_each_input(exam: Exam) -> list[Finding]:
    """Compare one input of two epochs where all the rest of a sample is the same.

    A value that comes again beside another sample is that of another sample; one that is new has
    been drawn, and may drown what it stands for.
    """
    names = list(exam.train[0]["inputs"])
    if len(names) < 2:
        return []
    for name in names:
        value = exam.train[0]["inputs"][name]
        whole = not value.is_floating_point()
        if whole and value.ndim < 2:
            continue
        first, second = (_by_rest(part, name) for part in (exam.train, exam.again))
        pairs = [(first[key], second[key]) for key in first.keys() & second.keys()]
        unlike = [(a, b) for a, b in pairs if a.shape == b.shape and not torch.equal(a, b)]
        if len(pairs) < _PAIRS or len(unlike) < _UNLIKE * len(pairs):
            continue
        if whole and not _of_all_targets(exam, name):
            continue  # what does not belong together may well be drawn anew
        known = {key_of([value]) for value in first.values()}
        often = Counter(key_of([value]) for value in second.values())
        of_others = [key_of([value]) for _, value in unlike]
        others = sum(key in known or often[key] > 1 for key in of_others) / len(unlike)
        text = (
            f"of {len(pairs)} samples that came in two epochs {len(unlike)} had another value of "
            f"{name!r} in the second, which "
        )
        if others >= _OTHERS:
            text += "another sample has"
            return [Finding(Cause.TARGETS_MISPAIRED, "fault", text, f"{name!r}")]
        if _one_a_batch(exam.train, name):
            text += "all samples of its batch have"
            return [Finding(Cause.TARGETS_MISPAIRED, "fault", text, f"{name!r}")]
        found = [] if whole else _noise(name, unlike, list(first.values()))
        if found:
            return found
    return []


def _by_rest(
    batches: Sequence[Batch], name: str, *, of_target: bool = False
) -> Mapping[bytes, Tensor]:
    """Give an input, or the target, of each sample, by a key of its other inputs and its target.

    Samples whose key comes more than once are left out.
    """
    keys: list[bytes] = []
    values: list[Tensor] = []
    for batch in batches:
        rest = [v for other, v in batch["inputs"].items() if other != name and v.ndim]
        rows = [one.detach().cpu() for one in (*rest, batch["target"])]
        for row in range(len(batch["target"])):
            keys.append(key_of([one[row] for one in rows]))
            held = batch["target"] if of_target else batch["inputs"][name]
            values.append(held[row].detach().cpu())
    often = Counter(keys)
    return {key: value for key, value in zip(keys, values, strict=True) if often[key] == 1}


def _of_all_targets(exam: Exam, name: str) -> bool:
    """Whether the input is another one in the second epoch beside most targets of every kind."""
    kinds: dict[bytes, list[bool]] = {}
    first, second = (_by_rest(part, name) for part in (exam.train, exam.again))
    target = {k: key_of([v]) for k, v in _by_rest(exam.train, name, of_target=True).items()}
    for key in first.keys() & second.keys():
        kinds.setdefault(target[key], []).append(not torch.equal(first[key], second[key]))
    if len(kinds) > _KINDS:
        return True
    return all(sum(moved) > _MOST * len(moved) for moved in kinds.values())


def _one_a_batch(batches: Sequence[Batch], name: str) -> bool:
    """Whether all samples of a batch have one value, in each of several batches."""
    held = [batch["inputs"][name] for batch in batches if len(batch["target"]) > 2]
    return len(held) > 2 and all(bool((value == value[:1]).all()) for value in held)


def _noise(
    name: str, unlike: Sequence[tuple[Tensor, Tensor]], values: Sequence[Tensor]
) -> list[Finding]:
    one, other = (torch.stack(list(part)).double() for part in zip(*unlike, strict=True))
    drawn = (one - other).square().mean() / 2.0
    whole = torch.stack(list(values)).double().var(0).mean() if len(values) > 1 else drawn
    strength = float((drawn / (whole - drawn).clamp(min=1e-3 * float(whole))).sqrt())
    if strength < _LOUD or _alike_beside(one - other) > _ROUGH:
        return []
    text = (
        f"{name!r} is drawn anew in each epoch for the same sample: what is added has "
        f"{min(strength, 99.0):.2g} times the deviation of what differs between samples"
    )
    return [Finding(Cause.NOISE_TOO_STRONG, "fault", text, f"{name!r}")]


def _alike_beside(values: Tensor) -> float:
    """Give the correlation of neighbours along the last axis (N, …, W)."""
    if values.ndim < 2 or values.shape[-1] < 2:
        return 0.0
    scale = float(values.square().mean())
    return float((values[..., 1:] * values[..., :-1]).mean()) / scale if scale > 0 else 0.0
