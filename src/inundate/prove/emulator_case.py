"""A run of an emulator as the doctor sees it: :func:`run_case`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inundate.core.config import Settings, resolve_settings
from inundate.core.errors import ConfigError, MissingFileError
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.loss import LossSettings
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.train import Parts
from inundate.emulate.zoo import NETWORKS
from inundate.learn.batches import Batches
from inundate.learn.optim import make_optimiser
from inundate.learn.settings import TrainSettings, WatchSettings
from inundate.learn.weights import load_model
from inundate.prove.case import Case, call_with_table

__all__ = ["run_case"]

_EPOCHS = 4  # pieces are drawn anew each epoch: some make a small data set worth looking at
_TABLES: dict[str, type[Settings]] = {
    "model": EmulatorSettings, "train": TrainSettings, "loss": LossSettings,
    "watch": WatchSettings,
}  # fmt: skip


class _Epochs:
    """The batches of a training, epoch after epoch as they are asked for."""

    def __init__(self, batches: Batches, epochs: int) -> None:
        self._batches, self._epochs, self._next = batches, epochs, 0

    def __len__(self) -> int:
        return len(self._batches) * self._epochs

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        first, self._next = self._next, self._next + self._epochs
        for epoch in range(first, first + self._epochs):
            for index in range(len(self._batches)):
                yield self._batches.batch(epoch, index)


def run_case(
    path: Path | str, *, dataset: Path | str | None = None, untrained: bool = False
) -> Case:
    """Build a case from a run folder: the model and data that its configuration names.

    Parameters
    ----------
    path : Path
        Run folder of ``inundate train``.
    dataset : Path, optional
        Where the data set is, if not where it was.
    untrained : bool
        Start from fresh weights instead of judging those of the run.

    Raises
    ------
    RunError, MissingFileError
        If it is no run, or its data are gone.
    ConfigError
        If the model is no network.
    """
    run = Run(path)
    config = run.config
    name = str(config.get("model", {}).get("model", ""))
    if name not in NETWORKS:
        raise ConfigError(
            f"examining {path}: its model {name or '(none named)'} is no network; expected one of "
            f"{', '.join(NETWORKS)}",
            hint="inundate evaluate scores any model of the zoo",
        )
    known, unread = _read(config)
    where = Path(dataset or config["data"]["path"])
    if not where.exists():
        raise MissingFileError(
            f"examining {path}: its data set {where} is gone", hint="name it by --dataset"
        )
    training = resolve_settings(TrainSettings, flags=known["train"])
    parts = Parts(
        Samples(where),
        resolve_settings(EmulatorSettings, flags=known["model"]),
        training.model_copy(update={"device": "cpu"}),
        resolve_settings(LossSettings, flags=known["loss"]),
        resolve_settings(WatchSettings, flags=known["watch"]),
    )
    trained = not untrained and (run.path / "best").exists()
    if trained:
        load_model(parts.model, run.path)
    return Case(
        name=str(path),
        model=parts.model,
        train=_Epochs(parts.batches, _EPOCHS),
        valid=_Epochs(_valid(parts), 1),
        call=call_with_table,
        loss=lambda pupil, batch: parts.loss(pupil, batch)["loss"],
        optimiser=lambda pupil: make_optimiser(pupil, training),
        known=_known,
        spare=_spare(parts),
        may_rest=tuple(getattr(parts.model, "latent_blocks", ())),
        unread=unread,
        trained=trained,
        told=_told(run),
    )


def _read(config: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Part what the settings know from what nothing reads."""
    known: dict[str, dict[str, Any]] = {}
    unread = [key for key in config if key not in (*_TABLES, "data", "init")]
    for table, settings in _TABLES.items():
        given = config.get(table, {})
        known[table] = {k: v for k, v in given.items() if k in settings.model_fields}
        unread += [f"{table}.{key}" for key in given if key not in settings.model_fields]
    return known, unread


def _valid(parts: Parts) -> Batches:
    return parts.watch._batches


def _spare(parts: Parts) -> list[str]:
    """Give the inputs that a healthy model of this family may do without."""
    must = parts.watch.must_use or ()
    return [name for name in parts.watch._batches.batch(0, 0)["inputs"] if name not in must]


def _known(batch: Mapping[str, Any]) -> Tensor:
    return torch.as_tensor(batch["valid"] > 0)


def _told(run: Run) -> list[str]:
    """Give what the run recorded of itself: its end, its alarms, its first and last loss."""
    manifest = run.manifest
    found = [f"{manifest.get('status', 'unknown')} at step {manifest.get('step', '?')}"]
    if manifest.get("cause"):
        found.append(f"stopped by the alarm {manifest['cause']}")
    found += [f"alarm {one['cause']}: {one['evidence']}" for one in manifest.get("alarms", [])]
    losses = [float(line["train"]["loss"]) for line in run.read_metrics() if "train" in line]
    losses = [value for value in losses if math.isfinite(value)]
    if losses:
        found.append(f"training loss from {losses[0]:.4g} to {losses[-1]:.4g}")
    return found
