"""The loss: is the right answer its lowest, and does it look at output and target."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor

from inundate.learn.random_state import isolated_random
from inundate.prove.answers import kind_of, loss_of_fixed
from inundate.prove.case import Batch
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.probe.against_all import against_all
from inundate.prove.probe.between import between_alone
from inundate.prove.probe.by_column import spread_out, unasked
from inundate.prove.probe.chances import beyond_chances
from inundate.prove.probe.counted import left_out
from inundate.prove.probe.endless import endless, falls_on, turned_round
from inundate.prove.probe.halves import halves_seen
from inundate.prove.probe.improper import improper
from inundate.prove.probe.kind import measured, mismatch, numbered, other_axis, unnormalised
from inundate.prove.probe.likeness import of_distance, of_pairs
from inundate.prove.probe.loss_shape import other_order
from inundate.prove.probe.sought import sought
from inundate.prove.probe.weights import probe_weights
from inundate.prove.wide import widely

__all__ = ["probe_loss"]

_FLOOR, _HOPELESS = 0.7, 0.85  # of the constant's loss: the right answer is hardly better
_CHANCES = 0.5  # the same, of the cross-entropy of values that are not chances
_FREE = 0.15  # of the constant's loss: less than this is hardly to be learnt
_WORTH = 3e-3  # of what sure answers cost: less than this is hardly to be learnt either
_FLAT = 0.01  # between a right and a wrong class, where losses in use have 0.3 and more
_SAME = 1e-6
_LITTLE = 0.1  # that is added to the model's own answers


def probe_loss(exam: Exam) -> list[Finding]:
    """Ask the loss for a right, a constant and a wrong answer."""
    batch = exam.typical
    right, wrong = exam.answers.right(batch), exam.answers.wrong(batch)
    if right is None or wrong is None:
        return _by_itself(exam, batch)
    losses = {
        "right": loss_of_fixed(exam.case, batch, right),
        "wrong": loss_of_fixed(exam.case, batch, wrong),
        "constant": exam.constant(batch),
    }
    refused = losses["wrong"] is None or not math.isfinite(losses["wrong"])
    if refused and exam.answers.kind == "values":  # of chances, or of rates
        losses["wrong"] = loss_of_fixed(exam.case, batch, float(right.min() + right.max()) - right)
    if None in losses.values():
        return []
    found = {name: float(value) for name, value in losses.items() if value is not None}
    exam.figures |= {f"loss_{name}": value for name, value in found.items()}
    finite = [value for value in found.values() if math.isfinite(value)]
    scale = max(map(abs, finite), default=math.inf) + 1e-30
    if len(finite) == len(found) and max(finite) - min(finite) < _SAME * scale:
        text = f"a right, a constant and a wrong answer all have the loss {found['right']:.5g}"
        half = halves_seen(exam)
        if half and _apart_if_wide(exam, batch, right, wrong):
            text += f" in {half}, and not in float32"
            return [Finding(Cause.PRECISION, "fault", text)]
        return [Finding(Cause.LOSS_IGNORES, "fault", text, "the output")]
    no_end = _grey(exam, batch) or beyond_chances(exam, batch) or endless(exam, batch, found)
    no_end = no_end or between_alone(exam, batch) or unnormalised(exam, batch, found)
    no_end = no_end or improper(exam, batch)
    if no_end:
        return no_end
    unlike = _shape(exam, batch, found)
    if unlike:
        return unlike
    sorts = other_order(exam, batch, found)  # scores that are laid out anew are mixed for others
    sorts = sorts or other_axis(exam, batch) or numbered(exam, batch, found)
    if sorts:
        return sorts
    if _blind(exam, batch, right, found["right"], scale):
        if _all_with_all(exam, batch, right, found, scale):
            text = (
                "with the targets of other samples the loss is the same to six digits, with other "
                "values it is not, and one answer for all has a lower one than the right answers"
            )
            return [Finding(Cause.SHAPE_BROADCAST, "fault", text)]
        text = "with the targets of other samples the loss is the same to six digits"
        return [Finding(Cause.LOSS_IGNORES, "fault", text, "the target")]
    falls = spread_out(exam, batch, right, found["right"]) or falls_on(exam, batch)
    if falls:
        return falls
    if not exam.direct and sought(exam, batch, found):
        # a likelihood of rates or smoothed labels: lowest elsewhere, on the target's side
        hardly = _too_many(exam, batch, found) or _hardly(exam, batch, found)
        return hardly or left_out(exam, batch)
    if of_pairs(exam, found) or of_distance(exam, batch, found):
        return []
    others = mismatch(exam, batch, found) or _order(found) or _floor(exam, found)
    others = others or probe_weights(exam)
    sure = any(finding.is_fault for finding in others)
    return others if sure else left_out(exam, batch) or others  # what has no slope is no threshold


def _apart_if_wide(exam: Exam, batch: Batch, right: Tensor, wrong: Tensor) -> bool:
    """Whether the loss tells answers apart where nothing is cast to half precision."""
    with widely():
        one, other = (loss_of_fixed(exam.case, batch, answer) for answer in (right, wrong))
    return one is not None and other is not None and abs(one - other) > _SAME * abs(other)


def _by_itself(exam: Exam, batch: Batch) -> list[Finding]:
    """Judge a loss whose outputs are not of the target's shape by what free outputs can reach."""
    flat, free = exam.free_constant, exam.free_output(batch)
    if flat is None or free is None:
        # what gives no gradient cannot be asked: quantiles differ from their target in shape too
        return _shape(exam, batch) if _graded(exam, batch) else []
    constant = loss_of_fixed(exam.case, batch, flat.expand_as(free))
    least = loss_of_fixed(exam.case, batch, free)
    if constant is None or least is None:
        return _shape(exam, batch)
    exam.figures |= {"loss_free": least, "loss_constant": constant}
    # chances of values between 0 and 1 have a floor of their own, which no answer goes below
    part = _LITTLE / 2 if exam.case.begin is not None else 1 - _FLOOR
    if constant - least > part * max(abs(constant), abs(least)):
        turned = turned_round(exam, batch, free) or against_all(exam, batch)
        return turned or unasked(exam, batch)  # each finds its own target
    turned = against_all(exam, batch)  # far from all targets, answers of their own save little
    if turned:
        return turned
    text = (
        f"output {tuple(exam.output.shape)}, target {tuple(batch['target'].shape)}: the best "
        f"output for each sample has the loss {least:.4g}, one for all {constant:.4g}"
    )
    return [Finding(Cause.SHAPE_BROADCAST, "fault", text)]


def _graded(exam: Exam, batch: Batch) -> bool:
    """Whether the loss of the model has a gradient for any of its weights."""
    model = copy.deepcopy(exam.case.model).train()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    with isolated_random(exam.seed, "doctor", "loss"):
        loss = exam.case.loss(model, batch)
    if not weights or not loss.requires_grad:
        return False
    found = torch.autograd.grad(loss, weights, allow_unused=True)
    return any(slope is not None and bool((slope != 0).any()) for slope in found)


def _too_many(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """Look for a softmax or sigmoid too many beneath a loss that smooths its labels."""
    if exam.answers.kind == "values":
        return []
    least, constant = exam.levels([batch])
    return mismatch(exam, batch, {**found, "right": least, "constant": constant})


def _hardly(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """See whether the lowest loss of classes is next to that of one answer for all.

    A divergence is 0 at its lowest: there it is what sure answers cost that tells how little the
    right classes are worth.
    """
    target = batch["target"]  # labels of 0 and 1 are classes, whatever the loss makes of them
    numbers = exam.answers.kind == "values" and not bool(((target == 0) | (target == 1)).all())
    if numbers or exam.free_constant is None:
        return []
    least, constant = exam.levels([batch])
    dear = found["right"] - constant
    if not 0 < constant - least < max(_FREE * abs(constant), _WORTH * dear):
        return []
    text = f"the best answers have the loss {least:.4g}, one for all {constant:.4g}"
    if constant - least < _WORTH * dear:
        text += f", and sure and right ones {found['right']:.4g}"
    return [Finding(Cause.LOSS_FLOOR, "fault", text)]


def _grey(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether targets up to 255, or 100, are given to a loss that takes chances."""
    target = batch["target"]
    most = float(target.max()) if target.is_floating_point() else 0.0
    if exam.answers.kind != "values" or most <= 1 or float(target.min()) < 0:
        return []
    scaled = {**batch, "target": target / most}
    shape = torch.Size((len(target), *exam.output.shape[1:]))
    if target.numel() != shape.numel():
        return []
    sure = torch.where(target > 0.5 * most, 1.0, -1.0).reshape(shape).to(exam.output)
    raw = [loss_of_fixed(exam.case, batch, factor * sure) for factor in (10.0, 100.0)]
    held = [loss_of_fixed(exam.case, scaled, factor * sure) for factor in (10.0, 100.0)]
    if None in raw or None in held or kind_of(exam.case, scaled, exam.output) != "logits":
        return []
    first, second = (float(value) for value in raw if value is not None)
    if not (second < first < 0 and min(float(v) for v in held if v is not None) >= 0):
        return []
    text = (
        f"targets go up to {most:g} and the loss takes chances from 0 to 1: it is {first:.3g} for "
        f"scores of 10 and {second:.3g} for scores of 100, without an end"
    )
    return [Finding(Cause.TARGET_SCALE, "fault", text, firm=True)]


def _blind(exam: Exam, batch: Batch, right: Tensor, loss: float, scale: float) -> bool:
    rolled = batch["target"].roll(1, 0)
    if len(rolled) < 2 or torch.equal(rolled, batch["target"]):
        return False
    # other keys, such as the user's raw batch, may hold the target too: they are left as they are
    other = loss_of_fixed(exam.case, {**batch, "target": rolled}, right)
    if other is None or abs(other - loss) >= _SAME * scale:
        return False
    # where targets are no answers, as counts are none to a loss of log rates, those say little
    drawn = torch.Generator().manual_seed(exam.seed)
    told = exam.run(exam.case.model, batch).float()
    noise = torch.randn(told.shape, generator=drawn).to(told)
    for answer in (told + _LITTLE * noise, noise):  # a start that is far off drowns any target
        own = loss_of_fixed(exam.case, batch, answer.to(exam.output))
        rest = loss_of_fixed(exam.case, {**batch, "target": rolled}, answer.to(exam.output))
        if own is None or rest is None or not math.isfinite(own):
            continue
        if abs(own - rest) >= _SAME * max(abs(own), abs(rest), 1e-30):
            return False
    return True


def _all_with_all(
    exam: Exam, batch: Batch, right: Tensor, found: dict[str, float], scale: float
) -> bool:
    """Whether the loss compares each output with the targets of all samples."""
    target = batch["target"]
    if exam.answers.kind == "classes" or found["constant"] >= found["right"] - _SAME * scale:
        return False
    first = {**batch, "target": target[:1].expand_as(target).contiguous()}
    other = loss_of_fixed(exam.case, first, right)
    return other is not None and abs(other - found["right"]) > _SAME * scale


def _shape(exam: Exam, batch: Batch, losses: dict[str, float] | None = None) -> list[Finding]:
    """Say so where output and target differ in shape and the loss does not put that right."""
    output, target = exam.output, exam.train[0]["target"]
    if exam.answers.kind == "classes" or output.shape == target.shape:
        return []
    if losses and losses["right"] < _FLOOR * losses["constant"]:
        return []  # the loss brings them together by itself
    text = (
        f"output {tuple(output.shape)}, target {tuple(target.shape)}: with the right answers in "
        "the output the loss is that of a constant"
        if losses
        else f"output {tuple(output.shape)}, target {tuple(target.shape)}"
    )
    return [Finding(Cause.SHAPE_BROADCAST, "fault", text)]


def _order(found: dict[str, float]) -> list[Finding]:
    if found["right"] < found["wrong"] or math.isnan(found["wrong"]):
        return []
    text = (
        f"the right answer has the loss {found['right']:.4g}, a wrong one {found['wrong']:.4g}, a "
        f"constant one {found['constant']:.4g}"
    )
    return [Finding(Cause.LOSS_SIGN, "fault", text)]


def _floor(exam: Exam, found: dict[str, float]) -> list[Finding]:
    right, constant, wrong = found["right"], found["constant"], found["wrong"]
    low = min(right, 0.0)  # losses that may be negative are measured from their own floor
    share = (right - low) / max(constant - low, 1e-30)
    whole = exam.output.dtype == torch.float32  # in half precision it is that which loses it
    flat = exam.answers.kind != "values" and whole and 0 <= wrong - right < _FLAT
    if flat and not halves_seen(exam):
        text = (
            f"the right answer has the loss {right:.4g}, a wrong one {wrong:.4g}: all that can be "
            f"learnt is {wrong - right:.2g}"
        )
        return [Finding(Cause.LOSS_FLOOR, "fault", text)]
    if exam.answers.kind == "logits" and measured(exam.typical["target"]) and share > _CHANCES:
        text = (
            f"targets are values between 0 and 1, and no chances: the right answer has the loss "
            f"{right:.4g}, a constant one {constant:.4g}, and only {100 * (1 - share):.0f} % of "
            "that can be learnt"
        )
        exam.figures["soft_chances"] = share
        return [Finding(Cause.LOSS_FLOOR, "fault", text)]
    if right > constant:
        text = (
            f"the right answer has the loss {right:.4g}, a constant one {constant:.4g}: the "
            "lowest loss is not at the target"
        )
        return [Finding(Cause.LOSS_SIGN, "fault", text)]
    if share < _FLOOR or (constant - right) > 0.5 * (wrong - right):
        return []
    text = (
        f"the right answer has the loss {right:.4g}, a constant one {constant:.4g}: what can be "
        f"learnt is {100 * (1 - share):.0f} % of it"
    )
    return [Finding(Cause.LOSS_FLOOR, "fault" if share > _HOPELESS else "suspect", text)]
