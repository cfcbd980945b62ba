"""``inundate rain describe`` and ``inundate rain convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Overwrite
from inundate.cli.shell import emit

__all__ = ["convert", "describe"]

Box = tuple[float, float, float, float]


def describe(
    path: Path,
    *,
    variable: str | None = None,
    crs: str | None = None,
    interval_s: float | None = None,
    json: Json = False,
) -> None:
    """Say what a radar file or folder holds: format, grid, times, gaps, range.

    Parameters
    ----------
    path
        File (plain or .gz), daily tar, Zarr store, or a folder of files of one format.
    variable
        Field to look at where a file holds several.
    crs
        Coordinate reference system of files that state none, such as EPSG:27700.
    interval_s
        Length of an interval in seconds, for files that state none.

    Examples
    --------
    ``inundate rain describe radar/20180824 --json``
    """
    from inundate.rain.describe import describe_rain

    result = describe_rain(path, variable=variable, crs=crs, interval_s=interval_s)
    emit(result, json=json, text=lambda: _describe_text(result))


def convert(
    path: Path,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    box: Annotated[Box | None, Parameter(negative="")] = None,
    box_crs: str | None = None,
    variable: str | None = None,
    crs: str | None = None,
    interval_s: float | None = None,
    member: int | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Convert radar of any known format to Zarr or NetCDF.

    The result is in mm h-1 and UTC, ends of intervals; missing cells are NaN.

    Parameters
    ----------
    path
        File (plain or .gz), daily tar, Zarr store, or a folder of files of one format.
    output
        Name to write, ending in .zarr or .nc.
    box
        Left, bottom, right, top; every cell that it touches is kept.
    box_crs
        CRS of the box, such as EPSG:27700; by default that of the rain.
    variable
        Field to read where a file holds several.
    crs
        Coordinate reference system of files that state none.
    interval_s
        Length of an interval in seconds, for files that state none.
    member
        Which storm of an ensemble, such as a nowcast, counted from 0.

    Examples
    --------
    ``inundate rain convert radar --box 4e5 3e5 6e5 5e5 --box-crs EPSG:27700 -o storm.zarr``
    """
    from inundate.core.files import check_output
    from inundate.rain.convert import convert_rain

    check_output(output, overwrite)
    result = convert_rain(
        path,
        output,
        box=box,
        box_crs=box_crs,
        variable=variable,
        crs=crs,
        interval_s=interval_s,
        member=member,
        overwrite=overwrite,
    )
    emit(result, json=json, text=lambda: _convert_text(result))


def _describe_text(result: dict[str, Any]) -> str:
    lines = [f"{result['path']}: {result['format_title']}, {result['files']} files"]
    if result["problem"]:
        lines += [f"  not one rain series: {result['problem']}"]
        lines += [f"  hint: {result['hint']}"] if result["hint"] else []
    else:
        lines += _series_lines(result)
    lines += [f"  skipped       {item['file']}: {item['reason']}" for item in result["skipped"]]
    if result["problem"]:
        lines += [_field_line(row) for row in result.get("fields", [])]
    return "\n".join(lines)


def _series_lines(result: dict[str, Any]) -> list[str]:
    grid = result["grid"]
    size = " x ".join(f"{value:g}" for value in grid["cell_size"])
    bounds = ", ".join(f"{value:.10g}" for value in grid["bounds"])
    lines = [
        f"  grid          {grid['height']} rows x {grid['width']} columns of {size} "
        f"{grid['cell_unit']}",
        f"  crs           {result['crs_name']}",
        f"  bounds        {bounds}",
        f"  time          {result['time_start']} to {result['time_end']}, {result['steps']} steps, "
        f"one every {result['cadence_s'] / 60:g} min",
        f"  unit          {result['unit_found']} in the file, {result['unit']} delivered"
        + (f" by {result['z_r']}" if result["z_r"] else ""),
        f"  missing       {_percent(result['share_missing'])} of the cells, "
        f"{result['missing_steps']} steps in {len(result['gaps'])} gaps",
    ]
    if result["rate_max"] is None:
        return [*lines, "  rate          every cell is missing"]
    return [
        *lines,
        f"  rate          {result['rate_min']:.4g} to {result['rate_max']:.4g}, mean "
        f"{result['rate_mean']:.3g} mm h-1; {_percent(result['share_wet'])} of the known cells "
        f"wet (from {result['wet_threshold']:g} mm h-1)",
        f"  highest total {result['highest_total_mm']:.4g} mm",
    ]


def _field_line(row: dict[str, Any]) -> str:
    kind = "rain" if row["not_rain"] is None else f"not rain: {row['not_rain']}"
    span = "all missing"
    if row["value_min"] is not None:
        span = f"{row['value_min']:.4g} to {row['value_max']:.4g} {row['unit_decoded']}"
    return (
        f"  {row['code']}:{row['name']} [{row['unit_found']}] x {row['fields']}, "
        f"{row['shape'][0]} x {row['shape'][1]}, {span}, {kind}"
    )


def _convert_text(result: dict[str, Any]) -> str:
    return (
        f"{result['output']}: {result['steps']} steps of {result['grid']}, "
        f"{result['time_start']} to {result['time_end']}, {result['files_skipped']} files skipped"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
