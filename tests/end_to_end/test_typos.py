"""A slip of the finger gives the nearest name, exit code 2 and no traceback."""

import subprocess
import sys

import pytest


def inundate(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "inundate", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


CASES = {
    "command": (
        ["simulte"],
        "error: inundate: no command 'simulte'; did you mean 'simulate'?\n"
        "  hint: inundate --help\n",
    ),
    "command of a group": (
        ["rain", "descrbe", "radar"],
        "error: inundate rain: no command 'descrbe'; did you mean 'describe'?\n"
        "  hint: inundate rain --help\n",
    ),
    "command like none": (
        ["dataset", "qqqq"],
        "error: inundate dataset: no command 'qqqq'; expected one of audit, build, describe\n"
        "  hint: inundate dataset --help\n",
    ),
    "option of the whole": (
        ["--verson"],
        "error: inundate: no option '--verson'; did you mean '--version'?\n"
        "  hint: inundate --help\n",
    ),
    "option of a group": (
        ["rain", "--hepl"],
        "error: inundate rain: no option '--hepl'; did you mean '--help'?\n"
        "  hint: inundate rain --help\n",
    ),
    "flag": (
        ["terrain", "describe", "--nodta", "3", "dem.tif"],
        "error: Unknown option: --nodta. Did you mean --nodata?\n"
        "  hint: inundate terrain describe --help\n",
    ),
    "flag of the settings": (
        ["terrain", "synthesise", "urban", "--sead", "3", "-o", "dem.tif"],
        "error: Unknown option: --sead. Did you mean --seed?\n"
        "  hint: inundate terrain synthesise --help\n",
    ),
    "choice": (
        ["terrain", "synthesise", "urbn", "-o", "dem.tif"],
        'error: Invalid value "urbn" for KIND. Choose from: "fractal", "valley", "plain", '
        '"urban". Did you mean "urban"?\n'
        "  hint: inundate terrain synthesise --help\n",
    ),
    "value of a flag": (
        ["terrain", "synthesise", "urban", "--rows", "many", "-o", "dem.tif"],
        "error: --rows 'many': Input should be a valid integer, unable to parse string as an "
        "integer\n"
        "  hint: inundate terrain synthesise --help\n",
    ),
    "TOML key": (
        ["terrain", "synthesise", "urban", "--config", "key.toml", "-o", "dem.tif"],
        "error: key.toml: key 'sede' is not known; did you mean 'seed'?\n",
    ),
    "TOML table": (
        ["terrain", "synthesise", "urban", "--config", "table.toml", "-o", "dem.tif"],
        "error: table.toml: table [synthesize] is not known; did you mean [synthesise]?\n",
    ),
    "TOML syntax": (
        ["terrain", "synthesise", "urban", "--config", "syntax.toml", "-o", "dem.tif"],
        "error: reading syntax.toml: not valid TOML: Invalid value (at line 2, column 8)\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_typo(case, tmp_path):
    (tmp_path / "key.toml").write_text("[synthesise]\nsede = 3\n")
    (tmp_path / "table.toml").write_text("[synthesize]\nseed = 3\n")
    (tmp_path / "syntax.toml").write_text("[synthesise]\nseed = = 3\n")
    before = sorted(tmp_path.iterdir())
    arguments, expected = CASES[case]
    done = inundate(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(expected)
    assert len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before
