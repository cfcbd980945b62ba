"""Fit roughness or rain to observations by gradients of the tensor path."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.hydro.calibrate_fit import Task
from inundate.hydro.calibrate_model import Model
from inundate.hydro.calibrate_settings import CalibrateSettings
from inundate.hydro.gpu.gradient import Looks, Recording, record, replay
from inundate.hydro.gpu.tensors import choose_device

__all__ = ["fit_by_gradient"]

_INNER = 4  # steps of L-BFGS on the same time steps, which are then recorded again
_SMALL_STEP = 3e-3  # of a logarithm

Values = NDArray[np.float64]


def fit_by_gradient(
    model: Model, task: Task, logs: Values, free: NDArray[np.bool_], settings: CalibrateSettings
) -> Values:
    """Fit by L-BFGS with a line search, on gradients through the flood.

    Parameters
    ----------
    model : Model
        The flood; it fits roughness or rain.
    task : Task
        What is fitted to what.
    logs : array (P,)
        Logarithms of the values to begin with.
    free : array (P,), bool
        What is fitted.
    settings : CalibrateSettings
        ``most_rounds``: how often time steps are recorded again.

    Returns
    -------
    array (P,)
        Logarithms of the fitted values.
    """
    for _ in range(settings.most_rounds if free.any() else 0):
        before, logs = logs, _descend(model, task, logs, free)
        if np.abs(logs - before).max() < _SMALL_STEP:
            break
    return logs


def _descend(model: Model, task: Task, logs: Values, free: NDArray[np.bool_]) -> Values:
    """Take some steps downwards on the same time steps."""
    recorded = np.exp(logs)
    recording = _record(model, recorded)
    mask, kept = torch.from_numpy(free), torch.from_numpy(logs)
    moving = kept.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([moving], max_iter=_INNER, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        cost = _cost(model, task, torch.where(mask, moving, kept), recording, recorded)
        cost.backward()  # type: ignore[no-untyped-call]
        return cost

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return task.clip(np.where(free, moving.detach().numpy(), logs))


def _record(model: Model, values: Values) -> Recording:
    seen = model.observations
    rain = [(seconds, np.asarray(rate, np.float64)) for seconds, rate in model.rain]
    whole = sum(seconds for seconds, _ in rain)
    times = np.unique(np.where(np.isnan(seen.time_s), whole, seen.time_s))
    looks = Looks(seen.rows, seen.columns, times[times > 0])
    factor = values[0] if model.fit == "rain" else 1.0
    scaled = [(seconds, rate * factor) for seconds, rate in rain]
    return record(model.march(values), scaled, looks, choose_device())


def _cost(model: Model, task: Task, logs: Tensor, recording: Recording, recorded: Values) -> Tensor:
    """Give the cost of :meth:`Task.cost` with its gradient; ``recorded`` are the run's values."""
    values, seen = logs.exp(), model.observations
    roughness = rain = None
    if model.fit == "rain":
        rain = recording.rain * (values[0] / recorded[0])
    else:
        roughness = _roughness(model, values)
    found = replay(recording, roughness=roughness, rain=rain)
    times = recording.looks.time_s
    predicted = []
    for g, t in zip(seen.gauge, seen.time_s, strict=True):
        if np.isnan(t):
            predicted.append(found.peak[g])
        elif t <= 0:
            row, column = seen.rows[g], seen.columns[g]
            predicted.append(torch.as_tensor(recording.march.state.depth[row, column]))
        else:
            predicted.append(found.depth[int(np.searchsorted(times, t)), g])
    misfit = torch.stack(predicted).double().cpu() - torch.from_numpy(task.observed)
    misfit = misfit / torch.from_numpy(task.sd)
    way = (logs - torch.from_numpy(np.log(task.start))) / task.prior_sd
    return (misfit**2).sum() + (way**2).sum()


def _roughness(model: Model, values: Tensor) -> Tensor:
    """Give Manning's n (H, W) with its gradient."""
    if model.by_class:
        return values[torch.from_numpy(model.class_index())]
    if model.roughness is not None:
        return (torch.from_numpy(np.asarray(model.roughness)) * values[0]).clamp(max=1.0)
    return values[0].expand(model.elevation.shape)
