"""Running statistics of a normalisation that are not those of the data."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from inundate.prove.exam import Exam

__all__ = ["stale"]

_AWAY = 1.0  # deviations, between the mean that is kept and that of the data
_WIDER = 4.0  # ratio of the deviation that is kept and that of the data
_BATCHES = 8


def stale(exam: Exam) -> str:
    """Name a normalisation that keeps another mean or deviation than it meets; "" if none.

    As with a momentum of 0, or one that was taken for the share that is kept.
    """
    model = copy.deepcopy(exam.all.model).train()
    met: dict[str, list[Tensor]] = {}

    def see(name: str) -> Any:
        def hook(_module: nn.Module, given: Any) -> None:
            met.setdefault(name, []).append(given[0].detach())

        return hook

    kept = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
            assert module.running_var is not None
            kept[name] = (module.running_mean.clone(), module.running_var.clone())
            module.register_forward_pre_hook(see(name))
    if not kept:
        return ""
    for batch in exam.learnt[:_BATCHES]:
        exam.run(model, batch)
    began = dict(exam.case.model.named_buffers())
    for name, (mean, variance) in kept.items():
        first = began.get(f"{name}.running_mean")
        if first is not None and torch.equal(first, mean):
            return f"after {len(exam.all.losses)} steps {name} keeps the means that it began with"
        if name not in met:
            continue
        values = torch.cat([one.movedim(1, 0).flatten(1) for one in met[name]], 1)
        own, spread = values.mean(1), values.std(1).clamp(min=1e-6)
        away = float(((mean - own).abs() / spread).mean())
        ratio = (variance.sqrt().clamp(min=1e-6) / spread).log().abs()
        if away > _AWAY or float(ratio.median().exp()) > _WIDER:
            return (
                f"{name} has kept means {away:.2g} deviations away from those of the data, and "
                f"deviations that differ {float(ratio.median().exp()):.2g} times"
            )
    return ""
