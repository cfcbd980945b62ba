"""Predictors by name; those that need no training: the solver, the hybrid."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from inundate.core.errors import ConfigError, MissingFileError, nearest
from inundate.emulate.hybrid import hybrid_arrays, pour_state
from inundate.emulate.probes.ground import Array, Ground
from inundate.emulate.probes.own import function_predictor
from inundate.emulate.probes.trial import Subject
from inundate.hydro.march import simulate_arrays

__all__ = [
    "HYBRID_FACTOR",
    "hybrid_predictor",
    "named_predictor",
    "solver_predictor",
]

HYBRID_FACTOR = 4
_REMEMBERED = 256  # simulations kept for other predictors of the same process; half a MB each


@lru_cache(maxsize=_REMEMBERED)
def _solve(ground: Ground) -> Array:
    """Simulate from dry ground; the same ground is simulated once a process."""
    found = simulate_arrays(
        ground.elevation,
        np.where(ground.known, ground.rain_rate, 0.0).astype(np.float32),
        rain_step_s=ground.interval_s,
        cell_size_m=ground.cell_size_m,
        settings=ground.settings.model_copy(
            update={"output_every_s": ground.interval_s, "run_on_min": 0.0}
        ),
        roughness=ground.roughness,
    )
    depth = np.asarray(found.depth, np.float32)
    depth.flags.writeable = False  # it is shared
    return depth


solver_predictor = Subject("solver", _solve, keeps_volume=True)
"""The solver itself, which every probe must pass."""


def hybrid_predictor(factor: int = HYBRID_FACTOR) -> Subject:
    """Give the untrained hybrid.

    Parameters
    ----------
    factor : int
        Fine cells along a cell of the coarse solver.

    Raises
    ------
    ConfigError
        If the factor is below 2.
    """
    if factor < 2:
        raise ConfigError(f"probing a hybrid: factor {factor}, expected 2 or more")

    def predict(ground: Ground) -> Array:
        state = hybrid_arrays(
            ground.elevation,
            ground.rain_rate,
            roughness=ground.roughness,
            interval_s=ground.interval_s,
            cell_size_m=ground.cell_size_m,
            factor=factor,
            settings=ground.settings,
        )
        return pour_state(state, ground.elevation)

    return Subject(f"hybrid x{factor}", predict, keeps_volume=True)


def named_predictor(name: Path | str) -> Subject:
    """Give the predictor that a name means.

    Parameters
    ----------
    name : str
        A run folder; else ``solver``, ``hybrid``, ``hybrid:FACTOR``, ``module:function``,
        ``file.py:function`` or the name of weights that ship.

    Raises
    ------
    MissingFileError
        If it is none of these.
    """
    text = str(name)
    if Path(text).is_dir():
        from inundate.emulate.probes.trained import run_predictor  # torch

        return run_predictor(text)
    if text == "solver":
        return solver_predictor
    kind, _, rest = text.partition(":")
    if kind == "hybrid" and (not rest or rest.isdecimal()):
        return hybrid_predictor(int(rest) if rest else HYBRID_FACTOR)
    if rest:
        return function_predictor(text)
    from inundate.emulate.export import shipped_names  # torch

    if text in shipped_names():
        from inundate.emulate.probes.trained import run_predictor

        return run_predictor(text)
    close = nearest(text, ("solver", "hybrid", *shipped_names()))
    raise MissingFileError(
        f"probing: {text!r} is no run folder; expected one, {', '.join(shipped_names())}, solver, "
        "hybrid, hybrid:FACTOR or module:function",
        hint=f"did you mean {close!r}?" if close else "inundate train makes a run",
    )
