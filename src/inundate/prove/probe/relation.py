"""How inputs and targets belong together: axes that are mixed up, targets that stand in inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding, Weight
from inundate.prove.probe.data import gather
from inundate.prove.probe.derived import (
    by_class,
    drawn_on,
    group_means,
    in_order,
    told_by_others,
)
from inundate.prove.probe.label_words import label_words, told_without
from inundate.prove.probe.map_channel import FRAMES, SAME, correlation, indicators, map_channel
from inundate.prove.probe.reference import local_features, targets_of

__all__ = ["TURNS", "explained", "probe_axes", "probe_target_in_input"]

#: What may have happened to the rows and columns (…, H, W) of a target.
TURNS: dict[str, Callable[[Tensor], Tensor]] = {
    "as it is": lambda t: t,
    "rows upside down": lambda t: t.flip(-2),
    "columns from right to left": lambda t: t.flip(-1),
    "turned by half a turn": lambda t: t.flip((-2, -1)),
    "rows and columns exchanged": lambda t: t.transpose(-2, -1),
    "a quarter turn to the left": lambda t: t.rot90(1, (-2, -1)),
    "a quarter turn to the right": lambda t: t.rot90(-1, (-2, -1)),
    "exchanged and upside down": lambda t: t.rot90(1, (-2, -1)).flip(-1),
}
_BETTER = 0.1  # by how much another way must explain more
_CHANNELS = 4  # of a target, each of which may be turned by itself


def probe_axes(exam: Exam) -> list[Finding]:
    """See whether a flipped or turned target follows better from what is around each place."""
    target = targets_of(exam.train)
    if target is None or target.ndim not in (3, 4):
        return []
    classes = _kinds(target) if target.is_floating_point() else indicators(target)
    found = [_ways(exam, one.float().nan_to_num()) for one in classes]
    if any(found):
        exam.figures["explained_as_it_is"] = max(ways["as it is"] for ways in found if ways)
    best = max(found, key=_gained, default={})
    return _told(exam, best)


def _gained(ways: dict[str, float]) -> float:
    """Say by how much another way explains more than the target as it is."""
    return max(ways.values(), default=0.0) - max(ways.get("as it is", 0.0), 0.0)


def _kinds(target: Tensor) -> list[Tensor]:
    """Give a target of maps as a whole, and each of a few channels, one of which may be turned."""
    few = target.ndim == 4 and 1 < target.shape[1] <= _CHANNELS
    return [target, *target.unbind(1)] if few else [target]


def _ways(exam: Exam, target: Tensor) -> dict[str, float]:
    """Give how much is explained of a target as it is, flipped and turned."""
    target = target[:, None] if target.ndim == 3 else target
    rows, columns = target.shape[2:]
    if min(rows, columns) < 4:
        return {}
    features = local_features(exam.train, (rows, columns), blocks=True)
    if features is None:
        return {}
    target = target.mean(1, keepdim=True)
    ways = {
        name: turn(target) for name, turn in TURNS.items() if turn(target).shape == target.shape
    }
    found = explained(features, torch.cat(list(ways.values()), 1))
    return dict(zip(ways, found, strict=True))


def _told(exam: Exam, found: dict[str, float]) -> list[Finding]:
    if not found:
        return []
    best = max(found, key=lambda name: found[name])
    here = max(found["as it is"], 0.0)
    if found[best] < here + _BETTER or found[best] < 1.5 * here:
        return []
    text = (
        f"what is around a place explains {100 * here:.0f} % of the target there, and "
        f"{100 * found[best]:.0f} % with its {best}"
    )
    return [Finding(Cause.AXES_MIXED, "fault", text, f"the target has its {best}")]


def explained(features: Tensor, target: Tensor) -> list[float]:
    """Give the share of each target's variance that a line explains, on the other half (N, K …).

    Parameters
    ----------
    features : Tensor (N, F, H, W)
    target : Tensor (N, K, H, W)
    """
    half = len(features) // 2
    if half < 2:
        return [0.0] * target.shape[1]
    rows = features.movedim(1, -1)
    wanted = target - target[:half].mean(0)  # what is the same in all samples explains nothing
    wanted = wanted.movedim(1, -1)
    fit = rows[:half].reshape(-1, rows.shape[-1])
    mean, scale = fit.mean(0), fit.std(0).clamp(min=1e-6)
    fit = (fit - mean) / scale
    values = wanted[:half].reshape(-1, wanted.shape[-1])
    step = -(-len(fit) // 20000)
    fit, values = fit[::step], values[::step]
    gram = fit.T @ fit + torch.eye(fit.shape[1]) * 1e-3 * len(fit)
    weights = torch.linalg.solve(gram, fit.T @ (values - values.mean(0)))
    test = ((rows[half:].reshape(-1, rows.shape[-1]) - mean) / scale).clamp(-10, 10)
    truth = wanted[half:].reshape(-1, wanted.shape[-1])
    left = (truth - values.mean(0) - test @ weights).square().mean(0)
    spread = truth.var(0)  # what never changes, such as the border of a map, is told by nothing
    told = torch.where(spread > 1e-12, 1.0 - left / spread.clamp(min=1e-12), 0.0)
    return [float(one) for one in told]


def probe_target_in_input(exam: Exam) -> list[Finding]:
    """Look for a single number of the inputs that tells the target."""
    target = targets_of(exam.train)
    if target is None or len(target) < 50:
        return []
    dense = target.ndim > 2
    if dense and exam.answers.kind == "classes":
        target = torch.where(exam.answers.known(target), target, -1)
    numbers = 0
    for tensor in exam.train[0]["inputs"].values():
        if dense and tensor.ndim == 5:
            numbers += tensor.shape[1] * tensor.shape[2]
        else:
            numbers += tensor.shape[1] if dense and tensor.ndim > 1 else tensor[:1].numel()
    if numbers < 2:  # what has one input only may well be told by it
        return []
    for name, tensor in exam.train[0]["inputs"].items():
        values = gather(exam.train, name)
        if values is None:
            continue
        where = map_channel(values, target) if target.ndim > 2 else None
        if target.ndim == 1 or target.reshape(len(target), -1).shape[1] == 1:
            flat, wanted = values.reshape(len(values), -1), target.reshape(-1)
            where = (_number if tensor.is_floating_point() else _token)(flat, wanted)
            words = [] if tensor.is_floating_point() else label_words(values, wanted)
            put = bool(words) and told_without(flat, wanted, where, words)
            if words and (where is None or not put):
                return [_of_words(name, words, "fault" if put else "note")]
        elif target.ndim == 2 and target.is_floating_point() and tensor.is_floating_point():
            where = _column(values.reshape(len(values), -1), target)
        if not tensor.is_floating_point() and _copied(values, target):
            text = f"{name!r} and the target are the same in all {len(target)} samples"
            return [Finding(Cause.TARGET_IN_INPUT, "fault", text, f"{name!r}")]
        if where is not None:
            text = f"place {where} of {name!r} tells the target of {len(target)} samples"
            return [Finding(Cause.TARGET_IN_INPUT, "fault", text, f"{name!r}, {where}")]
        made = _made_from(values, target)
        if made:
            return [Finding(Cause.TARGET_IN_INPUT, "fault", f"of {name!r} {made}", f"{name!r}")]
    return []


def _of_words(name: str, words: list[int], weight: Weight) -> Finding:
    """Tell of words that tell the class: such words may well be what is asked for."""
    named = f"the words {', '.join(map(str, words[:4]))}"
    text = f"{named} of {name!r} stand each in all samples of one class, and no other"
    if weight == "fault":
        text += "; without them the rest tells it as well"
    return Finding(Cause.TARGET_IN_INPUT, weight, text, f"{name!r}, {named}")


def _made_from(values: Tensor, target: Tensor) -> str:
    """Say how an input was made from the target, if it was."""
    if not values.is_floating_point() or target.ndim > 2:
        return ""
    if values.ndim == 4 and target.is_floating_point():
        drawn = drawn_on(values, target)
        if drawn:
            return f"{drawn}, stand where the target says"
    flat, numbers = values.reshape(len(values), -1), target.reshape(len(target), -1)
    if flat.shape[1] < 2 or flat.shape == numbers.shape:
        return ""
    if values.ndim == 2:  # a table; of images and series many numbers come often
        for number in _asked(numbers):
            place = group_means(flat, number)
            if place is not None:
                return f"place {place} is the mean of the targets of the samples that share it"
    if not target.is_floating_point():
        places = by_class(flat, target) if target.ndim == 1 else []
        return f"places {places} tell one class each" if places else ""
    if values.ndim > 2 and numbers.shape[1] > 1:
        return ""  # of several places one may well be told by what is there
    for number in numbers.T[:FRAMES]:
        place = in_order(flat, number)
        if place is not None:
            return f"place {place} parts the targets: none of a lower value has a higher one"
    return ""


def _asked(numbers: Tensor) -> list[Tensor]:
    """Give the columns of targets (N, K), or of classes (N, 1) which samples are of each."""
    if numbers.is_floating_point():
        return list(numbers.T[:FRAMES])
    return indicators(numbers[:, 0]) if numbers.shape[1] == 1 else []


def _column(flat: Tensor, target: Tensor) -> int | None:
    """Find a feature that is in line with one of several target numbers (N, K).

    A target that is the input as a whole is an autoencoder's.
    """
    if flat.shape == target.shape and torch.allclose(flat.to(target), target):
        return None
    numbers = [
        k for k in range(min(target.shape[1], FRAMES)) if len(torch.unique(target[:, k])) > 20
    ]
    if not numbers:
        return None
    wanted, given = target[:, numbers].double(), flat[:, :4096].double()
    wanted, given = (part - part.mean(0) for part in (wanted, given))
    scale = given.norm(dim=0)[:, None] * wanted.norm(dim=0)[None]
    in_line = ((given.T @ wanted).abs() / scale.clamp(min=1e-12)).amax(1)
    return int(in_line.argmax()) if float(in_line.max()) > SAME else None


def _copied(tokens: Tensor, target: Tensor) -> bool:
    """Whether each word is its own target (N, L), as where a shift was forgotten."""
    if target.is_floating_point() or target.ndim != 2 or target.shape != tokens.shape:
        return False
    return bool((tokens == target).float().mean() > SAME)


def _number(flat: Tensor, target: Tensor) -> int | None:
    """Find a feature that is in line with the target, or whose order parts all classes."""
    if target.is_floating_point() and len(torch.unique(target)) > 20:
        for place in range(min(flat.shape[1], 4096)):
            if abs(correlation(flat[:, place].double(), target.double())) > SAME:
                return place
        return None
    classes = target.long().numpy()
    count = len(np.unique(classes))
    if count < 2 or np.bincount(classes - classes.min()).max() > 0.95 * len(classes):
        return None
    array = flat[:, :4096].numpy()
    for place in range(array.shape[1]):
        order = np.argsort(array[:, place], kind="stable")
        column, ordered = array[order, place], classes[order]
        changes = np.flatnonzero(np.diff(ordered))
        # each class is one stretch of values, and no value belongs to two classes
        parted = len(changes) == count - 1 and bool((np.diff(column)[changes] > 0).all())
        if parted and not told_by_others(flat, target, place):
            return int(place)
    return None


def _token(flat: Tensor, target: Tensor) -> int | None:
    """Find a position whose token alone tells the class."""
    classes = target.long().numpy()
    if len(np.unique(classes)) < 2:
        return None
    for place in range(min(flat.shape[1], 512)):
        tokens = flat[:, place].numpy()
        pairs = set(zip(tokens.tolist(), classes.tolist(), strict=True))
        known = len(set(tokens.tolist()))
        # many different tokens would tell any class by heart
        if 1 < known == len(pairs) and known <= max(8, len(tokens) // 10):
            return int(place)
    return None
