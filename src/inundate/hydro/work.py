"""A simulation at work: marching, writing, checkpoints, progress."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from inundate.core.errors import DataError
from inundate.core.interrupt import Interrupts
from inundate.core.progress import Progress
from inundate.hydro.checkpoint import checkpoints, read_newest, write_checkpoint
from inundate.hydro.forcing import Forcing
from inundate.hydro.frames import Frames, StoredFrames
from inundate.hydro.march import March, RainStep
from inundate.hydro.part import Part
from inundate.hydro.record import Recorder

__all__ = ["CHECKPOINT_EVERY_S", "Watch", "Work", "clock_text"]

CHECKPOINT_EVERY_S = 300.0  # of work; at the most as much is done again after a kill

Watch = Callable[[float, float], None]


@dataclass
class Work:
    """A simulation under way, with what goes into its checkpoints."""

    march: March
    forcing: Forcing
    recorder: Recorder
    rain_factor: float
    watch: Watch | None = None
    part: Part | None = None
    every_s: float = CHECKPOINT_EVERY_S
    interrupts: Interrupts | None = None
    frames: Frames = field(init=False)
    _wall_s: float = 0.0  # of earlier tries

    def __post_init__(self) -> None:
        self._begun = self._saved = time.perf_counter()

    def keep(self, part: Part, every_s: float, interrupts: Interrupts) -> None:
        """Write checkpoints from now on."""
        self.part, self.every_s, self.interrupts = part, every_s, interrupts
        self.march.on_sample.append(self._look)  # after the recorder has

    def open_store(self, fixed: xr.Dataset, *, overwrite: bool) -> StoredFrames:
        """Make the store, or go on with it from the newest checkpoint.

        With ``overwrite`` checkpoints that are all damaged are forgotten.
        """
        assert self.part is not None
        try:
            found = read_newest(self.part.path)
        except DataError:
            if not overwrite:
                raise
            found = None
        if found is None or not self.part.store.is_dir():
            for path in checkpoints(self.part.path):
                path.unlink()
            return StoredFrames(fixed, self.part.store, self.recorder.series)
        arrays, numbers = found
        split = {
            key: {n.removeprefix(key): v for n, v in arrays.items() if n.startswith(key)}
            for key in ("march.", "record.")
        }
        self.march.restore(split["march."], numbers["march"])
        self.recorder.restore(split["record."], numbers["record"])
        self.forcing.assumed_dry.update(numbers["assumed_dry"])
        self.forcing.counted = int(numbers.get("rain_steps_counted", 0))
        self._wall_s = float(numbers["wall_s"])
        held = int(numbers["frames"])
        return StoredFrames(fixed, self.part.store, self.recorder.series, held=held)

    def run(self, frames: Frames, progress: bool) -> xr.Dataset:
        """March to the end."""
        self.frames = frames
        self.recorder.write = frames.add_samples
        march, first = self.march, self.march.state.time_s
        with Progress(
            "simulate", total=self.forcing.total_s - first, unit="s", enabled=progress
        ) as bar:
            shown = Show(bar, first, march.steps, self.forcing.total_s, self.watch)
            march.watch = shown
            for frame in march.frames(self._rain()):
                frames.add(frame)
            shown(march)
        return frames.close(self.recorder.maps(march), self._results())

    def _rain(self) -> Iterator[RainStep]:
        for seconds, rate in self.forcing.steps(since_s=self.march.state.time_s):
            yield seconds, rate if self.rain_factor == 1 else rate * np.float32(self.rain_factor)

    def _look(self, _march: March) -> None:
        assert self.interrupts is not None
        now = time.perf_counter()
        if self.interrupts.pending or now - self._saved >= self.every_s:
            self._save()
            self._saved = time.perf_counter()
        if self.interrupts.pending:
            raise KeyboardInterrupt

    def _save(self) -> None:
        assert self.part is not None
        assert isinstance(self.frames, StoredFrames)
        self.frames.sync()
        state, march = self.march.snapshot()
        seen, record = self.recorder.snapshot()
        arrays = {f"march.{name}": values for name, values in state.items()}
        arrays |= {f"record.{name}": values for name, values in seen.items()}
        numbers = {
            "march": march, "record": record, "frames": self.frames.count,
            "assumed_dry": self.forcing.assumed_dry, "rain_steps_counted": self.forcing.counted,
            "wall_s": self._elapsed(),
        }  # fmt: skip
        write_checkpoint(self.part.path, arrays, numbers)

    def _elapsed(self) -> float:
        return self._wall_s + time.perf_counter() - self._begun

    def _results(self) -> dict[str, str | int | float]:
        found: dict[str, str | int | float] = {
            "volume_budget": self.march.finish().to_json(),
            "steps": self.march.steps,
            "wall_s": round(self._elapsed(), 3),
        }
        if any(self.forcing.assumed_dry.values()):
            found["rain_assumed_dry"] = json.dumps(self.forcing.assumed_dry)
        return found


@dataclass
class Show:
    """Tell how far a simulation is: rate, and when it will be done."""

    bar: Progress
    first_s: float
    first_steps: int
    total_s: float
    watch: Watch | None
    _begun: float = field(init=False, default_factory=time.perf_counter)

    def __call__(self, march: March) -> None:
        seconds = max(time.perf_counter() - self._begun, 1e-9)
        updates = (march.steps - self.first_steps) * march.ground.valid.size
        done = march.state.time_s - self.first_s
        rate = updates / seconds / 1e6
        text = f"{march.state.time_s / 3600:.2f} h simulated, {rate:.0f} M cell updates/s"
        if 0 < done < self.total_s - self.first_s:
            left = seconds * (self.total_s - march.state.time_s) / done
            text += f", done about {clock_text(left)}"
        self.bar.note(text)
        self.bar.update(done)
        if self.watch is not None:
            self.watch(march.state.time_s / self.total_s, float(updates))


def clock_text(left_s: float) -> str:
    """Write the local time in some seconds, with the day where it is another one."""
    then, now = time.localtime(time.time() + left_s), time.localtime()
    same = then[:3] == now[:3]
    return time.strftime("%H:%M" if same else "%Y-%m-%d %H:%M", then)
