"""What is told of the probes: failures first, what does not apply with its reason."""

import json
import math

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError
from inundate.emulate.probes.bounds import Bounds
from inundate.emulate.probes.cases import World, make_case
from inundate.emulate.probes.predictors import solver_predictor
from inundate.emulate.probes.result import ProbeReport, at_least, at_most, not_applicable
from inundate.emulate.probes.suite import PROBES, run_probes, world_for
from inundate.emulate.probes.trial import Subject
from inundate.hydro.settings import SimulateSettings

from .mutants import along_rows, puddle


def one(probe, predictor, world, cases, **others):
    report = run_probes(
        predictor, probes=[probe], world=world, cases=cases, progress=False, **others
    )
    return report.results[0]


def test_the_worst_case_is_told():
    tells = {"a": "of a", "b": "of b", "c": "of c"}
    found = at_most("p", {"a": 1.0, "b": 3.0, "c": 2.0}, 2.5, unit="m", tells=tells)
    assert (found.passed, found.value, found.evidence) == (False, 3.0, "b: of b")
    assert at_most("p", {"a": 2.5}, 2.5, unit="m", tells=tells).passed is True
    found = at_most("p", {"a": 9.0, "b": math.nan, "c": 1.0}, 99, unit="m", tells=tells)
    assert (found.passed, found.evidence) == (False, "b: of b")
    assert at_least("p", math.nan, 0.1, unit="1", evidence="").passed is False
    assert at_least("p", 0.1, 0.1, unit="1", evidence="").passed is True


def test_failures_come_first_and_what_does_not_apply_last():
    report = ProbeReport(
        "model",
        [
            not_applicable("first", "no reason"),
            at_most("second", {"a": 0.0}, 1.0, unit="m", tells={"a": "fine"}),
            at_most("third", {"a": 2.0}, 1.0, unit="m", tells={"a": "too much"}),
        ],
        cases=["a"],
        cells=(8, 9),
        seconds=2.0,
    )
    assert report.text() == (
        "        probe   found  bound  unit\n"
        "FAILED  third   2      ≤ 1    m\n"
        "passed  second  0      ≤ 1    m\n"
        "n/a     first\n"
        "\n"
        "third: a: too much\n"
        "second: a: fine\n"
        "first: no reason\n"
        "\n"
        "model: 1 of 2 probes passed, 1 not applicable; 1 cases of 8 x 9 cells, 2 s"
    )
    told = report.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert [probe["name"] for probe in told["probes"]] == ["third", "second", "first"]
    assert (told["passed"], told["failed"], told["not_applicable"]) == (1, 1, 1)
    assert told["probes"][2]["value"] is None


@pytest.mark.parametrize(
    ("probe", "limits", "reason"),
    [
        ("seams", {}, "model does not work in tiles"),
        (
            "frames",
            {"interval_s": (300.0, 300.0)},
            "model was made for frames of 300 s, and half of 300 s is outside that",
        ),
        (
            "cells-volume",
            {"cell_size_m": (5.0, 15.0)},
            "model was made for cells of 5 to 15 m, and 20 m is outside that",
        ),
    ],
)
def test_a_probe_that_means_nothing_says_why(probe, limits, reason, world, cases):
    found = one(probe, Subject("model", solver_predictor, **limits), world, cases)
    assert (found.passed, found.evidence) == (None, reason)


def test_frames_are_probed_where_the_range_has_half_of_them(world, cases):
    subject = Subject("model", solver_predictor, interval_s=(150.0, 600.0))
    assert one("frames", subject, world, cases[:1]).passed is True


def test_edges_that_do_not_turn_are_no_fault(world):
    settings = SimulateSettings(edges="closed", edge_north="open")
    uneven = World(shape=(16, 24), frames=6, settings=settings)
    found = one("turns", solver_predictor, uneven, [make_case("plain", "burst", uneven)])
    assert found.passed is None
    assert "differ from side to side" in found.evidence


def test_rain_to_the_last_frame_leaves_nothing_to_dry(world, cases):
    ground = cases[0].ground
    wet = type(cases[0])("urban", "rain", ground.under(np.full_like(ground.rain_rate, 9.0)))
    assert one("dry-down", solver_predictor, world, [wet]).passed is None


def test_one_storm_or_one_terrain_cannot_be_shuffled(world, cases):
    assert one("rain-matters", solver_predictor, world, cases[:1]).passed is None
    assert one("terrain-matters", solver_predictor, world, cases[:2]).passed is None


def test_who_finds_nothing_has_no_score_to_lose(world, cases):
    found = one("rain-matters", lambda ground: 0 * solver_predictor(ground), world, cases)
    assert found.passed is False
    assert "nothing to lose" in found.evidence


def test_a_predictor_that_raises_has_not_passed(world, cases):
    def refuses(ground):
        raise DataError("too steep for me")

    def crashes(ground):
        return np.zeros(3)[7]

    found = one("no-rain", refuses, world, cases)
    assert (found.passed, found.evidence) == (
        False,
        "too steep for me",
    )
    found = one("no-rain", crashes, world, cases)
    assert found.passed is False
    assert found.evidence.startswith("probing crashes: it raised IndexError: index 7")
    found = one("no-rain", lambda ground: np.zeros((2, 2)), world, cases)
    assert "depth of shape (2, 2), expected (18, 48, 64) as the rain" in found.evidence


def test_bounds_can_be_set(world, cases):
    assert one("no-rain", puddle, world, cases, bounds=Bounds(dry_m=0.05)).passed is True
    strict = one("turns", along_rows, world, cases[:1])
    loose = one("turns", along_rows, world, cases[:1], bounds=Bounds(turn_share=0.1))
    assert strict.passed is False
    assert loose.value < 0.1 * strict.value
    assert loose.unit == "m, 0.1 of the wet"


def test_what_keeps_volume_is_held_to_rounding(world, cases):
    leaks = {"predict": lambda ground: solver_predictor(ground) * np.float32(1 + 1e-4)}
    model = one("within-rain", Subject("model", **leaks), world, cases)
    solver = one("within-rain", Subject("solver", keeps_volume=True, **leaks), world, cases)
    assert (model.passed, solver.passed) == (True, False)


def test_wrong_questions_are_refused(world, cases):
    with pytest.raises(ConfigError, match="probe 'turn' is not known; expected one of finite") as e:
        one("turn", solver_predictor, world, cases)
    assert e.value.hint == "did you mean 'turns'?"
    with pytest.raises(ConfigError, match="no cases"):
        one("turns", solver_predictor, world, [])
    dry = type(cases[0])("urban", "none", cases[0].ground.under(0 * cases[0].ground.rain_rate))
    with pytest.raises(ConfigError, match="urban under none: no rain falls"):
        one("turns", solver_predictor, world, [dry])
    settings = SimulateSettings(edges="closed", edge_east="level", edge_level_m=12.0)
    with pytest.raises(ConfigError, match="the east edge lets water in"):
        one(
            "turns", solver_predictor, world, [make_case("plain", "cell", World(settings=settings))]
        )
    with pytest.raises(ConfigError, match="terrain 'urbane' is not known"):
        make_case("urbane", "cell")
    with pytest.raises(ConfigError, match="storm 'drizzle' is not known"):
        make_case("urban", "drizzle")


def test_the_world_is_one_that_the_predictor_was_made_for():
    assert world_for(Subject("any", solver_predictor)) == World()
    physics = SimulateSettings(edges="closed", manning=0.05)
    subject = Subject(
        "model", solver_predictor, interval_s=(600.0, 600.0), cell_size_m=(2.0, 5.0),
        rain_mm=(10.0, 30.0), settings=physics,
    )  # fmt: skip
    world = world_for(subject)
    assert (world.interval_s, world.cell_size_m) == (600.0, 2.5)  # 5 m is still in the range
    case = make_case("valley", "burst", world)
    assert case.ground.settings == physics
    assert (case.ground.roughness == np.float32(0.05)).all()
    total_mm = case.ground.rain_rate.sum(axis=0).mean() / 6
    assert total_mm == pytest.approx(30.0, rel=1e-4)
    assert world_for(Subject("m", solver_predictor, interval_s=(60.0, 120.0))).interval_s == 120.0
    assert world_for(Subject("m", solver_predictor, cell_size_m=(30.0, 40.0))).cell_size_m == 30.0


def test_every_probe_says_what_it_holds():
    for name, probe in PROBES.items():
        assert probe.__doc__.splitlines()[0].endswith("."), name
