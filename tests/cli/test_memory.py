import subprocess
import sys

import pytest

from inundate.cli import memory

pytest.importorskip("pyarrow")

ASK = """
import sys
from pathlib import Path
from inundate.cli import memory
memory._LARGE = int(sys.argv[1])
memory.spare_memory([Path(sys.argv[2]), Path("not there")])
import pyarrow as pa
print(pa.default_memory_pool().backend_name)
"""


def pool(limit, path):
    command = [sys.executable, "-c", ASK, str(limit), str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_large_inputs_have_arrow_give_memory_back(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "posts.jsonl").write_bytes(b"x" * 100)
    assert memory._size([tmp_path, tmp_path / "deep" / "posts.jsonl"]) == 200
    assert pool(100, tmp_path) == "system"
    assert pool(101, tmp_path) != "system"
