"""A made-up flood on a real heightmap (matplotlib's Jacksboro DEM), for the tests of `show`."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from matplotlib import cbook

from inundate.core.grid import Grid, attach_grid

CRS = "EPSG:32616"  # UTM zone 16N, where the Jacksboro fault lies


def box_mean(field, half):
    """Mean over a square of 2 * half + 1 cells, edges repeated."""
    padded = np.pad(field, half, mode="edge").astype(np.float64)
    for axis in (0, 1):
        total = np.cumsum(padded, axis=axis)
        first = np.take(total, [0], axis=axis) * 0
        total = np.concatenate([first, total], axis=axis)
        size = 2 * half + 1
        count = total.shape[axis] - size
        padded = (
            np.take(total, range(size, size + count), axis=axis)
            - np.take(total, range(count), axis=axis)
        ) / size
    return padded


def make_elevation(size=200, crs=CRS, dx=75.0, left=735_000.0, top=4_068_000.0):
    heights = cbook.get_sample_data("jacksboro_fault_dem.npz")["elevation"]
    heights = heights[60 : 60 + size, 40 : 40 + size].astype(np.float32)
    grid = Grid(crs, left, top, dx, dx, size, size)
    array = xr.DataArray(heights, dims=("y", "x"), name="elevation", attrs={"units": "m"})
    return attach_grid(array, grid)


def make_depth(elevation, frames=24, seed=0, scale=1.0):
    """Water that gathers in the hollows, rises and drains."""
    z = elevation.values.astype(np.float64)
    hollow = box_mean(z, 6) - z
    wide = box_mean(z, 20) - z
    rng = np.random.default_rng(seed)
    film = 0.004 * rng.random(z.shape)
    time = np.datetime64("2026-03-01T12:00", "ns") + np.arange(1, frames + 1) * np.timedelta64(
        10, "m"
    )
    texture = 1 + 0.1 * box_mean(rng.standard_normal(z.shape), 1)
    planes = []
    for step in range(frames):
        rise = np.sin(np.pi * min(1.0, (step + 1) / frames * 1.3) / 1.4)
        water = np.clip(0.018 * hollow + 0.006 * wide - 1.9 + rise * scale, 0, None)
        planes.append(water * texture + film * rise)
    depth = xr.DataArray(
        np.array(planes, dtype=np.float32),
        dims=("time", "y", "x"),
        coords={"time": time},
        name="water_depth",
        attrs={"units": "m"},
    )
    return attach_grid(depth, _grid(elevation))


def make_rain(depth, cells=20):
    """A storm cell that crosses the area."""
    frames, height, width = depth.shape
    rows, cols = np.indices((height, width), sparse=True)
    planes = []
    for step in range(frames):
        centre = width * (step / max(1, frames - 1))
        near = np.exp(-(((cols - centre) / 40) ** 2 + ((rows - height / 2) / 60) ** 2))
        planes.append(45 * near * (step < 0.7 * frames))
    rain = xr.DataArray(
        np.array(planes, dtype=np.float32),
        dims=("time", "y", "x"),
        coords={"time": depth["time"].values},
        attrs={"units": "mm h-1"},
    )
    return attach_grid(rain, _grid(depth))


def make_prediction(size=200, frames=24, *, quantiles=False, probability=True, holes=True):
    elevation = make_elevation(size)
    depth = make_depth(elevation, frames)
    if holes:
        depth[:, 20 : 20 + size // 10, 30 : 30 + size // 8] = np.nan
    ds = xr.Dataset({"water_depth": depth, "elevation": elevation, "rain_rate": make_rain(depth)})
    ds["water_depth_max"] = depth.max("time", skipna=False).assign_attrs(units="m")
    if probability:
        spread = [1 / (1 + np.exp(-(depth - t) / (0.3 * t))) for t in (0.05, 0.3)]
        ds["depth_probability"] = xr.concat(
            spread, xr.IndexVariable("threshold", [0.05, 0.3], {"units": "m"})
        ).astype("float32")
        ds["depth_probability"].attrs["units"] = "1"
    if quantiles:
        levels = {0.05: 0.7, 0.5: 1.0, 0.95: 1.4}
        ds["depth_quantile"] = xr.concat(
            [depth * factor for factor in levels.values()],
            xr.IndexVariable("quantile", list(levels)),
        ).astype("float32")
        ds["depth_quantile"].attrs["units"] = "m"
    ds = attach_grid(ds, _grid(elevation))
    return ds.assign_attrs(
        kind="prediction",
        model="mode_h",
        run="2026-03-01T0955-mode_h-3f2a",
        provenance=json.dumps({"inundate": "0.1.0", "argv": ["inundate", "predict"]}),
    )


def _grid(data):
    from inundate.core.grid import grid_of

    return grid_of(data)


REGIMES = {"all": 1.0, "flat": 0.8, "steep": 1.4}


def make_evaluation(*, beaten=False, regimes=None):
    """The layout that `score` gives, with made-up numbers."""

    def entry(value, half, unit, best):
        return {"value": value, "low": value - half, "high": value + half, "unit": unit,
                "best": best, "count": 1e5, "undefined": 0, "terrain_median": value}  # fmt: skip

    models = {"mode_h": 0.14, "hybrid": 0.22, "all_dry": 0.41, "climatology": 0.37,
              "persistence": 0.39, "fill_spill": 0.46, "temporal_cnn": 0.25}  # fmt: skip
    about = {
        "rmse_wet": {"label": "RMSE wet", "unit": "m", "best": "lower", "target": 0.0,
                     "meaning": "Root mean square error where predicted or true depth is wet."},
        "csi_0.05": {"label": "CSI 0.05 m", "unit": "1", "best": "higher", "target": 1.0,
                     "meaning": "Hits over hits, misses and false alarms at 0.05 m."},
        "csi_0.3": {"label": "CSI 0.30 m", "unit": "1", "best": "higher", "target": 1.0,
                    "meaning": "The same at 0.3 m."},
        "volume_error": {"label": "volume error", "unit": "1", "best": "zero", "target": 0.0,
                         "meaning": "Predicted over true volume, less one."},
    }  # fmt: skip
    wanted, regimes, fails = regimes or REGIMES, {}, []
    for regime, factor in wanted.items():
        scores = {
            model: {
                "rmse_wet": entry(value * factor, 0.03 * factor, "m", "lower"),
                "csi_0.05": entry(max(0.0, 0.9 - value * factor), 0.05, "1", "higher"),
                "csi_0.3": entry(max(0.0, 0.8 - value * factor), 0.06, "1", "higher"),
                "volume_error": entry(value - 0.2, 0.05, "1", "zero"),
            }
            for model, value in models.items()
        }
        difference = {model: {} for model in models if model != "mode_h"}
        for model, told in difference.items():
            for metric in about:
                gap = abs(models[model] - 0.14) * factor * (-1 if metric == "rmse_wet" else 1)
                half = 0.2 if regime == "steep" and model == "hybrid" and not beaten else 0.02
                told[metric] = {"value": gap, "low": gap - half, "high": gap + half,
                                "better": half < 0.1}  # fmt: skip
                if half > 0.1 and metric != "volume_error":
                    fails.append(f"{regime}: {about[metric]['label']} against {model}: {gap:+.3f}")
        regimes[regime] = {"samples": 12, "terrains": 3, "blocks": 5, "storms": 4,
                           "scores": scores, "difference": difference}  # fmt: skip
    table = {"low": [0.0, 0.5], "high": [0.5, 1.0], "forecast": [0.2, 0.8],
             "observed": [0.1, 0.7], "count": [900.0, 80.0]}  # fmt: skip
    next(iter(regimes.values()))["reliability"] = {"mode_h": {"0.05": table, "0.3": table}}
    return {
        "kind": "evaluation",
        "split": {"name": "test", "hash": "3fa2b7", "terrain": "blocks A3, B1", "storm": "s7, s9"},
        "models": list(models),
        "reference": "mode_h",
        "baselines": [model for model in models if model not in ("mode_h", "temporal_cnn")],
        "advantages": {"climatology": "told the mean of the training depths"},
        "bootstrap": {"cluster": "block", "draws": 2000, "seed": 0, "level": 0.95},
        "metrics": about,
        "regimes": regimes,
        "verdict": {
            "beats_all": not fails,
            "fails": fails,
            "required": ["rmse_wet", "csi_0.05", "csi_0.3"],
            "against": ["hybrid", "all_dry", "climatology", "persistence", "fill_spill"],
        },
    }


def make_metrics(epochs=20):
    """Lines as `learn` writes them."""
    rows = []
    for epoch in range(1, epochs + 1):
        step, loss = epoch * 50, 0.4 * float(np.exp(-epoch / 6)) + 0.05
        place = {"step": step, "epoch": float(epoch), "wall_s": 3.1 * epoch}
        rows += [
            {**place, "train": {"loss": loss, "depth": loss * 0.8}, "learning_rate": 1e-3 / epoch},
            {**place, "valid": {"loss": loss * 1.2}},
            {**place, "watch": {"loss": loss * 1.1, "error": loss**2, "dead": 0.1},
             "skill": {"all_dry": 1 - loss, "hybrid": 0.4 - loss}, "dead_modules": [],
             "gradient": {"head": 0.1}, "shuffle_rise": {"rain": 1.2 - loss, "state": None},
             "baseline": {"hybrid": {"watch": {"error": 0.04}},
                          "all_dry": {"watch": {"error": 0.19}}}},
        ]  # fmt: skip
    return rows
