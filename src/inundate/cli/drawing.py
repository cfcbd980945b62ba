"""Figures of an evaluation, written into the run: shared by ``evaluate`` and ``demo``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["write_evaluation"]

_BARS = ("rmse_wet", "csi_0.05", "csi_0.3")


def write_evaluation(run: Path, summary: dict[str, Any], *, figures: bool = True) -> Path:
    """Write ``evaluation.json``, figures and ``report.html`` into a run.

    Returns
    -------
    Path
        The report.
    """
    from inundate.core.files import write_text
    from inundate.core.run import Run
    from inundate.show import report_run

    opened = Run(run)
    write_text(opened.path / "evaluation.json", json.dumps(summary, indent=1) + "\n")
    opened.set_status("evaluated")
    if figures:
        _draw(opened.path, summary)
    report: Path = report_run(opened.path, overwrite=True).path
    return report


def _draw(run: Path, summary: dict[str, Any]) -> None:
    from inundate.dataset.samples import Samples
    from inundate.emulate.evaluate import examples, predict_sample
    from inundate.emulate.train import load_emulator
    from inundate.show import (
        compare_maps,
        hydrographs,
        save_figure,
        score_bars,
        training_curves,
    )

    folder = run / "figures"
    folder.mkdir(exist_ok=True)
    opened, settings, model = load_emulator(run)
    samples = Samples(opened.config["data"]["path"])
    for number in examples(samples):
        sample = samples.read(number)
        predicted, hybrid = predict_sample(model, settings, sample)
        series = {
            "truth": _series(sample, sample.water_depth),
            settings.model: _series(sample, predicted),
            "hybrid": _series(sample, hybrid),
        }
        ground = _ground(sample)
        place = sample.row.name.replace("/", "-").replace("@", "-under-")
        title = f"{sample.row.regime}: {sample.row.block} under {sample.row.storm}, largest depth"
        peaks = {name: depth.max("time", keep_attrs=True) for name, depth in series.items()}
        save_figure(compare_maps(peaks, ground, title=title), folder / f"map-{place}.png")
        points = _deep_points(series["truth"])
        save_figure(
            hydrographs(series, points, rain=_mean_rain(sample)), folder / f"hydrograph-{place}.png"
        )
    for metric in _BARS:
        save_figure(score_bars(summary, metric), folder / f"score-{metric}.png")
    save_figure(training_curves(opened.read_metrics()), folder / "training.png")


def _series(sample: Any, values: Any) -> Any:
    import numpy as np
    import xarray as xr

    from inundate.core.grid import attach_grid
    from inundate.core.names import attributes

    step = np.timedelta64(int(sample.interval_s * 1e9), "ns")
    time = np.datetime64(sample.row.start, "ns") + step * np.arange(1, len(values) + 1)
    data = xr.DataArray(
        values,
        dims=("time", "y", "x"),
        coords={"time": time},
        name="water_depth",
        attrs=attributes("water_depth"),
    )
    return attach_grid(data, sample.grid)


def _ground(sample: Any) -> Any:
    import xarray as xr

    from inundate.core.grid import attach_grid
    from inundate.core.names import attributes

    data = xr.DataArray(
        sample.elevation, dims=("y", "x"), name="elevation", attrs=attributes("elevation")
    )
    return attach_grid(data, sample.grid)


def _mean_rain(sample: Any) -> Any:
    from inundate.core.names import attributes

    rain = _series(sample, sample.rain_rate).assign_attrs(attributes("rain_rate"))
    return rain.rename("rain_rate")


def _deep_points(truth: Any) -> list[tuple[float, float]]:
    """Give the deepest cell and a median wet one."""
    import numpy as np

    peak = truth.max("time").to_numpy()
    wet = np.flatnonzero(np.nan_to_num(peak) >= 0.05)
    if not wet.size:
        wet = np.array([int(np.nanargmax(peak))])
    ordered = wet[np.argsort(peak.ravel()[wet])]
    chosen = [ordered[-1], ordered[len(ordered) // 2]]
    rows, cols = np.unravel_index(chosen, peak.shape)
    return [
        (float(truth["x"][col]), float(truth["y"][row]))
        for row, col in zip(rows, cols, strict=True)
    ]
