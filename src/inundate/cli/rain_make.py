"""The commands ``inundate rain clean|crop|regrid|design|augment``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.rain.settings import AugmentSettings, CleanSettings, DesignSettings, ReadSettings

if TYPE_CHECKING:
    import xarray as xr

    from inundate.core.grid import Grid

__all__ = ["augment", "clean", "crop", "design", "regrid"]

Box = Annotated[tuple[float, float, float, float] | None, Parameter(negative=())]
Flat = Parameter(name="*", negative_iterable=())

_MOST_BYTES = 4 * 2**30  # of a storm in memory


def clean(
    rain: Path,
    *,
    output: Output,
    settings: Annotated[CleanSettings | None, Flat] = None,
    config: Path | None = None,
    reading: Annotated[ReadSettings | None, Flat] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Remove clutter and specks, fill short gaps; everything done is on record.

    What is judged wrong becomes missing, never 0.

    Parameters
    ----------
    rain
        Radar file, folder or tar, NetCDF or Zarr.
    output
        .zarr or .nc
    config
        TOML file; its table [clean] holds the settings.

    Examples
    --------
    ``inundate rain clean radar/ --max-rate-mm-h 200 --fill-gap-min 15 -o clean.zarr``
    """
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_output
    from inundate.rain.clean import clean_rain

    check_output(output, overwrite)
    chosen = resolve_settings(CleanSettings, toml=config, table="clean", flags=settings)
    if all(value is None for value in dict(chosen).values()):
        raise ConfigError(
            "cleaning rain: found nothing to do, expected at least one setting",
            hint="try --max-rate-mm-h 200 --speckle-cells 3 --fill-gap-min 15",
        )
    found = _open(rain, reading)
    _finish(clean_rain(found, **dict(chosen)), rain, output, overwrite, json)


def crop(
    rain: Path,
    *,
    output: Output,
    box: Annotated[tuple[float, float, float, float], Parameter(negative=())],
    box_crs: str | None = None,
    allow_partial: bool = False,
    reading: Annotated[ReadSettings | None, Flat] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Keep every cell that a box touches; the box may be in any CRS.

    Parameters
    ----------
    rain
        Radar file, folder or tar, NetCDF or Zarr.
    output
        .zarr or .nc
    box
        left bottom right top
    box_crs
        CRS of the box, such as EPSG:4326 for degrees; by default that of the rain.
    allow_partial
        Accept a box that reaches beyond the rain.

    Examples
    --------
    ``inundate rain crop radar/ --box -3.9 50.4 -3.2 50.9 --box-crs EPSG:4326 -o exe.nc``
    """
    from inundate.core.files import check_output
    from inundate.rain.resample import crop_rain

    check_output(output, overwrite)
    found = _open(rain, reading)
    cropped = crop_rain(found, box, crs=box_crs, allow_partial=allow_partial)
    _finish(cropped, rain, output, overwrite, json)


def regrid(
    rain: Path,
    *,
    like: Path,
    output: Output,
    like_crs: str | None = None,
    min_cover: float = 1.0,
    samples: int | None = None,
    allow_partial: bool = False,
    reading: Annotated[ReadSettings | None, Flat] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Bring rain to the grid of a terrain with its volume kept.

    Parameters
    ----------
    rain
        Radar file, folder or tar, NetCDF or Zarr.
    like
        Heightmap whose grid is wanted.
    output
        .zarr or .nc
    like_crs
        CRS of the heightmap, over the one that it names.
    min_cover
        Least share of a cell on known rain; below it the cell is missing.
    samples
        Lattice points along one side of a cell where the CRS differ; by default by cell size.
    allow_partial
        Accept a terrain that reaches beyond the rain; cells there are missing.

    Examples
    --------
    ``inundate rain regrid radar/ --like dem.tif -o rain.zarr``
    """
    from inundate.core.files import check_output
    from inundate.rain.resample import cover_check, regrid_rain

    check_output(output, overwrite)
    grid = _grid_of(like, like_crs)
    found = _open(rain, reading)
    if not allow_partial:
        cover_check(found, grid, gaps=False, rain_name=rain.name, terrain_name=like.name)
    made = regrid_rain(found, grid, min_cover=min_cover, samples=samples)
    _finish(made, rain, output, overwrite, json)


def design(
    kind: str,
    *,
    output: Output,
    settings: Annotated[DesignSettings | None, Flat] = None,
    like: Path | None = None,
    bounds: Box = None,
    crs: str | None = None,
    cell_size_m: float | None = None,
    config: Path | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Make a design storm over a terrain or a box.

    Parameters
    ----------
    kind
        uniform, chicago, feh, moving-cell or random-field
    output
        .zarr or .nc
    like
        Heightmap that the storm covers, on its grid or, with --cell-size-m, on a coarser one.
    bounds
        left bottom right top, in place of --like; needs --crs and --cell-size-m.
    crs
        CRS of --bounds, or of a heightmap that states none.
    cell_size_m
        Cell size of the storm.
    config
        TOML file; its table [design] holds the settings.

    Examples
    --------
    ``inundate rain design chicago --like dem.tif --total-mm 50 --duration-min 120 -o storm.nc``
    """
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_output
    from inundate.rain.design import make_storm

    check_output(output, overwrite)
    chosen = resolve_settings(DesignSettings, toml=config, table="design", flags=settings)
    given = {name: value for name, value in dict(chosen).items() if value is not None}
    grid = _storm_grid(like, bounds, crs, cell_size_m)
    steps = given.get("duration_min", 120.0) * 60.0 / given.get("step_s", 300.0)
    if 4 * steps * grid.width * grid.height > _MOST_BYTES:
        raise ConfigError(
            f"designing a storm: {steps:.0f} steps of {grid.height} x {grid.width} cells are more "
            f"than {_MOST_BYTES / 2**30:g} GiB",
            hint="give a coarser --cell-size-m; simulate brings the storm to the terrain's grid",
        )
    _finish(make_storm(kind, grid, **given), None, output, overwrite, json)


def augment(
    rain: Path,
    *,
    output: Output,
    settings: Annotated[AugmentSettings | None, Flat] = None,
    config: Path | None = None,
    reading: Annotated[ReadSettings | None, Flat] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Scale, flip, rotate, shift or move a storm, on record.

    Parameters
    ----------
    rain
        Radar file, folder or tar, NetCDF or Zarr.
    output
        .zarr or .nc
    config
        TOML file; its table [augment] holds the settings.

    Examples
    --------
    ``inundate rain augment storm.nc --move-to 275000 85000 --move-crs EPSG:27700 -o moved.nc``
    """
    from inundate.core.config import resolve_settings
    from inundate.core.files import check_output
    from inundate.rain.augment import augment_rain

    check_output(output, overwrite)
    chosen = resolve_settings(AugmentSettings, toml=config, table="augment", flags=settings)
    given = dict(chosen)
    given["crs"] = given.pop("move_crs")
    found = _open(rain, reading)
    _finish(augment_rain(found, **given), rain, output, overwrite, json)


def _open(rain: Path, reading: ReadSettings | None) -> xr.DataArray:
    from inundate.rain.open import open_rain

    return open_rain(rain, **({} if reading is None else dict(reading)))


def _grid_of(terrain: Path, crs: str | None) -> Grid:
    from inundate.core.grid import grid_of
    from inundate.terrain.open import open_terrain

    return grid_of(open_terrain(terrain, crs=crs), where=str(terrain))


def _storm_grid(like: Path | None, bounds: Any, crs: str | None, cell_size_m: float | None) -> Grid:
    from inundate.core.errors import ConfigError
    from inundate.rain.design import covering_grid

    if (like is None) == (bounds is None):
        raise ConfigError(
            f"designing a storm: --like {like}, --bounds {bounds}; expected exactly one of them"
        )
    if like is not None:
        grid = _grid_of(like, crs)
        return grid if cell_size_m is None else covering_grid(grid.bounds, grid.crs, cell_size_m)
    if crs is None or cell_size_m is None:
        raise ConfigError(
            f"designing a storm: --bounds with --crs {crs} and --cell-size-m {cell_size_m}, "
            "expected both",
            hint="such as --crs EPSG:27700 --cell-size-m 500",
        )
    return covering_grid(bounds, crs, cell_size_m)


def _finish(
    rain: xr.DataArray, source: Path | None, output: Path, overwrite: bool, json: bool
) -> None:
    """Write the result and print its figures."""
    from inundate.cli.shell import emit
    from inundate.core.store import write_dataset
    from inundate.rain.array import to_rain_dataset
    from inundate.rain.summary import summarise_rain

    write_dataset(to_rain_dataset(rain), output, overwrite)
    result = {"input": str(source) if source else None, "output": str(output)}
    result |= summarise_rain(rain)
    for name in ("filled_steps", "missing_steps", "moved_by_m", "moved_from", "storm"):
        if name in rain.attrs:
            from json import loads

            result[name] = loads(rain.attrs[name])
    emit(result, json=json, text=lambda: _as_text(result))


def _as_text(result: dict[str, Any]) -> str:
    def number(key: str, unit: str) -> str:
        value = result[key]
        return "not known" if value is None else f"{value:.4g} {unit}"

    lines = [
        f"{result['output']}",
        f"  period    {result['start']} to {result['end']}, "
        f"{result['steps']} steps of {result['interval_s']:g} s",
        f"  grid      {result['grid']}",
        f"  rain      mean total {number('mean_total_mm', 'mm')}, most "
        f"{number('max_total_mm', 'mm')}, peak {number('peak_mm_h', 'mm/h')}",
        f"  missing   {result['missing_share']:.2%} of the cells",
    ]
    for entry in result["history"]:
        figures = ", ".join(f"{key} {value}" for key, value in entry.items() if key != "operation")
        lines.append(f"  {entry['operation']}: {figures}")
    return "\n".join(lines)
