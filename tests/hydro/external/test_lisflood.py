"""LISFLOOD-FP: parameters, edges, series, rain, cases."""

import re

import numpy as np
import pytest

from inundate.core.errors import DataError, GridError
from inundate.core.grid import grid_of
from inundate.hydro.external.case import save_case
from inundate.hydro.external.lisflood import read_lisflood
from inundate.hydro.external.lisflood_bci import read_boundaries
from inundate.hydro.external.lisflood_edges import to_tables
from inundate.hydro.external.lisflood_series import (
    from_steps,
    read_boundary_series,
    read_rate_series,
    series_text,
    to_steps,
)
from inundate.hydro.external.lisflood_write import write_lisflood
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate
from inundate.hydro.site import Site, open_site
from inundate.hydro.sources import Source
from inundate.hydro.stretches import Boundaries, Stretch
from inundate.rain.regrid import Regridder

SETTINGS = SimulateSettings(
    manning=0.05, edges="closed", courant=0.5, theta="one", output_every_s=600, run_on_min=15,
    infiltration="constant", loss_mm_h=7.2, evaporation_mm_h=0.5, nodata_edges="closed",
)  # fmt: skip


def on_cells(rain, grid):
    regrid = Regridder(grid_of(rain), grid)
    return np.stack([regrid(frame) for frame in rain.to_numpy()])


@pytest.fixture
def site():
    tide = Series(np.array([0.0, 600.0, 1800.0]), np.array([20.0, 21.5, 20.5]), "hold", "tide")
    river = Series(np.array([0.0, 900.0]), np.array([1.0, 4.0]), "hold", "river")
    pump = Series.constant(0.6, "pump")
    return Site(
        boundaries=Boundaries((
            Stretch("estuary", "level", "east", (3, 9), level=tide),
            Stretch("river", "inflow", "north", (2, 6), inflow=river),
            Stretch("slope", "open", "south", (0, 16), slope=0.01),
            Stretch("dyke", "closed", "west", (0, 4)),
        )),
        sources=(Source("pump", np.array([5, 5]), np.array([7, 8]), pump),),
    )  # fmt: skip


@pytest.mark.parametrize("rain", ["radar", "uniform"])
def test_a_case_goes_out_and_comes_back(
    rain, terrain, roughness, initial_depth, site, grid, tmp_path, request
):
    storm = request.getfixturevalue(rain)
    write_lisflood(
        storm, terrain, tmp_path / "run", settings=SETTINGS, roughness=roughness,
        initial_depth=initial_depth, site=site,
    )  # fmt: skip
    case = read_lisflood(tmp_path / "run" / "case.par")
    valid = np.isfinite(terrain.to_numpy())
    np.testing.assert_allclose(case.terrain.to_numpy(), terrain.to_numpy(), atol=1e-6)
    np.testing.assert_allclose(
        case.roughness.to_numpy()[valid], roughness.to_numpy()[valid], atol=1e-6
    )
    np.testing.assert_allclose(case.initial_depth.to_numpy(), initial_depth.to_numpy(), atol=1e-6)
    there, back = on_cells(storm, grid)[:, valid], on_cells(case.rain, grid)[:, valid]
    assert case.rain.attrs["interval_s"] == 300
    np.testing.assert_allclose(back[:6], there, atol=3e-5)
    assert not back[6:].any()
    assert case.rain.sizes["time"] * 5 + case.settings["run_on_min"] == 45
    known = case.resolved()
    for name in ("manning", "courant", "theta", "infiltration", "max_step_s", "depth_min_m",
                 "output_every_s", "nodata_edges", "edges"):  # fmt: skip
        assert getattr(known, name) == getattr(SETTINGS, name), name
    assert known.loss_mm_h == pytest.approx(7.2)
    assert known.evaporation_mm_h == pytest.approx(0.5)
    assert case.remarks.of("unknown") == []
    known.check()


def test_edges_and_sources_come_back_as_they_were(uniform, terrain, site, grid, tmp_path):
    write_lisflood(uniform, terrain, tmp_path / "run", settings=SETTINGS, site=site)
    case = read_lisflood(tmp_path / "run" / "case.par")
    save_case(case, tmp_path / "case")
    back = open_site(
        grid, boundaries=tmp_path / "case" / "boundaries.toml",
        sources=tmp_path / "case" / "sources.toml",
    )  # fmt: skip
    estuary, river, slope, dyke = back.boundaries.stretches
    assert (estuary.kind, estuary.side, estuary.cells) == ("level", "east", (3, 9))
    np.testing.assert_allclose(estuary.level.value, [20.0, 21.5, 20.5])
    np.testing.assert_allclose(estuary.level.time_s, [0, 600, 1800])
    assert (river.kind, river.side, river.cells, river.per_metre) == (
        "inflow",
        "north",
        (2, 6),
        True,
    )
    np.testing.assert_allclose(river.inflow.value * 4 * grid.dx, [1.0, 4.0], rtol=1e-6)
    assert (slope.kind, slope.slope, slope.cells) == ("open", 0.01, (0, 16))
    assert (dyke.kind, dyke.cells) == ("closed", (0, 4))
    assert [(s.rows.tolist(), s.columns.tolist()) for s in back.sources] == [([5], [7]), ([5], [8])]
    assert sum(s.flow.value[0] for s in back.sources) == pytest.approx(0.6)


def test_whole_sides_of_the_settings_are_written(uniform, terrain, tmp_path):
    settings = SimulateSettings(
        edges="open", edge_west="level", edge_level_m=25.5, edge_north="closed", edge_slope=0.02
    )
    write_lisflood(uniform, terrain, tmp_path / "run", settings=settings)
    lines = (tmp_path / "run" / "case.bci").read_text().split("\n")
    assert lines == [
        "S 400000 400800 FREE 0.02", "E 300000 300600 FREE 0.02", "W 300000 300600 HFIX 25.500000",
        "",
    ]  # fmt: skip


def test_what_the_model_lacks_is_said(uniform, terrain, tmp_path):
    settings = SimulateSettings(
        infiltration="green_ampt", froude_cap=0.7, theta="adaptive", drain_capacity_mm_h=3
    )
    remarks = write_lisflood(uniform, terrain, tmp_path / "run", settings=settings)
    ignored = {remark.where for remark in remarks.of("ignored")}
    assert {"infiltration", "froude_cap", "drain_capacity_mm_h"} <= ignored
    assert {"theta", "edge north"} <= {remark.where for remark in remarks.of("approximate")}


def test_rain_text_keeps_volume_in_the_model_too(uniform, terrain, tmp_path):
    """LISFLOOD-FP takes straight lines between the points of its series."""
    write_lisflood(uniform, terrain, tmp_path / "run", settings=SETTINGS)
    series = read_rate_series(tmp_path / "run" / "case.rain", "rain")
    means = (series.value[1:] + series.value[:-1]) / 2
    volume = float((np.diff(series.time_s) * means).sum())
    assert volume == pytest.approx(float(uniform.to_numpy()[:, 0, 0].sum()) * 300, rel=1e-9)


class TestSeries:
    def write(self, tmp_path, text):
        path = tmp_path / "a.bdy"
        path.write_text(text)
        return path

    def test_units_of_time(self, tmp_path):
        for unit, factor in (("seconds", 1), ("minute", 60), ("Hours", 3600), ("days", 86400)):
            found = read_rate_series(self.write(tmp_path, f"c\n2 {unit}\n1 0\n3 2\n"), "a")
            assert found.time_s.tolist() == [0, 2 * factor]

    def test_comments_and_empty_lines_are_left_out(self, tmp_path):
        path = self.write(
            tmp_path, "anything\n\n# c\nup\n\n2 hours\n1 0\n# c\n2 1\nlow\n1 second\n5 0\n"
        )
        found = read_boundary_series(path)
        assert list(found) == ["up", "low"]
        assert found["up"].value.tolist() == [1, 2]

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("c\nup\n2 hours\n1 0\n", "line 3: found 2 times promised and 1 in the file"),
            ("c\nup\n2 hours\n1 0\n2 0\n", "line 5: found the time 0"),
            ("c\nup\n2 weeks\n1 0\n2 0\n", "line 3: found the unit 'weeks'"),
            ("c\nup\n2.5 hours\n1 0\n", "line 3: found '2.5'"),
            ("c\nup\n1 hours\nx 0\n", "line 4: found 'x'"),
            ("c\nup\n1 hours\n1 0\nup\n1 hours\n1 0\n", "line 5: found a second series 'up'"),
            ("c\nup\n", "line 2: found the end of the file"),
            ("c\n", "found no series"),
        ],
    )
    def test_bad_lines_are_named(self, tmp_path, text, says):
        with pytest.raises(DataError, match=re.escape(says)):
            read_boundary_series(self.write(tmp_path, text))

    def test_negative_rain_is_refused(self, tmp_path):
        with pytest.raises(DataError, match="found the rate -1"):
            read_rate_series(self.write(tmp_path, "c\n2 hours\n1 0\n-1 2\n"), "a")

    def test_steps_come_back(self, tmp_path):
        rates = np.array([0.0, 3.25, 100.5, 0.0, 8.0])
        text = series_text(from_steps("rain", rates, 120.0))
        found = read_rate_series(self.write(tmp_path, f"c\n{text}"), "rain")
        steps, length = to_steps(found, 600.0)
        assert length == 120
        np.testing.assert_allclose(steps, rates, atol=1e-9)

    def test_lines_become_means(self):
        ramp = Series(np.array([0.0, 600.0]), np.array([0.0, 60.0]), "hold")
        steps, length = to_steps(ramp, 1200.0, 300.0)
        assert length == 300
        np.testing.assert_allclose(steps, [15, 45, 60, 60])
        late = Series(np.array([300.0, 600.0]), np.array([6.0, 0.0]), "hold")
        np.testing.assert_allclose(to_steps(late, 600.0)[0], [6, 3])

    def test_too_many_steps_are_refused(self):
        odd = Series(np.array([0.0, 1.0]), np.array([1.0, 2.0]), "hold")
        with pytest.raises(DataError, match="3000000 steps of 1 s") as error:
            to_steps(odd, 3e6)
        assert "--rain-step-s" in error.value.hint


class TestBoundaries:
    def read(self, tmp_path, text, series=()):
        path = tmp_path / "a.bci"
        path.write_text(text)
        remarks = Remarks()
        named = {name: Series(np.array([0.0, 9.0]), np.array([1.0, 2.0]), "hold", name)
                 for name in series}  # fmt: skip
        return *read_boundaries(path, named, remarks), remarks

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("N 0 10", "line 2: found 'N 0 10'"),
            ("X 0 10 FREE", "line 2: found 'X', expected N, E, S, W"),
            ("N 0 b FREE", "line 2: found 'b'"),
            ("N 0 10 HFX 2", "line 2: found the kind 'HFX'"),
            ("N 0 10 HFIX", "line 2: found HFIX without a value"),
            ("N 0 10 QVAR up", "line 2: found the series 'up', expected one of the .bdy file"),
        ],
    )
    def test_bad_lines_are_named(self, tmp_path, line, says):
        with pytest.raises(DataError, match=re.escape(says)):
            self.read(tmp_path, f"# first\n{line}\n")

    def test_slope_of_minus_one_is_none(self, tmp_path):
        parts, _, _ = self.read(tmp_path, "N 10 0 FREE -1\nS 0 10 FREE 0.5\nE 0 9 free\n")
        assert [part.value for part in parts] == [None, 0.5, None]
        assert (parts[0].start, parts[0].finish) == (0, 10)

    def test_series_without_a_boundary_are_said(self, tmp_path):
        _, _, remarks = self.read(tmp_path, "N 0 10 HVAR up\n", ["up", "low"])
        assert [remark.item for remark in remarks.of("ignored")] == ["series low"]

    def test_points_take_the_width_of_a_cell(self, tmp_path, grid):
        parts, points, remarks = self.read(
            tmp_path, "P 400110 300090 QFIX 0.02\nP 400110 300090 QFIX -1\nF 400110 300090 FREE\n"
        )
        tables = to_tables(parts, points, grid, remarks)
        assert [table["flow_m3_s"] for table in tables.sources] == [pytest.approx(1.0)]
        assert len(remarks.of("ignored")) == 2

    def test_level_points_along_a_side_are_an_edge(self, tmp_path, grid):
        text = "".join(f"P {x} 300575 HVAR tide\n" for x in (400025, 400075, 400125, 400425))
        text += "P 400325 300325 HFIX 3\nP 400775 300025 HFIX 3\n"
        parts, points, remarks = self.read(tmp_path, text, ["tide"])
        tables = to_tables(parts, points, grid, remarks)
        found = [(t["side"], t["from"], t["to"]) for t in tables.boundaries]
        assert found == [
            ("north", 400000, 400150), ("north", 400400, 400450), ("south", 400750, 400800)
        ]  # fmt: skip
        assert [remark.says for remark in remarks.of("ignored")] == [
            "no fixed level inside the grid here, only at its edges"
        ]

    def test_parts_are_cut_to_the_heightmap(self, tmp_path, grid):
        parts, points, remarks = self.read(tmp_path, "W 0 1e9 CLOSED\nE 0 5 CLOSED\n")
        tables = to_tables(parts, points, grid, remarks)
        assert [(t["from"], t["to"]) for t in tables.boundaries] == [(300000, 300600)]
        assert [remark.item for remark in remarks.of("ignored")] == ["E 0 5 CLOSED"]


class TestParameters:
    @pytest.fixture
    def folder(self, uniform, terrain, tmp_path):
        write_lisflood(uniform, terrain, tmp_path / "run", settings=SETTINGS)
        return tmp_path / "run"

    def add(self, folder, text):
        path = folder / "case.par"
        with path.open("a") as stream:
            stream.write(text)
        return path

    def test_every_line_is_accounted_for(self, folder):
        path = self.add(folder, "\n# c\nwibble 3\nSGCwidth w.asc\nfpfric 0.07\nqoutput\n")
        remarks = read_lisflood(path).remarks
        lines = path.read_text().splitlines()
        expected = {n for n, line in enumerate(lines, 1) if line and line[0] != "#"}
        places = [r.where for r in remarks.all if r.where.startswith("case.par, line")]
        assert {int(place.rpartition(" ")[2]) for place in places} == expected
        assert [r.item for r in remarks.of("unknown")] == ["wibble 3"]
        assert read_lisflood(path).settings["manning"] == 0.07

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("fpfric rough\n", "found 'rough', expected a number for 'fpfric'"),
            ("fpfric\n", "found 'fpfric' without a value"),
            ("fpfric -0.03\n", "found -0.03, expected more than 0 for manning"),
            ("infiltration -1e-6\n", "found -3.6, expected 0 or more for loss_mm_h"),
            ("sim_time 0\n", "found 0, expected seconds above 0"),
            ("manningfile n.asc\n", "found the file name 'n.asc', and no such file"),
        ],
    )
    def test_bad_lines_are_named(self, folder, text, says):
        path = self.add(folder, text)
        number = len(path.read_text().splitlines())
        with pytest.raises(DataError, match=re.escape(f"line {number}: {says}")):
            read_lisflood(path)

    def test_values_out_of_our_range_are_brought_into_it(self, folder):
        case = read_lisflood(self.add(folder, "cfl 0.9\ndepththresh 1e-9\n"))
        assert (case.settings["courant"], case.settings["depth_min_m"]) == (0.7, 1e-6)
        said = {r.item: r.says for r in case.remarks.of("approximate")}
        assert said["cfl 0.9"] == "courant = 0.7, the most that is allowed here"
        assert said["depththresh 1e-9"] == "depth_min_m = 1e-06, the least that is allowed here"

    def test_degrees_are_refused(self, folder):
        with pytest.raises(GridError, match="in degrees"):
            read_lisflood(self.add(folder, "latlong\n"))

    def test_other_solvers_are_the_full_equations(self, folder):
        case = read_lisflood(self.add(folder, "fv1\n"))
        assert case.resolved().equations == "full"
        case.resolved().check()

    def test_a_fixed_weight_is_not_taken(self, folder):
        case = read_lisflood(self.add(folder, "theta 0.8\n"))
        assert case.settings["theta"] == "adaptive"
        assert any(r.item == "theta 0.8" for r in case.remarks.of("approximate"))

    def test_levels_at_the_start_become_depths(self, folder, terrain, grid):
        from inundate.hydro.external.rasters import raster_text

        (folder / "start.asc").write_text(raster_text(np.full(grid.shape, 26.5), grid))
        case = read_lisflood(self.add(folder, "startfile start.asc\nstartelev\n"))
        expected = np.maximum(26.5 - terrain.to_numpy(), 0)
        np.testing.assert_allclose(case.initial_depth.to_numpy(), expected, atol=1e-5)

    def test_changing_evaporation_is_a_series(self, folder, tmp_path):
        (folder / "dry.evap").write_text("c\n2 hours\n12 0\n24 6\n")
        case = read_lisflood(self.add(folder, "evaporation dry.evap\n"))
        files = save_case(case, tmp_path / "case")
        found = open_site(case.grid, evaporation=tmp_path / "case" / files["evaporation"])
        assert found.evaporation.value.tolist() == [0.5, 1.0]

    def test_without_rain_it_is_dry_for_the_whole_time(self, folder):
        text = (folder / "case.par").read_text()
        (folder / "case.par").write_text(re.sub(r"rainfall .*\n", "", text))
        case = read_lisflood(folder / "case.par")
        assert case.rain.attrs["interval_s"] == 45 * 60
        assert not case.rain.any()
        assert case.settings["run_on_min"] == 0


def test_the_planar_beach_of_the_model_itself(shared_data, tmp_path):
    folder = shared_data / "floods" / "lisflood-fp-planar-beach"
    with pytest.raises(GridError, match="names no coordinate reference system"):
        read_lisflood(folder / "planar_beach.par")
    case = read_lisflood(folder / "planar_beach.par", crs="EPSG:27700")
    assert case.grid.shape == (121, 40)
    assert (case.settings["manning"], case.settings["max_step_s"]) == (0.06, 1)
    assert case.remarks.of("unknown") == []
    save_case(case, tmp_path / "case")
    site = open_site(case.grid, boundaries=tmp_path / "case" / "boundaries.toml")
    (tide,) = site.boundaries.stretches
    assert (tide.side, tide.cells, tide.level.value.size) == ("north", (0, 40), 5001)
    # the sea is where the beach is lowest
    assert case.terrain[0].mean() < case.terrain[-1].mean()


def test_the_planar_beach_follows_its_tide(shared_data, tmp_path):
    """The case as read, run by this package's solver: the sea is at its level, the land is not."""
    folder = shared_data / "floods" / "lisflood-fp-planar-beach"
    case = read_lisflood(folder / "planar_beach.par", crs="EPSG:27700")
    save_case(case, tmp_path / "case")
    site = open_site(case.grid, boundaries=tmp_path / "case" / "boundaries.toml")
    tide = site.boundaries.stretches[0].level
    settings = case.resolved().model_copy(update={"max_step_s": 10.0})
    ran = simulate(case.rain, case.terrain, settings=settings, site=site, progress=False)
    seconds = 500 * (1 + np.arange(ran.sizes["time"]))
    assert seconds[-1] == 5000
    level = (ran["water_depth"] + ran["elevation"]).to_numpy()
    sea = np.array([tide.at(second) for second in seconds])
    np.testing.assert_allclose(level[:, 0, 20], sea, atol=0.2)
    wet = ran["water_depth"].to_numpy()[:, :, 20] > 0.01
    reach = wet.argmin(axis=1)  # rows from the sea to the first dry cell
    assert reach[-1] != 0
    assert (ran["elevation"].to_numpy()[reach.max(), 20]) < sea.max()
    # every column is the same
    depth = ran["water_depth"].to_numpy()
    np.testing.assert_allclose(depth, depth[:, :, :1] + np.zeros((1, 1, 40)), atol=1e-3)
