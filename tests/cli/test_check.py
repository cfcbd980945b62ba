"""The command ``inundate check``: what it prints, writes and refuses."""

import json
from dataclasses import replace

import pytest

from inundate.cli.check import check
from inundate.core.errors import ConfigError, RunError
from inundate.hydro.suite.catalogue import CASES


@pytest.fixture
def strict(monkeypatch):
    """A suite whose seiche has a bound that nothing meets, with a reason."""
    case = CASES["seiche"]
    measures = (replace(case.measures[0], most=-1.0, note="it cannot be"), *case.measures[1:])
    monkeypatch.setitem(CASES, "seiche", replace(case, measures=measures))


def test_table(capsys):
    check("lake", "dam-wet", quick=True, precision="float64")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["case", "measure", "found", "bound", "unit"]
    assert any(line.startswith("met  lake") and "≤ 1e-12" in line for line in lines)
    assert any("dam-wet" in line and "% of the water" in line for line in lines)
    assert lines[-1].startswith("4 of 4 bounds met, equations inertial, float64, ")


def test_json(capsys):
    check("film", json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["met"] == told["bounded"] == len(told["rows"]) == 4
    assert told["precision"] == "float32"
    assert told["output"] is None
    assert {row["case"] for row in told["rows"]} == {"film"}


def test_list(capsys):
    check(list_=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        name for name, case in CASES.items() if "inertial" in case.equations
    ]
    assert lines[0].endswith("A lake with islands, walled in, keeps its level for an hour.")
    check("bowl", list_=True, equations="full", json=True)
    assert list(json.loads(capsys.readouterr().out)["cases"]) == ["bowl"]


def test_what_misses_its_bound_comes_first_and_fails(strict, capsys):
    with pytest.raises(RunError, match="1 of 8 bounds are not met, in seiche"):
        check("lake", "seiche", precision="float64", quick=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("NOT met  seiche")
    assert not any(line.startswith("NOT") for line in lines[2:])
    assert "seiche: it cannot be" in lines


def test_folder(tmp_path, capsys, strict):
    with pytest.raises(RunError, match="not met"):
        check("seiche", "turns", quick=True, output=tmp_path / "out")
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "out" / "check.html")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "check.html", "check.json", "seiche.png",
    ]  # fmt: skip
    told = json.loads((tmp_path / "out" / "check.json").read_text(encoding="utf-8"))
    assert told["convergence"]["seiche"][0]["order"] == pytest.approx(2, abs=0.3)
    assert told["provenance"]["inundate"]
    page = (tmp_path / "out" / "check.html").read_text(encoding="utf-8")
    assert "1 of" in page
    assert "it cannot be" in page
    assert page.index("not met") < page.index("<h2>seiche</h2>")
    assert page.count("data:image/png;base64,") == 1
    assert "quarter turn" in page


def test_folder_when_all_is_met(tmp_path):
    check("film", output=tmp_path / "out")
    assert "All 4 bounds are met." in (tmp_path / "out" / "check.html").read_text(encoding="utf-8")


def test_a_folder_that_is_there_is_refused_before_the_work(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    with pytest.raises(RunError, match="it exists already"):
        check("film", output=tmp_path / "out")
    assert capsys.readouterr().out == ""
    check("film", output=tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "check.html").is_file()


def test_unknown_case():
    with pytest.raises(ConfigError, match="no case 'lak'; did you mean 'lake'"):
        check("lak")
