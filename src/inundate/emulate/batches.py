"""Batches for training: pieces of samples, a few frames each, turned and flipped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inundate.core.errors import DataError
from inundate.core.seeds import make_rng
from inundate.dataset.samples import Samples
from inundate.emulate.inputs import TERRAIN_CHANNELS, rain_window, state_channels
from inundate.emulate.prepared import Prepared, prepare_sample
from inundate.emulate.settings import EmulatorSettings
from inundate.learn.batches import Batch, sample_order

__all__ = ["FloodBatches", "frame_inputs"]

Array = NDArray[np.float32]
_EAST, _NORTH = TERRAIN_CHANNELS.index("slope_x"), TERRAIN_CHANNELS.index("slope_y")


def frame_inputs(
    prepared: Prepared,
    settings: EmulatorSettings,
    frames: NDArray[np.integer],
    window: tuple[slice, slice] | None = None,
) -> dict[str, Array]:
    """Give the inputs of some frames, each (K, …) but ``terrain`` (C, h, w).

    Parameters
    ----------
    prepared : Prepared
    settings : EmulatorSettings
    frames : array of int (K,)
    window : (row slice, column slice), optional
        A part of the raster, whole multiples of the model's alignment from its corner.
    """
    rows, cols = window or tuple(slice(0, n) for n in prepared.elevation.shape)
    terrain = prepared.terrain[:, rows, cols]
    if prepared.hybrid is None or prepared.standing is None:
        rain = rain_window(
            prepared.rain_rate[:, rows, cols],
            frames=frames,
            interval_s=prepared.interval_s,
            block=settings.block,
        )
        return {"terrain": terrain, "rain": rain}
    channels, hybrid = state_channels(
        prepared.hybrid,
        prepared.elevation,
        prepared.rain_rate,
        prepared.standing,
        frames=frames,
        interval_s=prepared.interval_s,
        window=(rows, cols),
    )
    standing = np.nan_to_num(prepared.standing[frames][:, rows, cols])
    return {"terrain": terrain, "state": channels, "hybrid": hybrid, "standing": standing}


class FloodBatches:
    """Pieces of the samples of one part, a pure function of seed, epoch and number.

    Parameters
    ----------
    samples : Samples
    part : str
        ``train`` or ``valid``.
    settings : EmulatorSettings
    batch_size : int
    seed : int
    shuffle : bool
        Draw pieces anew each epoch, turned and flipped; otherwise always the same ones.

    Raises
    ------
    DataError
        If the part is empty or a sample is smaller than the model's alignment.
    """

    def __init__(
        self,
        samples: Samples,
        part: str,
        settings: EmulatorSettings,
        *,
        batch_size: int,
        seed: int,
        shuffle: bool = True,
    ) -> None:
        self._settings, self._size, self._seed = settings, batch_size, seed
        self._shuffle = shuffle
        self.numbers = samples.part(part)
        self._prepared: list[Prepared] = []
        self._depth: list[Array] = []
        self._valid: list[NDArray[np.bool_]] = []
        self._names: list[str] = []
        factor = settings.factor if settings.model == "mode_h" else None
        grounds: dict[int, Array] = {}
        for number in self.numbers:
            sample = samples.read(number)
            place = sample.row.place
            prepared = prepare_sample(sample, factor=factor, terrain=grounds.get(place))
            grounds[place] = prepared.terrain
            self._prepared.append(prepared)
            self._depth.append(sample.water_depth)
            self._valid.append(sample.valid)
            self._names.append(sample.row.name)
        self._side = self._piece_side()

    def _piece_side(self) -> int:
        align = self._settings.align
        least = min(int(min(p.elevation.shape)) for p in self._prepared)
        side = min(self._settings.crop_cells, least // align * align)
        if side < align:
            raise DataError(
                f"training: the smallest sample is {least} cells wide, "
                f"the model needs at least {align}",
                hint="use larger blocks, or fewer --levels",
            )
        return side

    def __len__(self) -> int:
        return -(-len(self.numbers) // self._size)

    def mean_depth(self) -> float:
        """Give the mean depth over all samples, frames and known cells, m."""
        return float(np.mean([np.nanmean(depth) for depth in self._depth]))

    def batch(self, epoch: int, index: int) -> Batch:
        """Give batch ``index`` of an epoch: inputs, ``target`` and ``valid``."""
        order = np.arange(len(self.numbers))
        if self._shuffle:
            order = sample_order(len(order), seed=self._seed, epoch=epoch)
        chosen = order[index * self._size : (index + 1) * self._size]
        if not self._shuffle:
            epoch = 0
        pieces = [self._piece(int(row), epoch) for row in chosen]
        inputs = {
            name: torch.from_numpy(np.stack([piece[0][name] for piece in pieces]))
            for name in pieces[0][0]
        }
        return {
            "sample_id": [self._names[row] for row in chosen],
            "inputs": inputs,
            "target": _stack([piece[1] for piece in pieces]),
            "valid": _stack([piece[2] for piece in pieces]),
        }

    def _piece(self, row: int, epoch: int) -> tuple[dict[str, Array], Array, Array]:
        rng = make_rng(self._seed, "piece", epoch, row)
        prepared, align = self._prepared[row], self._settings.align
        frames = self._frames(prepared.frames, rng)
        spare = [(n - self._side) // align for n in prepared.elevation.shape]
        top, left = (int(rng.integers(n + 1)) * align for n in spare)
        window = (slice(top, top + self._side), slice(left, left + self._side))
        inputs = frame_inputs(prepared, self._settings, frames, window)
        target = self._depth[row][frames][:, *window]
        valid = self._valid[row][window][None].astype(np.float32)
        inputs["terrain"] = inputs["terrain"].copy()
        target = np.where(valid > 0, target, 0.0).astype(np.float32)
        if self._shuffle and self._settings.augment:
            turns, flip = int(rng.integers(4)), bool(rng.integers(2))
            inputs = {name: _turned(values, turns, flip) for name, values in inputs.items()}
            _turn_slopes(inputs["terrain"], turns, flip)
            target, valid = _turned(target, turns, flip), _turned(valid, turns, flip)
        return inputs, target, valid

    def _frames(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        wanted = min(self._settings.frames, count)
        return np.sort(rng.choice(count, wanted, replace=False))


def _stack(parts: Sequence[Array]) -> Tensor:
    return torch.from_numpy(np.stack(parts))


def _turned(values: Array, turns: int, flip: bool) -> Array:
    found = np.rot90(values, turns, axes=(-2, -1))
    return np.ascontiguousarray(np.flip(found, -1) if flip else found)


def _turn_slopes(terrain: Array, turns: int, flip: bool) -> None:
    """Turn the slope vector with the map: a quarter turn takes east to north, north to west."""
    for _ in range(turns):
        east = terrain[_EAST].copy()
        terrain[_EAST], terrain[_NORTH] = -terrain[_NORTH], east
    if flip:
        terrain[_EAST] *= -1
