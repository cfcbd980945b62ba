"""The loss: is the right answer its lowest, and does it look at output and target."""

from __future__ import annotations

import torch
from torch import Tensor

from inundate.learn.random_state import isolated_random
from inundate.prove.answers import loss_of_fixed
from inundate.prove.case import Batch, Fixed
from inundate.prove.cause import Cause
from inundate.prove.exam import Exam
from inundate.prove.finding import Finding
from inundate.prove.free import least_output
from inundate.prove.probe.weights import probe_weights

__all__ = ["probe_loss", "probe_metric"]

_FLOOR = 0.7  # of the constant's loss: above it the right answer is hardly better
_HOPELESS = 0.85
_SAME = 1e-6
_SAMPLES = 4  # of a batch, from which a share of it means something
_MISSED = 0.2  # of a batch, from which samples that do not count are a fault
_DRAWS = 4  # of weights, the first as they are
_VARIES = 1e-2  # deviation of outputs from which it means something that all lie in a range
_RANGES = ((0.0, 1.0), (-1.0, 1.0))  # of sigmoid or softmax, and of tanh or a cosine
_POOR = 0.15  # of the way from the right answer's loss to the constant's
_TOWARDS = 0.9  # of the samples, whose free outputs name the right class
_IN_LINE = 0.5  # correlation of free outputs with their targets
_BEST = (0.0, 1.0, 100.0)  # what a perfect prediction scores in any metric in use


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
    if None in losses.values():
        return []
    found = {name: float(value) for name, value in losses.items() if value is not None}
    exam.figures |= {f"loss_{name}": value for name, value in found.items()}
    scale = max(abs(value) for value in found.values()) + 1e-30
    if max(found.values()) - min(found.values()) < _SAME * scale:
        text = f"a right, a constant and a wrong answer all have the loss {found['right']:.5g}"
        return [Finding(Cause.LOSS_IGNORES, "fault", text, "the output")]
    unlike = _shape(exam, batch, found)
    if unlike:
        return unlike
    if _blind(exam, batch, right, found["right"], scale):
        if _all_with_all(exam, batch, right, found, scale):
            text = (
                "with the targets of other samples the loss is the same to six digits, with other "
                "values it is not, and one answer for all has a lower one than the right answers"
            )
            return [Finding(Cause.SHAPE_BROADCAST, "fault", text)]
        text = "with the targets of other samples the loss is the same to six digits"
        return [Finding(Cause.LOSS_IGNORES, "fault", text, "the target")]
    if not exam.direct and _sought(exam, batch):
        # a likelihood of rates or smoothed labels: lowest elsewhere, on the target's side
        return _left_out(exam, batch)
    others = _mismatch(exam, batch, found) or _order(found) or _floor(exam, found)
    others = others or probe_weights(exam)
    return others or _left_out(exam, batch)


def _by_itself(exam: Exam, batch: Batch) -> list[Finding]:
    """Judge a loss whose outputs are not of the target's shape by what free outputs can reach."""
    flat, free = exam.free_constant, exam.free_output(batch)
    if flat is None or free is None:
        return _shape(exam, batch)
    constant = loss_of_fixed(exam.case, batch, flat.expand_as(free))
    least = loss_of_fixed(exam.case, batch, free)
    if constant is None or least is None:
        return _shape(exam, batch)
    exam.figures |= {"loss_free": least, "loss_constant": constant}
    if constant - least > (1 - _FLOOR) * max(abs(constant), abs(least)):
        return []  # each sample's output finds its own target
    text = (
        f"output {tuple(exam.output.shape)}, target {tuple(batch['target'].shape)}: the best "
        f"output for each sample has the loss {least:.4g}, one for all {constant:.4g}"
    )
    return [Finding(Cause.SHAPE_BROADCAST, "fault", text)]


def _sought(exam: Exam, batch: Batch) -> bool:
    """Whether outputs that are free to lower the loss move towards their targets."""
    target = batch["target"]
    # from the mean: where the lowest constant is at no end, it leads all astray alike
    free = least_output(exam.case, batch, exam.answers.constants(batch)[0][:1])
    if free is None:
        return False
    if exam.answers.kind == "classes":
        known = target >= 0
        return float(exam.answers.hits(free, target)[known].float().mean()) > _TOWARDS
    wanted = target.float().reshape(free.shape).flatten(1)
    found = free.float().flatten(1)
    # what is the same for all samples says nothing of the direction
    wanted, found = (part - part.mean(0) for part in (wanted, found))
    scale = float(wanted.norm() * found.norm())
    return scale > 0 and float((wanted * found).nan_to_num().sum()) > _IN_LINE * scale


def _blind(exam: Exam, batch: Batch, right: Tensor, loss: float, scale: float) -> bool:
    rolled = batch["target"].roll(1, 0)
    if len(rolled) < 2 or torch.equal(rolled, batch["target"]):
        return False
    # other keys, such as the user's raw batch, may hold the target too: they are left as they are
    other = loss_of_fixed(exam.case, {**batch, "target": rolled}, right)
    return other is not None and abs(other - loss) < _SAME * scale


def _left_out(exam: Exam, batch: Batch) -> list[Finding]:
    """See whether the loss looks at the outputs of some samples alone, by its gradient."""
    told = set(batch) - {"inputs", "target", "raw"}
    if told or exam.case.known is not None or len(batch["target"]) < _SAMPLES:
        return []  # a mask may leave samples out on purpose
    right, wrong = exam.answers.right(batch), exam.answers.wrong(batch)
    assert right is not None
    assert wrong is not None
    seen = torch.zeros(len(right), dtype=torch.bool)
    for answer in (wrong, *exam.answers.constants(batch), 0.5 * (right + wrong), 2.0 * right):
        slope = _slope(exam, batch, answer)
        if slope is None:
            return []
        seen |= (slope != 0).reshape(len(slope), -1).any(1).cpu()
    target = batch["target"].reshape(len(seen), -1).cpu()
    counts = torch.isfinite(target) if target.is_floating_point() else target >= 0
    missed = ~seen & counts.any(1)
    if not seen.any() or float(missed.float().mean()) < _MISSED:
        return []
    text = f"whatever the answers, {int(missed.sum())} of {len(seen)} samples of a batch do not "
    text += "move the loss"
    return [Finding(Cause.LOSS_IGNORES, "fault", text, "some of the samples")]


def _slope(exam: Exam, batch: Batch, answer: Tensor) -> Tensor | None:
    """Give the gradient of the loss with respect to an answer; None if it has none."""
    given = answer.detach().clone().requires_grad_()
    try:
        loss = exam.case.loss(Fixed(given), batch)
        (slope,) = torch.autograd.grad(loss, given)
    except Exception:  # noqa: BLE001  the loss is the user's: any error means "cannot be asked"
        return None
    return slope


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


def _mismatch(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """Look for a softmax or sigmoid too many, or one too few."""
    kind, output = exam.answers.kind, exam.output
    if kind == "classes":
        return _classes(exam, batch, found)
    if kind == "logits" and len(output.flatten()) >= 16:
        return _held(exam, batch, found, "sigmoid")
    return []


def _held(exam: Exam, batch: Batch, found: dict[str, float], kind: str) -> list[Finding]:
    """See whether scores are held in a range in which the best answer is a poor one."""
    output, right = exam.output.float(), exam.answers.right(batch)
    assert right is not None
    if not float(output.std()) > _VARIES:
        return []
    for low, high in _RANGES:
        inside = bool(((output >= low) & (output <= high)).all())
        if not inside or not _bounded(exam, low, high):
            continue
        least = loss_of_fixed(exam.case, batch, right.clamp(low, high))
        way = found["constant"] - found["right"]
        if least is None or least <= found["right"] + _POOR * way:
            return []
        text = (
            f"the outputs lie between {low:g} and {high:g} whatever the weights, but the loss "
            f"takes a {kind} of them once more: with the best of them it is {least:.3g}, and it "
            f"could be {found['right']:.3g}"
        )
        return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]
    return []


def _classes(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    output = exam.output.float()
    dim = 1 if output.ndim == 2 else exam.answers.class_dim(batch["target"])
    sums = output.sum(dim)
    if bool((output >= 0).all()) and bool(torch.isclose(sums, torch.ones(()), atol=1e-3).all()):
        right = exam.answers.right(batch)
        assert right is not None
        least = loss_of_fixed(exam.case, batch, (right > 0).to(right))
        if least is not None and least > found["right"] + 0.3 * (
            found["constant"] - found["right"]
        ):
            text = (
                f"the outputs are probabilities already; with the right ones the loss is "
                f"{least:.3g}, and it could be {found['right']:.3g}"
            )
            return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]
    return _unnormalised(exam, batch, found) or _held(exam, batch, found, "softmax")


def _unnormalised(exam: Exam, batch: Batch, found: dict[str, float]) -> list[Finding]:
    """See whether the loss of surer answers falls without end, while scores are not normalised."""
    right = exam.answers.right(batch)
    assert right is not None
    surer = loss_of_fixed(exam.case, batch, 2.0 * right)
    if found["right"] >= found["wrong"]:
        return []  # turned round
    if surer is None or found["right"] >= 0 or surer > 1.9 * found["right"]:
        return []
    dim = exam.answers.class_dim(batch["target"])
    total = torch.logsumexp(exam.output.float(), dim)
    if float(total.abs().max()) < 1e-3:
        return []
    text = (
        f"the loss of an answer twice as sure is {surer:.3g} after {found['right']:.3g}: it falls "
        "without end, since the scores are not log-probabilities"
    )
    return [Finding(Cause.LOSS_OUTPUT_MISMATCH, "fault", text)]


def _bounded(exam: Exam, low: float, high: float) -> bool:
    """Say whether the output stays between two values, for larger inputs and any weights too."""
    model, _ = exam.case.pair()
    with torch.no_grad(), isolated_random(exam.seed, "doctor", "bounded"):
        for draw in range(_DRAWS):
            if draw:  # scores of small weights may lie between 0 and 1 by themselves
                for weight in model.parameters():
                    weight.copy_(draw * torch.randn_like(weight))
            for batch in exam.train[:5]:
                inputs = {
                    name: value * 10.0 if value.is_floating_point() else value
                    for name, value in batch["inputs"].items()
                }
                output = exam.run(model, {**batch, "inputs": inputs})
                if bool(((output < low) | (output > high)).any()):
                    return False
    return True


def _order(found: dict[str, float]) -> list[Finding]:
    if found["right"] < found["wrong"]:
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


def probe_metric(exam: Exam) -> list[Finding]:
    """Ask the user's metric for a right, a constant and a wrong answer."""
    if exam.case.metric is None:
        return []
    batch = exam.typical
    target = batch["target"]
    right, wrong = exam.answers.right(batch), exam.answers.wrong(batch)
    constant = exam.answers.constants(batch)
    if right is None or wrong is None or not constant:
        return []
    try:
        best, worst, flat = (
            float(exam.case.metric(answer, target)) for answer in (right, wrong, constant[0])
        )
    except Exception as error:  # noqa: BLE001  whatever a user's metric raises is the finding
        return [Finding(Cause.METRIC_WRONG, "fault", f"{type(error).__name__}: {error}")]
    exam.figures |= {"metric_right": best, "metric_wrong": worst, "metric_constant": flat}
    text = f"it gives {best:.4g} for the right answer, {flat:.4g} for a constant, {worst:.4g} "
    text += "for a wrong one"
    at_best = any(abs(best - value) < 0.01 * max(1.0, value) for value in _BEST)
    extreme = best in (min(best, flat, worst), max(best, flat, worst))
    if best == worst or not extreme or not (at_best or best == float("inf")):
        return [Finding(Cause.METRIC_WRONG, "fault", text)]
    return []
