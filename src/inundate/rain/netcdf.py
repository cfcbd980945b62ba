"""Reading CF NetCDF and Zarr, this package's own files included.

The rain variable may have any name: it is told by its standard name and unit. A file without a
unit is refused. Times without bounds are taken as ends of intervals; with bounds the upper one is
the end. Time units with an offset from UTC (``+01:00``) are converted; a time zone by name is
refused.
"""

from __future__ import annotations

import io
import re
from collections.abc import Hashable
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from inundate.core.errors import DataError
from inundate.core.units import UNITS, canonical_unit, convert
from inundate.rain.cfgrid import Layout, layout_of
from inundate.rain.hdf5 import is_hdf5
from inundate.rain.members import check_member
from inundate.rain.reader import FieldChoiceError, Request, Step, decoding_errors
from inundate.rain.source import Source, UnreadableError

__all__ = ["CfFile", "NetcdfReader", "quantity_of"]

_NETCDF3 = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
_STANDARD_NAMES = (
    "rainfall_rate", "rainfall_flux", "precipitation_flux", "lwe_precipitation_rate",
    "convective_rainfall_flux", "stratiform_rainfall_flux", "rainfall_amount",
    "precipitation_amount", "thickness_of_rainfall_amount", "lwe_thickness_of_precipitation_amount",
    "lwe_thickness_of_rainfall_amount",
)  # fmt: skip
_WORDS = ("rain", "precip", "prate")
_SHORT = ("pr", "tp", "rr", "r", "rate", "acrr", "rr5", "prcp")
_TIME_NAMES = ("time", "valid_time", "t")
_REMADE = ("units", "standard_name", "long_name", "grid_mapping", "coordinates", "interval_s")


class CfFile:
    """A NetCDF file or Zarr store that is opened when needed and can be pickled.

    Parameters
    ----------
    source : Source
        Where it lies.
    """

    def __init__(self, source: Source) -> None:
        self.source = source

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self.source}

    @cached_property
    def dataset(self) -> xr.Dataset:
        """The data set, lazily read, no variable made a coordinate that the file does not."""
        source = self.source
        try:
            if source.is_store:
                return xr.open_dataset(
                    source.path, engine="zarr", consolidated=False, decode_timedelta=False
                )
            plain = not source.member and not source.packed(2).startswith(b"\x1f\x8b")
            opened = source.path if plain else io.BytesIO(source.read())
            return xr.open_dataset(opened, engine="h5netcdf", decode_timedelta=False)
        except DataError:
            raise
        except decoding_errors as error:
            raise UnreadableError(
                f"reading {source.label}: not a readable NetCDF-4 file or Zarr store "
                f"({type(error).__name__}: {str(error)[:150]})",
                hint="NetCDF-3 has to be converted first: nccopy -k nc4 IN OUT"
                if source.head().startswith(_NETCDF3)
                else None,
            ) from error

    def frame(self, name: str, layout: Layout, pick: dict[Hashable, int], factor: float) -> Any:
        """Read one frame of a variable, north up, times a factor, (H, W)."""
        try:
            values = self.dataset[name].isel(pick).transpose(layout.y, layout.x).to_numpy()
        except decoding_errors as error:
            raise UnreadableError(
                f"reading {self.source.label}: values of {name!r} at {pick} are damaged "
                f"({type(error).__name__}: {str(error)[:150]})"
            ) from error
        return layout.north_up(values) * factor


class NetcdfReader:
    """CF NetCDF-4 and Zarr."""

    name = "netcdf"
    title = "CF NetCDF or Zarr"

    def recognises(self, source: Source, head: bytes) -> bool:
        """Tell by the signature; a folder is a Zarr store."""
        return source.is_store or is_hdf5(head) or head.startswith(_NETCDF3)

    def steps(self, source: Source, request: Request) -> list[Step]:
        """List the intervals of a file; see :class:`~inundate.rain.reader.Reader`."""
        file = CfFile(source)
        ds = file.dataset
        name = _choose(ds, request.variable, source.label)
        quantity, factor = quantity_of(ds[name], source.label)
        layout = layout_of(ds, name, request, source.label)
        member = check_member(ds, name, request.member, source.label)
        time = _time_dimension(ds, name, layout, source.label, chosen=member)
        ends, starts = _times(ds, time, source.label, ds[name].attrs.get("interval_s"))
        kept = (time, layout.x, layout.y)
        rest = {dim: member.get(str(dim), 0) for dim in ds[name].dims if dim not in kept}
        is_dim = time in ds[name].dims
        return [
            Step(
                end=end,
                start=None if starts is None else starts[index],
                grid=layout.grid,
                quantity=quantity,
                unit_found=str(ds[name].attrs["units"]),
                variable=name,
                load=partial(
                    file.frame, name, layout, {**rest, **({time: index} if is_dim else {})}, factor
                ),
                source=source.label,
                verified=len(ends) > 1,
                attrs=_kept(ds[name].attrs),
            )
            for index, end in enumerate(ends)
        ]


def _kept(attrs: dict[str, Any]) -> dict[str, Any]:
    """Give what a file of this package says of its origin and history; {} for other files."""
    if "source_format" not in attrs:
        return {}
    return {name: value for name, value in attrs.items() if name not in _REMADE}


def quantity_of(array: xr.DataArray, where: str) -> tuple[Literal["rate", "depth"], float]:
    """Give what a variable measures and the factor to mm h-1 or mm.

    Raises
    ------
    DataError
        If it has no unit, or one that is neither a rate nor a depth of water.
    """
    unit = str(array.attrs.get("units", "")).strip()
    if not unit:
        raise DataError(
            f"reading {where}: variable {array.name!r} has no unit, expected one such as mm h-1",
            hint="write its unit into the file: ncatted -a units,NAME,c,c,'mm h-1' FILE",
        )
    try:
        dimension = UNITS[canonical_unit(unit)][0]
    except DataError as error:
        raise DataError(
            f"reading {where}: variable {array.name!r}: {error}", hint=error.hint
        ) from error
    if dimension == "rain rate":
        return "rate", float(convert(1.0, unit, "mm h-1"))
    if dimension == "length":
        return "depth", float(convert(1.0, unit, "mm"))
    raise DataError(
        f"reading {where}: variable {array.name!r} has unit {unit!r}, expected a rain rate "
        "(mm h-1, kg m-2 s-1, m s-1) or a depth (mm, kg m-2)",
        hint="choose another one by --variable",
    )


def _choose(ds: xr.Dataset, variable: str | None, label: str) -> str:
    """Find the rain variable: by its own name, its standard name, or name and unit."""
    spatial = [str(name) for name, array in ds.data_vars.items() if _is_field(array)]
    if variable is not None:
        if variable in spatial:
            return variable
        raise FieldChoiceError(
            f"reading {label}: no field {variable!r}; found {', '.join(spatial) or 'none'}",
            found=spatial,
            hint="names are as in the file",
        )
    ranks = (
        [name for name in spatial if name == "rain_rate"],
        [name for name in spatial if ds[name].attrs.get("standard_name") in _STANDARD_NAMES],
        [name for name in spatial if _sounds_like_rain(name)],
        spatial if len(spatial) == 1 else [],
    )
    found = next((rank for rank in ranks if rank), [])
    if len(found) == 1:
        return found[0]
    shown = "; ".join(f"{name} [{ds[name].attrs.get('units', 'no unit')}]" for name in spatial)
    raise FieldChoiceError(
        f"reading {label}: expected one rain variable, found {shown or 'no field with x and y'}",
        found=spatial,
        hint="choose one by --variable",
    )


def _is_field(array: xr.DataArray) -> bool:
    return array.ndim >= 2 and array.dtype.kind in "fiu" and "bounds" not in str(array.name)


def _sounds_like_rain(name: str) -> bool:
    lower = name.lower()
    return lower in _SHORT or any(word in lower for word in _WORDS)


def _time_dimension(
    ds: xr.Dataset, name: str, layout: Layout, label: str, chosen: dict[str, int]
) -> str:
    """Give the name of the time coordinate; other dimensions have to be of size 1."""
    rest = [str(dim) for dim in ds[name].dims if dim not in (layout.x, layout.y)]
    candidates = [*rest, *(str(c) for c in ds.variables if ds[c].ndim == 0)]
    time = [n for n in candidates if n in ds.variables and _is_time(ds[n])]
    wide = {dim: ds.sizes[dim] for dim in rest if ds.sizes[dim] > 1 and dim not in (*time, *chosen)}
    if wide:
        raise DataError(
            f"reading {label}: {name!r} has further dimensions {wide}, expected time, y, x",
            hint="select one first, such as ds.isel(member=0)",
        )
    if not time:
        raise DataError(
            f"reading {label}: no time coordinate for {name!r}, found {candidates}",
            hint="expected a coordinate 'time' with CF units such as 'seconds since 1970-01-01'",
        )
    return next((t for t in time if t in rest), time[0])


def _is_time(array: xr.DataArray) -> bool:
    decoded = array.dtype.kind == "M"
    return decoded and str(array.name) != "forecast_reference_time" and array.ndim <= 1


def _times(
    ds: xr.Dataset, time: str, label: str, interval_s: Any
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64] | None]:
    """Give ends and starts of the intervals, UTC."""
    coordinate = ds[time]
    _check_zone(coordinate, label)
    ends = np.atleast_1d(coordinate.to_numpy()).astype("datetime64[ns]")
    named = str(coordinate.attrs.get("bounds") or coordinate.encoding.get("bounds") or "")
    for bounds in (named, "time_bounds", "time_bnds"):
        if bounds in ds.variables and ds[bounds].dtype.kind == "M":
            pairs = ds[bounds].to_numpy().astype("datetime64[ns]").reshape(-1, 2)
            return pairs.max(axis=1), pairs.min(axis=1)
    if interval_s is not None:
        length = np.timedelta64(round(float(interval_s) * 1e9), "ns")
        return ends, (ends - length).astype("datetime64[ns]")
    return ends, None


def _check_zone(coordinate: xr.DataArray, label: str) -> None:
    """Refuse a time zone by name: decoding would take its times for UTC."""
    units = str(coordinate.encoding.get("units", ""))
    stated = [coordinate.attrs.get(name) for name in ("time_zone", "timezone")]
    after_date = re.search(r"since\s+[\d-]+(?:[T ]\s*\d+(?::[\d.]+)*)?\s*(.*)$", units)
    stated.append(after_date[1].strip() if after_date else None)
    for zone in stated:
        if zone and not re.fullmatch(r"utc|gmt|z|[+-]?\d{1,2}(:?\d{2})?", str(zone), re.I):
            raise DataError(
                f"reading {label}: time is in zone {zone!r}, expected UTC",
                hint="convert it to UTC when the file is written",
            )
