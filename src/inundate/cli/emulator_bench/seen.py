"""Ground that was seen: the per-pixel look-up of published scores, beside what knows no pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.cli.emulator_bench.context import Context, Made
from inundate.cli.emulator_bench.entrants import Main, main_models
from inundate.cli.emulator_bench.figures import figure, shown
from inundate.cli.emulator_bench.marks import source_mark, weights_mark
from inundate.cli.emulator_bench.scoring import STATISTICS, set_gate
from inundate.cli.emulator_bench.sheet import METRICS
from inundate.core.grid import Grid, grid_of
from inundate.core.progress import Progress
from inundate.core.seeds import make_rng
from inundate.emulate.hybrid import hybrid_arrays, pour_state
from inundate.emulate.predict import predict_prepared
from inundate.emulate.prepared import prepare
from inundate.emulate.train import load_emulator
from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings
from inundate.score.aggregate import gather
from inundate.score.case import Case
from inundate.score.sample import Forecast, Observed
from inundate.score.trained import PerPixelLine
from inundate.terrain.synthetic import make_terrain

__all__ = ["seen"]

GROUP = "Ground that was seen"
Array = NDArray[np.float32]
_LINE = "per_pixel_line"
# name, kind, cell size in m, settings
_GROUNDS: tuple[tuple[str, str, float, dict[str, float]], ...] = (
    ("flat-urban", "urban", 3.0, {"slope": 0.003}),
    ("flat", "plain", 10.0, {"slope": 0.001}),
    ("steep", "valley", 15.0, {"side_slope": 0.2}),
)
_INTERVAL_S, _FRAMES = 600.0, 14
# totals in mm; the held-out storms lie between those that the lines are fitted to
_FITTED_MM, _HELD_MM = (12.0, 22.0, 34.0, 48.0, 64.0, 90.0), (28.0, 56.0)
_MANNING = 0.05
_SHOWN = ("csi_0.05", "csi_0.3", "csi_0.5", "nse", "rmse_wet")


def seen(context: Context) -> Made:
    """Score a per-pixel line, the hybrid and the first main model on ground the line was fitted to.

    That a model which has never seen the ground comes near it, or does not, is the figure.
    """
    mains = main_models(context)[:1]
    depends = {
        "source": source_mark(
            "inundate.emulate.predict", "inundate.hydro.march", "inundate.score.trained"
        ),
        "weights": {main.name: weights_mark(main.source) for main in mains},
        "quick": context.quick,
    }
    found = context.kept("seen", depends, lambda: _measure(context, mains))
    return Made([_figure(found, mains)], [_table(found)])


def _figure(found: dict[str, Any], mains: list[Main]) -> dict[str, Any]:
    scores = found["flat-urban"]
    line, name = scores[_LINE]["csi_0.05"], "seen-flat-urban-csi_0.05-over-line"
    if not mains:
        note = "no weights ship and no --run was given"
        return figure(name, GROUP, None, "1", ">= 0", note=note)
    ours = scores[mains[0].name]["csi_0.05"]
    known = ours is not None and line is not None
    return figure(
        name, GROUP, ours - line if known else None, "1", ">= 0", baseline=(_LINE, line),
        split="seen terrain, unseen storms between those fitted to; the model has seen neither",
        note=f"CSI at 0.05 m of {mains[0].name} less that of the line",
    )  # fmt: skip


def _table(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": "Seen terrain: the per-pixel look-up",
        "note": f"A straight line for each cell and frame, fitted to {len(_FITTED_MM)} storms on "
        f"the very ground, scored on {len(_HELD_MM)} storms between them; the others know nothing "
        "of the ground but its heights.",
        "columns": ["ground", "model", *(METRICS[metric].label for metric in _SHOWN)],
        "rows": [
            [ground, f"`{name}`", *(shown(scores[metric]) for metric in _SHOWN)]
            for ground, models in found.items()
            for name, scores in models.items()
        ],
    }


def _measure(context: Context, mains: list[Main]) -> dict[str, Any]:
    side = 32 if context.quick else 128
    enabled = not context.quick
    with Progress("seen", total=len(_GROUNDS), unit="grounds", enabled=enabled) as bar:
        found = {}
        for number, (name, kind, cell, settings) in enumerate(_GROUNDS):
            terrain = make_terrain(kind, 40 + number, (side, side), cell, **settings)
            place = _Place(terrain.to_numpy().astype(np.float32), grid_of(terrain), number)
            found[name] = _ground(place, mains)
            bar.advance()
    return found


class _Place:
    """A ground and what the solver gives on it.

    Parameters
    ----------
    elevation : array (H, W), m
    grid : Grid
    number : int
        Of the ground; its storms differ from those of others.
    """

    def __init__(self, elevation: Array, grid: Grid, number: int) -> None:
        self.elevation, self.grid, self.number = elevation, grid, number
        self.roughness = np.full(elevation.shape, _MANNING, np.float32)
        self.physics = SimulateSettings(
            edges="open", manning=_MANNING, output_every_s=_INTERVAL_S, run_on_min=0.0
        )

    def case(self, total_mm: float) -> Case:
        """Simulate a storm."""
        rain = self._rain(total_mm)
        found = simulate_arrays(
            self.elevation, rain, rain_step_s=_INTERVAL_S, cell_size_m=self.grid.dx,
            settings=self.physics, roughness=self.roughness,
        )  # fmt: skip
        return Case(
            self.elevation, rain, _INTERVAL_S, self.grid.dx, place=str(self.number),
            observed=np.asarray(found.depth, np.float32),
        )  # fmt: skip

    def _rain(self, total_mm: float) -> Array:
        rng = make_rng(0, "seen", self.number, round(total_mm))
        peak, width = rng.uniform(2.0, 5.0), rng.uniform(1.2, 2.2)
        course = np.exp(-(((np.arange(_FRAMES) + 0.5 - peak) / width) ** 2))
        course[8:] = 0.0  # an hour without rain
        course *= total_mm / (course.sum() * _INTERVAL_S / 3600)
        west = float(rng.uniform(0.7, 1.3))
        east = np.linspace(west, 2.0 - west, self.elevation.shape[1])
        shape = (_FRAMES, *self.elevation.shape)
        return np.broadcast_to(course[:, None, None] * east, shape).astype(np.float32)


def _ground(place: _Place, mains: list[Main]) -> dict[str, dict[str, float | None]]:
    line = PerPixelLine.fit(place.case(total) for total in _FITTED_MM)
    held = [place.case(total) for total in _HELD_MM]
    predicted = {_LINE: [line.predict(case) for case in held]}
    predicted["hybrid_x4"] = [_hybrid(place, case) for case in held]
    for main in mains:
        predicted[main.name] = [_emulated(place, case, main) for case in held]
    return {name: _scores(held, depths) for name, depths in predicted.items()}


def _hybrid(place: _Place, case: Case) -> Array:
    state = hybrid_arrays(
        place.elevation, np.asarray(case.rain_rate, np.float32), roughness=place.roughness,
        interval_s=_INTERVAL_S, cell_size_m=place.grid.dx, factor=4, settings=place.physics,
    )  # fmt: skip
    return pour_state(state, place.elevation)


def _emulated(place: _Place, case: Case, main: Main) -> Array:
    run, settings, model = load_emulator(main.source)
    prepared = prepare(
        place.elevation, place.roughness, np.asarray(case.rain_rate, np.float32), grid=place.grid,
        interval_s=_INTERVAL_S, settings=place.physics, factors=main.factors[:1],
    )  # fmt: skip
    set_gate(model, run.manifest, prepared, place.grid.dx, place.physics)
    return predict_prepared(model, settings, prepared, factor=main.entrant.factor or None)


def _scores(held: list[Case], depths: list[Array]) -> dict[str, float | None]:
    states = []
    for case, depth in zip(held, depths, strict=True):
        truth = Observed.of(case.truth, interval_s=_INTERVAL_S)
        states.append(gather(STATISTICS, Forecast(depth).against(truth, name="seen"), truth))
    sums = sum(states[1:], start=states[0]).sums
    values = {name: float(METRICS[name].value(sums)) for name in _SHOWN}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}
