"""Put trained weights into a model, after checking that they fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from inundate.core.errors import DataError, MissingFileError
from inundate.learn.checkpoint import pointed, read_checkpoint

__all__ = ["load_model", "load_weights", "start_from"]


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Put weights into a model after checking every name and shape.

    Raises
    ------
    DataError
        If names or shapes differ; the message lists up to three of each kind.
    """
    own = model.state_dict()
    faults = [
        _some("missing", [name for name in own if name not in tensors]),
        _some("unknown", [name for name in tensors if name not in own]),
        _some(
            "of another shape",
            [
                f"{name} {tuple(tensors[name].shape)}, expected {tuple(own[name].shape)}"
                for name in own
                if name in tensors and tensors[name].shape != own[name].shape
            ],
        ),
    ]
    if any(faults):
        raise DataError(
            f"reading {where}: its weights do not fit {type(model).__name__}: "
            + "; ".join(filter(None, faults)),
            hint="its settings differ from those of the training, or another version of inundate "
            "made it: take the settings of its config.toml, or train again",
        )
    model.load_state_dict(dict(tensors))


def _some(what: str, names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{what}: {', '.join(names[:3])}{more}" if names else ""


def load_model(model: nn.Module, path: Path, *, which: str = "best") -> Path:
    """Put trained weights into a model.

    Parameters
    ----------
    model : Module
        Built with the settings that the weights were trained with.
    path : Path
        A run folder, or one checkpoint folder.
    which : str
        ``"best"`` or ``"last"`` of a run folder.

    Returns
    -------
    Path
        The checkpoint folder that was read. Its running mean is taken where there is one.

    Raises
    ------
    MissingFileError, DataError
        If there is no such checkpoint, it is damaged, or it does not fit the model.
    """
    folder = path if (path / "state.json").is_file() else pointed(path, which)
    if folder is None:
        raise MissingFileError(
            f"loading weights from {path}: it has no {which!r} checkpoint",
            hint="give a run folder with checkpoints, or a checkpoint folder",
        )
    found = read_checkpoint(folder)
    part = "ema" if "ema" in found.tensors else "model"
    load_weights(model, found.tensors[part], where=f"{folder / part}.safetensors")
    return folder


def start_from(model: nn.Module, path: Path, *, which: str = "best") -> None:
    """Put the weights of another run into a model that has them all, and perhaps more.

    Parameters
    ----------
    model : Module
        What the other run has no weights for stays as it is.
    path : Path
        A run folder.
    which : str
        ``"best"`` or ``"last"``.

    Raises
    ------
    MissingFileError, DataError
        If there is no such checkpoint, or the model lacks one of its weights or has another shape.
    """
    folder = pointed(path, which)
    if folder is None:
        raise MissingFileError(
            f"starting from {path}: it has no {which!r} checkpoint",
            hint="give a run folder that a training has finished in",
        )
    found = read_checkpoint(folder)
    given = found.tensors["ema" if "ema" in found.tensors else "model"]
    own = model.state_dict()
    load_weights(model, {**own, **given}, where=f"{folder} to start from")
