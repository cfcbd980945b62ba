"""The sub-grid solver: its inputs, its tables, its agreement with the fine solver."""

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, StabilityError
from inundate.emulate.hybrid import hybrid_arrays
from inundate.hydro import subgrid_kernel
from inundate.hydro.ground import make_ground
from inundate.hydro.march import simulate_arrays
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.subgrid import simulate_subgrid
from inundate.hydro.subgrid_tables import NEVER_M, line_counts, make_blocks
from inundate.terrain.synthetic import make_terrain


def run(ground, rain, *, factor=4, cell=5.0, interval=600.0, manning=0.035, **settings):
    return simulate_subgrid(
        ground, rain, roughness=np.full(ground.shape, manning), interval_s=interval,
        cell_size_m=cell, factor=factor, settings=SimulateSettings(**settings),
    )  # fmt: skip


def tables(ground, factor, **settings):
    settings = SimulateSettings(**settings)
    return make_blocks(make_ground(ground, 5.0, settings)[0], factor)


def block_mean(values, factor):
    *lead, height, width = values.shape
    parts = values.reshape(*lead, height // factor, factor, width // factor, factor)
    return parts.mean(axis=(-3, -1))


def skill(found, true):
    """Nash-Sutcliffe efficiency."""
    return 1 - ((found - true) ** 2).sum() / ((true - true.mean()) ** 2).sum()


@pytest.fixture(scope="module")
def hills():
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:46, :61]
    ground = 4 * np.sin(rows / 7.0) * np.cos(columns / 9.0) + 0.1 * columns
    return (ground + rng.normal(0, 0.1, ground.shape)).astype(np.float32)


def storm(shape, wet=2, dry=2, rate=30.0):
    rain = np.zeros((wet + dry, *shape), np.float32)
    rain[:wet] = rate
    return rain


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_mass_closes_with_every_loss(hills, factor):
    found = run(
        hills, storm(hills.shape), factor=factor, infiltration="constant",
        drain_capacity_mm_h=3.0, evaporation_mm_h=1.0,
    )  # fmt: skip
    budget = found.budget
    terms = ("outflow_m3", "infiltration_m3", "drainage_m3", "evaporation_m3", "stored_m3")
    assert min(budget[term] for term in terms) > 0
    assert abs(budget["error_relative"]) < 2e-7
    assert budget["rain_m3"] == pytest.approx(hills.size * 25 * 0.01, rel=1e-6)
    assert found.volume.shape == (4, -(-46 // factor), -(-61 // factor))
    assert found.volume.dtype == found.deepest.dtype == np.float32


def test_deepest_counts_all_steps(hills):
    found = run(hills, storm(hills.shape, wet=1, dry=2), interval=900.0)
    assert (found.deepest >= np.maximum.accumulate(found.volume)).all()
    assert (np.diff(found.deepest, axis=0) >= 0).all()
    # a block through which a wave passes within a frame is deeper than at its ends
    assert (found.deepest[-1] > found.volume.max(axis=0) + 1e-3).any()


def test_what_it_cannot_do_is_refused(hills):
    rain = storm(hills.shape)
    with pytest.raises(ConfigError, match="edges of kind 'level', expected 'open' or 'closed'"):
        run(hills, rain, edges="level", edge_level_m=1.0)
    with pytest.raises(ConfigError, match="equations 'full', expected 'inertial'; backend 'torch'"):
        run(hills, rain, equations="full", backend="torch")
    with pytest.raises(ConfigError, match="factor 1, expected a whole number of 2 or more"):
        run(hills, rain, factor=1)
    with pytest.raises(DataError, match=r"rain of shape \(4, 3, 3\), expected \(time, 46, 61\)"):
        run(hills, rain[:, :3, :3])
    with pytest.raises(DataError, match="the terrain has no cell with ground"):
        run(np.full((8, 8), np.nan), rain[:, :8, :8])


def test_rain_that_is_missing_or_impossible(hills):
    rain = storm(hills.shape)
    rain[1, 5, 6] = np.nan
    with pytest.raises(DataError, match="rain is missing in 1 of 2806 cells"):
        run(hills, rain)
    dry = run(hills, rain, missing_rain="dry")
    rain[1, 5, 6] = 0
    np.testing.assert_array_equal(dry.volume, run(hills, rain).volume)
    rain[1, 5, 6] = -1
    with pytest.raises(DataError, match="rain of -1 mm h-1 at row 5, column 6"):
        run(hills, rain)


def test_a_breakdown_has_a_name(hills):
    with pytest.raises(StabilityError, match=r"between 0 and 600 s, expected less than 1013.83 m"):
        run(hills, storm(hills.shape, rate=3e7), edges="closed")


def test_rain_of_blocks_is_rain_of_their_ground(hills):
    hills = hills.copy()
    hills[:10, :7] = np.nan
    rate = np.random.default_rng(1).uniform(0, 60, (2, 12, 16)).astype(np.float32)
    fine = np.repeat(np.repeat(rate, 4, axis=1), 4, axis=2)[:, :46, :61]
    one, other = run(hills, fine), run(hills, rate)
    assert other.budget["rain_m3"] == pytest.approx(one.budget["rain_m3"], rel=1e-6)
    np.testing.assert_allclose(other.volume, one.volume, atol=2e-5)
    known = np.isfinite(hills)
    fallen = (fine * known).sum() / 3.6e6 * 600 * 25
    assert one.budget["rain_m3"] == pytest.approx(fallen, rel=1e-6)


def test_threads_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:120, :121]
    ground = 4 * np.sin(rows / 7.0) * np.cos(columns / 9.0) + 0.1 * columns
    ground += rng.normal(0, 0.1, ground.shape)
    rain = storm(ground.shape, wet=1, dry=1, rate=90.0)
    extra = {"factor": 2, "drain_capacity_mm_h": 3.0}
    one = run(ground, rain, **extra)
    monkeypatch.setattr(subgrid_kernel, "_THREAD_BLOCKS", 64)
    for threads in (2, 3, 4):
        more = run(ground, rain, threads=threads, **extra)
        np.testing.assert_array_equal(more.volume, one.volume)
        np.testing.assert_array_equal(more.deepest, one.deepest)
        assert more.budget == one.budget
        assert more.steps == one.steps


def test_double_precision_agrees(hills):
    rain = storm(hills.shape)
    one, two = run(hills, rain), run(hills, rain, precision="float64")
    assert abs(two.budget["error_relative"]) < 1e-12
    np.testing.assert_allclose(one.volume, two.volume, atol=2e-3)
    assert skill(one.volume, two.volume) > 0.9999


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_storage_curve_is_that_of_the_heights(factor):
    rng = np.random.default_rng(factor)
    ground = rng.uniform(0, 3, (2 * factor, 2 * factor)).astype(np.float32) + 100
    ground[0, 0] = np.nan
    blocks = tables(ground, factor, edges="closed")
    wanted = np.concatenate([np.linspace(0.01, 2.9, 40), [4.0]])
    counts = line_counts(factor)
    for i in range(2):
        for j in range(2):
            part = ground[i * factor : (i + 1) * factor, j * factor : (j + 1) * factor]
            heights = np.sort(part[np.isfinite(part)].astype(float))
            k = (i + 1) * blocks.stride + j
            for level in wanted:
                held = np.maximum(heights[0] + level - heights, 0).sum() / factor**2
                lines = [held * factor**2, *(blocks.slope * held + blocks.line[:, k])]
                lines.append(blocks.tail[k] * held + blocks.tail_line[k])
                above = min(lines) - level
                assert above > -1e-5
                wet = int((heights < heights[0] + level).sum())
                if wet in counts or wet == heights.size:
                    assert above < 1e-5
                else:  # a tenth of the rise between the cells whose lines are left out
                    first = counts[counts < wet].max()
                    last = min(counts[counts > wet].min(initial=heights.size), heights.size)
                    assert above <= 0.1 * (heights[last - 1] - heights[first]) + 1e-5


def test_sills_and_lanes():
    ground = np.full((4, 8), 1.0)
    ground[1, 1], ground[2, 6] = 0.0, 0.5  # the lowest cells of two blocks
    ground[:, 3] = 3.0  # a wall along the face, with a gap at one lane
    ground[3, 3] = 2.0
    blocks = tables(ground, 4, edges="closed")
    k = blocks.stride
    np.testing.assert_allclose(blocks.bed[0, :, k], [3, 3, 3, 2])  # above the base of 0 m
    assert blocks.rise[0, k] == pytest.approx(0.5)
    ground[:, 5] = 4.0  # a wall inside the next block: no way between the lowest cells below
    blocks = tables(ground, 4, edges="closed")
    np.testing.assert_allclose(blocks.bed[0, :, k], 4)
    ground[:, 5] = np.nan  # not joined within the blocks: only the lanes count
    blocks = tables(ground, 4, edges="closed")
    np.testing.assert_allclose(blocks.bed[0, :, k], [3, 3, 3, 2])
    ground[:, 3] = np.nan  # missing ground at the face: no lane is open
    blocks = tables(ground, 4, edges="closed")
    np.testing.assert_allclose(blocks.bed[0, :, k], NEVER_M)


def test_drops_of_the_thalweg():
    ground = np.tile(np.arange(8.0)[None, ::-1], (4, 1))  # falls eastwards, 1 m a cell
    blocks = tables(ground, 4, edges="closed")
    k = blocks.stride
    assert blocks.drop[0, k] == pytest.approx(4.0)  # from side to side, not from middle to middle
    assert blocks.drop[1:, k].max() < 1e-5


def test_missing_ground_joined_to_the_rim_lets_water_out(hills):
    rain = storm(hills.shape)
    hole = hills.copy()
    hole[20:27, 30:37] = np.nan  # part of some blocks, one whole block
    closed = run(hole, rain, edges="closed")
    assert closed.budget["outflow_m3"] == 0
    assert run(hole, rain, edges="closed", nodata_edges="open").budget["outflow_m3"] > 0
    joined = hole.copy()
    joined[:27, 33] = np.nan
    sides = {f"edge_{side}": "closed" for side in ("north", "south", "east", "west")}
    assert run(hole, rain, **sides).budget["outflow_m3"] == 0
    assert run(joined, rain, **sides).budget["outflow_m3"] > 0


@pytest.fixture(scope="module", params=["urban", "plain", "valley"])
def truth(request):
    kind, seed, cell = {
        "urban": ("urban", 121, 4.0), "plain": ("plain", 122, 10.0), "valley": ("valley", 123, 10.0)
    }[request.param]  # fmt: skip
    ground = make_terrain(kind, seed, (96, 96), cell).values.astype(np.float32)
    rain = storm(ground.shape, wet=4, dry=4, rate=50.0)
    settings = SimulateSettings(run_on_min=0, output_every_s=600)
    rough = np.full(ground.shape, 0.035, np.float32)
    fine = simulate_arrays(
        ground, rain, rain_step_s=600, cell_size_m=cell, settings=settings, roughness=rough
    )
    return request.param, ground, rain, rough, cell, settings, fine


@pytest.mark.parametrize(("factor", "flat", "steep"), [(2, 0.98, 0.95), (4, 0.88, 0.75)])
def test_blocks_hold_what_the_fine_solver_gives_them(truth, factor, flat, steep):
    kind, ground, rain, rough, cell, settings, fine = truth
    arguments = {
        "roughness": rough, "interval_s": 600.0, "cell_size_m": cell, "factor": factor,
        "settings": settings,
    }  # fmt: skip
    found = simulate_subgrid(ground, rain, **arguments)
    true = block_mean(fine.depth, factor)
    usual = hybrid_arrays(ground, rain, **arguments, method="mean").coarse
    reached = skill(found.volume, true)
    assert reached > (steep if kind == "valley" else flat)
    assert 1 - reached < 0.5 * (1 - skill(usual, true))
    stored, wanted = found.volume.mean(axis=(1, 2)), true.mean(axis=(1, 2))
    assert np.abs(stored - wanted).max() < 0.12 * wanted.max()
    assert found.steps < fine.steps / 4


@pytest.mark.parametrize("loss", [
    {"infiltration": "constant", "loss_mm_h": 12.0},
    {"infiltration": "green_ampt"},
    {"drain_capacity_mm_h": 12.0},
])  # fmt: skip
def test_losses_are_near_those_of_the_fine_solver(hills, loss):
    ground, rain = hills[:44, :60], storm((44, 60), wet=3, dry=3, rate=40.0)
    settings = SimulateSettings(run_on_min=0, output_every_s=600, **loss)
    fine = simulate_arrays(ground, rain, rain_step_s=600, cell_size_m=5.0, settings=settings).budget
    found = run(ground, rain, **loss).budget
    name = "drainage_m3" if "drain_capacity_mm_h" in loss else "infiltration_m3"
    assert fine[name] > 0.2 * fine["rain_m3"]
    assert found[name] == pytest.approx(fine[name], rel=0.1)
