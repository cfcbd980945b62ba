"""The commands ``inundate train`` and ``inundate resume``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Overwrite
from inundate.emulate.settings import EmulatorSettings
from inundate.learn.settings import TrainSettings

if TYPE_CHECKING:
    from inundate.core.run import Run
    from inundate.learn.job import TrainResult

__all__ = ["resume", "train"]


def train(
    dataset: Path,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    config: Path | None = None,
    init: str | None = None,
    settings: Annotated[EmulatorSettings | None, Parameter(name="*", consume_multiple=True)] = None,
    training: Annotated[TrainSettings | None, Parameter(name="*")] = None,
    workers: int = 1,
    cache: Path | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train an emulator on a data set, watched by alarms.

    Started by torchrun --nproc-per-node N -m inundate train, N processes train together, each with
    batches of --batch-size.

    Parameters
    ----------
    dataset
        Made by inundate dataset build.
    output
        The run folder; by default runs/TIME-MODEL-ID.
    config
        TOML file, or the name of one that ships, such as unet or temporal_cnn_deep; tables [model],
        [train], [loss] and [watch] hold the settings.
    workers
        Processes that prepare the samples (the coarse solver runs once for each).
    cache
        Folder that keeps what they made, for the next training on the same data.
    init
        Trained run, exported weights or the name of weights that ship, from whose weights the
        training starts: of the same model, or of mode_h for mode_h_vae. Its settings of the
        model hold where neither file nor flags say otherwise.

    Examples
    --------
    ``inundate train data.zarr --model mode_h --max-minutes 10 -o runs/first``

    ``inundate train mine.zarr --config mode_h --init runs/first --epochs 5 -o runs/mine``

    ``inundate train data.zarr --config temporal_cnn_deep -o runs/deep``

    ``torchrun --nproc-per-node 2 -m inundate train data.zarr --epochs 20 -o runs/first``
    """
    from inundate.core.config import read_toml, resolve_settings
    from inundate.core.run import run_name
    from inundate.emulate.configs import find_config
    from inundate.emulate.loss import LossSettings
    from inundate.emulate.train import train_emulator
    from inundate.learn.settings import WatchSettings

    config = None if config is None else find_config(config)
    watched = config is not None and "watch" in read_toml(config)
    if init is not None:
        given = _on_top_of(init, None if config is None else read_toml(config), settings)
        model = resolve_settings(EmulatorSettings, flags=given)
    else:
        model = resolve_settings(EmulatorSettings, toml=config, table="model", flags=settings)
    target = output or Path("runs") / run_name(model.model)
    with _resumable(target):
        run, result = train_emulator(
            dataset,
            target,
            settings=model,
            training=resolve_settings(TrainSettings, toml=config, table="train", flags=training),
            loss=resolve_settings(LossSettings, toml=config, table="loss"),
            watching=resolve_settings(WatchSettings, toml=config, table="watch")
            if watched
            else None,
            workers=workers,
            cache=cache,
            init=init,
            overwrite=overwrite,
        )
    _tell(run, result, json=json)


def _on_top_of(
    init: str, config: Mapping[str, Any] | None, flags: EmulatorSettings | None
) -> dict[str, Any]:
    """Give the settings of a model that starts from another: its own, then file, then flags."""
    from inundate.core.errors import ConfigError
    from inundate.core.run import Run
    from inundate.emulate.export import find_weights

    base = dict(Run(find_weights(init)).config.get("model", {}))
    given: dict[str, Any] = base | (config or {}).get("model", {})
    given |= {} if flags is None else flags.model_dump(exclude_unset=True)
    pair = base.get("model"), given.get("model")
    if pair[0] != pair[1] and pair != ("mode_h", "mode_h_vae"):  # that one has all of the other
        raise ConfigError(
            f"training {pair[1]}: {init}, to start from, is a {pair[0]}",
            hint=f"leave --init out, or train a {pair[0]}",
        )
    return given


def resume(run: Path, *, json: Json = False) -> None:
    """Go on with an interrupted training, bit for bit.

    Parameters
    ----------
    run
        The run folder.

    Examples
    --------
    ``inundate resume runs/first``
    """
    from inundate.emulate.train import resume_emulator

    with _resumable(run):
        opened, result = resume_emulator(run)
    _tell(opened, result, json=json)


class _resumable:
    """Add the resume command to a Ctrl-C."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, KeyboardInterrupt) and not getattr(error, "__notes__", []):
            error.add_note(f"inundate resume {self.path}")


def _tell(run: Run, result: TrainResult, *, json: bool) -> None:
    from inundate.cli.shell import emit
    from inundate.learn.distributed import is_first_process

    if not is_first_process():
        return

    figures: dict[str, Any] = {
        "run": str(run.path),
        "status": run.status,
        "model": run.manifest["model"],
        "parameters": run.manifest["parameters"],
        "steps": result.step,
        "epochs": round(result.epoch, 2),
        "ended_by": result.ended_by,
        "wall_s": round(result.wall_s, 1),
        "valid": {name: float(value) for name, value in result.scores.items()},
        "best_step": result.best_step,
        "alarms": [str(alarm.cause) for alarm in result.alarms],
        "next": f"inundate evaluate {run.path}",
    }

    def text() -> str:
        alarms = ", ".join(figures["alarms"]) or "none"
        return (
            f"{figures['model']} trained: {figures['steps']} steps, {figures['epochs']} epochs, "
            f"{figures['wall_s']} s, ended by {figures['ended_by']}; alarms at the end: {alarms}\n"
            f"  run   {run.path} (best at step {result.best_step})\n"
            f"  next  {figures['next']}"
        )

    emit(figures, json=json, text=text)
