"""Imports run one way, and the contract that says so would notice if they did not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def copy(repository, tmp_path):
    """A copy of the package that a test may spoil."""
    source = repository / "src" / "inundate"
    target = tmp_path / "src" / "inundate"
    for file in source.rglob("*.py"):
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    shutil.copyfile(repository / ".importlinter", tmp_path / ".importlinter")
    return target


def lint(package: Path):
    """Run import-linter on one copy of the package."""
    root = package.parent.parent
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(package.parent)!r})\n"
        "from importlinter.cli import lint_imports\n"
        "sys.exit(lint_imports(config_filename='.importlinter', no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )


def test_the_package_keeps_the_contracts(copy):
    done = lint(copy)
    assert done.returncode == 0, done.stdout
    assert "4 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("rain/spoilt.py", "import inundate.terrain.open"),
        ("score/spoilt.py", "import inundate.learn"),
        ("core/spoilt.py", "import inundate.show"),
        ("hydro/spoilt.py", "def f():\n    import torch"),
        ("dataset/spoilt.py", "from rich import print"),
        ("show/spoilt.py", "import cyclopts"),
        ("helpers/__init__.py", ""),
    ],
)
def test_a_breach_is_noticed(copy, file, line):
    place = copy / file
    place.parent.mkdir(exist_ok=True)
    place.write_text(line)
    done = lint(copy)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
