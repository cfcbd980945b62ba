import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError
from inundate.core.grid import Grid
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.sources import Source, open_sources

GRID = Grid("EPSG:27700", 400000, 500000, 10, 10, 30, 20)
HYDROGRAPH = Series(np.array([0.0, 500.0, 1500.0]), np.array([0.0, 0.9, 0.3]), "zero")


def read(tmp_path, text):
    path = tmp_path / "sources.toml"
    path.write_text(text)
    return open_sources(path, GRID)


def test_file(tmp_path):
    (tmp_path / "main.csv").write_text("time_s, flow [m3/s]\n0, 1\n600, 2\n")
    found = read(tmp_path, """
        [[source]]
        name = "burst main"
        x = 400012
        y = 499991
        flow = "main.csv"
        outside = "zero"
        [[source]]
        x = 400105
        y = 499895
        radius_m = 10
        flow_m3_s = 0.5
    """)  # fmt: skip
    assert [source.name for source in found] == ["burst main", "number 2"]
    assert (found[0].rows.tolist(), found[0].columns.tolist()) == ([0], [1])
    assert found[0].flow.outside == "zero"
    cells = set(zip(found[1].rows.tolist(), found[1].columns.tolist(), strict=True))
    assert cells == {(10, 10), (9, 10), (11, 10), (10, 9), (10, 11)}


@pytest.mark.parametrize(("text", "message"), [
    ("x=1\ny=2\n", "number 1: expected either flow or flow_m3_s"),
    ("x=1\nflow_m3_s=1\n", "number 1: y: Field required"),
    ("x=1\ny=1\nflow_m3_s=1\nradius=3\n", "key 'radius' is not known; did you mean 'radius_m'?"),
    ("x=1\ny=1\nflow_m3_s=1\noutside='hold'\n", "outside goes with a series in flow"),
    ("x=1\ny=1\nflow_m3_s=-1\n", "flow_m3_s = -1"),
])  # fmt: skip
def test_wrong_file(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"[[source]]\n{text}")
    assert message in str(caught.value)


def test_doubled_names(tmp_path):
    one = "[[source]]\nname='a'\nx=400012\ny=499991\nflow_m3_s=1\n"
    with pytest.raises(ConfigError, match="two sources are named a"):
        read(tmp_path, one + one)


def test_outside_the_terrain(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, "[[source]]\nx=399999\ny=499991\nflow_m3_s=1\n")
    assert str(caught.value) == (
        "source number 1: (399999, 499991) is outside the terrain, EPSG:27700, 10 m, 20 x 30, "
        "top-left (400000, 500000)"
    )


def source(rows, columns, flow=HYDROGRAPH):
    return Source("spring", np.array(rows), np.array(columns), flow)


def test_needs_ground():
    ground = np.zeros((4, 5))
    ground[1, 1:3] = np.nan
    valid = np.isfinite(ground)
    assert source([1, 1, 1], [0, 1, 3]).cells(valid).tolist() == [5, 8]  # shared by the others
    with pytest.raises(DataError) as caught:
        source([1, 1], [1, 2]).cells(valid)
    assert str(caught.value) == (
        "source spring: no ground at row 1, column 1: a wall, a building or missing data"
    )
    with pytest.raises(DataError, match="row 4, column 0 is outside the grid of 4 x 5 cells"):
        source([4], [0]).cells(valid)
    with pytest.raises(DataError, match="0 rows and 0 columns"):
        source([], [])
    with pytest.raises(DataError, match="flow of -2 m3 s-1, expected 0 or more"):
        source([0], [0], Series.constant(-2.0))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_volume_is_exact(precision):
    # the series changes slope within ticks and ends within one: the volume knows
    settings = SimulateSettings(
        edges="closed", precision=precision, run_on_min=0, forcing_every_s=70.0,
        output_every_s=400.0,
    )  # fmt: skip
    site = Site(sources=(source([3, 3], [4, 5]), source([8], [8], Series.constant(0.2))))
    found = simulate_arrays(
        np.zeros((12, 12)), np.array([3.0, 0.0]), rain_step_s=1000, cell_size_m=10,
        settings=settings, site=site,
    )  # fmt: skip
    volume = 0.45 * 500 + 0.6 * 1000 + 0.2 * 2000
    exact = 1e-13 if precision == "float64" else 1e-9
    assert found.budget["source_m3"] == pytest.approx(volume, rel=exact)
    assert found.budget["rain_m3"] == pytest.approx(144 * 100 * 0.003 * 1000 / 3600, rel=1e-6)
    assert abs(found.budget["error_relative"]) <= (1e-12 if precision == "float64" else 5e-6)


def test_water_enters_at_its_place():
    site = Site(sources=(source([2], [7], Series.constant(0.01)),))
    settings = SimulateSettings(edges="closed")
    march = March(np.zeros((6, 11)), 10.0, settings, site=site)
    list(march.frames([(120.0, np.zeros((6, 11)))]))
    assert np.unravel_index(march.state.depth.argmax(), (6, 11)) == (2, 7)


def test_a_series_too_short_is_found_before_the_start():
    short = Series(np.array([0.0, 900.0]), np.array([1.0, 1.0]), name="main.csv")
    with pytest.raises(DataError) as caught:
        simulate_arrays(
            np.zeros((4, 4)), np.array([1.0]), rain_step_s=1000, cell_size_m=10,
            settings=SimulateSettings(run_on_min=0), site=Site(sources=(source([0], [0], short),)),
        )  # fmt: skip
    assert str(caught.value) == (
        "main.csv: the simulation asks for 0 to 1000 s, the series runs from 0 to 900 s"
    )
