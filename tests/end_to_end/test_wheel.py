"""The wheel is complete and works where nothing but its own dependencies is installed."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

pytestmark = pytest.mark.slow


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder, repository)
    (found,) = folder.glob("inundate-*.whl")
    return found


@pytest.fixture(scope="module")
def bare(wheel, tmp_path_factory):
    """Folder of the programs of a new environment that holds the bare wheel."""
    folder = tmp_path_factory.mktemp("bare")
    run(sys.executable, "-m", "venv", folder)
    programs = folder / "bin"
    # the release that this environment has, so that the check needs no second download
    torch = run(sys.executable, "-c", "import torch; print(torch.__version__.partition('+')[0])")
    run(programs / "python", "-m", "pip", "install", "-q", f"torch=={torch.strip()}", wheel)
    return programs


@pytest.fixture
def outside(tmp_path):
    """Options of a process that cannot see the checkout."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV_"))}
    return {"cwd": tmp_path, "env": environment}


def test_it_holds_the_package_the_data_and_the_licence(repository, wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    source = repository / "src"
    tracked = run("git", "ls-files", "src/inundate", cwd=repository).split()
    wanted = {path.removeprefix("src/") for path in tracked if (repository / path).exists()}
    assert source.is_dir()
    assert wanted - names == set()
    assert not [name for name in names if name.startswith("tests") or ".nbi" in name]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_help(bare, outside):
    assert "Usage: inundate COMMAND" in run(bare / "inundate", "--help", **outside)


def test_import(bare, outside):
    text = run(bare / "python", "-c", "import inundate; print(inundate.__file__)", **outside)
    assert "site-packages" in text


def test_every_command_can_be_asked_for_help(bare, outside):
    code = (
        "from inundate.cli.app import COMMANDS, main\n"
        "codes = {path: main([*path.split(), '--help']) for path in COMMANDS}\n"
        "assert not any(codes.values()), codes"
    )
    run(bare / "python", "-c", code, **outside)


def test_the_chain_needs_no_extra(bare, outside):
    """Terrain, storm and simulation, in formats that the base dependencies read and write."""
    inundate = bare / "inundate"
    run(inundate, "terrain", "synthesise", "urban", "--rows", 32, "--columns", 32,
        "-o", "town.asc", **outside)  # fmt: skip
    run(inundate, "rain", "design", "uniform", "--duration-min", 10, "--total-mm", 10,
        "--like", "town.asc", "-o", "storm.nc", **outside)  # fmt: skip
    text = run(inundate, "simulate", "--rain", "storm.nc", "--terrain", "town.asc",
               "-o", "flood.zarr", "--json", **outside)  # fmt: skip
    assert json.loads(text)["simulations"][0]["water_depth_max_m"] > 0
    # the weights that ship are in the wheel, and take the same inputs
    assert "mode_h" in run(inundate, "weights", "list", **outside)
    text = run(inundate, "predict", "--rain", "storm.nc", "--terrain", "town.asc",
               "-o", "depth.nc", "--json", **outside)  # fmt: skip
    assert json.loads(text)["water_depth_max_m"] > 0


def test_an_absent_extra_is_named(bare, outside):
    (outside["cwd"] / "dem.tif").write_bytes(b"II*\0" + bytes(60))
    done = subprocess.run(
        [bare / "inundate", "terrain", "describe", "dem.tif"],
        capture_output=True, text=True, check=False, **outside,
    )  # fmt: skip
    assert done.returncode == 4
    assert 'pip install "inundate[geo]"' in done.stderr
