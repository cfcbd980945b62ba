"""Train an emulator on a data set, watched, into a run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inundate.core.config import resolve_settings
from inundate.core.errors import ConfigError, DataError, RunError
from inundate.core.files import check_not_input, check_output
from inundate.core.provenance import hash_path
from inundate.core.run import Run
from inundate.dataset.samples import Samples
from inundate.emulate.batches import FloodBatches
from inundate.emulate.direct import FILE, check_unread, fit_run
from inundate.emulate.export import find_weights, read_weights
from inundate.emulate.loss import DepthLoss, LossSettings, hybrid_of
from inundate.emulate.models.mode_h_vae import ModeHVAE
from inundate.emulate.scene import FAMILY_OF
from inundate.emulate.settings import DRAWS_MEMBERS, EmulatorSettings, ModeHVAESettings
from inundate.emulate.uncertain.collapse import SpreadWatch
from inundate.emulate.uncertain.loss import SpreadLoss
from inundate.emulate.zoo import DIRECT, Emulator, make_model
from inundate.hydro.settings import SimulateSettings
from inundate.learn.batches import Batch
from inundate.learn.device import pick_device
from inundate.learn.distributed import Ranks, join_ranks
from inundate.learn.job import TrainResult, Validate
from inundate.learn.loop import resume_training, train
from inundate.learn.probes import threshold_statistics
from inundate.learn.settings import TrainSettings, WatchSettings
from inundate.learn.validate import validate_on
from inundate.learn.watch import Watch
from inundate.learn.weights import load_model, load_weights, start_from

__all__ = [
    "LOOK_EVERY",
    "Heard",
    "Parts",
    "hybrid_of",
    "load_emulator",
    "loss_of",
    "make_parts",
    "resume_emulator",
    "train_emulator",
]

#: Is told the scores of each validation; what it raises ends the training.
Heard = Callable[[Mapping[str, float]], None]

WET_M = 0.05
# a look costs about 20 forward passes; small data sets have epochs of a few steps only
LOOK_EVERY = 100
# of its own, so that validations can be compared whatever the batch size and the processes are
_VALID_BATCH = 8


class Parts:
    """What a training is made of; built the same way at the start and on resuming.

    Parameters
    ----------
    samples : Samples
    settings : EmulatorSettings
    training : TrainSettings
    loss : LossSettings
    watching : WatchSettings
    workers, cache, progress
        As for :func:`train_emulator`.
    ranks : Ranks, optional
        The processes that train together.
    """

    def __init__(
        self,
        samples: Samples,
        settings: EmulatorSettings,
        training: TrainSettings,
        loss: LossSettings,
        watching: WatchSettings,
        *,
        workers: int = 1,
        cache: Path | None = None,
        progress: bool = False,
        ranks: Ranks | None = None,
    ) -> None:
        ranks = ranks or Ranks()
        self.samples, self.settings, self.training = samples, settings, training
        torch.manual_seed(training.seed)  # fresh weights depend on the seed alone
        self.model: Any = make_model(settings)
        self.loss = loss_of(settings, loss)
        shared: dict[str, Any] = {
            "members": settings.model in DRAWS_MEMBERS,
            "seed": training.seed,
            "device": pick_device(training.device, local_rank=ranks.local),
            "workers": workers,
            "cache": cache,
            "progress": progress and ranks.is_first,
        }
        self.batches = FloodBatches(
            samples,
            "train",
            settings,
            batch_size=training.batch_size,
            together=ranks.size,
            **shared,
        )
        valid = FloodBatches(
            samples, "valid", settings, batch_size=_VALID_BATCH, shuffle=False, **shared
        )
        self.validate = validate_on(valid, self.loss)
        self.watch = _watch(valid, self.batches, settings, watching)


def loss_of(settings: EmulatorSettings, loss: LossSettings) -> Any:
    """Give the loss that a model is trained and validated with."""
    if settings.model not in DRAWS_MEMBERS:
        return DepthLoss(loss)
    own = settings.own()
    assert isinstance(own, ModeHVAESettings)
    return SpreadLoss(loss, own)


def _watch(
    valid: FloodBatches,
    train_batches: FloodBatches,
    settings: EmulatorSettings,
    watching: WatchSettings,
) -> Watch:
    mean = train_batches.mean_depth()

    def all_dry(batch: Batch) -> Tensor:
        return torch.zeros_like(batch["target"])

    def climatology(batch: Batch) -> Tensor:
        return torch.full_like(batch["target"], mean)

    baselines: dict[str, Any] = {"all_dry": all_dry, "climatology": climatology}
    family = FAMILY_OF[settings.model]
    must_use = {
        "hybrid": ["terrain", "level"],
        "window": ["terrain", "rain"],
        "series": ["terrain", "rain"],
    }[family]
    if family == "hybrid":
        baselines["hybrid"] = hybrid_of
    if settings.heightmap == "none":
        must_use.remove("terrain")
    may_rest: tuple[str, ...] = ("rain", "terrain") if family != "hybrid" else ()
    watch = Watch
    if settings.model in DRAWS_MEMBERS:
        may_rest, watch = ModeHVAE.latent_blocks, SpreadWatch
    return watch(
        valid,
        target=_known_target,
        baselines=baselines,
        statistics=threshold_statistics(WET_M),
        must_use=must_use,
        may_rest=may_rest,
        settings=watching,
    )


def _known_target(batch: Batch) -> Tensor:
    return torch.where(batch["valid"] > 0, batch["target"], torch.nan)


def make_parts(
    config: Mapping[str, Any],
    samples: Samples,
    *,
    workers: int = 1,
    cache: Path | None = None,
    progress: bool = False,
    ranks: Ranks | None = None,
) -> Parts:
    """Build a training from the tables of a run's configuration."""
    return Parts(
        samples,
        resolve_settings(EmulatorSettings, flags=config.get("model", {})),
        resolve_settings(TrainSettings, flags=config.get("train", {})),
        resolve_settings(LossSettings, flags=config.get("loss", {})),
        resolve_settings(WatchSettings, flags=config.get("watch", {})),
        workers=workers,
        cache=cache,
        progress=progress,
        ranks=ranks,
    )


def train_emulator(
    dataset: Path | str,
    output: Path | str,
    *,
    settings: EmulatorSettings,
    training: TrainSettings,
    loss: LossSettings | None = None,
    watching: WatchSettings | None = None,
    workers: int = 1,
    cache: Path | None = None,
    init: Path | str | None = None,
    overwrite: bool = False,
    progress: bool = True,
    on_validation: Heard | None = None,
) -> tuple[Run, TrainResult]:
    """Train an emulator, in one process or in all those that torchrun started.

    Parameters
    ----------
    dataset : Path
        Made by ``inundate dataset build``.
    output : Path
        The run folder to make.
    settings, training, loss, watching
        What is trained, how long, with which loss and alarms; by default the alarms look
        every 100 steps.
    workers : int
        Processes that prepare the samples.
    cache : Path, optional
        Folder that keeps what they made, for the next training on the same data.
    init : Path, optional
        A trained run whose weights are started from: of the same model, or mode_h for mode_h_vae.
    overwrite : bool
        Replace an existing run.
    progress : bool
        Show how far it is.
    on_validation : callable, optional
        Is told the scores of each validation; what it raises ends the training.

    Raises
    ------
    ConfigError, DataError
        If settings or data do not fit.
    RunError
        If the run exists already, or is or holds what it is made from.
    TrainingStopped
        With a named cause, if an alarm stopped it.
    """
    settings.check()
    named = [Path(dataset), *([] if init is None else [find_weights(init)])]
    check_not_input(Path(output), named + ([] if cache is None else [cache]))
    check_output(output, overwrite)  # before the samples are prepared, which takes minutes
    samples = Samples(dataset)
    if settings.model in DIRECT:
        if init is not None:
            raise ConfigError(
                f"training {settings.model}: it is no network and cannot start from {init}",
                hint="leave --init out",
            )
        others = {"loss": (loss, LossSettings()), "watch": (watching, WatchSettings())}
        check_unread(settings.model, training, others)
        run = _direct_run(samples, dataset, output, settings, training, overwrite=overwrite)
        return _fit(run, samples, settings, training, progress=progress)
    loss = loss or LossSettings()
    watching = watching or WatchSettings(every_steps=LOOK_EVERY)
    config = {
        "data": {"path": str(Path(dataset).absolute())},
        "model": settings.model_dump(),
        "train": training.model_dump(),
        "loss": loss.model_dump(),
        "watch": watching.model_dump(),
    }
    if init is not None:
        config["init"] = {"run": str(find_weights(init).absolute())}
        _start_from(make_model(settings), find_weights(init))  # tried before the samples
    with join_ranks(training.device) as ranks:
        parts = Parts(
            samples,
            settings,
            training,
            loss,
            watching,
            workers=workers,
            cache=cache,
            progress=progress,
            ranks=ranks,
        )
        if init is not None:
            _start_from(parts.model, find_weights(init))

        def create() -> Run:
            return Run.create(
                output,
                kind="train",
                config=config,
                inputs={Path(dataset).name: hash_path(dataset)},
                overwrite=overwrite,
                model=settings.model,
                parameters=sum(p.numel() for p in parts.model.parameters()),
                split_hash=samples.attrs["split_hash"],
                simulation=_simulation(samples, parts.batches.numbers),
                trained_on=_trained_range(samples, parts.batches.numbers)
                | {"range": parts.batches.trained_range(samples)},
                limits=_limits(samples, parts.batches.numbers),
            )

        run = _made_once(create, ranks)
        result = train(
            parts.model,
            parts.batches,
            parts.loss,
            run=run,
            settings=training,
            validate=_heard(parts.validate, on_validation),
            watch=parts.watch,
            progress=progress,
        )
    return Run(run.path), result


def _direct_run(
    samples: Samples,
    dataset: Path | str,
    output: Path | str,
    settings: EmulatorSettings,
    training: TrainSettings,
    *,
    overwrite: bool,
) -> Run:
    """Make the run folder of a model that is no network."""
    numbers = samples.part("train")
    return Run.create(
        output,
        kind="train",
        config={
            "data": {"path": str(Path(dataset).absolute())},
            "model": settings.model_dump(),
            "train": training.model_dump(),
        },
        inputs={Path(dataset).name: hash_path(dataset)},
        overwrite=overwrite,
        model=settings.model,
        parameters=0,
        split_hash=samples.attrs["split_hash"],
        simulation=_simulation(samples, numbers),
        trained_on=_trained_range(samples, numbers),
        limits=_limits(samples, numbers),
    )


def _fit(
    run: Run,
    samples: Samples,
    settings: EmulatorSettings,
    training: TrainSettings,
    *,
    progress: bool,
) -> tuple[Run, TrainResult]:
    """Fit a model that is no network; on resuming from the beginning, which gives the same."""
    result = fit_run(
        run,
        DIRECT[settings.model],
        samples,
        settings.own(),
        seed=training.seed,
        progress=progress,
    )
    return Run(run.path), result


def _made_once(create: Callable[[], Run], ranks: Ranks) -> Run:
    """Let the first process make the run folder; the others open it."""
    made = ranks.made_by_first(create, lambda: None)
    path = ranks.first_of(None if made is None else made.path)
    return made or Run(path)


def _heard(validate: Validate, on_validation: Heard | None) -> Validate:
    """Let someone hear of each validation."""
    if on_validation is None:
        return validate

    def told(model: nn.Module) -> Mapping[str, float]:
        scores = validate(model)
        on_validation(scores)
        return scores

    return told


def _simulation(samples: Samples, numbers: list[int]) -> dict[str, Any]:
    """Give the solver settings that all samples share, and defaults where they differ.

    A prediction takes them where it is told nothing else. In a training world the frames after
    the rain belong to the storm, so there the minutes after it are those of a simulation.
    """
    rows = [samples.rows[number].settings for number in numbers]
    default = SimulateSettings().model_dump(mode="json")
    shared = {
        key: value
        for key, value in rows[0].items()
        if all(other.get(key) == value for other in rows)
    }
    if "infiltration" not in shared:  # no soil can be taken for that of all
        soil = ("loss_mm_h", "conductivity_mm_h", "suction_mm", "moisture_deficit")
        shared = {key: value for key, value in shared.items() if key not in soil}
    if "world" in samples.attrs:
        shared.pop("run_on_min", None)
    return {**default, **shared, "output_every_s": samples.interval_s}


def _trained_range(samples: Samples, numbers: list[int]) -> dict[str, Any]:
    rows = [samples.rows[number] for number in numbers]
    return {
        "cell_size_m": sorted({float(row.grid["dx"]) for row in rows}),
        "rain_mm": [min(row.rain_mm for row in rows), max(row.rain_mm for row in rows)],
        "regimes": sorted({row.regime for row in rows}),
        "edges": sorted({row.settings.get("edges", "open") for row in rows}),
        "infiltration": sorted({row.settings.get("infiltration", "none") for row in rows}),
        "interval_s": samples.interval_s,
        "samples": len(rows),
    }


def _limits(samples: Samples, numbers: list[int]) -> list[str]:
    found = _trained_range(samples, numbers)
    known = found["cell_size_m"]
    sizes = ", ".join(f"{size:g}" for size in known)
    if len(known) > 6:
        sizes = f"{known[0]:g} to {known[-1]:g}"
    low, high = found["rain_mm"]
    return [
        f"Trained on {found['samples']} samples: cells of {sizes} m, {low:.0f} to {high:.0f} mm "
        f"of rain, {', '.join(found['regimes'])} ground. Outside that range it is a guess.",
        "The truth here is our own solver (local inertial, rain on grid, no sewers), "
        "not observed floods.",
    ]


def _start_from(model: nn.Module, folder: Path) -> None:
    """Put in the weights of a run, or of exported weights; what they lack stays as it is."""
    given = read_weights(folder)
    if given is None:
        start_from(model, folder)
    else:
        where = f"{folder} to start from"
        load_weights(model, {**model.state_dict(), **given}, where=where)


def resume_emulator(
    path: Path | str,
    *,
    workers: int = 1,
    cache: Path | None = None,
    progress: bool = True,
    on_validation: Heard | None = None,
) -> tuple[Run, TrainResult]:
    """Go on with an interrupted training, bit for bit, with as many processes as before.

    Parameters
    ----------
    path : Path
        The run folder.
    workers, cache, progress, on_validation
        As for :func:`train_emulator`.

    Raises
    ------
    RunError
        If it is finished, locked, not a training, or its data set has changed.
    """
    run = Run(path)
    if run.manifest.get("kind") != "train":
        raise RunError(f"resuming {path}: it is a {run.manifest.get('kind')!r} run, not a training")
    if "data" not in run.config:
        raise RunError(
            f"resuming {path}: exported weights, without the state and data of their training",
            hint=f"inundate train DATASET --init {path} starts a new training from them",
        )
    source = Path(run.config["data"]["path"])
    samples = Samples(source)
    expected = run.manifest["inputs"].get(source.name)
    if hash_path(source) != expected:
        raise RunError(
            f"resuming {path}: the data set {source} is not the one that it was started with",
            hint="train a new run on the new data",
        )
    training = resolve_settings(TrainSettings, flags=run.config.get("train", {}))
    settings = resolve_settings(EmulatorSettings, flags=run.config.get("model", {}))
    if settings.model in DIRECT:
        return _fit(run, samples, settings, training, progress=progress)
    with join_ranks(training.device) as ranks:
        parts = make_parts(
            run.config, samples, workers=workers, cache=cache, progress=progress, ranks=ranks
        )
        result = resume_training(
            parts.model,
            parts.batches,
            parts.loss,
            run=run,
            settings=parts.training,
            validate=_heard(parts.validate, on_validation),
            watch=parts.watch,
            progress=progress,
        )
    return Run(run.path), result


def load_emulator(
    path: Path | str | None, *, which: str = "best"
) -> tuple[Run, EmulatorSettings, Emulator]:
    """Load a trained emulator, ready to predict.

    Parameters
    ----------
    path : Path or str, optional
        A run folder, exported weights, or the name of weights that ship; by default the
        shipped ones of :data:`inundate.emulate.export.DEFAULT`.
    which : str
        ``best`` or ``last`` checkpoint of a run folder.

    Raises
    ------
    MissingFileError, RunError, DataError
        If there is no such run, or it has no checkpoint or is damaged.
    """
    folder = find_weights(path)
    run = Run(folder)
    if "model" not in run.config:
        raise DataError(
            f"loading {folder}: its config.toml has no table [model]",
            hint="give a run folder made by inundate train",
        )
    _check_manifest(run)
    settings = resolve_settings(EmulatorSettings, toml=folder / "config.toml", table="model")
    if settings.model in DIRECT:
        return run, settings, DIRECT[settings.model].read(folder / FILE)
    model = make_model(settings)
    weights = read_weights(folder)
    if weights is None:
        load_model(model, run.path, which=which)
    else:
        load_weights(model, weights, where=str(folder / "model.safetensors"))
    return run, settings, model.eval()


def _check_manifest(run: Run) -> None:
    """Refuse a run whose manifest lacks what a prediction reads: it is damaged or too old."""
    lacks = [name for name in ("simulation", "trained_on") if name not in run.manifest]
    if lacks:
        version = run.manifest.get("provenance", {}).get("inundate", "unknown")
        raise RunError(
            f"loading {run.path}: its manifest.json has no {' and no '.join(lacks)}; the run was "
            f"made by inundate {version}",
            hint="train again, or take weights that ship (inundate weights list)",
        )
