"""A small flood data set, simulated in seconds, and emulators of the zoo on it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from inundate.cli.doctor_bench.bodies import optimiser, smooth_fields
from inundate.cli.doctor_bench.parts import Parts, Samples
from inundate.core.grid import Grid, attach_grid
from inundate.core.names import attributes
from inundate.core.seeds import make_rng
from inundate.dataset.build import build_dataset
from inundate.dataset.samples import Samples as FloodSamples
from inundate.dataset.settings import DatasetSettings
from inundate.emulate.batches import FloodBatches
from inundate.emulate.loss import DepthLoss, LossSettings
from inundate.emulate.scene import FAMILY_OF
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.zoo import make_model
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.simulate import simulate
from inundate.prove.case import call_with_table
from inundate.rain.array import make_rain

__all__ = ["emulator"]

_SIDE = 32
_GROUNDS = 16
_STEPS = 6
_START = np.datetime64("2021-07-12T14:00:00", "ns")
_PHYSICS = SimulateSettings(edges="closed", output_every_s=300, run_on_min=10)
#: What a model of each family must look at; the rest it may do without, as in ``inundate train``.
_MUST = {
    "hybrid": ("terrain", "level"),
    "window": ("terrain", "rain"),
    "series": ("terrain", "rain"),
}
_STORMS = {"early": (50.0, 1.0), "late": (140.0, 4.5), "middle": (90.0, 2.5)}  # mm h-1, step


def _ground(number: int) -> xr.DataArray:
    grid = Grid("EPSG:27700", 400000 + 10000 * number, 500000, 10, 10, _SIDE, _SIDE)
    waves = smooth_fields(make_rng(number, "doctor-bench", "ground"), 1, _SIDE)[0, 0].numpy()
    heights = 20 + 0.02 * np.arange(_SIDE) + 0.4 * waves
    data = xr.DataArray(
        np.asarray(heights, np.float32), dims=("y", "x"), name="elevation",
        attrs={**attributes("elevation"), "terrain_name": f"t{number}"},
    )  # fmt: skip
    return attach_grid(data, grid)


def _storm(name: str, number: int) -> xr.DataArray:
    grid = Grid("EPSG:27700", 400000 + 10000 * number, 500000, 10, 10, _SIDE, _SIDE)
    peak, centre = _STORMS[name]
    course = peak * np.exp(-(((np.arange(_STEPS) - centre) / 1.5) ** 2))
    east = np.linspace(0.7, 1.3, _SIDE)
    values = course[:, None, None] * np.broadcast_to(east, (_SIDE, _SIDE))
    ends = _START + np.arange(1, _STEPS + 1) * np.timedelta64(300, "s")
    return make_rain(values, ends, grid, step_s=300, attrs={"storm_name": name})


@cache
def _samples(work: Path) -> FloodSamples:
    folder = work / "flood"
    if not (folder / "data.zarr").exists():
        _simulate(folder)
    return FloodSamples(folder / "data.zarr")


def _simulate(folder: Path) -> None:
    paths = []
    for number in range(_GROUNDS):
        held = number >= _GROUNDS - 1
        for name in ("middle",) if held else ("early", "late"):
            paths.append(folder / "sims" / f"t{number}__{name}.zarr")
            simulate(
                _storm(name, number), _ground(number), settings=_PHYSICS, output=paths[-1],
                overwrite=True, progress=False,
            )  # fmt: skip
    build_dataset(
        paths, folder / "data.zarr", settings=DatasetSettings(valid_share=0.3),
        test_storm=["middle"], test_block=[f"t{_GROUNDS - 1}"], progress=False,
    )  # fmt: skip


@cache
def _pieces(work: Path, model: str, part: str, epochs: int) -> Samples:
    """Cut pieces of a few epochs, turned and flipped anew in each."""
    batches = FloodBatches(_samples(work), part, _settings(model), batch_size=4, seed=0)
    cut = [batches.batch(e, i) for e in range(epochs) for i in range(len(batches))]
    names = cut[0]["inputs"]
    inputs = {name: torch.cat([batch["inputs"][name] for batch in cut]) for name in names}
    target, valid = (torch.cat([batch[key] for batch in cut]) for key in ("target", "valid"))
    return Samples(inputs, target, {"valid": valid})


def _settings(model: str) -> EmulatorSettings:
    sizes: dict[str, dict[str, Any]] = {
        "temporal_cnn": {"rain_width": 4},
        "lead_cnn": {"lead_frames": 2, "rain_width": 4},
        "convgru_unet": {"memory_levels": 1},
        "deeplab": {"dilations": (1, 2)},
    }
    own: dict[str, Any] = {"model": model, **sizes.get(model, {})}
    return EmulatorSettings(width=8, levels=2, crop_cells=16, frames=2, **own)


def emulator(seed: int, work: Path, *, model: str = "unet", rate: float = 3e-3) -> Parts:
    """Train an emulator of the zoo as ``inundate train`` does.

    Parameters
    ----------
    seed : int
        Of the weights.
    work : Path
        Folder that keeps the data set.
    model : str
        Name in the zoo.
    rate : float
    """
    torch.manual_seed(seed)
    network: nn.Module = make_model(_settings(model))
    loss = DepthLoss(LossSettings())

    def loss_of(pupil: nn.Module, batch: Mapping[str, Any]) -> Tensor:
        return loss(pupil, batch)["loss"]

    def known(batch: Mapping[str, Any]) -> Tensor:
        return batch["valid"] > 0  # type: ignore[no-any-return]

    train = _pieces(work, model, "train", 5)
    must = _MUST[FAMILY_OF[model]]
    return Parts(
        "emulator", network, train, _pieces(work, model, "valid", 5), optimiser(rate, 0.01),
        loss=loss_of, call=call_with_table, known=known, size=8,
        spare=tuple(name for name in train.inputs if name not in must),
        may_rest=tuple(getattr(network, "latent_blocks", ())),
    )  # fmt: skip
