"""Help is quick and an import is light: nothing heavy is loaded before it is needed."""

import json
import resource
import subprocess
import sys

import pytest

from inundate.cli.app import COMMANDS, GROUPS, main

HELP_LIMIT_S = 0.25
HEAVY = {"torch", "xarray", "matplotlib", "pandas", "numba", "numpy", "scipy", "pydantic", "h5py"}


def loaded_by(code):
    """Top-level modules that a fresh interpreter holds after some code."""
    script = (
        f"import sys, json\n{code}\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print('\\n' + json.dumps(sorted(names)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_is_light():
    assert loaded_by("import inundate") & HEAVY == set()


@pytest.mark.parametrize(
    "package",
    ["core", "rain", "terrain", "hydro", "score", "learn", "dataset", "emulate", "show", "cli"],
)
def test_importing_a_package_is_light(package):
    assert loaded_by(f"import inundate.{package}") & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *map(str.split, GROUPS)])
def test_help_is_light(arguments):
    code = f"from inundate.cli.app import main\nassert main({arguments!r}) == 0"
    assert loaded_by(code) & HEAVY == set()


def test_public_names_are_loaded_on_first_use():
    code = "import inundate\nassert all(hasattr(inundate, name) for name in inundate.__all__)"
    assert "xarray" in loaded_by(code)
    assert "torch" not in loaded_by(code)


def test_unknown_public_name():
    import inundate

    with pytest.raises(AttributeError, match="module 'inundate' has no attribute 'simulat'"):
        _ = inundate.simulat
    assert set(inundate.__all__) == set(dir(inundate))


def test_help_is_quick():
    def seconds():
        """Processor time of one process: what it takes on an idle machine, also on a busy one."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "inundate", "--help"], capture_output=True, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert any(seconds() < HELP_LIMIT_S for _ in range(12))


def test_help_names_every_command(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    tops = {path.partition(" ")[0] for path in COMMANDS}
    assert [top for top in tops if f" {top} " not in shown] == []


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_command_has_help(path, capsys):
    assert main([*path.split(), "--help"]) == 0
    captured = capsys.readouterr()
    assert f"Usage: inundate {path}" in captured.out
    assert "--json" in captured.out
    assert f"Examples:\n  inundate {path}" in captured.out
    assert "``" not in captured.out
    assert captured.err == ""


def test_help_of_a_command_is_its_docstring_and_that_of_a_group_one_line(capsys):
    from inundate.cli.rain_read import describe

    assert main(["rain", "describe", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert describe.__doc__.splitlines()[0] in shown
    assert shown.endswith("Examples: inundate rain describe radar/20180824 --json")
    done = subprocess.run(
        [sys.executable, "-m", "inundate", "rain"], capture_output=True, text=True, check=True
    )
    assert COMMANDS["rain describe"][1] in done.stdout


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        (["spread", "nothing"], ["--thresholds-m", "0.1", "0.3"]),
        (["train", "nothing", "--model", "mode_h"], ["--factors", "2", "4"]),
        (["doctor", "--ladder"], ["--task", "overfit", "no-such"]),
    ],
)
def test_a_flag_takes_several_values(command, flag, capsys):
    assert main([*command, *flag]) != 0
    said = capsys.readouterr().err
    assert "no-such" in said or "nothing" in said
    assert "Unused" not in said  # so the second value was no argument of its own
