"""Damaged NIMROD bytes give a DataError or a right reading, never another exception."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inundate.core.errors import DataError
from inundate.rain.nimrod import read_nimrod_fields
from inundate.rain.open import open_rain

EXAMPLES = 60


@pytest.fixture(scope="module")
def whole(make, tmp_path_factory):
    """Bytes of a file with two fields, and a place to write damaged copies."""
    path = tmp_path_factory.mktemp("nimrod") / "a.dat"
    times = [make.SUMMER, make.SUMMER + make.STEP]
    return make.nimrod(path, times).read_bytes(), path


def _read_or_refuse(data, path):
    """Read damaged bytes; None where they are refused."""
    path.write_bytes(data)
    try:
        return open_rain(path, interval_s=300).values
    except DataError:
        return None


@settings(max_examples=EXAMPLES, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_truncated(whole, share):
    data, path = whole
    cut = int(share * len(data))
    found = _read_or_refuse(data[:cut], path)
    if cut == len(data) // 2:  # cut between the fields: the first one is whole
        assert found is not None
    else:
        assert found is None


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(flips=st.lists(st.integers(0, 2 * 552 * 8 - 1), min_size=1, max_size=4, unique=True))
def test_bits_flipped_anywhere(whole, flips):
    data, path = whole
    damaged = bytearray(data)
    for flip in flips:
        damaged[flip // 8 % len(data)] ^= 1 << (flip % 8)
    found = _read_or_refuse(bytes(damaged), path)
    if found is not None:
        assert found.dtype == np.float32
        assert not (found < 0).any()
        assert not np.isinf(found).any()


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(flip=st.integers(0, 24 * 8 - 1))
def test_a_flipped_value_changes_that_cell_only(make, whole, flip):
    data, path = whole
    damaged = bytearray(data)
    damaged[524 + flip // 8] ^= 1 << (flip % 8)  # within the values of the first field
    found = _read_or_refuse(bytes(damaged), path)
    assert found is not None
    same = (found == make.RATES.astype(np.float32)) | (np.isnan(found) & np.isnan(make.RATES))
    assert np.flatnonzero(~same[0]).tolist() in ([flip // 16], [])
    assert same[1].all()


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.binary(max_size=1200))
def test_any_bytes_behind_the_magic(whole, data):
    _, path = whole
    path.write_bytes(b"\x00\x00\x02\x00" + data)
    with pytest.raises(DataError):
        read_nimrod_fields(path)
