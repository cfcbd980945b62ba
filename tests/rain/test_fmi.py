"""FMI PGM: reflectivity to rain, missing cells, corners; and pysteps beside it."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.rain.open import open_rain


def test_reflectivity_becomes_rain_by_the_pair_of_fmi(tiny):
    rain = open_rain(tiny / "fmi.pgm.gz")
    value = np.array([[0, 64, 104, 255], [84, 124, 164, 0], [255, 0, 66, 144]], float)
    expected = (10 ** ((value - 64) / 20) / 223) ** (1 / 1.53)
    expected[value == 0] = 0
    expected[value == 255] = np.nan
    np.testing.assert_allclose(rain[0].values, expected, rtol=1e-6)
    assert rain.attrs["z_r"] == "Z = 223 R^1.53"
    assert rain.attrs["interval_s"] == 300


def test_grid_and_time(tiny):
    rain = open_rain(tiny / "fmi.pgm.gz")
    np.testing.assert_allclose(rain.x, [-1500, -500, 500, 1500], atol=1e-3)
    np.testing.assert_allclose(rain.y, [-2_170_500, -2_171_500, -2_172_500], atol=1e-3)
    assert rain.time.values[0] == np.datetime64("2019-07-31T12:05")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"CorrectedReflectivity", b"RadialVelocity", "expected a reflectivity"),
        (b"stereographic", b"mercator", "expected stereographic"),
        (b"metersperpixel_x 1000", b"metersperpixel_x 1500", "metersperpixel says 1500.000"),
        (b"# bottomleft", b"# bottom", "comment lines are incomplete"),
        (b"obstime 201907311205", b"obstime 201913311205", "comment lines are incomplete"),
        (b"\n4 3\n", b"\n4 x\n", "PGM header is incomplete"),
        (b"\n4 3\n", b"\n4 4\n", "12 pixels, expected 4 x 4"),
    ],
)
def test_what_does_not_fit_is_named(make, tmp_path, old, new, message):
    path = make.fmi(tmp_path / "a.pgm")
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    with pytest.raises(DataError, match=message):
        open_rain(path)


def test_truncated(make, tmp_path):
    path = make.fmi(tmp_path / "a.pgm.gz")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="truncated or damaged"):
        open_rain(path)


# pysteps opens the gzip file for the metadata and leaves the closing to the collector
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_equals_pysteps_value_for_value(radar):
    importers = pytest.importorskip("pysteps.io.importers")
    paths = sorted((radar / "fmi-finland").rglob("*.gz"))
    for path in (paths[0], paths[-1]):
        dbz, _, about = importers.import_fmi_pgm(str(path), gzipped=True)
        rain = open_rain(path)
        expected = (10 ** (np.asarray(dbz, float) / 10) / 223) ** (1 / 1.53)
        echo = ~(dbz == -32.0)  # stored 0, no echo: 0 mm/h here, 0.0002 by the formula
        np.testing.assert_allclose(rain[0].values[echo], expected[echo], rtol=1e-6)
        assert (rain[0].values[~echo] == 0).all()
        # pysteps puts the lower left corner at 0, 0 by a false origin
        assert (about["x1"], about["y1"]) == pytest.approx((0, 0), abs=0.02)
        width = float(rain.x[-1] - rain.x[0]) * 760 / 759
        height = float(rain.y[0] - rain.y[-1]) * 1226 / 1225
        assert (about["x2"], about["y2"]) == pytest.approx((width, height), abs=0.02)
