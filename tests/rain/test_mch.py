"""MeteoSwiss GIF: digital numbers, time from the comment or the name; and pysteps beside it."""

import numpy as np
import pytest

from inundate.core.errors import DataError
from inundate.rain.open import open_rain

NAME = "AQC192121205F_00005.801.gif"  # 2019, day 212 (31 July), 12:05 UTC


def test_digital_numbers(tiny):
    rain = open_rain(tiny / NAME)
    formula = 12 * (10 ** ((np.array([122, 72]) - 71.5) / 20) / 316) ** (1 / 1.5)
    assert np.isnan(rain[0, 0, 0])
    np.testing.assert_allclose([rain[0, 0, 709], rain[0, 639, 0]], formula, rtol=1e-6)
    assert float(rain[0, 320, 355]) == 0  # above 250: nothing
    assert int(np.isnan(rain).sum()) == 1


def test_the_place_is_the_swiss_domain_first_row_north(tiny):
    rain = open_rain(tiny / NAME)
    assert rain.spatial_ref.attrs["crs"] == "EPSG:21781"
    assert float(rain.sel(x=964_500, y=479_500)[0]) == float(rain[0, 0, 709])
    assert float(rain.sel(x=255_500, y=-159_500)[0]) == float(rain[0, 639, 0])


def test_time_is_the_day_of_the_year_in_utc(tiny):
    rain = open_rain(tiny / NAME)
    assert rain.time.values[0] == np.datetime64("2019-07-31T12:05")
    assert rain.attrs["interval_s"] == 300


def test_the_name_helps_where_the_comment_is_lost(make, tmp_path):
    rain = open_rain(make.mch(tmp_path / NAME, comment=False))
    assert rain.time.values[0] == np.datetime64("2019-07-31T12:05")
    with pytest.raises(DataError, match="neither the GIF comment nor the file name"):
        open_rain(make.mch(tmp_path / "a.gif", comment=False))


def test_other_products_are_refused(make, tmp_path):
    with pytest.raises(DataError, match="product RZC, expected AQC or CPC"):
        open_rain(make.mch(tmp_path / "a.gif", product="RZC"))


def test_an_impossible_time(make, tmp_path):
    with pytest.raises(DataError, match="day 412"):
        open_rain(make.mch(tmp_path / "a.gif", "194121205"))


@pytest.mark.parametrize("cut", [200, 900, 1500])
def test_truncated(make, tmp_path, cut):
    path = make.mch(tmp_path / NAME)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match="truncated or damaged"):
        open_rain(path)


# pysteps opens the image and leaves the closing to the collector
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_equals_pysteps_value_for_value(radar):
    importers = pytest.importorskip("pysteps.io.importers")
    for day in ("20150515", "20160711"):
        path = sorted((radar / "meteoswiss-ch" / day).iterdir())[20]
        expected, _, about = importers.import_mch_gif(str(path), "AQC", "mm", 5.0)
        rain = open_rain(path)
        np.testing.assert_allclose(rain[0].values, 12 * expected, rtol=1e-6)
        corner = (float(rain.x[0]) - 500, float(rain.y[0]) + 500)
        assert corner == (about["x1"], about["y2"])
