"""Settings of the spread: which ways, how many members, what is fitted."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from pydantic import Field

from inundate.core.config import Settings
from inundate.dataset.world.perturb import PerturbSettings

__all__ = ["METHODS", "Method", "OutputSettings", "SpreadSettings"]

Method: TypeAlias = Literal["conformal", "hybrid-ensemble", "dressed-ensemble", "vae"]
METHODS: tuple[Method, ...] = get_args(Method)
"""Ways to a spread, the simplest first."""


class SpreadSettings(Settings):
    """How the spread of a run is made and calibrated."""

    members: int = Field(default=16, ge=4, le=512, description="Members of an ensemble.")
    thresholds_m: tuple[float, ...] = Field(
        default=(0.05, 0.1, 0.3, 0.5, 1.0),
        min_length=1,
        description="Depths whose probability is calibrated, m.",
    )
    unit: Literal["cell", "terrain"] = Field(
        default="cell",
        description="What the conformal band takes for exchangeable: cells, or whole terrains "
        "(wider, and only with many of them).",
    )
    cells: int = Field(
        default=160, ge=20, description="Cells drawn from each frame to calibrate with."
    )
    folds: int = Field(
        default=5,
        ge=2,
        description="Parts of the terrains, each left out once to compare the ways.",
    )
    seed: int = Field(default=0, ge=0, description="Of the cells and of the members.")
    perturb: PerturbSettings | None = Field(
        default=None,
        description="How far apart the inputs of an ensemble are; by default as in the data set.",
    )


class OutputSettings(Settings):
    """What a prediction says of how sure it is."""

    method: Method | None = Field(
        default=None, description="Way to the spread; by default the one that calibration chose."
    )
    members: int | None = Field(
        default=None, ge=4, le=512, description="Members of an ensemble; by default as calibrated."
    )
    quantiles: tuple[float, ...] = Field(
        default=(0.05, 0.5, 0.95), min_length=1, description="Levels of the depth's quantiles."
    )
    thresholds: tuple[float, ...] | None = Field(
        default=None,
        min_length=1,
        description="Depths whose probability is given, m; by default all that were calibrated.",
    )
    samples: int = Field(
        default=0, ge=0, le=512, description="Whole floods to draw, each coherent in space."
    )
    spread_seed: int = Field(default=0, ge=0, description="Of the members and samples.")
