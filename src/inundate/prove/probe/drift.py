"""What slides away: inputs that change in place from epoch to epoch, tags along a text."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.learn.random_state import isolated_random
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.data import gather
from inundate.prove.probe.entropy import entropy
from inundate.prove.probe.noise import drawn_anew
from inundate.prove.probe.reference import targets_of

__all__ = ["probe_drift"]

_GROWS = 1.05  # times the spread of the epoch before
_LAGS = 3  # words by which tags may be moved
_LEAST = 200  # tags of a stretch, from which something can be said
_APART = 0.05  # nats that another place tells more
_SHARE = 0.15  # of the entropy of the tags, the same
_KINDS = 64  # tags


def probe_drift(exam: Exam) -> list[Finding]:
    """See whether inputs are changed anew in each epoch, and whether tags slide along texts."""
    return _from_epoch_to_epoch(exam) or _along_texts(exam)


def _from_epoch_to_epoch(exam: Exam) -> list[Finding]:
    """Compare three epochs: what is added to data that are kept makes them differ more and more."""
    names = [n for n, v in exam.train[0]["inputs"].items() if v.is_floating_point() and v.ndim > 1]
    spreads = {name: [_spread(exam.train, name), _spread(exam.again, name)] for name in names}
    moved = [name for name, (one, two) in spreads.items() if _unlike(one, two)]
    if not moved or not drawn_anew(exam):
        return []
    with isolated_random(exam.seed, "doctor", "epoch", 2):
        third = list(exam.case.batches(exam.case.train, exam.effort.batches))
    for name in moved:
        one, two = spreads[name]
        three = _spread(third, name)
        if not _unlike(two, three) or (three[0] > two[0]) != (two[0] > one[0]):
            continue
        text = (
            f"the deviation of {name!r} is {one[0]:.3g} in the first epoch, {two[0]:.3g} in the "
            f"second and {three[0]:.3g} in the third: what an epoch does to the data is kept"
        )
        added = abs((three[0] ** 2 - two[0] ** 2) - (two[0] ** 2 - one[0] ** 2))
        times = abs(three[0] ** 2 - two[0] ** 4 / max(one[0] ** 2, 1e-30))
        if three[0] > one[0] and added <= times:
            return [Finding(Cause.NOISE_TOO_STRONG, "fault", text, f"{name!r}", firm=True)]
        return [Finding(Cause.INPUT_SCALE, "fault", text, f"{name!r}", firm=True)]
    return []


def _spread(batches: list[Batch], name: str) -> tuple[float, float]:
    """Give the deviation of an input, and the range of its middle half."""
    values = gather(batches, name)
    if values is None:
        return 0.0, 0.0
    flat = values.double().flatten()
    flat = flat[:: -(-len(flat) // 200_000)]
    low, high = torch.quantile(flat, flat.new_tensor([0.25, 0.75]))
    return float(flat.std()), float(high - low)


def _unlike(one: tuple[float, float], two: tuple[float, float]) -> bool:
    """Whether both measures of a spread have grown, or both have shrunk."""
    if min(*one, *two) <= 0:
        return False
    ways = [b / a for a, b in zip(one, two, strict=True)]
    return min(ways) > _GROWS or max(ways) < 1 / _GROWS


def _along_texts(exam: Exam) -> list[Finding]:
    """See whether the word that tells a tag is another one at the end of texts than at first."""
    target = targets_of(exam.train)
    if target is None or target.is_floating_point() or target.ndim != 2:
        return []
    if int(target.max()) >= _KINDS:
        return []
    for name, tensor in exam.train[0]["inputs"].items():
        words = gather(exam.train, name)
        if tensor.is_floating_point() or words is None or words.shape != target.shape:
            continue
        places = words.shape[1]
        if places < 3 * _LAGS:
            continue
        cuts = [places * i // 3 for i in range(4)]
        told = [
            {lag: _tells(words, target, a, b, lag) for lag in range(-_LAGS, _LAGS + 1)}
            for a, b in ((cuts[0], cuts[1]), (cuts[2], cuts[3]))
        ]
        first, last = (max(one, key=one.__getitem__) for one in told)
        far = [told[0][first] - told[0][last], told[1][last] - told[1][first]]
        told_at_most = entropy(target[target >= 0])
        if first == last or min(far) < _APART or far[1] < _SHARE * told_at_most:
            continue
        text = (
            f"a tag is told best by the word {_where(first)} it in the first third of {name!r} and "
            f"by the word {_where(last)} it in the last third"
        )
        return [Finding(Cause.TARGETS_UNRELATED, "fault", text)]
    return []


def _where(lag: int) -> str:
    return "at" if lag == 0 else f"{abs(lag)} {'before' if lag > 0 else 'behind'}"


def _tells(words: Tensor, target: Tensor, start: int, end: int, lag: int) -> float:
    """Give what the word some places before tells of a tag, in nats, over a stretch of places."""
    places = torch.arange(max(start, lag), min(end, words.shape[1] + min(lag, 0)))
    if not len(places):
        return 0.0
    word, tag = words[:, places - lag].flatten(), target[:, places].flatten()
    known = tag >= 0
    word, tag = word[known], tag[known]
    if len(tag) < _LEAST:
        return 0.0
    word = torch.unique(word, return_inverse=True)[1]
    joint = torch.zeros(int(word.max()) + 1, int(tag.max()) + 1, dtype=torch.float64)
    joint.index_put_((word, tag), torch.ones(len(tag), dtype=torch.float64), accumulate=True)
    joint /= joint.sum()
    alone = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    bias = (joint.shape[0] - 1) * (joint.shape[1] - 1) / (2.0 * len(tag))
    some = joint > 0
    return float((joint[some] * (joint[some] / alone[some]).log()).sum()) - bias
