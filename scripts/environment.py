"""Create or refresh the virtual environment that the Makefile uses; do nothing when it is current.

Runs on the bare Python of a fresh machine, so it needs only the standard library and must still
parse on an old Python in order to say that the Python is too old.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
# Pinned, so that the figures in the docs can be repeated; pyproject.toml has the lower bound.
TORCH = "torch==2.13.0"
# What each level installs; a level includes those before it.
EXTRAS = {"run": "geo", "dev": "geo,test,docs"}


def main():
    """Read the arguments and bring the environment up to date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", default=".venv", help="folder of the virtual environment")
    parser.add_argument("--for", dest="level", choices=list(EXTRAS), default="run")
    parser.add_argument("--torch-index", default="", help="extra package index for PyTorch")
    arguments = parser.parse_args()
    check_python()
    venv = Path(os.path.abspath(str(ROOT / arguments.venv)))
    wanted = fingerprint(arguments.torch_index)
    if is_current(venv, arguments.level, wanted):
        return
    print(f"setting up {venv} (the first time takes some minutes)", flush=True)
    python = create(venv)
    install(python, arguments.level, arguments.torch_index)
    stamp(venv, arguments.level).write_text(wanted)


def fail(message, hint):
    """End with one error in the layout of the package and the exit code of a wrong setting."""
    sys.stderr.write(f"error: {message}\n  hint: {hint}\n")
    raise SystemExit(2)


def check_python():
    """Stop when this Python is too old for the package."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        wanted = ".".join(str(part) for part in OLDEST_PYTHON)
        fail(
            f"setting up: {sys.executable} is Python {found}, expected {wanted} or newer",
            f"name a newer one: make demo PYTHON=python{wanted}",
        )


def fingerprint(torch_index):
    """Hash what decides the content of the environment."""
    digest = hashlib.sha256()
    for file in (ROOT / "pyproject.toml", Path(__file__)):
        digest.update(file.read_bytes())
    # the editable install points at this folder
    digest.update(f"{torch_index} {sys.version_info[:2]} {ROOT}".encode())
    return digest.hexdigest()


def stamp(venv, level):
    """Name the file that says for which fingerprint a level is complete."""
    return venv / f"inundate-{level}.stamp"


def is_current(venv, level, wanted):
    """Tell if a stamp of this level, or of one that includes it, carries the wanted fingerprint."""
    levels = list(EXTRAS)
    stamps = [stamp(venv, name) for name in levels[levels.index(level) :]]
    return any(file.is_file() and file.read_text() == wanted for file in stamps)


def create(venv):
    """Make the virtual environment unless one is there; give its Python."""
    python = venv / "bin" / "python"
    if not python.exists():
        if importlib.util.find_spec("ensurepip") is None:
            fail(
                f"setting up: {sys.executable} has no ensurepip, so it cannot make {venv}",
                "on Debian and Ubuntu: apt install python3-venv",
            )
        run(sys.executable, "-m", "venv", str(venv))
    return str(python)


def install(python, level, torch_index):
    """Install PyTorch and the package with the extras of a level."""
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # With a GPU the default build is the right one, so an index of CPU builds is left aside.
    extra = ["--extra-index-url", torch_index] if torch_index and not has_gpu() else []
    run(*pip, *extra, TORCH)
    run(*pip, TORCH, "--editable", f".[{EXTRAS[level]}]")


def has_gpu():
    """Tell if the driver of an NVIDIA GPU is installed."""
    return shutil.which("nvidia-smi") is not None


def run(*command):
    """Run one command in the repository root; its failure ends the set-up."""
    completed = subprocess.run(command, cwd=str(ROOT), check=False, stdin=subprocess.DEVNULL)
    if completed.returncode:
        fail(
            f"setting up: `{' '.join(command)}` ended with exit code {completed.returncode}",
            "read the lines above, then run the same make target again",
        )


if __name__ == "__main__":
    main()
