"""Data sets on disk: Zarr and NetCDF, atomic, compressed, with CF attributes and a grid."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.errors import ConfigError, DataError
from inundate.core.files import atomic_file, atomic_folder, check_input, check_output
from inundate.core.names import VARIABLES, attributes
from inundate.core.netcdf import write_netcdf

__all__ = ["CONVENTIONS", "encoding_for", "read_dataset", "write_dataset"]

CONVENTIONS = "CF-1.11"
_TIME_UNIT = "seconds since 1970-01-01T00:00:00"
_FRAME_BYTES = 16 * 2**20  # a chunk holds one frame, split when larger than this


def write_dataset(ds: xr.Dataset, path: Path | str, overwrite: bool = False) -> Path:
    """Write a data set whole or not at all.

    Parameters
    ----------
    ds : Dataset
        Registered variables get their CF attributes where absent.
    path : Path
        ``.zarr`` or ``.nc``.
    overwrite : bool
        Replace an existing one.

    Raises
    ------
    ConfigError
        If the suffix is neither.
    RunError
        If it exists, or the disk is full.
    """
    target = check_output(path, overwrite)
    prepared = _prepared(ds)
    if target.suffix == ".zarr":
        with atomic_folder(target) as temporary, _quiet():
            prepared.to_zarr(
                temporary, mode="w", zarr_format=3, consolidated=False,
                encoding=encoding_for(prepared, zarr=True),
            )  # fmt: skip
    elif target.suffix in (".nc", ".nc4"):
        with atomic_file(target) as temporary:
            write_netcdf(prepared, temporary, encoding_for(prepared, zarr=False))
    else:
        raise ConfigError(
            f"writing {target}: suffix {target.suffix!r}, expected .zarr or .nc",
            hint=f"try -o {target.stem}.zarr",
        )
    return target


def _quiet() -> warnings.catch_warnings[list[Any] | None]:
    manager: warnings.catch_warnings[list[Any] | None] = warnings.catch_warnings(
        action="ignore", category=UserWarning
    )
    return manager


def _prepared(ds: xr.Dataset) -> xr.Dataset:
    ds = ds.copy()
    ds.attrs.setdefault("Conventions", CONVENTIONS)
    for name in list(ds.variables):
        if ds[name].dtype.kind == "U":  # Zarr has no settled form for text of fixed length
            ds[name] = ds[name].astype(object)
        ds[name].variable.encoding = {}
        if name in VARIABLES:
            ds[name].attrs = {**attributes(str(name)), **ds[name].attrs}
    for name in ds.data_vars:  # decoded files carry these in encoding, fresh ones in attrs
        ds[name].attrs.pop("coordinates", None)
    if "time_bounds" in ds.variables and "time" in ds.coords:
        ds["time"].attrs["bounds"] = "time_bounds"
    return ds


def encoding_for(ds: xr.Dataset, *, zarr: bool) -> dict[str, dict[str, Any]]:
    """Give the encoding of every variable: one frame a chunk, compressed, times in seconds."""
    found: dict[str, dict[str, Any]] = {}
    for name, array in ds.variables.items():
        entry: dict[str, Any] = {}
        if np.issubdtype(array.dtype, np.datetime64):
            entry.update(units=_TIME_UNIT, dtype="float64", calendar="proleptic_gregorian")
        elif array.ndim >= 2 and array.dtype.kind in "fiu":
            entry.update(_chunking(array, zarr))
            if array.dtype.kind == "f":
                entry["_FillValue"] = np.array(np.nan, array.dtype)[()]
        found[str(name)] = entry
    return found


def _chunking(array: xr.Variable, zarr: bool) -> dict[str, Any]:
    chunks = [1] * (array.ndim - 2) + [max(1, n) for n in array.shape[-2:]]
    while chunks[-2] * chunks[-1] * array.dtype.itemsize > _FRAME_BYTES:
        chunks[-2], chunks[-1] = -(-chunks[-2] // 2), -(-chunks[-1] // 2)
    if zarr:
        from zarr.codecs import BloscCodec

        return {"chunks": tuple(chunks), "compressors": (BloscCodec(cname="zstd", clevel=3),)}
    return {"chunksizes": tuple(chunks), "zlib": True, "complevel": 3}


def read_dataset(path: Path | str, *, kind: str | None = None) -> xr.Dataset:
    """Open a data set lazily.

    Parameters
    ----------
    path : Path
        A ``.zarr`` folder or NetCDF file.
    kind : str, optional
        Expected ``kind`` attribute, such as ``"simulation"``.

    Raises
    ------
    MissingFileError
        If the path does not exist.
    DataError
        If it is neither format, damaged, or of another kind.
    """
    source = check_input(path)
    ds = _open(source)
    found = ds.attrs.get("kind")
    if kind is not None and found != kind:
        ds.close()
        raise DataError(
            f"reading {source}: kind {found!r}, expected {kind!r}",
            hint="see the stages in the documentation: simulate, dataset build, train, predict",
        )
    return ds


def _plain_text(ds: xr.Dataset) -> xr.Dataset:
    """Give Zarr's text (NumPy's StringDType, which few functions take) as objects."""
    names = [name for name in ds.variables if ds[name].dtype.kind == "T"]
    return ds.assign({name: ds[name].astype(object) for name in names})


def _open(source: Path) -> xr.Dataset:
    if (
        source.is_dir()
        and not (source / "zarr.json").is_file()
        and not (source / ".zgroup").is_file()
    ):
        raise DataError(
            f"reading {source}: a folder without zarr.json, expected a Zarr store or NetCDF file"
        )
    try:
        if source.is_dir():
            opened: xr.Dataset = xr.open_zarr(
                source, consolidated=False, chunks=None, decode_coords="all"
            )
            return _plain_text(opened)
        return xr.open_dataset(source, engine="h5netcdf", decode_coords="all", chunks=None)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        form = "Zarr store" if source.is_dir() else "NetCDF-4 file"
        raise DataError(
            f"reading {source}: not a readable {form} ({type(error).__name__}: {str(error)[:120]})",
            hint="the file may be truncated; write it again",
        ) from error
