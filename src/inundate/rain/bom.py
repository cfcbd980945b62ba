"""Reading Australian Rainfields NetCDF: rain accumulated from ``start_time`` to ``valid_time``.

The coordinates ``x`` and ``y``, in km, are taken as cell centres, as CF has it for a file without
bounds.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr

from inundate.rain.cfgrid import layout_of
from inundate.rain.hdf5 import is_hdf5, opened
from inundate.rain.netcdf import CfFile, quantity_of
from inundate.rain.reader import FieldChoiceError, Request, Step
from inundate.rain.source import Source

__all__ = ["BomReader"]

_FIELD, _START, _END = "precipitation", "start_time", "valid_time"


class BomReader:
    """Bureau of Meteorology Rainfields NetCDF."""

    name = "bom"
    title = "BoM Rainfields NetCDF"

    def recognises(self, source: Source, head: bytes) -> bool:
        """Tell by the variables precipitation, start_time and valid_time."""
        if not is_hdf5(head):
            return False
        with opened(source) as file:
            return all(name in file for name in (_FIELD, _START, _END))

    def steps(self, source: Source, request: Request) -> list[Step]:
        """List the one interval of a file; see :class:`~inundate.rain.reader.Reader`."""
        if request.variable not in (None, _FIELD):
            raise FieldChoiceError(
                f"reading {source.label}: no field {request.variable!r}; found {_FIELD}",
                found=[_FIELD],
            )
        file = CfFile(source)
        ds = file.dataset
        quantity, factor = quantity_of(ds[_FIELD], source.label)
        layout = layout_of(ds, _FIELD, request, source.label)
        start, end = (_moment(ds, name) for name in (_START, _END))
        return [
            Step(
                end=end,
                start=start,
                grid=layout.grid,
                quantity=quantity,
                unit_found=str(ds[_FIELD].attrs["units"]),
                variable=_FIELD,
                load=partial(file.frame, _FIELD, layout, {}, factor),
                source=source.label,
            )
        ]


def _moment(ds: xr.Dataset, name: str) -> np.datetime64:
    found: np.datetime64 = ds[name].to_numpy().astype("datetime64[ns]").ravel()[0]
    return found
