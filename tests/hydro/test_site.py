import json

import numpy as np
import pytest
import xarray as xr

from inundate.core.errors import ConfigError, DataError, MissingFileError
from inundate.core.grid import Grid, attach_grid
from inundate.core.store import write_dataset
from inundate.hydro.drive import Drive
from inundate.hydro.ground import make_ground
from inundate.hydro.march import March, simulate_arrays
from inundate.hydro.series import Series
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site, open_site
from inundate.hydro.sources import Source
from inundate.hydro.stretches import Boundaries, Stretch

GRID = Grid("EPSG:27700", 400000, 500000, 10, 10, 6, 4)
RISING = Series(np.array([0.0, 300.0, 1200.0]), np.array([1.0, 1.0, 4.0]), "hold")
SPRING = Source("spring", np.array([1]), np.array([2]), RISING)


def drive(site, **settings):
    made = SimulateSettings(edges="closed", precision="float64", **settings)
    ground, plan = make_ground(np.zeros((4, 6)), 10.0, made, site=site)
    return Drive(site, made, ground, plan)


def test_time_is_cut_only_where_something_changes():
    found = drive(Site(sources=(SPRING,)))
    assert found.cut(0, 300) == 300
    assert found.cut(0, 600) == 60  # changes within: cut at the next multiple
    assert found.cut(330, 600) == 360
    assert found.cut(360, 365) == 365
    assert found.cut(360, 420 + 1e-9) == 420 + 1e-9  # no sliver
    assert found.cut(1200, 9000) == 9000
    assert drive(Site()).cut(0, 9000) == 9000
    assert drive(Site(sources=(SPRING,)), forcing_every_s=7.0).cut(355, 600) == 357


def test_supply_is_the_same_object_while_nothing_changes():
    found = drive(Site(sources=(SPRING,)))
    rain = np.zeros((4, 6))
    first, rate = found.supply(rain, 0, 100)
    assert rate == 1
    assert found.supply(rain, 100, 250)[0] is first
    later, rate = found.supply(rain, 600, 660)
    assert later is not first
    assert rate == pytest.approx(RISING.mean(600, 660))
    assert later.rain[1, 2] == pytest.approx(RISING.mean(600, 660) / 100)
    assert later.rain.sum() == later.rain[1, 2]
    assert found.supply(rain.copy(), 600, 660)[0] is not later


def test_rain_itself_is_never_changed():
    rain = np.full((4, 6), 1e-6)
    found, _ = drive(Site(sources=(SPRING,))).supply(rain, 0, 60)
    assert (rain == 1e-6).all()
    assert found.rain[1, 2] == pytest.approx(0.01 + 1e-6)


def test_level_is_taken_in_the_middle():
    sea = Stretch("sea", "level", "east", (0, 2), level=RISING)
    found = drive(Site(boundaries=Boundaries((sea,))))
    assert found.supply(np.zeros((4, 6)), 600, 660)[0].outside.tolist() == [RISING.at(630)] * 2


def test_fixed_levels_are_left_to_the_ground():
    site = Site(boundaries=Boundaries((Stretch("sea", "level", "east",
                                               level=Series.constant(2.0)),)))  # fmt: skip
    found = drive(site)
    assert found.supply(np.zeros((4, 6)), 0, 9)[0].outside is found.ground.edges.outside


def test_evaporation_changes_in_time():
    air = Series(np.array([0.0, 3600.0]), np.array([0.0, 4.0]), "hold", "air")
    made = {"rain_step_s": 3600, "cell_size_m": 10, "initial_depth": np.full((4, 6), 0.1)}
    settings = SimulateSettings(edges="closed", run_on_min=60, precision="float64")
    found = simulate_arrays(
        np.zeros((4, 6)), np.zeros(1), settings=settings, site=Site(evaporation=air), **made
    )
    assert found.budget["evaporation_m3"] == pytest.approx(2400 * (0.002 + 0.004), rel=1e-9)
    assert abs(found.budget["error_relative"]) < 1e-12
    constant = simulate_arrays(
        np.zeros((4, 6)), np.zeros(1), settings=settings.model_copy(
            update={"evaporation_mm_h": 4.0}), **made,
    )  # fmt: skip
    assert constant.budget["evaporation_m3"] == pytest.approx(2400 * 0.008, rel=1e-9)


def test_dry_ground_evaporates_nothing():
    found = simulate_arrays(
        np.zeros((4, 6)), np.array([1.0]), rain_step_s=3600, cell_size_m=10,
        settings=SimulateSettings(edges="closed", evaporation_mm_h=5.0),
    )  # fmt: skip
    assert found.budget["evaporation_m3"] == pytest.approx(found.budget["rain_m3"], rel=1e-6)


@pytest.mark.parametrize(("site", "settings", "message"), [
    (Site(evaporation=Series.constant(1.0)), {"evaporation_mm_h": 2.0},
     "evaporation_mm_h is set, but a series of evaporation is given"),
    (Site(), {"forcing_every_s": 30.0},
     "forcing_every_s is set, but no boundary, source or evaporation changes"),
])  # fmt: skip
def test_settings_without_effect_are_refused(site, settings, message):
    with pytest.raises(ConfigError) as caught:
        March(np.zeros((4, 6)), 10.0, SimulateSettings(**settings), site=site)
    assert str(caught.value) == f"simulating: settings do not fit the site\n  {message}"
    March(
        np.zeros((4, 6)), 10.0, SimulateSettings(forcing_every_s=30.0),
        site=Site(sources=(SPRING,)),
    )  # fmt: skip


def test_negative_evaporation_is_refused():
    with pytest.raises(DataError, match="air: evaporation of -1 mm h-1, expected 0 or more"):
        Site(evaporation=Series.constant(-1.0, "air"))


def test_finer_ticks_follow_the_source_more_closely():
    def level(every):
        march = March(
            np.zeros((1, 30)), 10.0,
            SimulateSettings(edges="closed", precision="float64", forcing_every_s=every),
            site=Site(sources=(Source("s", np.array([0]), np.array([0]), RISING),)),
        )  # fmt: skip
        list(march.frames([(1000.0, np.zeros((1, 30)))]))
        return march.state.depth[0]

    fine = level(2.0)
    error = [np.abs(level(every) - fine).max() for every in (150.0, 50.0, 10.0)]
    assert error[0] > error[1] > error[2]


def test_open_site(tmp_path):
    (tmp_path / "b.toml").write_text("[[boundary]]\nside='east'\nkind='level'\nlevel_m=2\n")
    (tmp_path / "s.toml").write_text("[[source]]\nname='a'\nx=400011\ny=499999\nflow_m3_s=1\n")
    (tmp_path / "e.csv").write_text("time,evaporation [mm/day]\n2021-07-12,24\n2021-07-13,48\n")
    codes = xr.DataArray(np.full((4, 6), 50), dims=("y", "x"), name="land_cover")
    write_dataset(attach_grid(codes, GRID).to_dataset(), tmp_path / "c.nc")
    found = open_site(
        GRID, np.datetime64("2021-07-12T12:00"), boundaries=tmp_path / "b.toml",
        sources=tmp_path / "s.toml", land_cover=tmp_path / "c.nc", evaporation=tmp_path / "e.csv",
    )  # fmt: skip
    assert found.evaporation.at(0) == pytest.approx(1.5)
    record = json.loads(json.dumps(found.describe()))
    assert record["boundaries"] == [{"name": "number 1", "kind": "level", "least": 2, "most": 2}]
    assert record["sources"] == [{"name": "a", "cells": 1, "least": 1, "most": 1}]
    assert record["land"]["shares"] == {"built-up": 1.0}
    assert record["evaporation"] == {"least": 1.0, "most": 2.0}
    found.check_span(12 * 3600)
    with pytest.raises(DataError, match="asks for 0 to 43201 s, the series runs from -43200"):
        found.check_span(12 * 3600 + 1)


def test_empty_site(tmp_path):
    assert open_site(GRID) == Site()
    assert Site().describe() == {}
    Site().check_span(1e9)
    with pytest.raises(ConfigError, match="soil is 'clay', but no land_cover is given"):
        open_site(GRID, soil="clay")
    with pytest.raises(MissingFileError):
        open_site(GRID, sources=tmp_path / "absent.toml")
