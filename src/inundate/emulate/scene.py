"""One storm on one terrain as tensors, and the inputs of any model cut from it.

Training and prediction both get their inputs here, so a model is shown the same in both. The
tensors may lie on a GPU: a whole data set fits there, and pieces are cut without the processor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from inundate.emulate.inputs import POSITION, RAIN_WINDOW
from inundate.emulate.orient import turn_inputs
from inundate.emulate.prepared import BlockWater, Prepared

__all__ = ["FAMILY_OF", "FROM_DRY", "MISSING_M", "Family", "Scene", "Window", "padded"]

Family = Literal["hybrid", "window", "series"]
"""What a model is shown: the hybrid's water, a window of rain for each frame, or the rain of
consecutive frames and the depth before them."""

FAMILY_OF: dict[str, Family] = {
    "mode_h": "hybrid",
    "mode_h_vae": "hybrid",
    "mode_e": "series",
    "temporal_cnn": "window",
    "lead_cnn": "series",
    "unet": "window",
    "convgru_unet": "series",
    "deeplab": "window",
}
"""The family of inputs of each network of the zoo."""

FROM_DRY = frozenset({"convgru_unet"})
"""Networks with a memory: no stored depth tells it, so they are shown storms from the start."""

MISSING_M = 1.0e6  # height of cells without ground: no water reaches it
Window = tuple[slice, slice]


class Scene:
    """Inputs of one storm on one terrain.

    Parameters
    ----------
    prepared : Prepared
    family : str
    block : int
        Cells along a position of the network, at which rain is given.
    storage : torch.dtype
        How terrain channels are kept.
    """

    def __init__(
        self,
        prepared: Prepared,
        family: Family,
        block: int,
        *,
        storage: torch.dtype = torch.float32,
    ) -> None:
        heights = prepared.elevation - np.float32(prepared.datum)
        mm = _block_mean(_tensor(prepared.rain_rate), block) * (prepared.interval_s / 3600.0)
        named = {
            "terrain": _tensor(prepared.terrain).to(storage),
            "heights": _tensor(np.nan_to_num(heights, nan=MISSING_M)),
            "rain": mm,
        }
        for factor, water in prepared.water.items():
            named[f"level_{factor}"] = _tensor(water.level)
            named[f"volume_{factor}"] = _tensor(water.volume)
        self._take(named, family, block, prepared.interval_s)

    @classmethod
    def of(
        cls, tensors: Mapping[str, Tensor], family: Family, block: int, interval_s: float
    ) -> Scene:
        """Make a scene of what :meth:`tensors` gave."""
        made = cls.__new__(cls)
        made._take(tensors, family, block, interval_s)
        return made

    def tensors(self) -> dict[str, Tensor]:
        """Give all that the scene is made of, to be stored."""
        named = {"terrain": self.terrain, "heights": self.heights, "rain": self.rain}
        for factor, (level, volume) in self.water.items():
            named |= {f"level_{factor}": level, f"volume_{factor}": volume}
        return named

    def turned(self, turns: int, flip: bool) -> Scene:
        """Give the scene turned by quarters anticlockwise, then flipped.

        Parameters
        ----------
        turns : int
        flip : bool
            See :func:`inundate.emulate.orient.turn_inputs`.
        """
        named = turn_inputs(self.tensors(), turns, flip)
        made = Scene.of(named, self.family, self.block, self.interval_s)
        made.water = {f: (a.contiguous(), b.contiguous()) for f, (a, b) in made.water.items()}
        return made

    def to(self, device: torch.device | str, shared: Scene | None = None) -> Scene:
        """Give the scene on another device; terrain and heights may be those of another scene.

        Parameters
        ----------
        device : torch.device
        shared : Scene, optional
            Of another storm on the same ground, on that device. Its tensors are taken where they
            are equal, so that a ground is kept once.
        """
        named = {name: values.to(device) for name, values in self.tensors().items()}
        if shared is not None:
            others = {"terrain": shared.terrain, "heights": shared.heights}
            named |= {k: v for k, v in others.items() if self._equal(self.tensors()[k], v)}
        return Scene.of(named, self.family, self.block, self.interval_s)

    @staticmethod
    def _equal(values: Tensor, other: Tensor) -> bool:
        # the last channels of the terrain are the soil, which may differ between storms; one row
        # tells, since all else is of the same ground
        if values.shape != other.shape:
            return False
        probe = (..., 0, slice(None))
        return torch.equal(values[probe], other[probe].cpu())

    def _take(
        self, named: Mapping[str, Tensor], family: Family, block: int, interval_s: float
    ) -> None:
        self.family, self.block, self.interval_s = family, block, interval_s
        self.terrain, self.heights = named["terrain"], named["heights"]  # (C, H, W), (H, W)
        self.shape = (int(self.heights.shape[0]), int(self.heights.shape[1]))
        self.rain = named["rain"]  # (T, h, w), mm a frame
        self.frames = int(self.rain.shape[0])
        self.total = self.rain.cumsum(0)
        factors = [int(name[6:]) for name in named if name.startswith("level_")]
        self.water = {f: (named[f"level_{f}"], named[f"volume_{f}"]) for f in factors}
        self._level_rows: dict[int, Tensor] = {}  # made when first asked for
        self._state_rows: dict[int, Tensor] = {}

    @property
    def peak_frame(self) -> int:
        """The number that stands for the map of greatest depths."""
        return self.frames

    def inputs(
        self, frames: Sequence[int], window: Window, *, factor: int = 0, start: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Give the inputs of some frames of a part of the raster.

        Parameters
        ----------
        frames : sequence of int (K,)
            For the hybrid also ``peak_frame``; for a series consecutive frames.
        window : (row slice, column slice)
            Whole multiples of the model's alignment from the raster's corner.
        factor : int
            Of the coarse solver, for the hybrid.
        start : Tensor (H, W), m, optional
            Depth before the first frame, for a series; by default dry ground.

        Returns
        -------
        dict of Tensor
            ``terrain`` (C, H, W) and ``heights`` (H, W) in m above the datum, and

            - hybrid: ``level`` (K, H / factor, W / factor) in m above the datum,
              ``state`` (K, S, H / 4, W / 4);
            - window: ``rain`` (K, L, h, w), scaled, oldest first;
            - series: ``rain`` (K, h, w) in mm a frame, ``before`` (h, w) in mm,
              ``start`` (H, W) in m, ``interval`` (1, 1) in s.
        """
        rows, cols = window
        found = {
            "terrain": self.terrain[:, rows, cols].float(),
            "heights": self.heights[rows, cols],
        }
        if self.family == "hybrid":
            rows_of = torch.as_tensor(list(frames), device=self.heights.device)
            found["level"] = self._levels(factor)[:, *_over(window, factor)][rows_of]
            found["state"] = self._states(factor)[:, :, *_over(window, POSITION)][rows_of].float()
        elif self.family == "window":
            found["rain"] = self._rain_window(frames, window)
        else:
            place = _over(window, self.block)
            first = frames[0]
            found["rain"] = self.rain[first : frames[-1] + 1][:, *place]
            found["before"] = (
                self.total[first - 1][place] if first else torch.zeros_like(self.total[0][place])
            )
            found["start"] = (
                torch.zeros_like(found["heights"]) if start is None else start[rows, cols].float()
            )
            found["interval"] = found["heights"].new_full((1, 1), self.interval_s)
        return found

    def _levels(self, factor: int) -> Tensor:
        """Levels of all frames and, last, the highest, (T + 1, H / factor, W / factor), m."""
        if factor not in self._level_rows:
            level, _ = self.water[factor]
            self._level_rows[factor] = torch.cat([level, level.amax(0, keepdim=True)])
        return self._level_rows[factor]

    def _states(self, factor: int) -> Tensor:
        """State channels of all frames and, last, the peak, (T + 1, S, H / 4, W / 4)."""
        if factor in self._state_rows:
            return self._state_rows[factor]
        volume = self.water[factor][1]
        deepest = torch.cummax(volume, 0).values
        hour = max(1, round(3600.0 / self.interval_s))
        last = self.total.clone()
        last[hour:] -= self.total[:-hour]
        most = deepest[-1:]
        # the last row of each stands for the map of greatest depths
        now = torch.cat([volume, most])
        past = torch.cat([torch.zeros_like(most), volume[:-1], most])
        peak = torch.cat([deepest, most])
        rain = torch.cat([self.rain * (3600.0 / self.interval_s), torch.zeros_like(most)])
        within = torch.cat([last, last.amax(0, keepdim=True)])
        total = torch.cat([self.total, self.total[-1:]])
        flag = torch.zeros_like(total)
        flag[-1] = 1.0
        parts = [torch.asinh(v / 0.05) / 3.0 for v in (now, past, peak)]
        parts += [torch.log1p(v.clamp(min=0.0)) / 3.0 for v in (rain, within)]
        parts += [torch.log1p(total) / 4.0, torch.full_like(total, float(np.log2(factor / 4)))]
        self._state_rows[factor] = torch.stack([*parts, flag], dim=1).to(self.terrain.dtype)
        return self._state_rows[factor]

    def _rain_window(self, frames: Sequence[int], window: Window) -> Tensor:
        """Rain of the window of each frame; what fell before it is added to its oldest step."""
        place = _over(window, self.block)
        rain, total = self.rain[:, *place], self.total[:, *place]
        found = rain.new_zeros((len(frames), RAIN_WINDOW, *rain.shape[1:]))
        for row, frame in enumerate(frames):
            first = max(0, frame - RAIN_WINDOW + 1)
            found[row, RAIN_WINDOW - (frame + 1 - first) :] = rain[first : frame + 1]
            if first:
                found[row, 0] += total[first - 1]
        return torch.log1p(found)


def _tensor(values: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


def _block_mean(values: Tensor, block: int) -> Tensor:
    """Average (T, H, W) over blocks; cells beyond the raster do not count."""
    if block == 1:
        return values
    rows, cols = values.shape[-2:]
    pads = (0, -cols % block, 0, -rows % block)
    padded = functional.pad(values, pads)
    count = functional.pad(values.new_ones((1, rows, cols)), pads)
    return functional.avg_pool2d(padded, block) / functional.avg_pool2d(count, block)


def _over(window: Window, side: int) -> Window:
    """Give the part of a coarser grid that covers a window."""
    rows, cols = (slice(s.start // side, -(-s.stop // side)) for s in window)
    return rows, cols


def padded(prepared: Prepared, align: int) -> Prepared:
    """Extend a raster south and east, as missing ground, to a multiple of the alignment."""
    height, width = prepared.elevation.shape
    rows, cols = -height % align, -width % align
    if not rows and not cols:
        return prepared

    def pad(values: NDArray[np.float32], side: int, fill: float) -> NDArray[np.float32]:
        shape = (-(-(height + rows) // side), -(-(width + cols) // side))
        extra = [(0, n - o) for n, o in zip(shape, values.shape[-2:], strict=True)]
        return np.pad(values, [(0, 0)] * (values.ndim - 2) + extra, constant_values=fill)

    return Prepared(
        terrain=pad(prepared.terrain, 1, 0.0),
        elevation=pad(prepared.elevation, 1, np.nan),
        rain_rate=pad(prepared.rain_rate, 1, 0.0),
        interval_s=prepared.interval_s,
        water={
            factor: BlockWater(pad(w.level, factor, 0.0), pad(w.volume, POSITION, 0.0), factor)
            for factor, w in prepared.water.items()
        },
    )
