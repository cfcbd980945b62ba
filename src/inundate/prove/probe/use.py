"""Which inputs the output depends on at all."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding, Weight
from inundate.prove.probe.changes import Change, scaled_inputs
from inundate.prove.probe.far_off import far_off_weights
from inundate.prove.probe.in_training import moves_in_training
from inundate.prove.probe.padding import find_padding, says_where
from inundate.prove.probe.shut import shut_layer

__all__ = ["probe_use"]

_NOTHING = 1e-9  # of the output's size: rounding moves more
_BARELY = 1e-5  # the same for a whole input, so that its parts drown in rounding
_FOLLOWS = 1e-3  # the same, from which an output follows its inputs
_MANY = 64  # channels that are tried one by one
_CUT = 0.4  # of a map, which no border of a convolution takes
_SIDE = 4  # parts along each side of a map


def probe_use(exam: Exam) -> list[Finding]:
    """Give each sample the input, or the channel, of another: what changes nothing is unused.

    Several models are asked (as given, trained on one batch, on all, and by calm steps), since a
    last layer that starts at 0 hides everything, and so do dead units that a training made.
    """
    models = [copy.deepcopy(exam.case.model), exam.one.model, exam.all.model]
    pictures = [_base(exam, model) for model in models]
    if all(base is None for base in pictures):
        return []
    whole, parts, varied = _unused(exam, models)
    if whole or parts:  # a rate that is far off kills units too: those of calm steps decide
        whole, parts, varied = _unused(exam, [*models, exam.calm.model])
    if not whole and not parts:
        return []
    scaled = _scaled(exam, [*models, exam.calm.model])
    if scaled:
        return scaled
    if len(whole) == varied and not any(" of '" in name for name in whole):
        text = "with the inputs of other samples the output is the same to nine digits"
        moved = _moved_in_training(exam)
        if moved > _FOLLOWS:
            text += " in evaluation mode, and in training mode it is not"
            silent = [name for name in exam.train[0]["inputs"] if _silent_in_training(exam, name)]
            if silent:
                text += f"; in training mode it does not move with {', '.join(silent)} either"
                return [Finding(Cause.IGNORES_INPUT, "fault", text, ", ".join(silent))]
            return [Finding(Cause.TRAIN_EVAL_GAP, "fault", text)]
        shut = shut_layer(exam, [*models, exam.calm.model]) or far_off_weights(exam)
        if shut:
            return shut
        # what fades until rounding swallows it is on its way, and not cut off
        weight: Weight = "note" if moved > _BARELY or _fades(exam) else "fault"
        return [Finding(Cause.IGNORES_INPUT, weight, text, "its inputs")]
    names = whole or parts
    # as a fault, or for an answer that moves with what fills up: beside it this says why
    lost = [f for f in exam.findings if f.cause is Cause.PADDING and f.weight != "note"]
    lengths = {f"{n!r}" for n in exam.train[0]["inputs"] if lost and says_where(exam.train, n)}
    if lengths.issuperset(names):  # what it is not told is why the padding is read
        text = f"{lost[0].evidence}; {', '.join(names)} says where it begins, and is not used"
        return [replace(lost[0], weight="fault", evidence=text, firm=True)]
    text = f"with {', '.join(names[:4])} of another sample the output is the same to nine digits"
    return [Finding(Cause.IGNORES_INPUT, "fault", text, ", ".join(names[:4]))]


def _scaled(exam: Exam, models: list[nn.Module]) -> list[Finding]:
    """See whether all is used once inputs on a doubtful scale are brought to another one."""
    suspect = next((f for f in exam.findings if f.cause is Cause.INPUT_SCALE), None)
    if suspect is None or suspect.weight != "suspect":
        return []
    whole, parts, _ = _unused(exam, models, scaled_inputs(exam))
    if whole or parts:
        return []
    text = (
        f"{suspect.evidence}; beside it other inputs do not move the output, and with scaled "
        "inputs all of them do"
    )
    return [Finding(Cause.INPUT_SCALE, "fault", text, suspect.subject, tried=True, firm=True)]


def _unused(
    exam: Exam, models: list[nn.Module], change: Change | None = None
) -> tuple[list[str], list[str], int]:
    """Give the inputs and channels that none of the models uses; count what could be used."""
    batches = [batch for batch in exam.train[:3] if len(batch["target"]) > 1]
    batches = [change(batch) for batch in batches] if change else batches
    whole: list[str] = []
    parts: list[str] = []
    varied = 0
    for name in exam.train[0]["inputs"]:
        moved = [_with(batch, name, None) for batch in batches]
        if all(m is None for m in moved):
            continue
        if name in exam.case.spare:  # which is not missed where it is not used
            varied += int(_matters(exam, models, batches, moved))
            continue
        varied += 1
        if not _matters(exam, models, batches, moved):
            whole.append(f"{name!r}")
            continue
        if not _matters(exam, models, batches, moved, _BARELY):
            continue  # all of it fades on its way: that of a part no more is left says nothing
        silent = (
            _places(exam, models, batches, name)
            or _blocks(exam, models, batches, name)
            or _words(exam, models, batches, name)
        )
        if silent:
            whole.append(silent)
            continue
        parts += [
            f"feature {feature} of {name!r}"
            for feature in _features(exam, name)
            if not _matters(exam, models, batches, [_feature(b, name, feature) for b in batches])
        ]
        parts += [
            f"channel {channel} of {name!r}"
            for channel in _channels(exam, name)
            if not _matters(exam, models, batches, [_with(b, name, channel) for b in batches])
        ]
    return whole, parts, varied


def _moved_in_training(exam: Exam) -> float:
    """Give how far the output follows the inputs in training mode, with the same draws.

    Some ends cut it off in evaluation alone, as where there is no water.
    """
    batch = exam.train[0]
    names = [name for name in batch["inputs"] if _with(batch, name, None) is not None]
    # a normalisation by the batch does not see in which order its samples come
    return moves_in_training(exam, names)


def _silent_in_training(exam: Exam, name: str) -> bool:
    """Whether an input that should be used moves nothing in training mode either."""
    asked = name not in exam.case.spare and _with(exam.train[0], name, None) is not None
    return asked and not moves_in_training(exam, [name]) > _NOTHING


def _fades(exam: Exam) -> bool:
    """Whether the first layer gets a gradient, though next to none."""
    faded = next((f for f in exam.findings if f.cause is Cause.VANISHING_GRADIENT), None)
    return faded is not None and exam.figures.get(f"gradient {faded.subject}", 0.0) > 0.0


def _base(exam: Exam, model: nn.Module) -> Tensor | None:
    output = exam.run(model.eval(), exam.train[0])
    return output if bool(torch.isfinite(output).all()) else None


def _places(exam: Exam, models: list[nn.Module], batches: list[Batch], name: str) -> str | None:
    """Name the places of a text or series that change nothing, if they are more than half."""
    tensor = exam.train[0]["inputs"][name]
    text = not tensor.is_floating_point() and tensor.ndim == 2
    if not (text or _is_series(tensor)) or not 2 <= tensor.shape[1] <= _MANY:
        return None
    silent = [
        place
        for place in range(tensor.shape[1])
        if not _matters(exam, models, batches, [_with(b, name, place) for b in batches])
    ]
    if len(silent) <= tensor.shape[1] // 2:
        return None  # some may be cut off on purpose
    return f"{len(silent)} of {tensor.shape[1]} places of {name!r}, such as {silent[-1]}"


def _blocks(exam: Exam, models: list[nn.Module], batches: list[Batch], name: str) -> str | None:
    """Name the part of a map that changes nothing, if it is more than half of it."""
    tensor = exam.train[0]["inputs"][name]
    if not tensor.is_floating_point() or tensor.ndim != 4 or min(tensor.shape[2:]) < 2 * _SIDE:
        return None
    cuts = [[n * i // _SIDE for i in range(_SIDE + 1)] for n in tensor.shape[2:]]
    blocks = [
        (slice(None), slice(None), slice(*cuts[0][i : i + 2]), slice(*cuts[1][j : j + 2]))
        for i in range(_SIDE)
        for j in range(_SIDE)
    ]
    silent = [
        block
        for block in blocks
        if not _matters(exam, models, batches, [_part(b, name, block) for b in batches])
    ]
    if len(silent) < _CUT * len(blocks):
        return None
    rows, columns = ((s.start, s.stop) for s in silent[-1][2:])
    return (
        f"{len(silent)} of {len(blocks)} parts of {name!r}, such as rows {rows[0]} to {rows[1]} in "
        f"columns {columns[0]} to {columns[1]}"
    )


def _words(exam: Exam, models: list[nn.Module], batches: list[Batch], name: str) -> str | None:
    """See whether other words change anything where what is filled up stays as it is."""
    padding = find_padding(exam.train)
    if padding is None or padding.name != name or exam.train[0]["inputs"][name].ndim != 2:
        return None
    drawn = torch.Generator().manual_seed(exam.seed)
    moved: list[Batch | None] = []
    for batch in batches:
        value = batch["inputs"][name]
        held = value[value != padding.filler]
        if len(torch.unique(held)) < 2:  # a mask, which has no words
            return None
        other = held[torch.randint(len(held), tuple(value.shape), generator=drawn)]
        text = torch.where(value == padding.filler, value, other)
        moved.append({**batch, "inputs": {**batch["inputs"], name: text}})
    return None if _matters(exam, models, batches, moved) else f"the words of {name!r}"


def _features(exam: Exam, name: str) -> Iterator[int]:
    """Give the features of a series (B, T, C), or of a series beside others."""
    tensor = exam.train[0]["inputs"][name]
    if _is_series(tensor) and 2 <= tensor.shape[2] <= _MANY:
        yield from range(tensor.shape[2])


def _feature(batch: Batch, name: str, feature: int) -> Batch | None:
    return _part(batch, name, (slice(None), slice(None), feature))


def _part(batch: Batch, name: str, where: tuple[slice | int, ...]) -> Batch | None:
    """Give the batch with a part of one input taken from the next sample."""
    value = batch["inputs"][name]
    if len(value) != len(batch["target"]):
        return None
    mixed = value.clone()
    mixed[where] = value.roll(1, 0)[where]
    if torch.equal(mixed, value):
        return None
    return {**batch, "inputs": {**batch["inputs"], name: mixed}}


def _is_series(tensor: Tensor) -> bool:
    """Whether a tensor (B, T, C) has its times before its channels, as it is longer than wide."""
    return tensor.is_floating_point() and tensor.ndim == 3 and tensor.shape[1] > tensor.shape[2]


def _channels(exam: Exam, name: str) -> Iterator[int]:
    tensor = exam.train[0]["inputs"][name]
    if _is_series(tensor):
        return  # times that are out of reach of a window are so on purpose
    if tensor.is_floating_point() and tensor.ndim >= 2 and 2 <= tensor.shape[1] <= _MANY:
        yield from range(tensor.shape[1])


def _with(batch: Batch, name: str, channel: int | None) -> Batch | None:
    """Give the batch with one input taken from the next sample; None if that changes nothing."""
    value = batch["inputs"][name]
    if not value.ndim or len(value) != len(batch["target"]):
        return None
    moved = value.roll(1, 0)
    if channel is not None:
        mixed = value.clone()
        mixed[:, channel] = moved[:, channel]
        moved = mixed
    if torch.equal(moved, value):
        return None
    return {**batch, "inputs": {**batch["inputs"], name: moved}}


def _matters(
    exam: Exam,
    models: list[nn.Module],
    batches: list[Batch],
    moved: list[Batch | None],
    least: float = _NOTHING,
) -> bool:
    """Whether any of the models notices; what does not differ between samples counts as used."""
    if all(one is None for one in moved):
        return True
    for model in models:
        model.eval()
        for batch, other in zip(batches, moved, strict=True):
            if other is None:
                continue
            one, two = exam.run(model, batch).double(), exam.run(model, other).double()
            if not bool(torch.isfinite(one).all()):
                continue
            if float((one - two).abs().max()) > least * max(float(one.abs().max()), 1e-12):
                return True
    return False
