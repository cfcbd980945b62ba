"""The command ``inundate demo``: the whole chain on bundled input, in minutes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from pydantic import Field

from inundate.cli.flags import Json, Output
from inundate.core.config import Settings

if TYPE_CHECKING:
    import xarray as xr

    from inundate.dataset.settings import DatasetSettings
    from inundate.posts.locate.located import Located
    from inundate.show.page import MapResult

__all__ = ["DemoSettings", "demo"]

_MARK = "demo.json"
_SIDE = 80  # cells along a block
_STORMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("field-40mm", {"kind": "random-field", "total_mm": 40.0, "duration_min": 90.0}),
    ("cell-60mm", {"kind": "moving-cell", "total_mm": 60.0, "duration_min": 100.0}),
    ("chicago-50mm", {"kind": "chicago", "total_mm": 50.0, "duration_min": 120.0}),
    ("field-70mm", {"kind": "random-field", "total_mm": 70.0, "duration_min": 120.0}),
    ("field-55mm", {"kind": "random-field", "total_mm": 55.0, "duration_min": 100.0}),
    ("cell-45mm", {"kind": "moving-cell", "total_mm": 45.0, "duration_min": 90.0}),
)
_TEST_STORMS = ("field-55mm", "cell-45mm")
_RUN_ON_MIN = 30.0
_POSTS = 120


class DemoSettings(Settings):
    """How large the demo is."""

    steps: int = Field(default=800, ge=1, description="Optimiser steps of the training.")
    flat_blocks: int = Field(default=28, ge=4, le=64, description="Synthetic flat blocks.")
    steep_blocks: int = Field(default=16, ge=4, le=16, description="Blocks of the real heightmap.")
    seed: int = Field(default=0, ge=0, description="Seed of terrain, storms, split and weights.")


def demo(
    *,
    output: Output = Path("inundate-demo"),
    settings: Annotated[DemoSettings | None, Parameter(name="*")] = None,
    json: Json = False,
) -> None:
    """Go through the whole chain on bundled input, in minutes on two cores.

    A real heightmap (Jacksboro, Tennessee; steep) and synthetic towns and plains (flat) are cut
    into blocks, flooded by design storms with the solver, and Mode H is trained on most of
    them. Then storms that it never saw are predicted on blocks that it never saw, and one of
    them ends as a map with both halves: depth, and posts that made-up people wrote about it.

    Parameters
    ----------
    output
        Folder for everything; an earlier demo in it is replaced.

    Examples
    --------
    ``inundate demo``
    """
    import shutil

    from inundate.cli.shell import emit
    from inundate.core.config import resolve_settings
    from inundate.core.errors import RunError

    chosen = resolve_settings(DemoSettings, flags=settings)
    if output.exists():
        if not (output / _MARK).is_file():
            raise RunError(
                f"writing {output}: it exists and is not an earlier demo",
                hint="give another folder with -o",
            )
        shutil.rmtree(output)
    output.mkdir(parents=True)
    (output / _MARK).write_text(chosen.model_dump_json() + "\n", encoding="utf-8")
    figures = _run(output, chosen)
    emit(figures, json=json, text=lambda: _text(figures))


def _run(folder: Path, chosen: DemoSettings) -> dict[str, Any]:
    import time

    from inundate.cli.drawing import write_evaluation
    from inundate.dataset.build import build_dataset
    from inundate.emulate.evaluate import evaluate
    from inundate.emulate.settings import EmulatorSettings
    from inundate.emulate.train import train_emulator
    from inundate.learn.settings import TrainSettings

    started = time.perf_counter()
    grounds = _terrains(chosen)
    _simulate(folder / "simulations", grounds, chosen)
    samples = build_dataset(
        [folder / "simulations"],
        folder / "data.zarr",
        settings=_cut(chosen),
        test_storm=_TEST_STORMS,
    )
    run, result = train_emulator(
        folder / "data.zarr",
        folder / "run",
        settings=EmulatorSettings(crop_cells=_SIDE),
        training=TrainSettings(
            epochs=0,
            max_steps=chosen.steps,
            batch_size=8,
            learning_rate=3e-3,
            floor=0.02,
            validate_every_steps=200,
            seed=chosen.seed,
            threads=1,  # a second thread gains little here and stalls beside other programs
        ),
    )
    found = evaluate(run.path)
    report = write_evaluation(run.path, found.summary)
    shown = _map(folder, run.path, samples, grounds)
    return {
        "folder": str(folder),
        "samples": len(samples),
        "training": {"steps": result.step, "wall_s": round(result.wall_s, 1)},
        "evaluation": found.summary,
        "table": found.text,
        "report": str(report),
        "map": str(shown.path),
        "depth": str(folder / "depth.zarr"),
        "posts": {"made_up": True, "file": str(folder / "posts.geojson"), **shown.posts},
        "wall_s": round(time.perf_counter() - started, 1),
        "next": "inundate rain describe YOUR_RADAR; inundate terrain describe YOUR_DEM.tif",
    }


def _terrains(chosen: DemoSettings) -> dict[str, xr.DataArray]:
    from inundate.terrain.sample import sample_terrain
    from inundate.terrain.synthetic import make_terrain

    real = sample_terrain("jacksboro")
    found = {}
    for number in range(chosen.steep_blocks):
        row, col = divmod(number, 4)
        top, left = row * (_SIDE + 4), col * _SIDE
        found[f"jacksboro-{row}{col}"] = real[top : top + _SIDE, left : left + _SIDE]
    for number in range(chosen.flat_blocks):
        kind = ("urban", "plain")[number % 2]
        found[f"{kind}-{number:02d}"] = make_terrain(
            kind, chosen.seed + number, (_SIDE, _SIDE), 10.0
        )
    return {name: ground.assign_attrs(terrain_name=name) for name, ground in found.items()}


def _simulate(folder: Path, grounds: dict[str, xr.DataArray], chosen: DemoSettings) -> None:
    from inundate.core.progress import Progress
    from inundate.dataset.split import make_split
    from inundate.hydro.settings import SimulateSettings
    from inundate.hydro.simulate import simulate
    from inundate.terrain.derive import median_slope, regime_of

    settings = SimulateSettings(run_on_min=_RUN_ON_MIN)
    regimes = {name: str(regime_of(median_slope(ground))) for name, ground in grounds.items()}
    storms = [storm for storm, _ in _STORMS]
    split = make_split(regimes, storms, _cut(chosen), test_storm=_TEST_STORMS)
    # a storm of the test over a block of the training, and the reverse, would not be used
    pairs = [(n, s) for n in grounds for s in storms if split.of(n, s) != "unused"]
    with Progress("simulate", total=len(pairs), unit="storms") as bar:
        for name, storm in pairs:
            simulate(
                _storm(storm, grounds[name], chosen.seed),
                grounds[name],
                settings=settings,
                output=folder / f"{name}__{storm}.zarr",
                progress=False,
            )
            bar.advance()


def _cut(chosen: DemoSettings) -> DatasetSettings:
    from inundate.dataset.settings import DatasetSettings

    return DatasetSettings(test_share=0.34, valid_share=0.1, seed=chosen.seed)


def _storm(name: str, ground: xr.DataArray, seed: int) -> xr.DataArray:
    from inundate.core.grid import grid_of
    from inundate.core.seeds import make_seed
    from inundate.rain.design import make_storm

    settings = dict(dict(_STORMS)[name])
    kind = settings.pop("kind")
    if kind == "random-field":
        place = str(ground.attrs["terrain_name"])
        settings["seed"] = make_seed(seed, name, place) % 2**31
        # blocks of 0.8 and 7.2 km see fields of the same shape: cells of twice the block's width
        # that cross it in 20 minutes
        width = ground.sizes["x"] * abs(float(ground["x"][1] - ground["x"][0]))
        settings |= {"outer_scale_m": 2.0 * width, "speed_m_s": width / 1200.0}
    return make_storm(kind, grid_of(ground), **settings).assign_attrs(storm_name=name)


def _map(folder: Path, run: Path, samples: Any, grounds: dict[str, xr.DataArray]) -> MapResult:
    """Predict an unseen storm on an unseen steep block; write depth, made-up posts and map."""
    from inundate.core.store import read_dataset, write_dataset
    from inundate.emulate.evaluate import examples
    from inundate.emulate.predict import predict
    from inundate.posts.locate.located import write_located
    from inundate.show.page import write_map

    rows = [samples.rows[number] for number in examples(samples)]
    row = next((row for row in rows if row.regime == "steep"), rows[0])
    rain = _storm(row.storm, grounds[row.terrain], samples_seed(folder))
    depth = predict(run, rain, grounds[row.terrain], progress=False)
    write_dataset(depth, folder / "depth.zarr")
    truth = folder / "simulations" / f"{row.terrain}__{row.storm}.zarr"
    with read_dataset(truth) as simulated:
        known = simulated.load()
    posts = _posts(known, samples_seed(folder))
    write_located(posts, folder / "posts.geojson")
    title = f"Mode H: {row.terrain} under {row.storm} (block and storm unseen in training)"
    return write_map(folder / "map.html", depth, title=title, truth=known, posts=posts,
                     limits=["The posts are made up: people of a model saw the simulated flood, "
                             "late, misplaced and sometimes wrong."])  # fmt: skip


def _posts(truth: xr.Dataset, seed: int) -> Located:
    """Let made-up people tell what the simulated flood was like."""
    from inundate.core.grid import grid_of
    from inundate.fuse.event.people import make_posts
    from inundate.fuse.event.placed import place_posts
    from inundate.fuse.event.settings import EventSettings

    settings = EventSettings(posts=_POSTS)
    said = make_posts(truth, settings, seed)
    return place_posts(said, grid_of(truth["water_depth"]), place_error_m=settings.place_error_m)


def samples_seed(folder: Path) -> int:
    """Give the seed that a demo folder was made with."""
    text = (folder / _MARK).read_text(encoding="utf-8")
    return DemoSettings.model_validate_json(text).seed


def _text(figures: dict[str, Any]) -> str:
    return (
        f"{figures['table']}\n\n"
        f"{figures['samples']} samples, {figures['training']['steps']} training steps, "
        f"{figures['wall_s']:.0f} s in all\n"
        f"  report  {figures['report']}\n"
        f"  map     {figures['map']}\n"
        f"  posts   {figures['posts']['file']} (made up)\n"
        f"  depth   {figures['depth']}\n"
        f"  next    {figures['next']}"
    )
