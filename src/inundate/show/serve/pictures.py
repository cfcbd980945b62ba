"""Pictures of frames and nowcasts, and what the journal tells of each."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.files import atomic_file
from inundate.show.encode import make_levels, palette_of, write_png
from inundate.show.palette import DEPTH, PROBABILITY
from inundate.show.serve.ahead import Ahead, Outlook
from inundate.show.serve.flood import Frame

__all__ = ["Pictures"]

_KINDS = {
    "depth": (make_levels(DEPTH, 6.0, floor=0.01), DEPTH),
    "chance": (make_levels(PROBABILITY, 1.0, floor=0.01), PROBABILITY),
}
_FLOODED_M = 0.05
_LIKELY = 0.5


class Pictures:
    """A folder of pictures that the pages show.

    Parameters
    ----------
    folder : Path
    cell_km2 : float
        Area of a cell.
    """

    def __init__(self, folder: Path, *, cell_km2: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._cell_km2 = folder, cell_km2

    def frame(self, frame: Frame) -> dict[str, Any]:
        """Write the picture of a frame and give its line of the journal."""
        from inundate.fuse.event.play import stamp

        return {
            "kind": "frame", "time": f"{frame.time}Z",
            "picture": self._write(f"{stamp(frame.time)}.png", "depth", frame.depth),
            "began": f"{frame.began}Z", "area_km2": self._area(frame.depth, _FLOODED_M),
            "deepest_m": round(float(np.nanmax(frame.depth)), 3),
            "rain_mm_h": round(frame.rain_mm_h, 3),
            "missing_min": round(frame.missing_min, 1),
        }  # fmt: skip

    def outlook(self, outlook: Outlook, ahead: Ahead) -> dict[str, Any]:
        """Write the pictures of a nowcast and give its line of the journal."""
        return {
            "kind": "nowcast", "issued": f"{outlook.issued}Z", **outlook.told,
            "members": ahead.settings.members, "threshold_m": ahead.threshold_m,
            "asked_min": ahead.settings.lead_min, "reach_min": round(outlook.reach_min, 3),
            "filled_share": round(outlook.filled_share, 4),
            "missing_min": round(outlook.missing_min, 1),
            "frames": [self._lead(outlook, number) for number in range(len(outlook.times))],
        }  # fmt: skip

    def _lead(self, outlook: Outlook, number: int) -> dict[str, Any]:
        from inundate.fuse.event.play import stamp

        time, depth = outlook.times[number], outlook.median[number]
        chance, rain = outlook.chance[number], outlook.rain_mm_h[number]
        name = f"nowcast-{stamp(outlook.issued)}-{stamp(time)}"
        lead_min = float((time - outlook.issued) / np.timedelta64(1, "s")) / 60.0
        return {
            "time": f"{time}Z", "lead_min": round(lead_min, 3),
            "depth": self._write(f"{name}-depth.png", "depth", depth),
            "chance": self._write(f"{name}-chance.png", "chance", chance),
            "area_km2": self._area(depth, _FLOODED_M),
            "deepest_m": round(float(np.nanmax(depth)), 3),
            "likely_km2": self._area(chance, _LIKELY),
            "rain_mm_h": [round(float(rain.min()), 3), round(float(rain.max()), 3)],
        }  # fmt: skip

    def tidy(self, kept: set[str]) -> None:
        """Remove pictures that are not kept any more, and what killed writes left."""
        for path in self.folder.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _write(self, name: str, kind: str, values: NDArray[np.float32]) -> str:
        levels, classes = _KINDS[kind]
        self.folder.mkdir(exist_ok=True)  # somebody may have tidied up
        with atomic_file(self.folder / name) as temporary:
            temporary.write_bytes(write_png(levels.encode(values), palette_of(levels, classes)))
        return name

    def _area(self, values: NDArray[np.float32], least: float) -> float:
        wet = np.nan_to_num(values) >= least
        return round(float(wet.sum()) * self._cell_km2, 5)
