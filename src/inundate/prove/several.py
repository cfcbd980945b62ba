"""Losses of models that give several tensors: a main output and helping ones, a mean and spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from inundate.learn.probes import evaluating
from inundate.learn.random_state import isolated_random

__all__ = ["LossOfWhole"]

_KEPT = 16  # batches, of which what the model gives is known
_SAME = 1e-6

Criterion = Callable[[Any, Tensor], Tensor]


class LossOfWhole:
    """The user's loss of all that a model gives, which may be asked of one tensor too.

    A tuple or table goes to the loss as it is; where the loss refuses that, its first tensor (or
    its logits) does. To ask what the loss says of an answer, the first tensor is replaced, those
    of its shape with which the loss is lower so too, and the others stay as the model gives them.

    Parameters
    ----------
    model : Module
        As it is given; stays as it is.
    criterion : callable
        ``criterion(output, target)``.
    run : callable
        ``run(model, inputs)`` gives all that the model gives.
    main : callable
        Gives the tensor among it that is the answer.
    """

    def __init__(
        self,
        model: nn.Module,
        criterion: Criterion,
        run: Callable[[nn.Module, Mapping[str, Tensor]], Any],
        main: Callable[[Any], Tensor],
    ) -> None:
        self._model, self._criterion, self._run, self._main = model, criterion, run, main
        self._whole: bool | None = None  # whether the loss takes it as it is
        self._alike: list[bool] | None = None  # which tensors take the answer too
        self._own: dict[int, tuple[Any, Any]] = {}

    def of(self, pupil: nn.Module, inputs: Mapping[str, Tensor], target: Tensor) -> Tensor:
        """Give the loss of what a model says of some inputs."""
        found = self._run(pupil, inputs)
        if isinstance(found, Tensor):
            return self._criterion(found, target)
        if self._whole is None:
            return self._first(found, target)
        return self._criterion(found if self._whole else self._main(found), target)

    def _first(self, found: Any, target: Tensor) -> Tensor:
        """See which of the two the loss takes: all, or the one tensor."""
        try:
            loss = self._criterion(found, target)
        except Exception as refused:  # noqa: BLE001  the loss is the user's
            try:
                loss = self._criterion(self._main(found), target)
            except Exception:  # noqa: BLE001  what it said of the whole is what the user has met
                raise refused from None
            self._whole = False
        else:
            self._whole = True
        return loss

    def _ask(self, inputs: Mapping[str, Tensor], target: Tensor) -> None:
        """Learn, before any model was run, what it gives and what the loss takes of that."""
        found = self._given(inputs)
        if isinstance(found, Tensor):
            self._whole = False
        else:
            with torch.no_grad():
                self._first(found, target)

    def of_answer(self, answer: Tensor, inputs: Mapping[str, Tensor], target: Tensor) -> Tensor:
        """Give the loss of an answer.

        Parameters
        ----------
        answer : Tensor
            Of the shape of the main output.
        inputs : mapping of str to Tensor
            What it would be the answer to.
        target : Tensor
        """
        if self._whole is None:
            self._ask(inputs, target)
        if not self._whole:
            return self._criterion(answer, target)
        own = self._given(inputs)
        held = self._main(own)
        if held.shape == answer.shape and torch.allclose(held, answer.detach(), atol=_SAME):
            return self._criterion(_put(own, held, answer, set()), target)
        rest = [one for one in _tensors(own) if one is not held and one.shape == held.shape]
        if self._alike is None:
            self._alike = self._lower(own, held, rest, answer, target)
        chosen = {id(one) for one, told in zip(rest, self._alike, strict=True) if told}
        return self._criterion(_put(own, held, answer, chosen), target)

    def _lower(
        self, own: Any, held: Tensor, rest: list[Tensor], answer: Tensor, target: Tensor
    ) -> list[bool]:
        """Say with which of them the loss is lower if they are the answer as well."""
        found: set[int] = set()
        with torch.no_grad():
            least = float(self._criterion(_put(own, held, answer, found), target))
            for one in rest:
                told = float(self._criterion(_put(own, held, answer, {*found, id(one)}), target))
                if told < least:
                    least, found = told, {*found, id(one)}
        return [id(one) in found for one in rest]

    def _given(self, inputs: Mapping[str, Tensor]) -> Any:
        """Give what the model says as it is given, each batch asked once."""
        kept = self._own.get(id(inputs))
        if kept is not None and kept[0] is inputs:
            return kept[1]
        if len(self._own) >= _KEPT:
            self._own.clear()
        with evaluating(self._model), isolated_random(0, "doctor", "whole"):
            found = self._run(self._model, inputs)
        self._own[id(inputs)] = (inputs, found)
        return found


def _tensors(found: Any) -> list[Tensor]:
    """Give the tensors of a result, whatever it is made of."""
    if isinstance(found, Tensor):
        return [found]
    parts = found.values() if isinstance(found, Mapping) else found
    return [one for part in parts if _holds(part) for one in _tensors(part)]


def _holds(part: Any) -> bool:
    return isinstance(part, (Tensor, Mapping, tuple, list))


def _put(found: Any, held: Tensor, answer: Tensor, alike: set[int]) -> Any:
    """Give a result of the same form in which the answer stands at some places."""
    if isinstance(found, Tensor):
        return answer if found is held or id(found) in alike else found
    if isinstance(found, Mapping):
        made = {key: _put(part, held, answer, alike) for key, part in found.items()}
        return made if type(found) is dict else type(found)(**made)
    if isinstance(found, tuple) and hasattr(found, "_fields"):  # named
        return type(found)(*(_put(part, held, answer, alike) for part in found))
    if isinstance(found, (tuple, list)):
        return type(found)(_put(part, held, answer, alike) for part in found)
    return found
