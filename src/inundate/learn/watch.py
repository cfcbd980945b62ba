"""Look at a model in training: does it learn, from all inputs, more than the trivial."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from inundate.core.errors import ConfigError, nearest
from inundate.learn.alarm import Alarm, Cause
from inundate.learn.batches import Batch, Batches, find_not_finite, to_device
from inundate.learn.gradients import GradientWatch
from inundate.learn.look import Look, Patience, judge
from inundate.learn.probes import (
    Spread,
    dead_units,
    evaluating,
    mean_squared,
)
from inundate.learn.random_state import isolated_random
from inundate.learn.settings import WatchSettings
from inundate.learn.shuffle import Shuffles, shuffled_batch

__all__ = ["LossFunction", "Statistics", "Watch"]

#: Runs the model on a batch and gives ``"loss"`` (scalar tensor) and its named parts.
LossFunction = Callable[[nn.Module, Batch], Mapping[str, Tensor]]
#: From predicted and true values, per name a (predicted, true) pair of tensors to be summed.
Statistics = Callable[[Tensor, Tensor], Mapping[str, tuple[Tensor, Tensor]]]

_MANY_DEAD = 0.5  # modules with more dead units than this are listed by name


class Watch:
    """Look at the same samples again and again while a model trains.

    Looking changes nothing in the training: weights, modes and random states are as
    before, so a watched run has the same weights as an unwatched one.

    Parameters
    ----------
    batches : Batches
        Samples to look at, best of the validation split; the first
        ``settings.batches`` of epoch 0 are taken, with at least two samples each.
    predict : callable, optional
        ``predict(model, batch)`` gives the output to compare with the truth; by default
        ``model(batch["inputs"])``.
    target : str or callable
        Key of the truth in a batch, or a function of the batch that gives it in the
        shape of the prediction; NaN where unknown.
    metric : callable
        ``metric(predicted, target)`` gives one error a sample (B,), smaller is better.
    baselines : mapping, optional
        By name what the model must beat: a function of the batch that gives the
        baseline's prediction, scored by the same metric, or its mean error as a number.
    statistics : callable, optional
        Such as :func:`~inundate.learn.probes.threshold_statistics`; the ratio of a
        statistic named ``wet_fraction`` can raise an alarm.
    must_use : collection of str, optional
        Entries of ``batch["inputs"]`` that a healthy model cannot do without; all of
        them by default. The others are shuffled and logged only.
    must_beat : collection of str, optional
        Baselines whose skill must be positive; all of them by default.
    may_rest : collection of str
        Blocks that may go without gradient.
    settings : WatchSettings, optional
        When to look, and the thresholds.
    """

    def __init__(
        self,
        batches: Batches,
        *,
        predict: Callable[[nn.Module, Batch], Tensor] | None = None,
        target: str | Callable[[Batch], Tensor] = "target",
        metric: Callable[[Tensor, Tensor], Tensor] = mean_squared,
        baselines: Mapping[str, Callable[[Batch], Tensor] | float] | None = None,
        statistics: Statistics | None = None,
        must_use: Collection[str] | None = None,
        must_beat: Collection[str] | None = None,
        may_rest: Collection[str] = (),
        settings: WatchSettings | None = None,
    ) -> None:
        self.settings = settings or WatchSettings()
        self.baselines = dict(baselines or {})
        self.must_use, self.must_beat = must_use, must_beat
        self._batches = batches
        self._predict = predict or _predict_inputs
        self._target = target if callable(target) else _by_key(target)
        self._metric = metric
        self._statistics = statistics
        self._baseline_errors: dict[str, float] | None = None
        self._patience = Patience(self.settings.patience)
        self._gradients = GradientWatch(self.settings, may_rest)
        self._check_names()

    def _check_names(self) -> None:
        inputs = self._batches.batch(0, 0).get("inputs", {})
        for what, names, known in (
            ("must_use", self.must_use, inputs),
            ("must_beat", self.must_beat, self.baselines),
        ):
            unknown = [name for name in names or () if name not in known]
            if unknown:
                close = nearest(unknown[0], known)
                raise ConfigError(
                    f"making the watch: {what} names {unknown[0]!r}; known are {sorted(known)}",
                    hint=f"did you mean {close!r}?" if close else None,
                )

    def look(self, model: nn.Module, loss_fn: LossFunction, *, step: int) -> Look:
        """Measure a model on the watched samples.

        Parameters
        ----------
        model : Module
            Stays as it is.
        loss_fn : callable
            The loss that it is trained with.
        step : int
            Optimiser steps made so far.
        """
        losses: list[float] = []
        errors: list[Tensor] = []
        output, truth = Spread(), Spread()
        sums: dict[str, list[float]] = {}
        shuffles = Shuffles()
        with isolated_random(0, "watch"), evaluating(model), dead_units(model) as active:
            for batch in self._watched(model):
                with isolated_random(0, "loss"):
                    losses.append(float(loss_fn(model, batch)["loss"]))
                predicted, target = self._output(model, batch), self._target(batch)
                error = self._error(predicted, target)
                errors.append(error)
                known = torch.isfinite(target)
                output.add(predicted, known)
                truth.add(target, known)
                self._add_statistics(sums, predicted, target)
                self._shuffle(shuffles, model, batch, predicted, error)
        error_mean = _mean(errors)
        deviation = truth.deviation()
        return Look(
            step=step,
            loss=math.fsum(losses) / len(losses),
            error=error_mean,
            skill=self._skill(model, error_mean),
            spread=_over(output.deviation(), deviation),
            size=_over(output.size(), truth.size()),
            ratio={name: _over(guess, true) for name, (guess, true) in sums.items()},
            shuffled=shuffles.result(deviation),
            dead={name: 1.0 - float(units.float().mean()) for name, units in active.items()},
        )

    def _watched(self, model: nn.Module) -> Iterator[dict[str, Any]]:
        device = next(model.parameters()).device
        for index in range(min(self.settings.batches, len(self._batches))):
            yield to_device(self._batches.batch(0, index), device)

    def _output(self, model: nn.Module, batch: Batch) -> Tensor:
        """Predict with the same random numbers each time, for models that draw some."""
        with isolated_random(0, "predict"):
            return self._predict(model, batch)

    def _error(self, predicted: Tensor, target: Tensor) -> Tensor:
        """Give the errors (N,) of the samples of which something is known."""
        known = torch.isfinite(target).reshape(target.shape[0], -1).any(1)
        return self._metric(predicted, target)[known]

    def _add_statistics(
        self, sums: dict[str, list[float]], predicted: Tensor, target: Tensor
    ) -> None:
        if self._statistics is None:
            return
        for name, (guess, true) in self._statistics(predicted, target).items():
            held = sums.setdefault(name, [0.0, 0.0])
            held[0] += float(guess.sum())
            held[1] += float(true.sum())

    def _shuffle(
        self, shuffles: Shuffles, model: nn.Module, batch: Batch, predicted: Tensor, error: Tensor
    ) -> None:
        for name in batch.get("inputs", {}):
            other = shuffled_batch(batch, name)
            if other is None:
                shuffles.same(name)
                continue
            moved = self._output(model, other)
            shuffles.add(name, error, self._error(moved, self._target(batch)), moved - predicted)

    def _skill(self, model: nn.Module, error: float) -> dict[str, float | None]:
        if self._baseline_errors is None:
            self._baseline_errors = {
                name: self._baseline_error(given, model) for name, given in self.baselines.items()
            }
        return {
            name: 1.0 - error / other if other > 0.0 else None
            for name, other in self._baseline_errors.items()
        }

    def _baseline_error(self, given: Callable[[Batch], Tensor] | float, model: nn.Module) -> float:
        if not callable(given):
            return float(given)
        return _mean([self._error(given(b), self._target(b)) for b in self._watched(model)])

    def record(self, look: Look, norms: Mapping[str, float] | None = None) -> dict[str, Any]:
        """Give a look as the entries of one line of the metrics."""
        return {
            "watch": {
                "loss": look.loss,
                "error": look.error,
                "spread": look.spread,
                "size": look.size,
                "dead": max(look.dead.values(), default=0.0),
            },
            "skill": dict(look.skill),
            "ratio": dict(look.ratio),
            "shuffle_rise": {n: None if s is None else s.rise for n, s in look.shuffled.items()},
            "dead_modules": [n for n, share in look.dead.items() if share > _MANY_DEAD],
            "gradient": dict(norms or {}),
            "baseline": {
                name: {"watch": {"error": error}}
                for name, error in (self._baseline_errors or {}).items()
            },
        }

    def alarms(self, look: Look) -> list[Alarm]:
        """Give the faults seen so often that training should stop.

        The first look is at the untrained model: its loss is what an explosion is measured by.
        """
        if not (math.isfinite(look.loss) and math.isfinite(look.error)):
            return [self._not_finite(look)]
        if self._gradients.first_loss is None:
            self._gradients.first_loss = look.loss
        if look.step < self.settings.grace_steps:
            return []
        return self._patience.ripe(self.faults(look))

    def _not_finite(self, look: Look) -> Alarm:
        """Name a bad input of the watched samples, or else the loss."""
        for index in range(min(self.settings.batches, len(self._batches))):
            found = find_not_finite(self._batches.batch(0, index))
            if found is not None and found.key.startswith("inputs."):
                return Alarm(Cause.NAN_INPUT, f"watched batch {index}: {found}", found.key)
        return Alarm(
            Cause.NAN_LOSS,
            f"on the watched samples the loss is {look.loss}, the error {look.error}",
        )

    def faults(self, look: Look) -> list[Alarm]:
        """Give all faults of one look, with neither grace nor patience."""
        return judge(look, self.settings, must_use=self.must_use, must_beat=self.must_beat)

    @property
    def exploding(self) -> bool:
        """Whether the last step's loss or gradient was far above what it should be."""
        return self._gradients.exploding

    def after_backward(self, *, loss: float, norms: Mapping[str, float]) -> list[Alarm]:
        """Take in one step; see :meth:`~inundate.learn.gradients.GradientWatch.after_backward`."""
        return self._gradients.after_backward(loss=loss, norms=norms)

    def explain(self, alarms: list[Alarm], look: Look) -> list[Alarm]:
        """Add to a missing gradient what the model shows at that moment.

        A model that is dry everywhere and gets no gradient at all is called dry, since
        that is what its maps show; where only some blocks get none, they are the cause.
        """
        dead = [name for name, share in look.dead.items() if share == 1.0]
        evidence = f"; every unit of {', '.join(dead)} is dead" if dead else ""
        told = [
            Alarm(a.cause, a.evidence + evidence, a.subject) if a.cause is Cause.NO_GRADIENT else a
            for a in alarms
        ]
        still = self._gradients.nothing_moves
        seen = [a for a in self.faults(look) if still or a.cause is not Cause.ALL_ZERO]
        return told + seen

    def state(self) -> dict[str, Any]:
        """Give what the watch remembers, for the checkpoint."""
        return {"patience": dict(self._patience.counts), "gradients": self._gradients.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember again what :meth:`state` gave."""
        self._patience.counts = dict(state["patience"])
        self._gradients.restore(state["gradients"])


def _predict_inputs(model: nn.Module, batch: Batch) -> Tensor:
    found: Tensor = model(batch["inputs"])
    return found


def _by_key(key: str) -> Callable[[Batch], Tensor]:
    def target(batch: Batch) -> Tensor:
        found: Tensor = batch[key]
        return found

    return target


def _mean(errors: list[Tensor]) -> float:
    values = torch.cat([error.double().cpu() for error in errors])
    return float(values.mean()) if values.numel() else math.nan


def _over(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
