"""Fixtures that every folder of tests may use."""

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def cpu_seconds() -> Callable[..., float]:
    """Least CPU time of three calls, in which no garbage of other tests is collected."""

    def seconds(function: Callable[..., object], *arguments: object) -> float:
        taken = []
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                start = time.thread_time()
                function(*arguments)
                taken.append(time.thread_time() - start)
        finally:
            gc.enable()
        return min(taken)

    return seconds


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real radar, terrain and flood data, which is not part of the repository.

    ``INUNDATE_SHARED_DATA`` names it; without that it is looked for beside the checkout.
    """
    named = os.environ.get("INUNDATE_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is absent (set INUNDATE_SHARED_DATA)")
    return folder
