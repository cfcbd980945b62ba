import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def made():
    """The module that makes posts up."""
    path = Path(__file__).with_name("made_up.py")
    spec = importlib.util.spec_from_file_location("made_up_posts", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
