"""Fixtures for the rain readers: tiny files made by tests/data/rain/make.py, and real ones."""

import importlib.util
from pathlib import Path

import pytest

TINY = Path(__file__).resolve().parent.parent / "data" / "rain"


@pytest.fixture(scope="session")
def tiny() -> Path:
    """Folder of tiny rain files, one or two of every format."""
    return TINY


@pytest.fixture(scope="session")
def make():
    """The script that made the tiny files, whose functions make variants."""
    spec = importlib.util.spec_from_file_location("make_rain_files", TINY / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def radar(shared_data) -> Path:
    """Folder of real radar, see its README."""
    return shared_data / "radar"
