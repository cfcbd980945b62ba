"""The command ``inundate predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.emulate.settings import ForecastSettings
from inundate.emulate.uncertain.settings import Method, OutputSettings

__all__ = ["predict"]

Precision = Literal["float32", "bfloat16"]
Numbers = Annotated[tuple[float, ...], Parameter(consume_multiple=True, negative=())]


def predict(
    run: str | None = None,
    *,
    rain: Path,
    terrain: Path,
    output: Output,
    roughness: Path | None = None,
    rain_crs: str | None = None,
    terrain_crs: str | None = None,
    factor: Literal[2, 4, 8] | None = None,
    forecast: Annotated[ForecastSettings | None, Parameter(name="*")] = None,
    every: int = 1,
    peak: Annotated[bool, Parameter(negative=())] = False,
    precision: Precision = "float32",
    tile_cells: int = 1024,
    uncertainty: Annotated[bool, Parameter(negative=())] = False,
    method: Method | None = None,
    members: int | None = None,
    quantiles: Numbers = (0.05, 0.5, 0.95),
    thresholds: Numbers | None = None,
    samples: int = 0,
    spread_seed: int = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Predict the flood of a storm on a heightmap, in seconds.

    Parameters
    ----------
    run
        A trained run, exported weights, or the name of weights that ship with the package
        (inundate weights list); by default the shipped Mode H, which works on any terrain.
    rain
        Radar file or folder, or a stored storm, that covers the heightmap.
    terrain
        Heightmap on square cells in metres.
    output
        .zarr or .nc for the whole series, .tif for the peak depth.
    roughness
        Manning's n on the heightmap's grid; by default as in training.
    rain_crs
        CRS of rain files that name none.
    terrain_crs
        CRS of a heightmap that names none.
    factor
        Fine cells along a cell of the coarse solver: 2 is the most exact, 8 the fastest; by
        default the first that the model was trained with.
    every
        Frames from one pass of Mode H's network to the next; between them its correction is
        interpolated. 3 takes a third of the network's time, at 0.002 of the critical success
        index.
    peak
        The map of greatest depths alone, in one pass of the network; output .tif. Mode H only.
    precision
        Numbers of the inner layers of Mode H's network. bfloat16 takes half the network's time on
        a processor that has instructions for it; depths move by 0.1 mm, rarely by centimetres.
    tile_cells
        Largest side of a piece predicted at once; the result does not depend on it.
    uncertainty
        Say as well how sure the depth is: depth_mean, depth_quantile and depth_probability. The
        run needs a calibration (inundate spread).
    method
        Way to the spread; by default the one that calibration chose.
    members
        Members of an ensemble; by default as calibrated.
    quantiles
        Levels of the depth's quantiles, 0.01 to 0.99.
    thresholds
        Depths in m whose probability is given; by default all that were calibrated.
    samples
        Whole floods to draw, each coherent in space: depth_sample.
    spread_seed
        Of members and samples.

    Examples
    --------
    ``inundate predict --rain storm.nc --terrain dem.tif -o depth.zarr``

    ``inundate predict runs/first --rain storm.nc --terrain dem.tif --infiltration green_ampt
    -o depth.zarr``

    ``inundate predict --rain storm.nc --terrain dem.tif -o peak.tif --peak --factor 8``

    ``inundate predict --rain storm.nc --terrain dem.tif -o depth.zarr --factor 4 --every 3
    --precision bfloat16``

    ``inundate predict runs/first --rain storm.nc --terrain dem.tif -o depth.zarr --uncertainty
    --samples 8``
    """
    import json as jsonlib
    import time

    from inundate.cli.shell import emit
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_not_input, check_output
    from inundate.core.store import write_dataset
    from inundate.emulate.predict import predict as run_prediction
    from inundate.hydro.layer import open_layer
    from inundate.rain.open import open_rain
    from inundate.terrain.geotiff import write_geotiff
    from inundate.terrain.open import open_terrain

    if output.suffix not in (".zarr", ".nc", ".tif", ".tiff"):
        raise ConfigError(
            f"predicting: output {output} ends in {output.suffix!r}, expected .zarr, .nc or .tif",
            hint=f"try -o {output.stem}.zarr",
        )
    asked = _asked(
        uncertainty, method=method, members=members, quantiles=quantiles, thresholds=thresholds,
        samples=samples, spread_seed=spread_seed,
    )  # fmt: skip
    if asked is not None and output.suffix in (".tif", ".tiff"):
        raise ConfigError(
            f"predicting: {output} holds the peak depth alone, and --uncertainty is of each frame",
            hint=f"try -o {output.stem}.zarr",
        )
    if peak:
        _check_peak(output, every=every, uncertain=asked is not None)
    check_output(output, overwrite)
    named = [rain, terrain, roughness, None if run is None else Path(run)]
    check_not_input(output, [path for path in named if path is not None and path.exists()])
    storm = open_rain(rain, crs=rain_crs).assign_attrs(storm_name=rain.stem)
    ground = open_terrain(terrain, crs=terrain_crs).assign_attrs(terrain_name=terrain.stem)
    rough = None if roughness is None else open_layer(roughness, "roughness", crs=terrain_crs)
    started = time.perf_counter()
    ds = run_prediction(
        run,
        storm,
        ground,
        roughness=rough,
        forecast=forecast,
        factor=factor,
        every=every,
        peak=peak,
        precision=precision,
        tile_cells=tile_cells,
        uncertainty=asked,
    )
    seconds = time.perf_counter() - started
    if output.suffix in (".tif", ".tiff"):
        write_geotiff(ds["water_depth_max"], output, overwrite=overwrite)
    else:
        write_dataset(ds, output, overwrite=overwrite)
    figures = {
        "output": str(output),
        "model": ds.attrs["model"],
        "frames": ds.sizes.get("time", 0),
        "cells": ds.sizes["y"] * ds.sizes["x"],
        "wall_s": round(seconds, 2),
        "water_depth_max_m": float(ds["water_depth_max"].max()),
        "flooded_share": float((ds["water_depth_max"] >= 0.05).sum() / ds["elevation"].count()),
        "warnings": jsonlib.loads(ds.attrs["warnings"]),
        "spread": None if asked is None else _spread_figures(ds),
    }

    def text() -> str:
        lines = [f"warning: {fault}" for fault in figures["warnings"]]
        lines += [
            f"{figures['model']}: {'the peak' if peak else figures['frames']}"
            f"{'' if peak else ' frames'} of {figures['cells']:,} cells in "
            f"{figures['wall_s']} s; deepest {figures['water_depth_max_m']:.2f} m, "
            f"{figures['flooded_share']:.1%} flooded (0.05 m or more)",
            *_spread_lines(figures["spread"]),
            f"  output {output}",
        ]
        if output.suffix == ".zarr":
            lines.append(f"  next   inundate map --depth {output} -o map.html")
        return "\n".join(lines)

    emit(figures, json=json, text=text)


def _check_peak(output: Path, *, every: int, uncertain: bool) -> None:
    """Refuse what --peak does not go with."""
    from inundate.core.errors import ConfigError

    if output.suffix not in (".tif", ".tiff"):
        raise ConfigError(
            f"predicting the peak alone: output {output}, expected .tif",
            hint=f"try -o {output.stem}.tif, or leave --peak out for the whole series",
        )
    if every != 1 or uncertain:
        unread = "--uncertainty" if uncertain else "--every"
        raise ConfigError(
            f"predicting the peak alone: {unread} is of the frames, and there are none",
            hint=f"leave {unread} out, or --peak",
        )


def _asked(uncertainty: bool, **given: Any) -> OutputSettings | None:
    """Gather the flags that belong to --uncertainty, and refuse them without it."""
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError

    if uncertainty:
        return resolve_settings(OutputSettings, flags=given)
    defaults = OutputSettings()
    unread = [name for name, value in given.items() if value != getattr(defaults, name)]
    if unread:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in unread)
        raise ConfigError(
            f"predicting without --uncertainty: {flags} has no effect", hint="add --uncertainty"
        )
    return None


def _spread_figures(ds: Any) -> dict[str, Any]:
    chance = ds["depth_probability"].max("time")
    known = float(ds["elevation"].count())
    return {
        "method": ds.attrs["spread"],
        "calibrated_on": ds.attrs["spread_calibrated_on"],
        "thresholds": [
            {
                "threshold_m": float(threshold),
                "mean_probability": float(chance.sel(threshold=threshold).sum() / known),
            }
            for threshold in chance["threshold"].to_numpy()
        ],
        "samples": int(ds.sizes.get("member", 0)),
    }


def _spread_lines(spread: dict[str, Any] | None) -> list[str]:
    if spread is None:
        return []
    shares = ", ".join(
        f"{item['mean_probability']:.1%} at {item['threshold_m']:g} m"
        for item in spread["thresholds"]
    )
    return [
        f"  spread {spread['method']}, calibrated on {spread['calibrated_on']}; largest "
        f"probability over the frames, averaged over the ground: {shares}"
    ]
