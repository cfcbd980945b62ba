"""The demo: every part of the chain on bundled input, in one command."""

import json
import subprocess
import sys

import pytest


def demo(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "inundate", "demo", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_demo_in_miniature(tmp_path):
    """Smallest demo: a run, its scores beside baselines, a report, a depth and a map."""
    sizes = ["--steps", "20", "--flat-blocks", "4", "--steep-blocks", "4"]
    done = demo(tmp_path, *sizes, "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = json.loads(done.stdout)
    folder = tmp_path / "inundate-demo"
    assert found["samples"] > 0
    assert found["training"]["steps"] > 0
    assert {"hybrid", "all_dry", "fill_spill"} <= set(found["evaluation"]["verdict"]["against"])
    assert {"all", "flat", "steep"} <= set(found["evaluation"]["regimes"])
    for key in ("report", "map", "depth"):
        path = tmp_path / found[key]
        assert path.exists()
        assert path.is_relative_to(folder)
    page = (tmp_path / found["map"]).read_text("utf-8")
    assert "<html" in page
    assert found["posts"]["drawn"] > 20
    assert "The posts are made up" in page
    assert "<img src=x" not in page


@pytest.mark.parametrize("content", ["notes.txt", None])
def test_demo_leaves_a_folder_that_is_no_demo(tmp_path, content):
    folder = tmp_path / "mine"
    folder.mkdir()
    if content:
        (folder / content).write_text("keep me")
    done = demo(tmp_path, "-o", "mine")
    assert done.returncode == 6
    assert done.stderr.startswith("error: writing mine: it exists and is not an earlier demo")
    assert "give another folder with -o" in done.stderr
    assert [path.name for path in folder.iterdir()] == ([content] if content else [])
    assert done.stdout == ""


def test_demo_does_not_replace_a_file(tmp_path):
    (tmp_path / "mine").write_text("keep me")
    done = demo(tmp_path, "-o", "mine")
    assert done.returncode == 6
    assert (tmp_path / "mine").read_text() == "keep me"
