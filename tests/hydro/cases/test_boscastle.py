"""Boscastle beside HAIL-CAESAR's stored answer."""

import numpy as np
import pytest

from inundate.hydro.cases.boscastle import boscastle_case, compare_boscastle, topmodel_runoff


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "floods" / "boscastle"


@pytest.fixture(scope="module")
def found(folder):
    return boscastle_case(folder)


def test_the_files_are_read_as_they_are_meant(found):
    assert found.case.grid.shape == (60, 120)
    assert found.case.grid.bounds == (209000, 89000, 215000, 92000)
    assert found.seconds == 3360 * 60
    assert (found.rates.size, found.step_s, found.topmodel_m) == (672, 300, 0.002)
    assert found.rates.sum() * found.step_s / 3600 == pytest.approx(29.8)  # mm
    # the stored volumes close: what ran off is on the ground or over the edges
    left = found.depth.sum() * found.cell_m2
    gone = float(found.series["discharge"].sum()) * found.step_s
    came = float(found.series["runoff"].sum()) * found.step_s
    assert left + gone == pytest.approx(came, rel=0.01)


def test_stored_water_stands_in_hollows_of_our_heightmap(found):
    """Turned or shifted by a cell, the map would not fit."""
    ground = found.case.terrain.to_numpy().astype(float)
    pools = found.depth[1:-1, 1:-1] >= 0.3
    around = np.min(
        [ground[:-2, 1:-1], ground[2:, 1:-1], ground[1:-1, :-2], ground[1:-1, 2:]], axis=0
    )
    in_hollow = (ground[1:-1, 1:-1] <= around)[pools].mean()
    assert in_hollow > 0.7
    for turned in (found.depth[::-1], found.depth[:, ::-1], np.roll(found.depth, 1, axis=1)):
        pools = turned[1:-1, 1:-1] >= 0.3
        assert (ground[1:-1, 1:-1] <= around)[pools].mean() < in_hollow / 2


def test_our_runoff_model_is_theirs(found):
    """HAIL-CAESAR counts the cells without the last row and column."""
    runoff = topmodel_runoff(found.rates, m=found.topmodel_m, step_s=found.step_s)
    own = runoff / 3.6e6 * found.cell_m2 * 59 * 119  # m3 s-1
    stored = found.series["runoff"].to_numpy()
    assert own.sum() == pytest.approx(stored.sum(), rel=0.005)
    assert np.corrcoef(own, stored)[0, 1] > 0.999
    assert own.max() == pytest.approx(stored.max(), rel=0.01)


def test_runoff_tends_to_the_rain_and_keeps_its_volume():
    steady = topmodel_runoff(np.full(2000, 4.0), m=0.002, step_s=60)
    assert steady[-1] == pytest.approx(4.0, rel=1e-6)
    assert (np.diff(steady) >= -1e-12).all()
    # held back is m ln(rate / start), whatever the step
    held = (4.0 * 2000 - steady.sum()) * 60 / 3.6e6
    assert held == pytest.approx(0.002 * np.log(4.0 / 3.6e6 / 1e-9), rel=1e-6)
    dry = topmodel_runoff(np.array([4.0] * 2000 + [0.0] * 5000), m=0.002, step_s=60)
    assert dry[-1] < 0.05


@pytest.mark.slow
def test_the_known_differences_explain_the_answer(folder):
    found = compare_boscastle(folder)
    rows = {row["name"]: row for row in found["rows"]}
    assert max(abs(row["error_relative"]) for row in rows.values()) < 5e-6
    base, runoff, together = rows["rain on the grid"], rows["runoff"], rows["together"]
    assert base["csi_0_05"] > 0.9
    assert base["csi_0_1"] > 0.85
    assert base["rmse_m"] < 0.1
    # too much water by a third with rain on the grid, within 5 % with their runoff
    stored = found["stored"]["stored_m3"]
    assert base["stored_m3"] / stored > 1.25
    assert runoff["stored_m3"] / stored == pytest.approx(1, abs=0.05)
    assert together["stored_m3"] / stored == pytest.approx(1, abs=0.06)
    assert runoff["csi_0_05"] > base["csi_0_05"]
    assert runoff["rmse_m"] < 0.8 * base["rmse_m"]
    assert rows["limiter"]["rmse_m"] == pytest.approx(base["rmse_m"], abs=1e-3)
    assert rows["friction"]["rmse_m"] == pytest.approx(base["rmse_m"], abs=5e-3)
    assert abs(found["runoff_model_error"]) < 0.01
    assert all(row["says"] for row in rows.values())
