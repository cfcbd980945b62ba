"""The variable registry and the check against it."""

import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import DataError
from inundate.core.names import VARIABLES, attributes, check_variable
from inundate.core.units import UNITS


def rain(values=1.0, **changes):
    data = np.full((2, 3, 4), values, np.float32)
    options = {"dims": ("time", "y", "x"), "name": "rain_rate", "attrs": {"units": "mm h-1"}}
    return xr.DataArray(data, **{**options, **changes})


@pytest.mark.parametrize("variable", VARIABLES.values(), ids=list(VARIABLES))
def test_entries_are_complete(variable):
    assert VARIABLES[variable.name] is variable
    assert variable.unit in UNITS
    assert variable.standard_name or variable.long_name
    if variable.dims[0] == "sample":  # a series at places
        assert variable.dims[1] in ("gauge", "section")
        assert variable.dtype == "float64"
    else:
        assert variable.dims[-2].startswith("y")
        assert variable.dims[-1].startswith("x")
    if variable.valid_min is not None and variable.valid_max is not None:
        assert variable.valid_min < variable.valid_max


def test_attributes_of_a_standard_and_of_a_long_name():
    assert attributes("water_depth") == {"units": "m", "standard_name": "flood_water_thickness"}
    assert attributes("roughness") == {"units": "s m-1/3", "long_name": "Manning's n"}


def test_unknown_name_names_the_nearest():
    with pytest.raises(DataError, match="^variable 'rain_rat' is not in the registry") as caught:
        attributes("rain_rat")
    assert caught.value.hint == "did you mean 'rain_rate'?"
    with pytest.raises(DataError) as caught:
        attributes("qqq")
    assert caught.value.hint is None


def test_good_arrays_pass():
    check_variable(rain())
    check_variable(rain(name=None), "rain_rate")
    check_variable(rain(np.nan))
    check_variable(rain()[:0])


@pytest.mark.parametrize("units", [None, "mm", "mm/h"])
def test_wrong_units(units):
    with pytest.raises(DataError) as caught:
        check_variable(rain(attrs={"units": units} if units else {}), where="opening a.nc")
    assert str(caught.value) == f"opening a.nc: rain_rate has units {units!r}, expected 'mm h-1'"


def test_wrong_dimensions():
    with pytest.raises(DataError) as caught:
        check_variable(rain(dims=("y", "x", "time")))
    assert str(caught.value) == (
        "rain_rate has dimensions ('y', 'x', 'time'), expected ('time', 'y', 'x')"
    )


@pytest.mark.parametrize("value", [-0.1, 2000.5, np.inf, -np.inf])
def test_values_outside_the_range(value):
    array = rain()
    array[0, 0, 0] = value
    with pytest.raises(DataError, match=r"^rain_rate ranges from .* mm h-1, expected 0\.0 to 2000"):
        check_variable(array)
    check_variable(array, values=False)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_out_of_every_range(value):
    array = rain(value, name="water_level", attrs={"units": "m"})
    with pytest.raises(DataError, match=f"^water_level ranges from {value}"):
        check_variable(array)
