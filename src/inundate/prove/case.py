"""A model with what it is trained by, as the doctor sees it: :class:`Case`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.errors import DataError
from inundate.learn.batches import to_device
from inundate.prove.batch import SEVERAL, Batch, as_batch, as_given, is_placed, kind_name
from inundate.prove.kept import let_go
from inundate.prove.several import LossOfWhole

__all__ = ["Batch", "Call", "Case", "Fixed", "adam", "call_model", "make_case", "target_of"]

Call = Callable[[nn.Module, Mapping[str, Tensor]], Tensor]
Loss = Callable[[nn.Module, Batch], Tensor]
#: ``step(model, optimiser, raw)`` makes one training step as the user does, and gives the loss.
Step = Callable[[nn.Module, torch.optim.Optimizer, Any], Any]


@dataclass(frozen=True)
class Case:
    """A model, its data, loss and optimiser. Nothing of it is changed: copies are trained.

    Parameters
    ----------
    name : str
    model : Module
    train : iterable of batches
        Can be gone through again, as a DataLoader can.
    call : callable
        ``call(model, inputs)`` gives the output tensor.
    loss : callable
        ``loss(model, batch)`` gives a scalar tensor.
    optimiser : Optimizer or callable
        Made on this model, or ``optimiser(model)`` makes it.
    valid : iterable of batches, optional
        Samples that are not trained on.
    step : callable, optional
        The user's own training step.
    metric : callable, optional
        ``metric(output, target)``; a perfect prediction should get its best value.
    known : callable, optional
        ``known(batch)`` says where the target counts, in a shape that broadcasts with it.
    spare : collection of str
        Inputs that the model may leave unused.
    may_rest : collection of str
        Blocks of the model that the loss may leave without a gradient, by name; ``(model)`` stands
        for the weights that are in none.
    unread : sequence of str
        Keys of the configuration that nothing has read.
    trained : bool
        The weights are those of a finished training and are judged as they are.
    told : sequence of str
        What is known from elsewhere, such as the alarms of a run.
    whole : LossOfWhole, optional
        The loss of all that a model gives, where it may give several tensors.
    begin : Tensor (1, …), optional
        Where the search for the best answer begins, if 0 is none that the loss takes.
    """

    name: str
    model: nn.Module
    train: Iterable[Any]
    call: Call
    loss: Loss
    optimiser: torch.optim.Optimizer | Callable[[nn.Module], torch.optim.Optimizer]
    valid: Iterable[Any] | None = None
    step: Step | None = None
    metric: Callable[[Tensor, Tensor], Any] | None = None
    known: Callable[[Batch], Tensor] | None = None
    spare: Collection[str] = ()
    may_rest: Collection[str] = ()
    unread: Sequence[str] = ()
    trained: bool = False
    told: Sequence[str] = ()
    whole: LossOfWhole | None = None
    begin: Tensor | None = None

    def pair(self) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Give a copy of the model with an optimiser that holds the copy's weights."""
        let_go(self.model)
        if isinstance(self.optimiser, torch.optim.Optimizer):
            # one deepcopy, so that weights which both hold stay shared
            model, optimiser = copy.deepcopy((self.model, self.optimiser))
            return model, optimiser
        model = copy.deepcopy(self.model)
        return model, self.optimiser(model)

    def batches(self, part: Iterable[Any], limit: int) -> Iterator[Batch]:
        """Go through a loader once, up to ``limit`` batches, in the doctor's form."""
        device = next((p.device for p in self.model.parameters()), torch.device("cpu"))
        for number, raw in enumerate(part):
            if number == limit:
                return
            batch = as_batch(raw)
            yield {**to_device({k: batch[k] for k in batch if k != "raw"}, device), "raw": raw}


class Fixed(nn.Module):
    """Gives the same output whatever it is asked: to see what a loss says of it."""

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output

    def forward(self, *_inputs: Any, **_named: Any) -> Tensor:
        """Give the output."""
        return self.output


def adam(model: nn.Module) -> torch.optim.Optimizer:
    """Make Adam at its usual rate, where the user names no optimiser."""
    return torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)


def call_model(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Call a model as its inputs are named, and give its output tensor.

    One tensor or several without a name are given by place, named ones by name. Of a result
    with several parts ``logits``, then the first is taken.
    """
    return _tensor(_by_names(model, inputs))


def _by_names(model: nn.Module, inputs: Mapping[str, Tensor]) -> Any:
    given = as_given(inputs)
    return model(*given.values()) if all(map(is_placed, given)) else model(**given)


def call_with_table(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Call a model that takes the table of inputs itself."""
    return _tensor(_by_table(model, inputs))


def _by_table(model: nn.Module, inputs: Mapping[str, Tensor]) -> Any:
    return model(as_given(inputs))


def _tensor(found: Any) -> Tensor:
    if isinstance(found, Mapping):
        found = found.get("logits", next(iter(found.values())))
    elif hasattr(found, "logits"):
        found = found.logits
    elif isinstance(found, (tuple, list)):
        found = found[0]
    if not isinstance(found, Tensor):
        raise DataError(
            f"running the model: it gave {kind_name(found)}; expected a tensor, or a result with "
            "logits"
        )
    return found


def usual_loss(output: Tensor, target: Tensor) -> Tensor:
    """Give cross-entropy for classes, mean square error for values."""
    if target.is_floating_point():
        return functional.mse_loss(output, target)
    if output.ndim == target.ndim + 1 and output.shape[:-1] == target.shape:
        return functional.cross_entropy(output.reshape(-1, output.shape[-1]), target.reshape(-1))
    return functional.cross_entropy(output, target)


#: How all that a model gives is had, where it is called in one of these ways.
_WHOLE = {call_model: _by_names, call_with_table: _by_table}


def _loss_of(criterion: Callable[[Any, Any], Tensor], call: Call) -> Loss:
    """Make a loss of model and batch of the user's one, of output and target."""

    def loss_of(pupil: nn.Module, batch: Batch) -> Tensor:
        return criterion(call(pupil, batch["inputs"]), target_of(batch))

    return loss_of


def _loss_of_whole(whole: LossOfWhole) -> Loss:
    """Make it of one that may take all that a model gives."""

    def loss_of_whole(pupil: nn.Module, batch: Batch) -> Tensor:
        if isinstance(pupil, Fixed):
            return whole.of_answer(pupil.output, batch["inputs"], target_of(batch))
        return whole.of(pupil, batch["inputs"], target_of(batch))

    return loss_of_whole


def target_of(batch: Batch) -> Any:
    """Give the target as the loader had it: several of them as they were."""
    several = batch.get(SEVERAL)
    return batch["target"] if several is None else several.given(batch["target"])


def make_case(
    model: nn.Module,
    train: Iterable[Any],
    *,
    name: str = "model",
    valid: Iterable[Any] | None = None,
    loss: Callable[[Any, Any], Tensor] | None = None,
    optimiser: torch.optim.Optimizer | Callable[[nn.Module], torch.optim.Optimizer] | None = None,
    call: Call = call_model,
    step: Step | None = None,
    metric: Callable[[Tensor, Tensor], Any] | None = None,
    unread: Sequence[str] = (),
    trained: bool = False,
) -> Case:
    """Describe any torch model.

    Parameters
    ----------
    model : Module
    train, valid : iterable of batches
        ``(inputs, target)`` or mappings; can be gone through again.
    loss : callable, optional
        ``loss(output, target)``; by default cross-entropy for whole numbers, mean square error
        for others. The output of a model that gives several tensors is all of them, or the first
        if the loss refuses them; several targets are given as the loader has them.
    optimiser : Optimizer or callable, optional
        By default Adam at its usual rate.
    call, step, metric, unread, trained, name
        As in :class:`Case`.
    """
    criterion, whole = _loss_of(loss or usual_loss, call), None
    if loss is not None and call in _WHOLE:
        whole = LossOfWhole(model, loss, _WHOLE[call], _tensor)
        criterion, metric = _loss_of_whole(whole), None if metric is None else whole.asked(metric)
    return Case(
        name, model, train, call, criterion, optimiser or adam, valid=valid,
        step=step, metric=metric, unread=tuple(unread), trained=trained, whole=whole,
    )  # fmt: skip
