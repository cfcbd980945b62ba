"""Units: spellings, exact factors, round trips."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inundate.core.errors import DataError
from inundate.core.units import _SPELLINGS, UNITS, canonical_unit, convert

DIMENSIONS = sorted({dimension for dimension, _ in UNITS.values()})


@st.composite
def convertible(draw):
    """Two units of one dimension."""
    dimension = draw(st.sampled_from(DIMENSIONS))
    units = [unit for unit, (found, _) in UNITS.items() if found == dimension]
    return draw(st.sampled_from(units)), draw(st.sampled_from(units))


@given(convertible(), st.floats(-1e9, 1e9).filter(lambda value: not 0 < abs(value) < 1e-290))
def test_round_trip(units, value):
    first, second = units  # below 1e-290 a unit can lead to numbers of fewer digits
    assert math.isclose(convert(convert(value, first, second), second, first), value, rel_tol=1e-12)


@given(convertible(), st.floats(0, 1e6), st.floats(0, 1e6))
def test_conversion_keeps_order_and_zero(units, low, high):
    first, second = units
    low, high = sorted((low, high))
    assert convert(low, first, second) <= convert(high, first, second)
    assert convert(0.0, first, second) == 0.0


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1.0, "kg m-2 s-1", "mm h-1", 3600.0),
        (1.0, "m s-1", "mm h-1", 3.6e6),
        (24.0, "mm day-1", "mm h-1", 1.0),
        (1.0, "in h-1", "mm h-1", 25.4),
        (1.0, "kg m-2", "mm", 1.0),
        (1.0, "km", "m", 1000.0),
        (2.0, "h", "min", 120.0),
        (50.0, "%", "1", 0.5),
        (1.0, "ft", "m", 0.3048),
    ],
)
def test_factors(value, source, target, expected):
    assert convert(value, source, target) == pytest.approx(expected, rel=1e-14)


def test_nan_stays_and_float32_stays():
    values = np.array([1.0, np.nan], np.float32)
    found = convert(values, "kg m-2 s-1", "mm h-1")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array([3600.0, np.nan], np.float32))


def test_same_unit_gives_the_same_object():
    values = np.ones(2)
    assert convert(values, "mm/h", "mm h-1") is values


@pytest.mark.parametrize("spelling", sorted(_SPELLINGS))
def test_every_spelling_leads_to_a_unit(spelling):
    assert canonical_unit(spelling) in UNITS


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_a_unit_is_its_own_spelling(unit):
    assert canonical_unit(unit) == unit
    assert canonical_unit(f"  {unit} ") == unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mm/hr", "mm h-1"),
        ("mm h^-1", "mm h-1"),
        ("mm h**-1", "mm h-1"),
        ("mm·h⁻¹", "mm h-1"),
        ("MM/H", "mm h-1"),
        ("KG M-2 S-1", "kg m-2 s-1"),
        ("kg m⁻² s⁻¹", "kg m-2 s-1"),
        ("KM", "km"),
        ("", "1"),
    ],
)
def test_spellings(text, expected):
    assert canonical_unit(text) == expected


@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_a_data_error(text):
    try:
        found = canonical_unit(text)
    except DataError as error:
        found, message = None, str(error)
    assert found in UNITS if found else repr(text) in message


def test_unknown_unit_with_a_near_one():
    with pytest.raises(
        DataError, match=r"^unit 'dBz2' is not known; expected one of mm h-1, "
    ) as e:
        canonical_unit("dBz2")
    assert e.value.hint == "did you mean 'dBZ'?"


def test_unknown_unit_with_none_near():
    with pytest.raises(DataError) as caught:
        canonical_unit("furlongs per fortnight")
    assert caught.value.hint == "convert the data to one of these units"


def test_accumulation_is_not_a_rate():
    with pytest.raises(DataError) as caught:
        convert(1.0, "mm", "mm/h")
    assert str(caught.value) == "cannot convert 'mm' (length) to 'mm h-1' (rain rate)"
    assert caught.value.hint.startswith("an accumulation becomes a rate only with its interval")


def test_other_mismatches_have_no_such_hint():
    with pytest.raises(DataError) as caught:
        convert(1.0, "s", "m")
    assert caught.value.hint is None
