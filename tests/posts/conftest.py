import importlib.util
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # for stand_in, also in processes that tests start

EXAMPLES = Path(__file__).parents[1] / "data" / "posts"


@pytest.fixture(scope="session")
def examples():
    """The module that made the example files."""
    spec = importlib.util.spec_from_file_location("posts_examples", EXAMPLES / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
