"""The registry of variables: one truth for data, documentation and error messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inundate.core.errors import DataError, nearest

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["VARIABLES", "Variable", "attributes", "check_variable"]


@dataclass(frozen=True)
class Variable:
    """One variable of the package.

    Attributes
    ----------
    name : str
        Short name in code and files.
    unit : str
        Unit stored.
    dims : tuple of str
        Dimensions in order.
    standard_name, long_name : str or None
        CF name; exactly one of them is the primary label.
    valid_min, valid_max : float or None
        Physical range; a value outside is an error.
    doc : str
        One line for the reference page.
    """

    name: str
    unit: str
    dims: tuple[str, ...]
    standard_name: str | None = None
    long_name: str | None = None
    valid_min: float | None = None
    valid_max: float | None = None
    dtype: str = "float32"
    doc: str = ""


_T = ("time", "y", "x")
_S = ("y", "x")

_TABLE = (
    Variable(
        "rain_rate", "mm h-1", _T, "rainfall_rate", valid_min=0.0, valid_max=2000.0,
        doc="Mean rain rate over the interval that ends at `time`; missing is NaN, never 0.",
    ),
    Variable(
        "rain_flux", "kg m-2 s-1", _T, "rainfall_flux", valid_min=0.0,
        doc="As many models give it; 1 kg m-2 s-1 is 3600 mm h-1.",
    ),
    Variable(
        "rain_depth", "mm", _T, "thickness_of_rainfall_amount", valid_min=0.0,
        doc="Rain accumulated over the interval; bounds required.",
    ),
    Variable(
        "reflectivity", "dBZ", _T, "equivalent_reflectivity_factor",
        doc="Radar reflectivity; the Z-R pair is stored with it.",
    ),
    Variable(
        "elevation", "m", _S, "surface_altitude", valid_min=-500.0, valid_max=9000.0,
        doc="Ground height; vertical datum in attributes; no data is NaN.",
    ),
    Variable(
        "water_depth", "m", _T, "flood_water_thickness", valid_min=0.0,
        doc="Depth of water; dry is 0, unknown is NaN, never negative.",
    ),
    Variable(
        "water_depth_max", "m", _S, None, "maximum flood water thickness", valid_min=0.0,
        doc="Largest water depth over the whole run, at every solver step.",
    ),
    Variable(
        "water_depth_max_time", "s", _S, None,
        "time from the start to maximum flood water thickness", valid_min=0.0,
        doc="End of the sampling interval in which the largest depth was reached; NaN where dry.",
    ),
    Variable(
        "arrival_time", "s", _S, None, "time from the start to the arrival of the flood",
        valid_min=0.0,
        doc="First sample with at least the arrival depth (attribute `arrival_depth_m`); NaN where "
        "it was never reached.",
    ),
    Variable(
        "flood_duration", "s", _S, None, "time for which the ground was flooded", valid_min=0.0,
        doc="Samples with at least the arrival depth, each for its interval; 0 where none.",
    ),
    Variable(
        "gauge_depth", "m", ("sample", "gauge"), "flood_water_thickness", valid_min=0.0,
        dtype="float64", doc="Depth in the cell of each gauge.",
    ),
    Variable(
        "gauge_level", "m", ("sample", "gauge"), "water_surface_height_above_reference_datum",
        dtype="float64", doc="Level in the cell of each gauge, in the terrain's datum.",
    ),
    Variable(
        "section_discharge", "m3 s-1", ("sample", "section"), None, "discharge through section",
        dtype="float64",
        doc="Positive from the right-hand to the left-hand side of the line: downstream if it was "
        "drawn from the left bank to the right bank.",
    ),
    Variable(
        "water_depth_max_mean", "m", _S, None, "ensemble mean of maximum flood water thickness",
        valid_min=0.0, doc="Over the members of an ensemble.",
    ),
    Variable(
        "water_depth_max_spread", "m", _S, None,
        "ensemble standard deviation of maximum flood water thickness", valid_min=0.0,
        doc="Over the members of an ensemble.",
    ),
    Variable(
        "water_depth_max_quantile", "m", ("quantile", *_S), None,
        "quantile of maximum flood water thickness", valid_min=0.0,
        doc="Over the members of an ensemble.",
    ),
    Variable(
        "water_depth_max_probability", "1", ("threshold", *_S), None,
        "probability that maximum flood water thickness reaches threshold",
        valid_min=0.0, valid_max=1.0,
        doc="Share of the members of an ensemble; the threshold in m is a coordinate.",
    ),
    Variable(
        "water_level", "m", _T, "water_surface_height_above_reference_datum",
        doc="Elevation plus depth.",
    ),
    Variable("flow_x", "m2 s-1", ("time", "y", "x_face"), None, "unit discharge eastwards"),
    Variable("flow_y", "m2 s-1", ("time", "y_face", "x"), None, "unit discharge southwards"),
    Variable("flow_speed", "m s-1", _T, "flood_water_speed", valid_min=0.0),
    Variable(
        "roughness", "s m-1/3", _S, None, "Manning's n", valid_min=0.0, valid_max=1.0,
        doc="Friction of the ground.",
    ),
    Variable(
        "depth_probability", "1", ("threshold", *_T), None,
        "probability that depth exceeds threshold", valid_min=0.0, valid_max=1.0,
        doc="The threshold in m is a coordinate, not part of the name.",
    ),
    Variable(
        "depth_quantile", "m", ("quantile", *_T), None, "quantile of water depth", valid_min=0.0,
    ),
    Variable(
        "depth_quantile_wet", "m", ("quantile", *_T), None,
        "quantile of water depth where it reaches 0.05 m", valid_min=0.0,
        doc="Of depth on condition that the cell gets wet, however likely that is.",
    ),
    Variable(
        "depth_low", "m", _T, None, "lower end of the 90 % interval of water depth", valid_min=0.0,
        doc="With depth_high: holds the depth of 90 % of the cells that get wet (over 0.05 m).",
    ),
    Variable(
        "depth_high", "m", _T, None, "upper end of the 90 % interval of water depth", valid_min=0.0,
        doc="A level of the law above its 95 % quantile, fitted on held-out terrains.",
    ),
    Variable(
        "depth_mean", "m", _T, None, "mean of the law of water depth", valid_min=0.0,
        doc="Of all depths that are held possible, by their probability.",
    ),
    Variable(
        "depth_sample", "m", ("member", *_T), None, "water depth of a drawn flood", valid_min=0.0,
        doc="Equally likely floods, each coherent in space.",
    ),
    Variable(
        "land_mask", "1", _S, "land_binary_mask", valid_min=0.0, valid_max=1.0,
        doc="1 where the ground is known.",
    ),
)  # fmt: skip

VARIABLES: dict[str, Variable] = {variable.name: variable for variable in _TABLE}


def attributes(name: str) -> dict[str, str]:
    """Give the CF attributes of a registered variable.

    Raises
    ------
    DataError
        If the name is not registered.

    Examples
    --------
    >>> attributes("rain_rate")
    {'units': 'mm h-1', 'standard_name': 'rainfall_rate'}
    """
    if name not in VARIABLES:
        close = nearest(name, VARIABLES)
        raise DataError(
            f"variable {name!r} is not in the registry; expected one of {', '.join(VARIABLES)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    variable = VARIABLES[name]
    found = {"units": variable.unit}
    if variable.standard_name:
        found["standard_name"] = variable.standard_name
    if variable.long_name:
        found["long_name"] = variable.long_name
    return found


def check_variable(
    data: xr.DataArray, name: str | None = None, *, where: str = "", values: bool = True
) -> None:
    """Check unit, dimensions and range of an array against the registry.

    Parameters
    ----------
    data : DataArray
        Array to check.
    name : str, optional
        Registered name; by default the array's own.
    where : str
        What is being done, put in front of the message.
    values : bool
        Also check the range of the values (reads them).

    Raises
    ------
    DataError
        If unit, dimensions or range are wrong.
    """
    name = name or str(data.name)
    attributes(name)  # unknown names fail here
    variable = VARIABLES[name]
    prefix = f"{where}: " if where else ""
    unit = data.attrs.get("units")
    if unit != variable.unit:
        raise DataError(
            f"{prefix}{name} has units {unit!r}, expected {variable.unit!r}",
            hint="set attrs['units'], or convert with inundate.core.units.convert",
        )
    if tuple(data.dims) != variable.dims:
        raise DataError(
            f"{prefix}{name} has dimensions {tuple(data.dims)}, expected {variable.dims}"
        )
    if values and data.size:
        _check_range(data, variable, prefix)


def _check_range(data: xr.DataArray, variable: Variable, prefix: str) -> None:
    low, high = float(data.min()), float(data.max())  # NaN is skipped
    too_low = variable.valid_min is not None and low < variable.valid_min
    too_high = variable.valid_max is not None and high > variable.valid_max
    if too_low or too_high or low in (float("inf"), float("-inf")) or high == float("inf"):
        raise DataError(
            f"{prefix}{variable.name} ranges from {low:g} to {high:g} {variable.unit}, "
            f"expected {variable.valid_min} to {variable.valid_max}",
            hint="a wrong unit or an undeclared missing value looks like this",
        )
