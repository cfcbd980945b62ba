"""What was fitted on held-out terrains, kept in the run as ``calibration.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from torch import nn

from inundate.core.errors import DataError, RunError
from inundate.core.files import write_text
from inundate.core.run import Run
from inundate.dataset.world.perturb import PerturbSettings
from inundate.emulate.uncertain.conformal import Band
from inundate.emulate.uncertain.copula import Copula
from inundate.emulate.uncertain.finish import Finish
from inundate.emulate.uncertain.settings import METHODS, Method
from inundate.emulate.zoo import Emulator
from inundate.learn.checkpoint import pointed, step_of

__all__ = [
    "FILE",
    "Calibration",
    "Fitted",
    "check_weights",
    "checkpoint_of",
    "load_calibration",
    "weights_hash",
]

FILE = "calibration.json"
FORMAT = 1


@dataclass(frozen=True)
class Fitted:
    """One way, fitted.

    Attributes
    ----------
    finish : Finish
    band : Band or None
        Of the conformal band.
    copula : Copula or None
        Of the conformal band, for samples.
    valid : mapping
        Scores on calibration terrains that were left out of the fit in turn.
    """

    finish: Finish
    valid: Mapping[str, Any]
    band: Band | None = None
    copula: Copula | None = None

    def to_json(self) -> dict[str, Any]:
        """Give JSON-able values."""
        found: dict[str, Any] = {"valid": dict(self.valid), "finish": self.finish.to_json()}
        if self.band is not None:
            found["band"] = self.band.to_json()
        if self.copula is not None:
            found["copula"] = self.copula.to_json()
        return found

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Fitted:
        """Read what :meth:`to_json` gave."""
        band, copula = stored.get("band"), stored.get("copula")
        return cls(
            Finish.from_json(stored["finish"]),
            stored["valid"],
            None if band is None else Band.from_json(band),
            None if copula is None else Copula.from_json(copula),
        )


@dataclass(frozen=True)
class Calibration:
    """All ways of a run, fitted.

    Attributes
    ----------
    ways : mapping of Method to Fitted
    default : Method
        The simplest way that none is clearly better than.
    best : Method
        The one with the lowest CRPS on the calibration terrains.
    members, seed : int
        Of the ensembles.
    perturb : PerturbSettings
    checkpoint : str
        Weights that it was fitted to.
    weights : str
        Hash of them, as :func:`weights_hash` gives it; empty in a calibration from before.
    factor : int
        Of the coarse solver that it was fitted with; 0 without one.
    fitted_on : mapping
        Data set, part, hash of the split, terrains and counts.
    """

    ways: Mapping[Method, Fitted]
    default: Method
    best: Method
    members: int
    seed: int
    perturb: PerturbSettings
    checkpoint: str
    weights: str = ""
    factor: int = 0
    fitted_on: Mapping[str, Any] = field(default_factory=dict)

    def of(self, method: Method | None = None) -> tuple[Method, Fitted]:
        """Give a way, by default the default one.

        Raises
        ------
        RunError
            If it was not fitted.
        """
        name = method or self.default
        if name not in self.ways:
            raise RunError(
                f"spread: {name} was not fitted; there are {', '.join(self.ways)}",
                hint=f"inundate spread RUN --method {name}",
            )
        return name, self.ways[name]

    def to_json(self) -> dict[str, Any]:
        """Give JSON-able values."""
        return {
            "kind": "calibration",
            "format": FORMAT,
            "default": self.default,
            "best": self.best,
            "members": self.members,
            "seed": self.seed,
            "perturb": self.perturb.model_dump(),
            "checkpoint": self.checkpoint,
            "weights": self.weights,
            "factor": self.factor,
            "fitted_on": dict(self.fitted_on),
            "ways": {name: made.to_json() for name, made in self.ways.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Calibration:
        """Read what :meth:`to_json` gave."""
        return cls(
            {name: Fitted.from_json(stored["ways"][name]) for name in METHODS
             if name in stored["ways"]},
            stored["default"], stored["best"], stored["members"], stored["seed"],
            PerturbSettings(**stored["perturb"]), stored["checkpoint"],
            stored.get("weights", ""), stored["factor"],
            stored["fitted_on"],
        )  # fmt: skip

    def save(self, run: Run) -> None:
        """Write it into a run, whole or not at all."""
        write_text(run.path / FILE, json.dumps(self.to_json(), indent=1) + "\n")


def checkpoint_of(run: Run) -> str:
    """Name the weights that a run, or exported weights, predict with."""
    folder = pointed(run.path, "best")
    step = run.manifest.get("checkpoint_step") if folder is None else step_of(folder)
    return f"step {step}"


def weights_hash(model: Emulator) -> str:
    """Give a short hash of the weights of a network; empty for a model that is none."""
    if not isinstance(model, nn.Module):
        return ""
    found = blake2b(digest_size=8)
    for name, value in sorted(model.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def check_weights(calibration: Calibration, model: Emulator, run: Run) -> None:
    """Check that a calibration was fitted to the weights of a model.

    Raises
    ------
    RunError
        If it was fitted to others, though of the same step.
    """
    own = weights_hash(model)
    if calibration.weights and calibration.weights != own:
        raise RunError(
            f"reading {run.path / FILE}: it was fitted to weights {calibration.weights}, the run "
            f"predicts with {own}",
            hint=f"inundate spread {run.path}",
        )


def load_calibration(run: Run) -> Calibration:
    """Read the calibration of a run.

    Raises
    ------
    RunError
        If there is none, or it belongs to weights that the run does not predict with any more.
    DataError
        If the file is damaged or of another version.
    """
    path = run.path / FILE
    fit = f"inundate spread {run.path}"
    if not path.is_file():
        raise RunError(
            f"reading {path}: the run has no calibration, so how sure it is is not known", hint=fit
        )
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if (stored["kind"], stored["format"]) != ("calibration", FORMAT):
            raise DataError(
                f"reading {path}: kind {stored['kind']!r}, format {stored['format']!r}, expected "
                f"'calibration', {FORMAT}",
                hint=fit,
            )
        found = Calibration.from_json(stored)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"reading {path}: not a whole calibration ({type(error).__name__}: {error})", hint=fit
        ) from error
    if found.checkpoint != checkpoint_of(run):
        raise RunError(
            f"reading {path}: it was fitted to {found.checkpoint}, the run predicts with "
            f"{checkpoint_of(run)}",
            hint=fit,
        )
    return found
