"""Models that give several tensors: helping outputs, a mean and a spread, a task each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from inundate.learn.probes import evaluating
from inundate.learn.random_state import isolated_random

__all__ = ["CannotAsk", "LossOfWhole"]

_KEPT = 16  # batches, of which what the model gives is known
_SAME = 1e-6

Criterion = Callable[[Any, Any], Tensor]


class CannotAsk(Exception):
    """A part of the training takes more than one answer."""


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

    def asked(self, metric: Callable[[Tensor, Tensor], Any]) -> Callable[[Tensor, Tensor], Any]:
        """Give a metric that refuses single answers where the loss takes all that a model gives."""

        def of_answer(output: Tensor, target: Tensor) -> Any:
            if self._whole:
                raise CannotAsk("the metric takes several outputs")
            return metric(output, target)

        return of_answer

    def of(self, pupil: nn.Module, inputs: Mapping[str, Tensor], target: Any) -> Tensor:
        """Give the loss of what a model says of some inputs."""
        found = self._run(pupil, inputs)
        if isinstance(found, Tensor):
            return self._criterion(found, target)
        if self._whole is None:
            return self._first(found, target)
        return self._criterion(found if self._whole else self._main(found), target)

    def of_answer(self, answer: Tensor, inputs: Mapping[str, Tensor], target: Any) -> Tensor:
        """Give the loss of an answer.

        Parameters
        ----------
        answer : Tensor
            Of the shape of the main output.
        inputs : mapping of str to Tensor
            What it would be the answer to.
        target : Tensor, or several
        """
        if not self.takes_whole(inputs, target):
            return self._criterion(answer, target)
        own = self.given(inputs)
        held = self._main(own)
        if held.shape == answer.shape and torch.allclose(held, answer.detach(), atol=_SAME):
            return self._criterion(_put(own, {id(held): answer}), target)
        rest = [one for one in _tensors(own) if one is not held and one.shape == held.shape]
        if self._alike is None:
            self._alike = self._lower(own, rest, answer, target)
        chosen = [one for one, told in zip(rest, self._alike, strict=True) if told]
        return self._criterion(_put(own, {id(one): answer for one in (held, *chosen)}), target)

    def takes_whole(self, inputs: Mapping[str, Tensor], target: Any) -> bool:
        """Say whether the model gives several tensors and the loss takes them all."""
        if self._whole is None:
            try:
                found = self.given(inputs)
            except Exception:  # noqa: BLE001  a model that cannot be run is told by its own probe
                return False
            if isinstance(found, Tensor):
                self._whole = False
            else:
                with torch.no_grad():
                    self._first(found, target)
        return bool(self._whole)

    def helping(self, answer: Tensor, inputs: Mapping[str, Tensor], target: Any) -> bool:
        """Say whether all that a model gives are answers to the same question.

        Parameters
        ----------
        answer : Tensor
            The right one, of the main output's shape.
        inputs, target
            As for :meth:`of_answer`.
        """
        own = self.given(inputs)
        held = self._main(own)
        parts = _tensors(own)
        alike = all(one.shape == held.shape == answer.shape for one in parts)
        return alike and all(self._lower(own, parts, answer, target))

    def parts(self, found: Any) -> list[Tensor]:
        """Give the tensors among what a model gives that have a row for each sample."""
        count = len(self._main(found))
        return [one for one in _tensors(found) if one.is_floating_point() and one.ndim > 0
                and len(one) == count]  # fmt: skip

    def run(self, model: nn.Module, inputs: Mapping[str, Tensor]) -> Any:
        """Give all that a model gives."""
        return self._run(model, inputs)

    def of_parts(self, answers: list[Tensor], inputs: Mapping[str, Tensor], target: Any) -> Tensor:
        """Give the loss of an answer in the place of each of :meth:`parts`."""
        own = self.given(inputs)
        places = zip(self.parts(own), answers, strict=True)
        return self._criterion(_put(own, {id(one): answer for one, answer in places}), target)

    def given(self, inputs: Mapping[str, Tensor]) -> Any:
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

    def _first(self, found: Any, target: Any) -> Tensor:
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

    def _lower(self, own: Any, parts: list[Tensor], answer: Tensor, target: Any) -> list[bool]:
        """Say for which of them the loss is lower if the answer stands there alone."""
        with torch.no_grad():
            least = float(self._criterion(own, target))
            told = [float(self._criterion(_put(own, {id(p): answer}), target)) for p in parts]
        return [loss < least for loss in told]


def _tensors(found: Any) -> list[Tensor]:
    """Give the tensors of a result, whatever it is made of."""
    if isinstance(found, Tensor):
        return [found]
    parts = found.values() if isinstance(found, Mapping) else found
    return [one for part in parts if _holds(part) for one in _tensors(part)]


def _holds(part: Any) -> bool:
    return isinstance(part, (Tensor, Mapping, tuple, list))


def _put(found: Any, places: Mapping[int, Tensor]) -> Any:
    """Give a result of the same form with other tensors at some places, known by their id."""
    if isinstance(found, Tensor):
        return places.get(id(found), found)
    if isinstance(found, Mapping):
        made = {key: _put(part, places) for key, part in found.items()}
        return made if type(found) is dict else type(found)(**made)
    if isinstance(found, tuple) and hasattr(found, "_fields"):  # named
        return type(found)(*(_put(part, places) for part in found))
    if isinstance(found, (tuple, list)):
        return type(found)(_put(part, places) for part in found)
    return found
