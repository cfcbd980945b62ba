"""The break-it suite: its lists, its counts, its tables."""

import dataclasses
import json

import pytest

from inundate.cli.app import main
from inundate.cli.doctor_bench import run as bench
from inundate.cli.doctor_bench.fault import Fault, Healthy, body
from inundate.cli.doctor_bench.fourteenth_maps import MAP_FAULTS
from inundate.cli.doctor_bench.fourteenth_rows import ROW_FAULTS
from inundate.cli.doctor_bench.run import Diagnosed, run_doctor
from inundate.cli.doctor_bench.spent import SPENT, SPENT_HEALTHY
from inundate.cli.doctor_bench.table import PARTS, TABLE, TABLE_HEALTHY
from inundate.cli.results import results_page
from inundate.emulate.zoo import NETWORKS
from inundate.prove.cause import Cause
from inundate.prove.decide import Verdict
from inundate.prove.finding import Finding


def told(cause):
    if cause in ("healthy", "cannot-say"):
        return Verdict("m", cause, None, "medium")
    return Verdict("m", "cause", Finding(Cause(cause), "fault", "1 of 2"), "high")


@pytest.fixture
def answers(monkeypatch):
    """Let the doctor say what the test wants, at no cost."""
    given = {}

    def examine(case, work):
        wanted = case.cause.value if isinstance(case, Fault) else "healthy"
        return Diagnosed(case.name, "image", wanted, told(given.get(case.name, wanted)), 0.5)

    monkeypatch.setattr(bench, "examine", examine)
    return given


def test_the_lists_share_no_fault_and_are_large_enough():
    assert len(TABLE) >= 30
    assert len(TABLE_HEALTHY) == 20
    assert not {f.name for f in TABLE} & {f.name for f in SPENT}
    assert len({f.name for f in TABLE}) == len(TABLE)
    assert not {f.seed for f in TABLE_HEALTHY} & {f.seed for f in SPENT_HEALTHY}
    emulators = sum(fault.name.partition(":")[0] in NETWORKS for fault in TABLE)
    assert emulators == 14  # as the kinds were drawn
    assert len(MAP_FAULTS) - emulators == 6
    assert len(ROW_FAULTS) == 26
    assert {fault.cause for fault in TABLE} == set(Cause)


def test_a_fault_with_several_names_is_named_by_each_of_them():
    fault = next(fault for fault in TABLE if fault.also)
    told_so = Diagnosed(fault.name, "image", fault.right[0], told(fault.right[1]), 0.5)
    assert not told_so.right
    assert dataclasses.replace(told_so, also=fault.right[1:]).right


def test_right_wrong_and_silent_answers_are_counted(answers, tmp_path):
    answers[TABLE[0].name] = "healthy"
    answers[TABLE[1].name] = "cannot-say"
    answers[TABLE_HEALTHY[0].name] = "rate-too-low"
    found = run_doctor(tmp_path, tmp_path)
    rows = {row["id"]: row for row in found["figures"]}
    count = len(TABLE)
    assert rows["table-named"]["value"] == pytest.approx((count - 2) / count)
    assert rows["table-named"]["note"].endswith(
        "of the others 1 were given another cause and 1 none"
    )
    assert rows["table-false-alarms"]["value"] == 1
    assert rows["table-false-alarms"]["met"]
    assert rows["table-named"]["low"] < rows["table-named"]["value"] < rows["table-named"]["high"]
    confusion = {row[0]: row for row in found["tables"][1]["rows"]}
    wanted = TABLE[0].cause.value
    assert confusion[f"`{wanted}`"][3] == "`healthy` 1"
    assert confusion["`healthy`"][1:3] == ["20", "19"]


def test_a_right_name_beside_a_wrong_one_is_counted_by_itself(tmp_path, monkeypatch):
    def examine(case, work):
        wanted = case.cause.value if isinstance(case, Fault) else "healthy"
        if case is not TABLE[0] and case is not TABLE[1]:
            return Diagnosed(case.name, "image", wanted, told(wanted), 0.5)
        other = Finding(case.cause, "suspect", "1 of 2")
        beside = (Finding(Cause.CANNOT_FIT, "note", ""),) * (4 if case is TABLE[1] else 1)
        verdict = dataclasses.replace(told("rate-too-low"), also=(*beside, other))
        return Diagnosed(case.name, "image", wanted, verdict, 0.5)

    monkeypatch.setattr(bench, "examine", examine)
    rows = {row["id"]: row for row in run_doctor(tmp_path, tmp_path, only="table")["figures"]}
    count = len(TABLE)
    assert rows["table-named"]["value"] == pytest.approx((count - 2) / count)
    assert rows["table-told"]["value"] == pytest.approx((count - 1) / count)  # the fifth is not
    assert rows["table-named-with-high-confidence"]["value"] == rows["table-named"]["value"]
    assert "table-named-with-low-confidence" not in rows
    assert rows["table-told"]["note"].startswith(f"{count - 1} of {count}")
    assert rows["table-named"]["baseline"] == {
        "name": "always axes-mixed",
        "value": pytest.approx(1 / count),
    }


def test_each_part_of_the_list_is_counted(answers, tmp_path, monkeypatch):
    hard = frozenset(fault.name for fault in TABLE[-12:])
    named = {"ordinary": PARTS["ordinary"] - hard, "hard": hard}
    monkeypatch.setattr("inundate.cli.doctor_bench.shares.PARTS", named)
    for fault in TABLE[-3:]:
        answers[fault.name] = "cannot-say"
    found = run_doctor(tmp_path, tmp_path, only="table")
    rows = {row["id"]: row for row in found["figures"]}
    told_of = rows["table-named-hard"]
    assert told_of["note"] == "9 of 12"
    assert told_of["low"] < told_of["value"] < told_of["high"] < 1
    rest = len(TABLE) - 12
    assert rows["table-named-ordinary"]["note"] == f"{rest} of {rest}"
    assert rows["table-named-hard-image"]["note"] == told_of["note"]  # all are told so
    parts = [row[-1] for row in found["tables"][0]["rows"] if row[-1]]
    assert parts == ["ordinary"] * rest + ["hard"] * 12


def test_the_file_is_what_the_page_of_results_reads(answers, tmp_path):
    run_doctor(tmp_path, tmp_path)
    assert json.loads((tmp_path / "doctor.json").read_text())["name"] == "doctor"
    page = results_page(tmp_path)
    assert "## Doctor" in page
    assert "### Confusion" in page
    run_doctor(tmp_path, tmp_path, quick=True)
    assert (tmp_path / "doctor-quick.json").is_file()


def test_one_list_writes_no_file(answers, tmp_path):
    found = run_doctor(tmp_path, tmp_path, only="tuning")
    assert {row["group"] for row in found["figures"]} == {"Faults that the rules were tuned on"}
    assert not list(tmp_path.iterdir())


def test_packages_that_are_missing_are_told(answers, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "PACKAGES", ("no_such_package",))
    rows = {row["id"]: row for row in run_doctor(tmp_path, tmp_path, only="strangers")["figures"]}
    assert rows["strangers-named"]["value"] is None
    assert rows["strangers-named"]["note"].startswith("not installed: no_such_package")


def test_flags_of_other_benchmarks_are_refused(capsys):
    assert main(["benchmark", "doctor", "--workers", "2"]) == 2
    assert "--workers belongs to another benchmark" in capsys.readouterr().err
    assert main(["benchmark", "doctor", "--only", "tabel"]) == 2
    assert "did you mean 'table'?" in capsys.readouterr().err


def test_a_case_is_made_and_examined(tmp_path):
    from inundate.cli.doctor_bench import bodies

    healthy = Healthy("mine", body(bodies.table_classes, count=300), 3)
    found = bench.examine(healthy, tmp_path)
    assert (found.wanted, found.got, found.right) == ("healthy", "healthy", True)


def test_an_error_of_the_doctor_is_a_miss_and_does_not_end_the_count(monkeypatch, tmp_path):
    from inundate.cli.doctor_bench import bodies

    def fail(*_args, **_named):
        raise ValueError("no answer")

    monkeypatch.setattr(bench, "diagnose", fail)
    fault = Fault("mine", body(bodies.table_classes, count=300), lambda p: p, Cause.DEAD_INPUT)
    found = bench.examine(fault, tmp_path)
    assert (found.got, found.right, found.raised) == ("raised", False, "ValueError: no answer")
