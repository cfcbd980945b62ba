import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest

from inundate.core.errors import ConfigError, MissingFileError
from inundate.core.grid import Grid
from inundate.dataset.world.cost import estimate_s, longest_s
from inundate.dataset.world.library import Event, Library, Surface, open_library, write_library
from inundate.dataset.world.plan import make_plan, member_seed
from inundate.dataset.world.settings import SIZES, WorldSettings, read_world
from inundate.dataset.world.sources import RADAR, TILES
from inundate.dataset.world.work import batches

EMPTY = Library({}, {}, {})


def hills(side=1000, cell=50.0, seed=0):
    """A made-up heightmap that stands for a real one."""
    rows, columns = np.mgrid[:side, :side] / 40.0
    rng = np.random.default_rng(seed)
    values = 50 + 20 * np.sin(rows) * np.cos(columns) + rng.normal(0, 0.2, (side, side))
    return Surface(values.astype(np.float32), Grid("EPSG:27700", 5e5, 3e5, cell, cell, side, side))


def showers(seed=0):
    rng = np.random.default_rng(seed)
    boxes = rng.gamma(0.5, 8.0, (6, 24, 64, 64)).astype(np.float32)
    return Event(boxes, np.full(6, 1 / 6), 300.0, 1000.0)


@pytest.fixture(scope="module")
def made_up():
    """A library with every name of the real one and made-up content."""
    names = sorted({source.heightmap for source in TILES})
    surfaces = {name: hills(900, 10.0, seed) for seed, name in enumerate(names)}
    events = {name: showers(seed) for seed, name in enumerate(RADAR)}
    return Library(surfaces, events, {"a": "1"})


@pytest.mark.parametrize("size", SIZES)
def test_shipped_worlds_hold_what_they_promise(size, made_up):
    settings = read_world(size)
    plan = make_plan(settings, 0, made_up)
    counts = Counter(bool(sample.member) for sample in plan.samples)
    low, high = {"tiny": (40, 56), "laptop": (1900, 2500), "gpu": (3000, 7000)}[size]
    assert low <= counts[False] <= high
    assert counts[True] % settings.members == 0
    tests = {terrain.name for terrain in plan.terrains if terrain.part == "test"}
    assert size == "tiny" or len(tests) >= 10
    assert max(plan.cost_s(n) for n in range(len(plan.samples))) <= 4
    assert {terrain.side for terrain in plan.terrains} == set(settings.sides)
    assert all(2 <= terrain.cell_size_m <= 90 for terrain in plan.terrains)


def test_plan_depends_on_seed_and_settings_alone(made_up):
    tiny = read_world("tiny")
    first = make_plan(tiny, 3, made_up)
    assert make_plan(tiny, 3, made_up).hash() == first.hash()
    assert make_plan(tiny, 4, made_up).hash() != first.hash()
    assert make_plan(tiny, 3, EMPTY).hash() != first.hash()
    assert make_plan(tiny.model_copy(update={"members": 7}), 3, made_up).hash() != first.hash()


def test_another_count_of_terrains_leaves_the_others_as_they_are():
    tiny = read_world("tiny")
    more = tiny.model_copy(update={"valid": tiny.valid.model_copy(update={"dam": 2})})
    first = {t.name: t for t in make_plan(tiny, 0, EMPTY).terrains}
    second = {t.name: t for t in make_plan(more, 0, EMPTY).terrains}
    plots = ("left", "top")  # where a synthetic terrain is said to lie may move

    def content(spec):
        return {k: v for k, v in asdict(spec).items() if k not in plots}

    assert set(first) < set(second)
    assert all(content(second[name]) == content(first[name]) for name in first)


def test_nothing_tested_is_trained_on(made_up):
    settings = read_world("laptop")
    plan = make_plan(settings, 0, made_up)
    split = plan.split()
    events, sources, seeds = {}, {}, {}
    for sample in plan.samples:
        terrain, storm = plan.terrains[sample.terrain], plan.storms[sample.storm]
        side = "test" if terrain.part == "test" else "seen"
        assert split.of(terrain.name, storm.name) == terrain.part
        events.setdefault(storm.source, set()).add(side)
        seeds.setdefault(storm.seed, set()).add(side)
        if terrain.source:
            sources.setdefault(terrain.source, set()).add(terrain.part)
    events.pop("")
    assert all(len(sides) == 1 for sides in events.values())
    assert {name for name, sides in events.items() if sides == {"test"}} == {"mch2016", "opera2018"}
    assert all(len(sides) == 1 for sides in seeds.values())
    for held in ("humber", "dartmoor", "jacksboro", "merewether", "boscastle"):
        assert sources[held] == {"test"}


def test_tiles_of_one_heightmap_do_not_overlap_across_parts(made_up):
    plan = make_plan(read_world("laptop"), 0, made_up)
    reach = {}
    for terrain in plan.terrains:
        if terrain.source:
            right = terrain.left + terrain.side * terrain.cell_size_m
            reach.setdefault(terrain.source, []).append((terrain.part, terrain.left, right))
    assert len(reach["eno"]) > 2
    for spans in reach.values():
        for part, left, right in spans:
            for other, start, end in spans:
                assert part == other or right <= start or end <= left


def test_a_heightmap_without_room_or_land_gives_fewer_tiles(made_up):
    small = {name: hills(100, 10.0) for name in made_up.surfaces}
    assert real_tiles(Library(small, {}, {})) == 0
    level = {n: Surface(np.zeros_like(s.values), s.grid) for n, s in made_up.surfaces.items()}
    assert real_tiles(Library(level, {}, {})) == 0
    assert real_tiles(made_up) == 110 + 8 + 14


def real_tiles(library):
    plan = make_plan(read_world("laptop"), 0, library)
    return sum(terrain.kind == "real" for terrain in plan.terrains)


def test_synthetic_terrains_stand_apart():
    plan = make_plan(read_world("tiny"), 0, EMPTY)
    corners = {(terrain.left, terrain.top) for terrain in plan.terrains}
    assert len(corners) == len(plan.terrains)
    widest = max(t.side * t.cell_size_m for t in plan.terrains)
    lefts = sorted({left for left, _ in corners})
    assert min(np.diff(lefts)) > widest


def test_members_follow_their_sample_and_have_seeds_of_their_own():
    plan = make_plan(read_world("tiny"), 0, EMPTY)
    groups = {}
    for number, sample in enumerate(plan.samples):
        groups.setdefault((sample.terrain, sample.storm), []).append((number, sample.member))
    ensembles = [group for group in groups.values() if len(group) > 1]
    assert len(ensembles) == 6
    assert all([member for _, member in group] == list(range(9)) for group in ensembles)
    parts = Counter(plan.terrains[plan.samples[group[0][0]].terrain].part for group in ensembles)
    assert parts == {"train": 2, "valid": 2, "test": 2}
    seeds = {member_seed(plan, n) for n, sample in enumerate(plan.samples) if sample.member}
    assert len(seeds) == 48


def test_samples_vary_in_edges_and_soil(made_up):
    plan = make_plan(read_world("laptop"), 0, made_up)
    edges = Counter(terrain.edges for terrain in plan.terrains)
    assert 0.7 < edges["open"] / len(plan.terrains) < 0.9
    soils = Counter(sample.settings.get("infiltration", "none") for sample in plan.samples)
    assert set(soils) == {"none", "constant", "green_ampt"}
    for number in range(0, len(plan.samples), 50):
        plan.solver(number).check()


def test_storms_stay_in_their_ranges(made_up):
    settings = read_world("gpu")
    plan = make_plan(settings, 0, made_up)
    minutes = np.array([storm.duration_min for storm in plan.storms])
    totals = np.array([storm.total_mm for storm in plan.storms])
    assert minutes.min() >= 30
    assert 150 < minutes.max() <= 240
    assert totals.min() >= 8
    assert 100 < totals.max() <= 120
    frames = [sample.frames for sample in plan.samples]
    assert min(frames) >= 8
    assert max(frames) <= 24


def test_batches_hold_each_sample_once_and_the_longest_come_first():
    plan = make_plan(read_world("tiny"), 0, EMPTY)
    found = batches(plan, range(len(plan.samples)))
    assert sorted(n for batch in found for n in batch) == list(range(len(plan.samples)))
    assert all(len({plan.samples[n].terrain for n in batch}) == 1 for batch in found)
    cost = [sum(plan.cost_s(n) for n in batch) for batch in found]
    assert cost == sorted(cost, reverse=True)
    assert batches(plan, [5]) == [[5]]


def test_cost_and_room_are_inverse():
    room = longest_s("urban", 128, 2.0, 1.5)
    assert estimate_s("urban", 128, 2.0, room) == pytest.approx(1.5)
    assert estimate_s("urban", 128, 2.0, 3600) > estimate_s("urban", 128, 5.0, 3600)


def test_library_comes_back_from_its_folder(tmp_path):
    library = Library({"a": hills(64)}, {"b": showers()}, {"x": "1"}, ("c",))
    write_library(library, tmp_path / "kept")
    found = open_library(tmp_path / "kept")
    assert found.surfaces["a"].grid == library.surfaces["a"].grid
    np.testing.assert_array_equal(found.surfaces["a"].values, library.surfaces["a"].values)
    np.testing.assert_array_equal(found.events["b"].boxes, library.events["b"].boxes)
    np.testing.assert_array_equal(found.events["b"].weights, library.events["b"].weights)
    assert (found.inputs, found.missing) == ({"x": "1"}, ("c",))
    tiny = read_world("tiny")
    assert make_plan(tiny, 0, found).hash() == make_plan(tiny, 0, library).hash()


def test_read_world_takes_a_file_on_top_of_a_size(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[world]\nbase = "tiny"\nsides = [64]\n[world.train]\nplain = 5\n', "utf-8")
    found = read_world(file)
    tiny = read_world("tiny")
    assert (found.name, found.sides, found.train.plain) == ("mine", (64,), 5)
    assert (found.train.urban, found.valid) == (tiny.train.urban, tiny.valid)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[word]\n", "no table [world]; found word"),
        ('[world]\nbase = "huge"\n', "base = 'huge', expected one of tiny, laptop, gpu"),
        ('[world]\nbase = "tiny"\nsides = [100]\n', "sides are [100], expected multiples of 32"),
        ('[world]\nbase = "tiny"\nstorms_least = 9\n', "storms_least is above storms_most"),
        ('[world]\nbase = "tiny"\nsides = []\n', "sides"),
        ('[world]\nbase = "tiny"\ntotal_mm = [9.0, 3.0]\n', "total_mm is 9 to 3"),
        ('[world]\nbase = "tiny"\nduration_min = [500.0, 600.0]\n', "more frames than frames_most"),
        ('[world]\nsides = [32]\n', "part train has no synthetic terrain"),
        ('[world]\nbase = "tiny"\nsmalls = 1\n', "'smalls' is not known"),
    ],
)  # fmt: skip
def test_read_world_names_what_is_wrong(tmp_path, text, message):
    file = tmp_path / "mine.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as error:
        read_world(file)
    assert message in str(error.value)


def test_read_world_knows_neither_name_nor_file(tmp_path):
    with pytest.raises(ConfigError) as error:
        read_world("labtop")
    assert str(error.value) == "--world labtop: expected one of tiny, laptop, gpu, or a .toml file"
    assert error.value.hint == "did you mean 'laptop'?"
    with pytest.raises(MissingFileError):
        read_world(tmp_path / "none.toml")


def test_settings_are_plain_enough_to_be_hashed():
    settings = WorldSettings(**json.loads(read_world("gpu").model_dump_json()))
    assert settings == read_world("gpu")
