"""Least squares in the logarithm of a few positive values, with what the data do not tell.

Source
------
Levenberg (1944), doi:10.1090/qam/10666, and Marquardt (1963), doi:10.1137/0111030: the damping.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fit", "Task", "gauss_newton", "spread", "tell_apart"]

Values = NDArray[np.float64]
Predict = Callable[[Sequence[Values]], list[Values]]

_SHIFT = 0.05  # of a logarithm in a finite difference: well above the noise of the time steps
_SMALL_STEP = 3e-3  # of a logarithm: a change that nobody sees
_SMALL_GAIN = 1e-3  # of the cost in a round
_TRIES = 4
_NOTHING = 1e-12  # information that stands for none


@dataclass(frozen=True)
class Task:
    """What is fitted to what.

    Attributes
    ----------
    start : array (P,)
        Values before the fit.
    low, high : array (P,)
        Bounds.
    prior_sd : float
        Standard deviation of the logarithm of a value, before the fit.
    observed, sd : array (O,)
        Observations and the standard deviations of their errors.
    """

    start: Values
    low: Values
    high: Values
    prior_sd: float
    observed: Values
    sd: Values

    def cost(self, logs: Values, predicted: Values) -> float:
        """Give the sum of squares of residuals and of the way from the start."""
        misfit = (predicted - self.observed) / self.sd
        way = (logs - np.log(self.start)) / self.prior_sd
        return float(misfit @ misfit + way @ way)

    def clip(self, logs: Values) -> Values:
        """Bring logarithms within the bounds."""
        return np.clip(logs, np.log(self.low), np.log(self.high))


@dataclass
class Fit:
    """A fit under way or done.

    Attributes
    ----------
    logs : array (P,)
        Logarithms of the values.
    predicted : array (O,)
        For these values.
    jacobian : array (O, P)
        Change of what is predicted with each logarithm; 0 for what is held.
    rounds : int
        Rounds taken.
    has_converged : bool
        Whether the last round changed next to nothing.
    """

    logs: Values
    predicted: Values
    jacobian: Values
    rounds: int = 0
    has_converged: bool = False


def gauss_newton(
    task: Task,
    predict: Predict,
    logs: Values,
    free: NDArray[np.bool_],
    most_rounds: int,
    watch: Callable[[Fit], None] | None = None,
) -> Fit:
    """Fit by Gauss-Newton with damping and finite differences.

    Parameters
    ----------
    task : Task
        What is fitted to what.
    predict : callable
        Gives what is predicted for each of several sets of values.
    logs : array (P,)
        Where to begin.
    free : array (P,), bool
        What is fitted; the rest is held.
    most_rounds : int
        Rounds at most.
    watch : callable, optional
        Called after each round.
    """
    fit = Fit(logs, *_differences(task, predict, logs, free))
    damping = 1e-2
    while free.any() and fit.rounds < most_rounds and not fit.has_converged:
        before = task.cost(fit.logs, fit.predicted)
        for _ in range(_TRIES):
            new = task.clip(fit.logs + newton_step(task, fit, free, damping))
            (predicted,) = predict([np.exp(new)])
            if task.cost(new, predicted) <= before:
                break
            damping *= 10
        else:
            fit.has_converged = True  # no way down: the noise of the simulation is reached
            break
        damping = max(damping / 10, 1e-6)
        way = float(np.abs(new - fit.logs).max())
        gain = before - task.cost(new, predicted)
        rounds = fit.rounds + 1
        is_still = way < _SMALL_STEP or gain < _SMALL_GAIN * before
        fit = Fit(new, *_differences(task, predict, new, free, predicted), rounds, is_still)
        if watch is not None:
            watch(fit)
    return fit


def newton_step(
    task: Task,
    fit: Fit,
    free: NDArray[np.bool_],
    damping: float = 0.0,
    rows: NDArray[np.bool_] | None = None,
) -> Values:
    """Give the step of the logarithms that least squares ask for, to some of the observations."""
    rows = np.ones(task.observed.size, dtype=bool) if rows is None else rows
    weighted = fit.jacobian[rows][:, free] / task.sd[rows, None]
    misfit = ((fit.predicted - task.observed) / task.sd)[rows]
    prior = 1 / task.prior_sd**2
    normal = weighted.T @ weighted + prior * np.eye(free.sum())
    normal += damping * np.diag(np.diag(normal))
    way = (fit.logs - np.log(task.start))[free]
    step = np.zeros(free.size)
    step[free] = -np.linalg.solve(normal, weighted.T @ misfit + prior * way)
    return step


def _differences(
    task: Task,
    predict: Predict,
    logs: Values,
    free: NDArray[np.bool_],
    predicted: Values | None = None,
) -> tuple[Values, Values]:
    """Give what is predicted and how it changes; differences point into the bounds."""
    shifts = np.where(logs + _SHIFT <= np.log(task.high), _SHIFT, -_SHIFT)
    index = np.flatnonzero(free)
    cases = [np.exp(logs + shifts[k] * (np.arange(logs.size) == k)) for k in index]
    if predicted is None:
        predicted, *found = predict([np.exp(logs), *cases])
    else:
        found = predict(cases)
    jacobian = np.zeros((predicted.size, logs.size))
    for k, changed in zip(index, found, strict=True):
        jacobian[:, k] = (changed - predicted) / shifts[k]
    return predicted, jacobian


def error_scale(task: Task, predicted: Values, fitted: int) -> float:
    """Give by how much errors exceed what was said of them; at least 1."""
    left = task.observed.size - fitted
    misfit = (predicted - task.observed) / task.sd
    return max(1.0, math.sqrt(float(misfit @ misfit) / left)) if left > 0 else 1.0


def spread(task: Task, fit: Fit, free: NDArray[np.bool_]) -> Values:
    """Give the standard deviation of each logarithm from the observations alone.

    Infinite where they say nothing, or where it is not free.
    """
    found = np.full(free.size, np.inf)
    if free.any():
        weighted = fit.jacobian[:, free] / task.sd[:, None]
        values, vectors = np.linalg.eigh(weighted.T @ weighted)
        variance = (vectors**2 / np.maximum(values, _NOTHING)).sum(1)
        found[free] = np.sqrt(variance) * error_scale(task, fit.predicted, int(free.sum()))
    return found


def tell_apart(task: Task, fit: Fit, names: Sequence[str]) -> dict[int, str]:
    """Find the values that the observations do not tell, the worst first, and why.

    A value is told if the observations alone give its logarithm better than what is believed
    before. Each that is not is held, and the rest looked at again.

    Parameters
    ----------
    task : Task
        What was fitted.
    fit : Fit
        The fit of all values.
    names : sequence of str
        Of the values.

    Returns
    -------
    dict
        Reason for each value that is not told, by its place.
    """
    free = np.ones(len(names), dtype=bool)
    weighted = fit.jacobian / task.sd[:, None]
    sizes = np.linalg.norm(weighted, axis=0)
    found: dict[int, str] = {}
    while free.any():
        spreads = np.where(free, spread(task, fit, free), -np.inf)
        worst = int(spreads.argmax())
        if spreads[worst] <= task.prior_sd:
            break
        alone = error_scale(task, fit.predicted, 1) / max(sizes[worst], _NOTHING)
        if alone > task.prior_sd:
            found[worst] = "the observations hardly depend on it"
        else:
            likeness = np.abs(weighted.T @ weighted[:, worst]) / np.maximum(
                sizes * sizes[worst], _NOTHING
            )
            likeness[~free] = likeness[worst] = -1
            other = names[int(likeness.argmax())]
            found[worst] = f"the observations cannot tell it from {other!r}"
        free[worst] = False
    return found
