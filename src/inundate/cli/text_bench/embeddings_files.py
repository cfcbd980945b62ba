"""How fast and in how much memory a file of vectors is read and opened."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["measure_files", "write_vectors"]

_TIMES = 5  # openings, of which the median counts

# each way runs in a process of its own; what it grows by is not its imports
_HEAD = """
import json, re, sys, time
from pathlib import Path
import numpy as np
source, cache = Path(sys.argv[1]), Path(sys.argv[2])
def memory_mb(name="VmRSS"):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
"""
_TAIL = """
before = memory_mb()
wall, cpu = time.perf_counter(), time.process_time()
found = run()
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
grown = memory_mb() - before
probe = look(found)
print(json.dumps({"wall_ms": 1000 * wall, "cpu_s": cpu, "grown_mb": grown,
    "probe": [float(x) for x in probe]}))
"""
_WAYS = {
    "parse": """
from inundate.posts.embed.files import read_blocks
from inundate.posts.embed.parse import parse_lines
from inundate.posts.embed.report import ReadReport
parse_lines(b"warm 1\\n", 1)
def run():
    return [block for block in read_blocks(source, ReadReport(source))]
def look(found):
    return found[0].vectors[1]
""",
    "first": """
from inundate.posts.embed.static import Embedding
def run():
    return Embedding.open(source, cache=cache)
def look(found):
    return found.look_up([found.words[1]])[0]
""",
    "gensim_text": """
from gensim.models import KeyedVectors
def run():
    return KeyedVectors.load_word2vec_format(str(source), no_header=True)
def look(found):
    found.save(str(cache / "gensim.kv"))  # for the next way, outside the clock
    return found[found.index_to_key[1]]
""",
    "gensim_mapped": """
from gensim.models import KeyedVectors
def run():
    return KeyedVectors.load(str(cache / "gensim.kv"), mmap="r")
def look(found):
    return found[found.index_to_key[1]]
""",
    "dict": """
def run():
    found = {}
    with source.open(encoding="utf-8") as lines:
        for line in lines:
            word, *numbers = line.rstrip().split(" ")
            found[word] = np.array(numbers, np.float32)
    return found
def look(found):
    return found[list(found)[1]]
""",
}
_WAYS["cached"] = _WAYS["first"]


def write_vectors(path: Path, *, words: int, width: int) -> str:
    """Write a GloVe text file: the words of GloVe 6B where its package is installed.

    Returns
    -------
    str
        What the file holds.
    """
    import numpy as np

    from inundate.core.errors import MissingExtraError
    from inundate.posts.embed.static import Embedding

    rng = np.random.default_rng(0)
    try:
        shipped = Embedding.open("glove-6b-50d", cache=path.parent / "shipped")
    except MissingExtraError:
        names = [f"word{k}" for k in range(words)]
        told = "made-up words"
    else:
        names, told = list(shipped.words)[:words], "words of GloVe 6B"
    with path.open("w", encoding="utf-8") as stream:
        for start in range(0, len(names), 10_000):
            part = names[start : start + 10_000]
            rows = rng.normal(0, 0.4, (len(part), width))
            for name, row in zip(part, rows, strict=True):
                stream.write(f"{name} " + " ".join(f"{x:.5g}" for x in row) + "\n")
    return f"{len(names):,} {told} x {width} numbers of five digits"


def measure_files(work: Path, *, words: int, width: int) -> dict[str, Any]:
    """Read and open one file in every way.

    Parameters
    ----------
    work : Path
        Folder to write to.
    words, width : int

    Returns
    -------
    dict
        Of each way ``cpu_s``, ``wall_ms``, ``grown_mb``; ``ratios``: of the others to ours.
    """
    source, cache = work / "vectors.txt", work / "cache"
    cache.mkdir(exist_ok=True)
    about = write_vectors(source, words=words, width=width)
    os.utime(source, (0, 0))
    found: dict[str, Any] = {"file": about, "file_mb": source.stat().st_size / 1e6}
    probes: list[list[float]] = []
    for name in ("parse", "first", "dict", "gensim_text"):
        found[name] = _run(name, source, cache, probes)
    for name in ("cached", "gensim_mapped"):
        several = [_run(name, source, cache, probes) for _ in range(_TIMES)]
        found[name] = {key: statistics.median(one[key] for one in several) for key in several[0]}
    found["same_numbers"] = all(probe == probes[0] for probe in probes)
    found["ratios"] = {
        "parse_cpu_gensim": found["gensim_text"]["cpu_s"] / found["parse"]["cpu_s"],
        "parse_cpu_dict": found["dict"]["cpu_s"] / found["parse"]["cpu_s"],
        "open_wall_gensim_mapped": found["gensim_mapped"]["wall_ms"] / found["cached"]["wall_ms"],
        "open_wall_gensim_text": found["gensim_text"]["wall_ms"] / found["cached"]["wall_ms"],
        "open_wall_dict": found["dict"]["wall_ms"] / found["cached"]["wall_ms"],
    }
    return found


def _run(name: str, source: Path, cache: Path, probes: list[list[float]]) -> dict[str, float]:
    command = [sys.executable, "-c", _HEAD + _WAYS[name] + _TAIL, str(source), str(cache)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(done.stdout)
    probes.append(figures.pop("probe"))
    return figures
