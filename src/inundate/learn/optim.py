"""AdamW with named state, gradient norms by block, and a running mean of the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from inundate.core.errors import DataError
from inundate.learn.settings import TrainSettings

__all__ = [
    "RunningMean",
    "block_norms",
    "clip_gradients",
    "load_optimiser",
    "make_optimiser",
    "optimiser_tensors",
    "set_learning_rate",
    "total_norm",
]

WHOLE = "(model)"  # block name of parameters that belong to no child module


def make_optimiser(model: nn.Module, settings: TrainSettings) -> torch.optim.AdamW:
    """Make AdamW over the trainable parameters.

    Matrices and kernels decay; biases, norms and single numbers do not, since pulling a
    scale or an offset to zero is no regulariser.

    Raises
    ------
    DataError
        If the model has nothing to train.

    Source
    ------
    Loshchilov and Hutter (2019), arXiv:1711.05101.
    """
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not trainable:
        raise DataError(
            f"making the optimiser: {type(model).__name__} has no trainable parameters",
            hint="set requires_grad on what is to learn",
        )
    groups = [
        {
            "params": [p for p in trainable if p.ndim >= 2],
            "weight_decay": settings.weight_decay,
        },
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=settings.learning_rate
    )


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every group."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def optimiser_tensors(optimiser: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """Flatten the optimiser's state to named tensors.

    Returns
    -------
    dict of str to Tensor
        Keys such as ``exp_avg/block.0.weight``; parameters that have had no gradient yet
        have no entry.
    """
    found: dict[str, Tensor] = {}
    for name, parameter in model.named_parameters():
        for key, value in optimiser.state.get(parameter, {}).items():
            found[f"{key}/{name}"] = torch.as_tensor(value)
    return found


def load_optimiser(
    optimiser: torch.optim.Optimizer, model: nn.Module, tensors: Mapping[str, Tensor], *, where: str
) -> None:
    """Put the tensors of :func:`optimiser_tensors` back.

    Raises
    ------
    DataError
        If a name is not a parameter of the model or a shape differs.
    """
    parameters = dict(model.named_parameters())
    optimiser.state.clear()
    for full, tensor in tensors.items():
        key, _, name = full.partition("/")
        parameter = parameters.get(name)
        if parameter is None:
            raise DataError(f"reading {where}: state of {name!r}, which the model does not have")
        if tensor.ndim and tensor.shape != parameter.shape:
            raise DataError(
                f"reading {where}: {full!r} has shape {tuple(tensor.shape)}, "
                f"expected {tuple(parameter.shape)}"
            )
        # AdamW counts its steps on the CPU; the means live beside the parameter
        device = parameter.device if tensor.ndim else torch.device("cpu")
        optimiser.state[parameter][key] = tensor.clone().to(device)


def blocks_of(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Group the trainable parameters by the model's direct children.

    A model that is one wrapper around another is looked into.
    """
    inner, prefix = model, ""
    while not list(inner.parameters(recurse=False)):
        children = list(inner.named_children())
        if len(children) != 1:
            break
        prefix += f"{children[0][0]}."
        inner = children[0][1]
    found: dict[str, list[nn.Parameter]] = {}
    for name, parameter in inner.named_parameters():
        if parameter.requires_grad:
            first, dot, _ = name.partition(".")
            block = f"{prefix}{first}" if dot else prefix.rstrip(".") or WHOLE
            found.setdefault(block, []).append(parameter)
    return found


def block_norms(model: nn.Module) -> dict[str, float]:
    """Give the gradient norm of each block of a model after ``backward``.

    Returns
    -------
    dict of str to float
        Block name to Euclidean norm; 0 where no gradient arrived at all.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    >>> model[1](torch.ones(1, 2)).sum().backward()
    >>> {name: norm > 0 for name, norm in block_norms(model).items()}
    {'0': False, '1': True}
    """
    blocks = blocks_of(model)
    norms = [
        nn.utils.get_total_norm([p.grad for p in block if p.grad is not None])
        for block in blocks.values()
    ]
    device = next(model.parameters()).device
    values = torch.stack([norm.to(device) for norm in norms]).tolist()  # one wait for the GPU
    return dict(zip(blocks, values, strict=True))


def total_norm(norms: Mapping[str, float]) -> float:
    """Give the norm of the whole gradient from those of its blocks."""
    return math.hypot(*norms.values())


def clip_gradients(model: nn.Module, norms: Mapping[str, float], limit: float) -> float:
    """Shorten the gradient to ``limit`` and give its norm before that; 0 never shortens."""
    total = total_norm(norms)
    if limit and total > limit:
        nn.utils.clip_grads_with_norm_(model.parameters(), limit, torch.tensor(total))
    return total


class RunningMean:
    """Exponential running mean of the weights, which validation and prediction use.

    Parameters
    ----------
    model : Module
        Model whose floating point weights are averaged; buffers and whole numbers are
        copied as they are.
    decay : float
        Weight of the past, such as 0.999; rises from 0 in the first steps, so that the
        random start is forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.tensors = {name: t.detach().clone() for name, t in model.state_dict().items()}
        self._averaged = {name for name, _ in model.named_parameters()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after optimiser step ``step`` (counted from 1)."""
        # (1 + n) / (10 + n): the usual rise of the decay, so early means are not stale
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, tensor in model.state_dict().items():
            if name in self._averaged and tensor.is_floating_point():
                self.tensors[name].lerp_(tensor, 1.0 - decay)
            else:
                self.tensors[name].copy_(tensor)

    @contextmanager
    def used_by(self, model: nn.Module) -> Iterator[None]:
        """Put the means into the model inside the block, and the weights back after it."""
        weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        model.load_state_dict(self.tensors)
        try:
            yield
        finally:
            model.load_state_dict(weights)
