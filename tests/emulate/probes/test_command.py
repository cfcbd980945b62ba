"""``inundate evaluate --probes`` as a user calls it."""

import json

import pytest

from inundate.cli.app import main

DRY = """
import numpy as np

def dry(ground):
    return np.where(ground.known, np.float32(0), np.float32(np.nan)) + 0 * ground.rain_rate
"""


@pytest.fixture(scope="module")
def dry(tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "mine.py"
    path.write_text(DRY, encoding="utf-8")
    return f"{path}:dry"


def test_a_failing_probe_is_told_and_strict_makes_it_an_error(dry, capsys):
    assert main(["evaluate", dry, "--probes"]) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[1].startswith("FAILED  rain-matters")
    assert lines[2].startswith("FAILED  terrain-matters")
    assert "11 of 13 probes passed, 1 not applicable; 12 cases of 64 x 96 cells" in lines[-1]

    assert main(["evaluate", "--probes", dry, "--strict", "--json"]) == 6
    told = capsys.readouterr()
    figures = json.loads(told.out)
    assert (figures["passed"], figures["failed"], figures["not_applicable"]) == (11, 2, 1)
    assert [probe["passed"] for probe in figures["probes"][:3]] == [False, False, True]
    assert "2 of 14 probes failed: rain-matters, terrain-matters" in told.err


def test_bounds_come_from_a_file(dry, tmp_path, capsys):
    (tmp_path / "p.toml").write_text("[probes]\ndry = 1\n", encoding="utf-8")
    assert main(["evaluate", dry, "--probes", "--config", str(tmp_path / "p.toml")]) == 2
    assert "key 'dry' is not known; did you mean 'dry_m'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--probes", "--part", "valid"], "evaluating with --probes: --part has no effect"),
        (
            ["--probes", "--no-figures", "--draws", "9"],
            "evaluating with --probes: --draws, --no-figures has no effect",
        ),
        (["--strict"], "evaluating without --probes: --strict has no effect"),
    ],
)
def test_a_flag_without_effect_is_an_error(flags, said, dry, capsys):
    assert main(["evaluate", dry, *flags]) == 2
    assert said in capsys.readouterr().err
