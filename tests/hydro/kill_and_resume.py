"""Simulate in a child process and kill it again and again; then say how often.

Run as a program, so that nothing has been started when it forks:
``kill_and_resume.py STORM TERRAIN KILLED WHOLE SEED``.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from inundate.hydro.places import Place
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate
from inundate.rain.open import open_rain
from inundate.terrain.open import open_terrain

# many small frames, losses and two precisions of checkpoint content: all that a state can hold
SETTINGS = SimulateSettings(
    output_every_s=150.0, sample_every_s=60.0, run_on_min=15, infiltration="green_ampt",
    max_step_s=0.25, missing_rain="dry",
)  # fmt: skip
GAUGES = [Place("low", np.array([400005.0]), np.array([499915.0]))]
SECTIONS = [Place("line", np.array([400100.0, 400100.0]), np.array([499800.0, 500000.0]))]


def run(storm: str, terrain: str, output: str, **more: float) -> None:
    """Simulate once, or go on."""
    simulate(
        open_rain(storm), open_terrain(terrain), settings=SETTINGS, gauges=GAUGES,
        sections=SECTIONS, output=output, progress=False, **more,
    )  # fmt: skip


def newest(part: Path) -> str:
    """Name the newest checkpoint."""
    return max((path.name for path in part.glob("checkpoint-*.json")), default="")


def main() -> None:
    """Kill at random moments, most of them after some work; then simulate without."""
    storm, terrain, killed, whole, seed = sys.argv[1:]
    rng = np.random.default_rng(int(seed))
    part = Path(killed).with_name(f".{Path(killed).name}.part")
    kills = resumed = 0
    while not Path(killed).exists():
        before = newest(part)
        resumed += bool(before)
        child = os.fork()
        if not child:
            run(storm, terrain, killed, checkpoint_every_s=0.0)
            os._exit(0)
        deadline = time.monotonic() + 60
        while kills and newest(part) == before and time.monotonic() < deadline:
            time.sleep(0.002)
        if kills < 4:
            time.sleep(rng.uniform(0.0, 0.05))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        kills += os.WIFSIGNALED(status)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            sys.exit(1)
    run(storm, terrain, whole)
    sys.stdout.write(f"{kills} {resumed}\n")


if __name__ == "__main__":
    main()
