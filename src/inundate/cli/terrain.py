"""The commands ``inundate terrain …``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from pydantic import Field

from inundate.cli.flags import Json, Output, Overwrite
from inundate.core.config import Settings

__all__ = ["SynthesiseSettings", "crop", "derive", "describe", "merge", "synthesise"]

Box = Annotated[tuple[float, float, float, float] | None, Parameter(negative=())]


class SynthesiseSettings(Settings):
    """Settings of ``inundate terrain synthesise``; unset ones take the default of the kind."""

    seed: int = Field(0, ge=0, description="The same seed gives the same terrain.")
    rows: int = Field(256, ge=8, le=20_000, description="Rows.")
    columns: int = Field(256, ge=8, le=20_000, description="Columns.")
    cell_size_m: float | None = Field(None, gt=0, description="Side of a cell, m.")
    relief_m: float | None = Field(None, gt=0, description="fractal, valley: relief of hills, m.")
    hurst: float | None = Field(None, ge=0, le=1, description="fractal: 0 rough to 1 smooth.")
    erosion_steps: int | None = Field(None, ge=0, description="fractal: steps of erosion.")
    micro_relief_m: float | None = Field(
        None, ge=0, description="fractal, plain, urban: standard deviation of unevenness, m."
    )
    slope: float | None = Field(None, ge=0, description="plain, urban: fall of the ground, m/m.")
    valley_slope: float | None = Field(None, ge=0, description="valley: fall of the floor, m/m.")
    side_slope: float | None = Field(None, ge=0, description="valley: rise of the sides, m/m.")
    floor_width_m: float | None = Field(None, ge=0, description="valley: width of the floor, m.")
    channel_depth_m: float | None = Field(None, ge=0, description="valley: depth of channel, m.")
    ditches: int | None = Field(None, ge=0, description="plain: number of ditches.")
    ditch_depth_m: float | None = Field(None, ge=0, description="plain: depth of ditches, m.")
    levees: int | None = Field(None, ge=0, description="plain: number of banks.")
    levee_height_m: float | None = Field(None, ge=0, description="plain: height of banks, m.")
    block_m: float | None = Field(None, gt=0, description="urban: mean size of a block, m.")
    street_m: float | None = Field(None, gt=0, description="urban: width of a street, m.")
    kerb_m: float | None = Field(None, ge=0, description="urban: depth of streets, m.")
    built_share: float | None = Field(
        None, ge=0, le=0.9, description="urban: share of a block under buildings."
    )
    building_height_m: float | None = Field(
        None, ge=0, description="urban: height of buildings, m; 0 for bare earth."
    )
    underpasses: int | None = Field(None, ge=0, description="urban: sunken street crossings.")


def describe(
    terrain: Path,
    *,
    crs: str | None = None,
    box: Box = None,
    box_crs: str | None = None,
    nodata: float | None = None,
    json: Json = False,
) -> None:
    """Say what a heightmap holds: format, grid, range, gaps, slope, sinks.

    Parameters
    ----------
    terrain
        GeoTIFF, ASCII grid, folder or zip of OS Terrain 50 tiles, Zarr or NetCDF.
    crs
        Coordinate reference system of a file that names none.
    box
        Look at this box only: left bottom right top.
    box_crs
        CRS of the box, such as EPSG:4326 for degrees; by default that of the heightmap.
    nodata
        Value that means "no data", over what the file declares.

    Examples
    --------
    ``inundate terrain describe dem.tif``
    """
    from inundate.cli.shell import emit
    from inundate.terrain.describe import describe_terrain

    found = describe_terrain(terrain, crs=crs, box=box, box_crs=box_crs, nodata=nodata)
    result = {"path": str(terrain), **found}
    emit(result, json=json, text=lambda: _as_text(result))


def merge(
    terrain: Annotated[list[Path], Parameter(consume_multiple=True, negative=())],
    *,
    output: Output,
    overlap: Literal["same", "first", "mean"] = "same",
    crs: str | None = None,
    nodata: float | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Merge heightmaps that share a CRS, a cell size and a lattice.

    Parameters
    ----------
    terrain
        Two or more heightmaps, or one folder or zip of ASCII tiles.
    output
        .tif, .asc, .asc.gz, .zarr or .nc.
    overlap
        Where parts overlap: "same" refuses heights that differ by more than 1 cm, "first" keeps
        the first, "mean" averages.
    crs
        Coordinate reference system of parts that name none.
    nodata
        Value that means "no data", over what the files declare.

    Examples
    --------
    ``inundate terrain merge tiles/*.tif -o merged.tif``
    """
    from inundate.terrain.mosaic import merge_terrain
    from inundate.terrain.open import open_terrain

    parts = [open_terrain(path, crs=crs, nodata=nodata) for path in terrain]
    merged = merge_terrain(parts, names=[str(path) for path in terrain], overlap=overlap)
    _write(merged, output, overwrite, json, parts=len(parts))


def crop(
    terrain: Path,
    *,
    output: Output,
    box: Box = None,
    box_crs: str | None = None,
    to_metric: Annotated[bool, Parameter(negative=())] = False,
    cell_size_m: float | None = None,
    metric_crs: str | None = None,
    fill_holes: int = 0,
    crs: str | None = None,
    nodata: float | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Cut a box out of a heightmap, or bring it to square cells in metres.

    Parameters
    ----------
    terrain
        Anything that describe reads.
    output
        .tif, .asc, .asc.gz, .zarr or .nc.
    box
        Keep the cells whose centre is inside: left bottom right top.
    box_crs
        CRS of the box, such as EPSG:4326 for degrees; by default that of the heightmap.
    to_metric
        Reproject to square cells in metres, as the solver needs them.
    cell_size_m
        Cell size for --to-metric; by default about the one there is.
    metric_crs
        CRS for --to-metric; by default the UTM zone.
    fill_holes
        Fill gaps of at most this many cells from the ground around them; 0 fills none.
    crs
        Coordinate reference system of a file that names none.
    nodata
        Value that means "no data", over what the file declares.

    Examples
    --------
    ``inundate terrain crop tiles/ --box -0.6 53.6 0 53.9 --box-crs EPSG:4326 -o hull.tif``
    """
    from inundate.core.errors import ConfigError
    from inundate.terrain.condition import fill_holes as fill
    from inundate.terrain.metric import to_metric as reproject
    from inundate.terrain.open import open_terrain

    if not to_metric and (cell_size_m is not None or metric_crs is not None):
        raise ConfigError(
            "--cell-size-m and --metric-crs belong to --to-metric, which is not given",
            hint="add --to-metric",
        )
    found = open_terrain(terrain, crs=crs, box=box, box_crs=box_crs, nodata=nodata)
    if fill_holes:
        found = fill(found, max_cells=fill_holes)
    if to_metric:
        found = reproject(found, cell_size_m=cell_size_m, crs=metric_crs)
    _write(found, output, overwrite, json)


def derive(
    terrain: Path,
    *,
    output: Output,
    feature: str | None = None,
    roughness: float | None = None,
    crs: str | None = None,
    nodata: float | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write the features of a heightmap that a model sees.

    Parameters
    ----------
    terrain
        A heightmap in metres with square cells.
    output
        .zarr or .nc for all features; .tif or .asc for one.
    feature
        Write this one only.
    roughness
        Manning's n of the whole map, s m-1/3; 0.035 where not given.
    crs
        Coordinate reference system of a file that names none.
    nodata
        Value that means "no data", over what the file declares.

    Examples
    --------
    ``inundate terrain derive dem.tif -o features.zarr``
    """
    from inundate.cli.shell import emit
    from inundate.core.errors import ConfigError, nearest
    from inundate.core.store import write_dataset
    from inundate.terrain.derive import FEATURES, derive_features
    from inundate.terrain.open import open_terrain
    from inundate.terrain.save import write_raster

    if feature is not None and feature not in FEATURES:
        close = nearest(feature, FEATURES)
        raise ConfigError(
            f"feature {feature!r} is not known; expected one of {', '.join(FEATURES)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    if feature is None and output.suffix not in (".zarr", ".nc", ".nc4"):
        raise ConfigError(
            f"writing {output}: all {len(FEATURES)} features go into one .zarr or .nc",
            hint=f"-o {output.stem}.zarr, or choose one with --feature",
        )
    features = derive_features(open_terrain(terrain, crs=crs, nodata=nodata), roughness=roughness)
    if feature is None:
        write_dataset(features, output, overwrite=overwrite)
    else:
        write_raster(features[feature], output, overwrite=overwrite)
    names = list(FEATURES) if feature is None else [feature]
    shape = [features.sizes["y"], features.sizes["x"]]
    result = {"output": str(output), "features": names, "shape": shape}
    emit(result, json=json, text=f"wrote {output}: {', '.join(names)}")


def synthesise(
    kind: Literal["fractal", "valley", "plain", "urban"],
    *,
    output: Output,
    config: Path | None = None,
    settings: Annotated[SynthesiseSettings | None, Parameter(name="*")] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Make a synthetic heightmap.

    Parameters
    ----------
    kind
        Hills with valleys, one valley, a flat plain, or a town.
    output
        .tif, .asc, .asc.gz, .zarr or .nc.
    config
        TOML file with a table [synthesise]; flags go before it.

    Examples
    --------
    ``inundate terrain synthesise urban --seed 3 --rows 512 --columns 512 -o town.tif``
    """
    from inundate.core.config import resolve_settings
    from inundate.terrain.synthetic import make_terrain

    resolved = resolve_settings(SynthesiseSettings, toml=config, table="synthesise", flags=settings)
    given = resolved.model_dump(exclude_none=True)
    seed, shape = given.pop("seed"), (given.pop("rows"), given.pop("columns"))
    _write(make_terrain(kind, seed, shape, **given), output, overwrite, json, kind=kind)


def _write(elevation: Any, output: Path, overwrite: bool, json: bool, **more: Any) -> None:
    from inundate.cli.shell import emit
    from inundate.terrain.describe import describe_terrain
    from inundate.terrain.save import write_raster

    write_raster(elevation, output, overwrite=overwrite)
    result = {"output": str(output), **more, **describe_terrain(elevation)}
    emit(result, json=json, text=lambda: f"wrote {output}\n{_as_text(result)}")


def _as_text(found: dict[str, Any]) -> str:
    dx, dy = found["cell_size"]
    left, bottom, right, top = found["bounds"]
    west, south, east, north = found["bounds_degrees"]
    sinks = found["sinks"]
    lines = {
        "format": found["format"],
        "grid": f"{found['crs'][:60]}, {found['height']} x {found['width']} cells of "
        f"{dx:g} x {dy:g} {found['unit']}",
        "bounds": f"left {left:.10g}, bottom {bottom:.10g}, right {right:.10g}, top {top:.10g}",
        "degrees": f"west {west:g}, south {south:g}, east {east:g}, north {north:g}",
        "elevation": f"{found['elevation_min']:.1f} to {found['elevation_max']:.1f} m, "
        f"median {found['elevation_median']:.1f} m",
        "missing": f"{100 * found['share_missing']:.2f} % of cells",
        "slope": f"median {found['median_slope']:.4f} m/m: {found['regime']}",
        "sinks": f"{sinks['count']} deeper than 0.1 m, {sinks['volume']:.4g} m3, "
        f"{100 * sinks['share']:.1f} % of the ground, deepest {sinks['deepest']:.2f} m",
    }
    if found["missing_tiles"]:
        lines["no tile"] = ", ".join(found["missing_tiles"])
    if not found["metric"]:
        lines["note"] = "not metric and square: inundate terrain crop … --to-metric"
    return "\n".join(f"{name:<10} {text}" for name, text in lines.items())
