"""The data loader: does it starve, repeat, sort, or pair inputs with other targets."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.in_order import in_order
from inundate.prove.probe.places import lost_by_place
from inundate.prove.ragged import is_apart, pieces

__all__ = ["key_of", "probe_loader", "sample_keys"]

_FEW = 0.5  # share of different samples in an epoch below which a loader repeats itself
_DRAWN = 0.8  # of chance: labels that change less were drawn anew, not taken from other samples
_OWN = 0.5  # of the targets, from which each holds the numbers that it had in another order
_TAKEN = 0.2  # of the targets that changed, from which they are not drawn but those of others
_OWN_PAIRS = 0.25  # of the inputs, which come again in the next epoch
_LOUD = 0.7  # deviation of what is added to targets, from which it drowns them
_MORE_KINDS = 1.5  # times as many pairs of input and target as inputs
_SAME_AGAIN = 0.9  # of so few samples: where others come, they are drawn from more
_TWICE = 0.3  # of the batches, from which those that came before are a fault
_PART = 0.5  # of the validation samples: an epoch that has fewer leaves most of the data out


def sample_keys(batches: Sequence[Batch], *, target: bool = False) -> list[list[bytes]]:
    """Give a key for each sample of each batch, the same for the same inputs (or target).

    Where batches cannot be taken apart, the same for the same place of the same batch.
    """
    found = []
    for batch in batches:
        if not target and not is_apart(batch):
            found.append(_piece_keys(batch))
            continue
        tensors = [batch["target"]] if target else list(batch["inputs"].values())
        arrays = [t.detach().cpu().contiguous() for t in tensors if t.ndim]
        found.append([key_of([a[row] for a in arrays]) for row in range(len(batch["target"]))])
    return found


def _piece_keys(batch: Batch) -> list[bytes]:
    known = pieces(batch)
    if known is not None:
        return [key_of([part.detach().cpu() for part in one]) for one in known]
    whole = [value.detach().cpu() for value in batch["inputs"].values()]
    return [key_of([*whole, torch.tensor(place)]) for place in range(len(batch["target"]))]


def key_of(parts: Sequence[Tensor]) -> bytes:
    """Give a key of some tensors, the same for the same numbers."""
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(part.contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.digest()


def probe_loader(exam: Exam) -> list[Finding]:
    """Go through two epochs of the training data."""
    found = _starves(exam)
    if found or _alike(exam):
        return found  # samples that are all alike are the fault of who made them
    return _repeats(exam) or _mispaired(exam) or in_order(exam)


def _starves(exam: Exam) -> list[Finding]:
    seen = [len(exam.train), len(exam.again)]
    whole = seen[0] < exam.effort.batches
    if whole and seen[1] < 0.9 * seen[0]:
        text = f"the first epoch has {seen[0]} batches, the second {seen[1]}"
        return [Finding(Cause.LOADER_STARVES, "fault", text)]
    try:
        told = len(exam.case.train)  # type: ignore[arg-type]
    except TypeError:
        return _skips(exam)
    if whole and seen[0] < 0.9 * told:
        text = f"an epoch has {seen[0]} batches; the loader says {told}"
        return [Finding(Cause.LOADER_STARVES, "fault", text)]
    return _skips(exam)


def _skips(exam: Exam) -> list[Finding]:
    """Compare what an epoch gives with the data set behind a torch loader, if there is one."""
    few = _few(exam)
    if few:
        return few
    behind = getattr(exam.case.train, "dataset", None)
    samples = sum(len(batch["target"]) for batch in exam.train)
    if behind is None or not hasattr(behind, "__len__") or len(exam.train) >= exam.effort.batches:
        return []
    if samples >= 0.5 * len(behind):
        return []
    text = f"an epoch has {samples} samples; the data set behind it has {len(behind)}"
    return [Finding(Cause.LOADER_STARVES, "fault", text)]


def _few(exam: Exam) -> list[Finding]:
    """See whether an epoch is less than half of the validation data, and the next has others."""
    if exam.case.valid is None or len(exam.train) >= exam.effort.batches:
        return []
    own, held = (sum(len(b["target"]) for b in part) for part in (exam.train, exam.valid))
    if own >= _PART * held:
        return []
    first = {key for batch in sample_keys(exam.train) for key in batch}
    second = [key for batch in sample_keys(exam.again) for key in batch]
    known = sum(key in first for key in second) / max(len(second), 1)
    text = f"an epoch has {own} samples in {len(exam.train)} batches, the validation data {held}"
    rest = round((1 - known) * len(second)) < len(exam.train[0]["target"])  # of a last batch
    if known < _SAME_AGAIN and not (rest and known > _PART):
        text += f"; {100 * (1 - known):.0f} % of those in the next epoch are others"
        return [Finding(Cause.LOADER_STARVES, "fault", text)]
    # the same ones again are all that there are: who learns those by heart has too few of them
    text += f", and {100 * known:.0f} % of those in the next epoch are the same ones"
    return [Finding(Cause.MEMORISES, "suspect", text)]


def _repeats(exam: Exam) -> list[Finding]:
    keys = sample_keys(exam.train)
    flat = [key for batch in keys for key in batch]
    different = len(set(flat)) / len(flat)
    exam.figures["different_samples"] = different
    whole = [tuple(sorted(batch)) for batch in keys]
    twice = 1.0 - len(set(whole)) / len(whole)
    if len(keys) < 3 or (different >= _FEW and not (len(keys) > 3 and twice >= _TWICE)):
        return []
    if _told_apart(exam, flat):
        return []
    most = Counter(flat).most_common(1)[0][1]
    same = max(Counter(whole).values())
    # short texts repeat by themselves; a loader that repeats gives whole batches or one sample
    if same < 2 and (most < max(3, 0.02 * len(flat)) or _emptied(exam, flat)):
        return []
    text = (
        f"of {len(flat)} samples in {len(keys)} batches {len(set(flat))} are different; the same "
        f"batch comes up to {same} times, the same sample {most} times"
    )
    return [Finding(Cause.LOADER_REPEATS, "fault", text)]


def _told_apart(exam: Exam, flat: list[bytes]) -> bool:
    """Whether inputs repeat beside targets that do not: what told samples apart is lost.

    Asked of measured targets; a class comes often by itself.
    """
    if not exam.train[0]["target"].is_floating_point():
        return False
    targets = [key for batch in sample_keys(exam.train, target=True) for key in batch]
    pairs = set(zip(flat, targets, strict=True))
    return len(pairs) >= max(_FEW * len(flat), _MORE_KINDS * len(set(flat)))


def _emptied(exam: Exam, flat: list[bytes]) -> bool:
    """Whether the commonest inputs have many targets: samples of which nothing is left."""
    common = Counter(flat).most_common(1)[0][0]
    targets = [key for batch in sample_keys(exam.train, target=True) for key in batch]
    own = Counter(one for key, one in zip(flat, targets, strict=True) if key == common)
    return own.most_common(1)[0][1] < 0.8 * own.total()


def _alike(exam: Exam) -> bool:
    """Whether all inputs are the same though targets are not."""
    inputs, targets = (
        {key for batch in sample_keys(exam.train, target=which) for key in batch}
        for which in (False, True)
    )
    return len(inputs) == 1 and len(targets) > 1


def _mispaired(exam: Exam) -> list[Finding]:
    first, second = (
        (sample_keys(part), sample_keys(part, target=True)) for part in (exam.train, exam.again)
    )
    inputs, targets = ([key for batch in keys for key in batch] for keys in first)
    held = dict(zip(inputs, targets, strict=True))
    torn = {key for key, value in zip(inputs, targets, strict=True) if held[key] != value}
    held = {key: value for key, value in held.items() if key not in torn}
    other_inputs, other_targets = ([key for batch in keys for key in batch] for keys in second)
    pairs = [
        (held[key], value)
        for key, value in zip(other_inputs, other_targets, strict=True)
        if key in held
    ]
    unlike = sum(one != other for one, other in pairs)
    few = len(pairs) < max(10, _OWN_PAIRS * len(other_inputs))  # of what is drawn anew some meet
    if few or unlike < 0.2 * len(pairs):
        return []
    text = (
        f"of {len(pairs)} inputs that came in two epochs {unlike} had another target in the second"
    )
    by_place = lost_by_place(first, second)
    if by_place:
        return [Finding(Cause.TARGETS_MISPAIRED, "fault", f"{text}; {by_place}")]
    every = {*targets}
    taken = sum(value in every for one, value in pairs if one != value) / unlike
    drawn = _drawn_targets(exam, unlike / len(pairs), taken)
    if drawn is not None:
        return drawn
    return [Finding(Cause.TARGETS_MISPAIRED, "fault", text)]


def _drawn_targets(exam: Exam, unlike: float, taken: float) -> list[Finding] | None:
    """Tell targets that noise is added to anew from those of other samples; None if they are.

    ``taken`` is the share of those that changed which are the targets of others, to the last digit:
    what is drawn does not come twice, though a piece may be mirrored in one epoch alone.
    """
    if not exam.train[0]["target"].is_floating_point():
        classes = torch.cat([batch["target"].flatten() for batch in exam.train])
        _, counts = torch.unique(classes, return_counts=True)
        chance = 1.0 - float((counts.double() / counts.sum()).square().sum())
        if exam.train[0]["target"].ndim > 1 or unlike > _DRAWN * chance:
            return None
        text = f"{100 * unlike:.0f} % of the labels are others in the next epoch, and "
        text += f"{100 * chance:.0f} % would be if none were its sample's own"
        return [Finding(Cause.NOISE_TOO_STRONG, "fault", text, "the target")]
    if taken > _TAKEN:
        return None
    pairs = _target_pairs(exam)
    if _rearranged(*pairs):
        return None
    strength = _target_noise(*pairs)
    if strength < _LOUD:
        return []
    text = f"noise is drawn anew for each target: its deviation is {strength:.2g} times that of "
    text += "the targets without it"
    return [Finding(Cause.NOISE_TOO_STRONG, "fault", text, "the target")]


def _target_pairs(exam: Exam) -> tuple[Tensor, Tensor]:
    """Give the targets of inputs that come in both epochs, as they are in each, (N, …)."""
    first: dict[bytes, Tensor] = {}
    for keys, batch in zip(sample_keys(exam.train), exam.train, strict=True):
        first |= dict(zip(keys, batch["target"].double(), strict=True))
    pairs = [
        (first[key], value)
        for keys, batch in zip(sample_keys(exam.again), exam.again, strict=True)
        for key, value in zip(keys, batch["target"].double(), strict=True)
        if key in first
    ]
    one, other = (torch.stack(list(part)) for part in zip(*pairs, strict=True))
    return one, other


def _target_noise(one: Tensor, other: Tensor) -> float:
    """Give the deviation of targets of one input between epochs, of that between inputs."""
    noise = float((one - other).square().mean()) / 2.0
    whole = float(one.var())
    return float((noise / max(whole - noise, 1e-3 * whole)) ** 0.5) if whole > 0 else 0.0


def _rearranged(one: Tensor, other: Tensor) -> bool:
    """Whether the targets of most inputs hold the same numbers in both epochs, moved about."""
    if one.ndim < 2 or one[0].numel() < 2:
        return False
    same = [part.flatten(1).sort(1).values for part in (one, other)]
    return float((same[0] == same[1]).all(1).double().mean()) > _OWN
