"""What a user reads: one case for each error class, with the full text and the exit code.

A message may change, but only on purpose.
"""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inundate.cli import app as module
from inundate.cli.app import main

CRS = ["--crs", "EPSG:27700"]
ASCII = "ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 50\n1 2\n3 {}\n"
STORM = ["rain", "design", "uniform", "--duration-min", "10", "--total-mm", "5"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Work in an empty folder, so that messages show relative paths."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    """Run a command; give its exit code and what it wrote to standard error."""

    def call(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        assert captured.out == "", "an error leaves standard output empty"
        return code, captured.err

    return call


@pytest.fixture
def dem(tmp_path):
    (tmp_path / "dem.asc").write_text(ASCII.format(4))
    (tmp_path / "bad.asc").write_text(ASCII.format("x"))
    return tmp_path


def test_config_error_of_a_settings_file(run, tmp_path):
    (tmp_path / "town.toml").write_text("[synthesise]\nrow = 40\nseed = -1\n")
    code, text = run("terrain", "synthesise", "urban", "--config", "town.toml", "-o", "town.tif")
    assert code == 2
    assert text.split("  hint: ")[0] == (
        "error: 2 settings are wrong\n"
        "  town.toml: key 'row' is not known; did you mean 'rows'?\n"
        "  town.toml: seed = -1: Input should be greater than or equal to 0\n"
    )
    assert text.splitlines()[-1].startswith("  hint: settings in table [synthesise]: seed, rows, ")


def test_missing_file_error(run, dem):
    assert run("terrain", "describe", "den.asc") == (
        3,
        f"error: reading den.asc: no such file or folder (looked in {dem})\n"
        f"  hint: did you mean {dem / 'dem.asc'}?\n",
    )


def test_data_error(run, dem):
    assert run("terrain", "describe", "bad.asc", *CRS) == (
        3,
        "error: reading bad.asc, line 7: found 'x', expected a number\n",
    )


def test_grid_error(run, dem):
    code, text = run("terrain", "describe", "dem.asc", "--crs", "EPSG:1")
    assert (code, text) == (
        3,
        "error: 'EPSG:1' is not a coordinate reference system\n"
        "  hint: give an EPSG code such as EPSG:27700, a PROJ string or WKT\n",
    )


def test_missing_extra_error(run, tmp_path, monkeypatch):
    (tmp_path / "dem.tif").write_bytes(b"II*\0" + bytes(60))
    monkeypatch.setitem(sys.modules, "rasterio", None)
    assert run("terrain", "describe", "dem.tif") == (
        4,
        "error: reading GeoTIFF needs the package 'rasterio', which is not installed\n"
        '  hint: pip install "inundate[geo]"\n',
    )


def test_stability_error(run, dem, capsys):
    assert main([*STORM, "--like", "dem.asc", *CRS, "-o", "storm.nc"]) == 0
    capsys.readouterr()
    code, text = run(
        "simulate", "--rain", "storm.nc", "--terrain", "dem.asc", "--terrain-crs", "EPSG:27700",
        "--edges", "level", "--edge-level-m", "2000", "-o", "sim.zarr",
    )  # fmt: skip
    assert code == 5
    assert re.fullmatch(
        r"error: simulating: water depth \d+(\.\d+)? m at .+ after [\d.]+ s, "
        r"expected less than 2999 m; last good frame at 0 s; "
        r"frames so far are kept in \.sim\.zarr\.part/store\.zarr\n"
        r"  hint: look at rain and elevation there; a smaller courant or max_step_s may help\n",
        text,
    )
    names = sorted(path.name for path in dem.iterdir())
    assert names == [".sim.zarr.part", "bad.asc", "dem.asc", "storm.nc"]


def test_run_error(run, dem):
    (dem / "out.asc").touch()
    assert run("terrain", "crop", "dem.asc", *CRS, "-o", "out.asc") == (
        6,
        "error: writing out.asc: it exists already\n"
        "  hint: give another -o, or --overwrite to replace it\n",
    )


def test_a_fault_of_the_package_is_short_and_leaves_a_traceback_in_a_file(run, monkeypatch, dem):
    from inundate.terrain import describe

    def fail(*arguments, **options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(describe, "describe_terrain", fail)
    monkeypatch.setenv("TMPDIR", str(dem))
    monkeypatch.setattr("tempfile.tempdir", None)
    code, text = run("terrain", "describe", "dem.asc")
    assert code == 1
    found = re.fullmatch(
        r"error: a fault inside inundate: ZeroDivisionError: division by zero\n"
        r"  traceback: (.+\.log)\n"
        r"  hint: report it with that file and the command\n",
        text,
    )
    assert "Traceback (most recent call last):" in Path(found[1]).read_text(encoding="utf-8")


@pytest.mark.parametrize("note", [None, "inundate resume runs/a"])
def test_interrupt(run, monkeypatch, dem, note):
    from inundate.terrain import describe

    def interrupt(*arguments, **options):
        error = KeyboardInterrupt()
        if note:
            error.add_note(note)
        raise error

    monkeypatch.setattr(describe, "describe_terrain", interrupt)
    assert run("terrain", "describe", "dem.asc") == (
        130,
        f"interrupted; {note}\n" if note else "interrupted\n",
    )


def test_a_reader_that_goes_away_is_no_error(monkeypatch, dem):
    from inundate.terrain import describe

    def stop(*arguments, **options):
        raise BrokenPipeError

    monkeypatch.setattr(describe, "describe_terrain", stop)
    assert main(["terrain", "describe", "dem.asc"]) == 0


def test_the_process_ends_with_the_exit_code():
    done = subprocess.run(
        [sys.executable, "-m", "inundate", "terrain", "describe", "absent.tif"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("error: reading absent.tif: no such file or folder (looked in ")


def test_arguments_default_to_those_of_the_process(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["inundate", "--version"])
    with pytest.raises(SystemExit) as caught:
        module.run()
    assert caught.value.code == 0
    assert capsys.readouterr().out.strip() == module.__version__


def test_out_of_memory_is_no_bug(run, monkeypatch):
    def greedy(*_, **__):
        raise MemoryError("Unable to allocate 731. GiB")

    monkeypatch.setattr(module, "app", greedy)
    assert run("predict") == (
        1,
        "error: this machine's memory is not enough: Unable to allocate 731. GiB\n"
        "  hint: cut the area, lengthen the interval between frames or shorten the time\n",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_says_that_it_ended_the_command(number):
    code = (
        "import signal, time\nfrom inundate.cli import app\n"
        # what a shell starts in the background ignores Ctrl-C, and so do its children
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def wait(*_given, **_named):\n    print('waits', flush=True)\n    time.sleep(60)\n"
        "app.app = wait\napp.run()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "waits\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert said == "interrupted\n"
    assert process.returncode == 130
