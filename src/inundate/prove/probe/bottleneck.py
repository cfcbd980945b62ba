"""Models that tell all they tell through one number of each sample."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from inundate.prove.cause import Cause
from inundate.prove.exam import Exam, Skill
from inundate.prove.finding import Finding

__all__ = ["through_one"]

_LESS = 0.3  # of skill, that a simple learner has more
_SAME = 1e-6  # of the deviation of outputs
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def through_one(exam: Exam, unseen: Skill, reference: Skill | None) -> list[Finding]:
    """See whether a layer gives one number a sample, and the output follows from that alone.

    Asked where several numbers are asked for and a simple learner knows far more of them.
    """
    asked = len(exam.answers.prior) if exam.answers.kind == "classes" else exam.output[0].numel()
    if asked < 3 or reference is None or reference.value < unseen.value + _LESS:
        return []
    batch = exam.typical
    model = copy.deepcopy(exam.all.model).eval()
    before = exam.run(model, batch).double()
    if len(before) < 3 or not float(before.std(0).mean()) > 0:
        return []
    for name, layer in model.named_modules():
        if not isinstance(layer, _LAYERS):
            continue
        seen: list[bool] = []
        handle = layer.register_forward_hook(_one_for_all(seen))
        after = exam.run(model, batch).double()
        handle.remove()
        if seen != [True]:
            continue
        if float((after - after[:1]).abs().max()) > _SAME * float(before.std(0).mean()):
            continue
        text = (
            f"{name} gives one number a sample, and the {asked} numbers of an answer follow from "
            f"that; skill on unseen samples is {max(unseen.value, -9.99):.2f}, of a simple learner "
            f"{reference.value:.2f}"
        )
        return [Finding(Cause.CANNOT_FIT, "fault", text, firm=True)]
    return []


def _one_for_all(seen: list[bool]) -> Callable[[nn.Module, Any, Any], Any]:
    """Make a hook that gives all samples the number of the first one."""

    def hook(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        one = isinstance(output, Tensor) and output.ndim > 1 and output[0].numel() == 1
        seen.append(one)
        return output[:1].expand_as(output) if one else output

    return hook
