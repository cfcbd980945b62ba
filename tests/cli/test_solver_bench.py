"""The benchmark of the solver: its small version, what it keeps, and what it says is missing."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from inundate.cli.app import main
from inundate.cli.solver_bench import peers, pieces, race
from inundate.cli.solver_bench.accuracy import VARIANTS, csi, rmse_wet
from inundate.cli.solver_bench.agreement import agreement
from inundate.cli.solver_bench.figures import figure, spread
from inundate.cli.solver_bench.peers import PEERS, Absent
from inundate.cli.solver_bench.pieces import Context, Piece
from inundate.cli.solver_bench.registry import MAKERS
from inundate.cli.solver_bench.run import run_solver
from inundate.core.errors import ConfigError, RunError
from inundate.hydro.problems import PROBLEMS, make_problem

LOST = "this one is not to be had"


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def context(work):
    return Context(work / "no-data", work, quick=True)


def run(work, only):
    return run_solver(work / "no-data", work / "results", work, quick=True, only=only)


def test_speed_comes_from_timed_runs(work):
    rows = {row["id"]: row for row in run(work, "speed-jacksboro")["figures"]}
    assert set(rows) == {
        "updates-per-second-float32",
        "updates-per-second-float64",
        "threads-2-jacksboro",
    }
    assert all(0 < row["low"] <= row["value"] <= row["high"] for row in rows.values())
    assert "2,304 cells" in rows["updates-per-second-float32"]["note"]


def test_cost_by_size_goes_through_all_sizes(work):
    (row,) = run(work, "cost-by-size")["figures"]
    assert row["value"] >= 0
    assert "1,024: " in row["note"]
    assert "4,096: " in row["note"]


def test_storm_states_memory_and_time(work):
    (row,) = run(work, "memory")["figures"]
    assert 0.05 < row["value"] < 4
    assert "0.25 h: 0.17 h of a radar storm" in row["note"]
    assert not list(work.rglob("storm.zarr"))


def test_runs_of_the_accuracy_are_made_once_and_shared(work, monkeypatch):
    monkeypatch.setattr("inundate.cli.solver_bench.accuracy.PROBLEMS", {"town": None})
    for name in ("full-float32", "full-float64"):  # compiled for minutes; the slow test has them
        monkeypatch.delitem(VARIANTS, name)
    rows = {row["id"]: row for row in run(work, "mass")["figures"]}
    assert rows["mass-float32"]["met"]
    assert rows["mass-float64"]["met"]
    assert 0 < rows["mass-float64"]["value"] < 1e-12 < rows["mass-float32"]["value"] < 5e-6
    monkeypatch.setattr(pieces, "worker", None)  # what is kept is not made again
    (table,) = run(work, "agreement-town")["tables"]
    assert table["columns"][:3] == ["solver", "mass error", "inundate, inertial"]
    assert table["rows"][0][2] == ""
    assert "landlab 2.11.0 OverlandFlow skipped: the small version runs no peers" in table["note"]
    monkeypatch.setattr(pieces, "solver_fingerprint", lambda modules: "another solver")
    with pytest.raises(TypeError):
        run(work, "agreement-town")


def test_quarter_of_the_step_takes_more_steps(context):
    found = context.tasks(
        "quarter",
        [
            {
                "name": name,
                "kind": "run",
                "problem": "town",
                "small": True,
                "settings": {"courant": courant, "max_step_s": step},
            }
            for name, courant, step in (("whole", 0.6, 10.0), ("quarter", 0.15, 2.5))
        ],
    ).found
    assert found["quarter"]["steps"] > 3.5 * found["whole"]["steps"]


def test_failure_in_a_worker_is_an_error_of_the_benchmark(context):
    task = {"name": "bad", "kind": "run", "problem": "nowhere", "small": True, "settings": {}}
    with pytest.raises(RunError, match="benchmark solver: bad ended with exit code 1: .*nowhere"):
        context.tasks("bad", [task])
    assert not list((context.work / "solver").glob("bad-*"))


def test_breakdown_of_a_run_is_told_not_hidden(context):
    settings = {"equations": "full", "backend": "triton"}
    task = {"name": "odd", "kind": "run", "problem": "town", "small": True, "settings": settings}
    assert (
        "equations 'full' on backend 'triton'"
        in context.tasks("odd", [task]).found["odd"]["failure"]
    )


def test_only_writes_no_result_file(work):
    run(work, "gpu")
    assert not (work / "results").exists()


def test_gpu_is_left_open(work):
    rows = run(work, "gpu")["figures"]
    assert len(rows) == 4
    assert all(row["value"] is None and not row["met"] for row in rows)
    assert all("no CUDA device" in row["note"] for row in rows)


def test_unknown_figure(work):
    with pytest.raises(ConfigError, match="--only 'mas' is not known") as caught:
        run(work, "mas")
    assert caught.value.hint == "did you mean 'mass'?"


def test_options_of_the_solver_do_not_belong_to_the_chain(work, capsys):
    arguments = ["benchmark", "chain", "--only", "mass", "--data", str(work)]
    assert main(arguments) == 2
    assert "--only belongs to another benchmark" in capsys.readouterr().err


def test_command_prints_json(work, capsys):
    places = ["--work", str(work), "-o", str(work / "results")]
    arguments = ["benchmark", "solver", "--quick", "--only", "gpu", "--json"]
    assert main([*arguments, *places]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["name"] == "solver"
    assert found["quick"]


def test_whole_run_writes_every_figure(work, monkeypatch):
    for name in MAKERS:
        if name != "gpu":
            made = [figure(name, "Speed", 1.0, "1", "")]
            monkeypatch.setitem(MAKERS, name, lambda context, made=made: _made(made))
    found = run_solver(work, work / "whole", work, quick=True)
    stored = json.loads((work / "whole" / "solver-quick.json").read_text("utf-8"))
    assert stored == found
    assert len(found["figures"]) == len(MAKERS) - 1 + 4
    for key in ("version", "commit", "machine", "date", "packages"):
        assert found[key]


def _made(rows):
    from inundate.cli.solver_bench.figures import Made

    return Made(rows)


@pytest.mark.slow
def test_whole_small_version(work, tmp_path):
    found = run_solver(work / "no-data", tmp_path, work, quick=True)
    assert len(found["figures"]) == 23
    assert len(found["tables"]) == len(PROBLEMS)
    measured = [row["id"] for row in found["figures"] if row["value"] is not None]
    assert not [name for name in measured if name.startswith(("ratio", "gpu"))]
    assert {"warm-up-cold", "warm-up-cached", "csi-quarter-step-valley"} <= set(measured)


# peers


def heat(ours_cpu, theirs_cpu, **changes):
    ours = [{"simulated_s": 100.0, "cpu_s": cpu, "steps": 5, "cells": 9} for cpu in ours_cpu]
    theirs = {
        "simulated_s": 100.0,
        "cpu_s": theirs_cpu,
        "steps": 5,
        "cells": 9,
        "python": "3.12.1",
        "numpy": "2.5.5",
        "settings": {},
        "failure": None,
    } | changes
    return Piece({"ours": ours, "theirs": theirs}, None)


def test_ratio_is_of_simulated_time_a_cpu_second_with_its_spread(context, monkeypatch):
    heats = [heat((1.0, 2.0), 40.0), heat((1.0, 1.0), 30.0)]
    monkeypatch.setattr(race, "_heat", lambda context, name, problem, k: heats[k])
    (row,) = race.race(context, "landlab", "jacksboro").figures
    assert (row["low"], row["value"], row["high"]) == (20.0, 30.0, 40.0)
    assert row["met"]
    assert row["baseline"]["name"] == "landlab 2.11.0 OverlandFlow"
    assert "NumPy 2.5.5" in row["note"]


def test_peer_that_stopped_has_no_ratio(context, monkeypatch):
    stopped = heat((1.0, 1.0), 40.0, failure="MassBalanceError: too much", simulated_s=55.0)
    monkeypatch.setattr(race, "_heat", lambda *_: stopped)
    (row,) = race.race(context, "itzi", "valley").figures
    assert row["value"] is None
    assert not row["met"]
    assert "stopped after 55 s: MassBalanceError: too much" in row["note"]


def test_peer_that_cannot_be_had_is_named_with_the_reason(context, monkeypatch):
    def absent(*_):
        raise Absent(LOST)

    monkeypatch.setattr(race, "_heat", absent)
    (row,) = race.race(context, "anuga", "valley").figures
    assert row["value"] is None
    assert row["goal"] == ">= 100"
    assert row["note"] == f"ANUGA 4.1.0 DE0 skipped: {LOST}"


def test_agreement_is_measured_between_depths(context, tmp_path, monkeypatch):
    wet, drier = np.full((4, 4), 0.5), np.full((4, 4), 0.5)
    drier[:2, :2] = 0.0
    drier[2, 3] = 0.0  # less than a square of 2 x 2, whose mean counts
    np.savez(tmp_path / "inertial-float32.npz", deepest=wet)
    np.savez(tmp_path / "peer.npz", deepest=drier)
    ours = {"failure": None, "mass_error": 1e-8}
    gone = {"failure": "not built", "mass_error": 0.0}
    mine = Piece({"inertial-float32": ours, "full-float32": gone}, tmp_path)
    theirs = {"failure": None, "mass_error": -2e-3, "deepest_every": "60 s"}

    def peer_run(context, name, problem):
        if name != "anuga":
            raise Absent(LOST)
        return Piece({"theirs": theirs}, tmp_path)

    monkeypatch.setattr("inundate.cli.solver_bench.agreement.our_runs", lambda *_: mine)
    monkeypatch.setattr("inundate.cli.solver_bench.agreement.peer_run", peer_run)
    (table,) = agreement(context, "town").tables
    assert table["columns"] == ["solver", "mass error", "inundate, inertial", "ANUGA 4.1.0 DE0"]
    assert table["rows"][0] == ["inundate, inertial", "+1.0e-08", "", "0.750 / 0.258 m"]
    assert table["rows"][1] == ["ANUGA 4.1.0 DE0", "-2.0e-03", "0.750 / 0.258 m", ""]
    for sentence in ("full equations: not built.", f"itzi-core 0.8.0 skipped: {LOST}.", "60 s"):
        assert sentence in table["note"]


def test_peer_that_runs_only_a_part_is_not_in_the_table(context, tmp_path, monkeypatch):
    np.savez(tmp_path / "inertial-float32.npz", deepest=np.ones((4, 4)))
    mine = Piece({"inertial-float32": {"failure": None, "mass_error": 0.0}}, tmp_path)
    asked = []

    def peer_run(context, name, problem):
        asked.append(name)
        raise Absent(LOST)

    monkeypatch.setattr("inundate.cli.solver_bench.agreement.our_runs", lambda *_: mine)
    monkeypatch.setattr("inundate.cli.solver_bench.agreement.peer_run", peer_run)
    (table,) = agreement(context, "valley").tables
    assert asked == ["landlab", "itzi"]
    assert "ANUGA 4.1.0 DE0 takes too long here" in table["note"]


def test_python_that_is_new_enough_is_this_one():
    assert str(peers.find_python((3, 10))) == sys.executable


def test_python_that_is_given_but_too_old_or_broken(tmp_path):
    with pytest.raises(Absent, match=r"no Python >= 3\.99 \(.* is Python 3\.") as caught:
        peers.find_python((3, 99), tmp_path.joinpath(sys.executable))
    assert caught.value.hint == "name one with --peer-python"
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    with pytest.raises(Absent, match=r"python3\.99 does not start"):
        peers.find_python((3, 99), shim)


def test_python_on_the_path_is_taken_when_it_is_new_enough(tmp_path, monkeypatch):
    made = tmp_path / "python3.12"
    made.write_text("#!/bin/sh\necho 3 99\n", encoding="utf-8")
    made.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    peers.find_python.cache_clear()
    assert peers.find_python((3, 98)) == made
    peers.find_python.cache_clear()


def test_peer_that_pip_does_not_find(context, monkeypatch, tmp_path):
    peer = replace(PEERS["anuga"], package="no-such==1")
    calls = []

    def fails_at_pip(command, environment=None):
        calls.append(command)
        return (1, "No matching distribution") if "pip" in command else (0, "")

    monkeypatch.setattr(peers, "call", fails_at_pip)
    with pytest.raises(Absent, match="no-such==1 cannot be installed here: No matching"):
        peers.install(replace(context, work=tmp_path), peer)
    assert len(calls) == 2
    assert not list(tmp_path.rglob("installed.txt"))


@pytest.mark.parametrize("name", PEERS)
def test_script_of_each_peer_is_there_and_parses(name, repository):
    path = repository / "bench" / "peers" / PEERS[name].script
    assert path.parent == peers.scripts()
    compile(path.read_text("utf-8"), path.name, "exec")


def test_peer_gets_the_problem_and_its_answer_is_read(context, tmp_path, monkeypatch):
    script = tmp_path / "fake_run.py"
    script.write_text(
        "import json, sys\n"
        "told = json.load(open(sys.argv[2]))\n"
        "water = told['rain_mm_h'] * told['rain_s'] / 3.6e6 * 1.5\n"
        "json.dump({'water_m': water, 'failure': None, 'told': told},"
        " open(sys.argv[3] + '.json', 'w'))\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(peers, "scripts", lambda: tmp_path)
    monkeypatch.setattr(peers, "install", lambda context, peer: sys.executable)
    peer = replace(PEERS["itzi"], script="fake_run.py")
    found = peers.run_peer(context, peer, "town", tmp_path)
    assert found["mass_error"] == pytest.approx(0.5)
    assert found["told"]["peer"] == peer.settings[""]
    assert found["told"]["cell_size_m"] == 4.0
    assert peer.of("jacksboro")["cfl"] == 0.7
    script.write_text("raise SystemExit('out of luck')", encoding="utf-8")
    with pytest.raises(Absent, match=r"fake_run\.py ended with exit code 1: out of luck"):
        peers.run_peer(context, peer, "town", tmp_path)


# scores, rows, problems


def test_scores_of_depths():
    first = np.array([0.2, 0.2, 0.0, 0.05, np.nan])
    second = np.array([0.2, 0.0, 0.3, 0.0, 1.0])
    assert csi(first, second) == pytest.approx(1 / 3)
    assert rmse_wet(first, second) == pytest.approx(np.sqrt((0.04 + 0.09) / 3))
    assert np.isnan(csi(np.zeros(3), np.zeros(3)))


@pytest.mark.parametrize(
    ("value", "goal", "met"),
    [
        (2, ">= 2", True),
        (2, "> 2", False),
        (2, "<= 1", False),
        (1, "< 2", True),
        (None, "> 0", False),
        (2, "", None),
        (None, "", None),
    ],
)
def test_goals(value, goal, met):
    assert figure("a", "b", value, "1", goal)["met"] is met


def test_goal_that_cannot_be_read():
    with pytest.raises(ValueError, match="goal 'fast'"):
        figure("a", "b", 1.0, "1", "fast")
    assert figure("a", "b", float("nan"), "1", ">= 1")["value"] is None


def test_spread():
    assert spread([3.0, 1.0, 2.0]) == {"value": 2.0, "low": 1.0, "high": 3.0}


def test_call_tells_the_last_line_and_survives_what_is_not_there():
    code, told = pieces.call([sys.executable, "-c", "import sys; sys.exit('first\\nlast')"])
    assert (code, told) == (1, "last")
    assert pieces.call(["/no/such/program"])[0] == 127


def test_fingerprint_is_of_what_is_loaded():
    pieces.solver_fingerprint.cache_clear()
    first = pieces.solver_fingerprint(("inundate.hydro.settings",))
    assert first == pieces.solver_fingerprint(("inundate.hydro.settings",))
    assert first != pieces.solver_fingerprint(("inundate.hydro.state",))
    with pytest.raises(RunError, match="No module named 'inundate.hydro.none'"):
        pieces.solver_fingerprint(("inundate.hydro.none",))


def test_call_that_takes_too_long(monkeypatch):
    monkeypatch.setattr(pieces, "_LIMIT_S", 0.01)
    assert pieces.call([sys.executable, "-c", "import time; time.sleep(5)"])[0] == 124


def test_worker_is_single_threaded():
    code = "import os; print(os.environ['OMP_NUM_THREADS'], file=__import__('sys').stderr)"
    assert pieces.call([sys.executable, "-c", code])[1] == "1"


@pytest.mark.parametrize("name", PROBLEMS)
def test_problem_is_the_same_every_time(name):
    first, second = make_problem(name, small=True), make_problem(name, small=True)
    np.testing.assert_array_equal(first.elevation, second.elevation)
    assert np.isfinite(first.elevation).all()
    assert first.rain_m == pytest.approx(0.03)


def test_part_of_a_problem_ends_earlier_with_less_rain():
    part = make_problem("town", until_s=600.0)
    assert (part.rain_s, part.total_s) == (600.0, 600.0)
    assert part.rain_m == pytest.approx(0.015)
    later = make_problem("town", until_s=1500.0)
    assert (later.rain_s, later.total_s) == (1200.0, 1500.0)


def test_unknown_problem():
    with pytest.raises(ConfigError, match="'towns' is not known") as caught:
        make_problem("towns")
    assert caught.value.hint == "did you mean 'town'?"


def test_figures_can_be_listed_without_loading_the_solver():
    code = "import sys, inundate.cli.benchmark; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
