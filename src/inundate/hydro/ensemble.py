"""Ensembles: every storm on every terrain, many times with other factors and noise.

A TOML file holds the table ``[ensemble]``, and if wanted ``[simulate]``::

    [ensemble]
    draws = 20
    seed = 7
    rain_factor = { distribution = "lognormal", median = 1.0, sigma = 0.2 }
    roughness_factor = { distribution = "uniform", low = 0.7, high = 1.4 }
    infiltration_factor = { distribution = "triangular", low = 0.5, mode = 1.0, high = 2.0 }
    elevation_noise_m = 0.15
    elevation_noise_length_m = 30.0

Draw ``k`` has the same factors and the same noise on every terrain and under every storm, and
they depend on the seed, the name of the factor and ``k`` alone: a member can be made by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from inundate.core.config import Settings
from inundate.core.errors import ConfigError
from inundate.core.seeds import make_rng, make_seed
from inundate.hydro.case import Case
from inundate.hydro.case_files import CaseFiles
from inundate.hydro.changes import Changes
from inundate.hydro.pairs import plan_pairs
from inundate.hydro.settings import SimulateSettings

__all__ = ["Distribution", "EnsembleSettings", "draw_changes", "plan_members"]

_NEEDED: dict[str, tuple[str, ...]] = {
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "normal": ("mean", "sigma"),
    "lognormal": ("median", "sigma"),
    "values": ("values",),
}
_OPTIONAL = {"normal": ("low", "high"), "lognormal": ("low", "high")}


class Distribution(Settings):
    """Where a value is drawn from."""

    distribution: Literal["uniform", "triangular", "normal", "lognormal", "values"] = Field(
        description="normal and lognormal are cut off at low and high"
    )
    low: float | None = Field(default=None, ge=0, description="least value")
    high: float | None = Field(default=None, gt=0, description="largest value")
    mode: float | None = Field(default=None, ge=0, description="most likely value")
    mean: float | None = Field(default=None, ge=0, description="of a normal distribution")
    median: float | None = Field(default=None, gt=0, description="of a lognormal distribution")
    sigma: float | None = Field(
        default=None, gt=0, description="standard deviation; lognormal: of the logarithm"
    )
    values: tuple[float, ...] | None = Field(
        default=None, min_length=1, description="each as likely as the others"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = {name for name in self.model_fields_set if name != "distribution"}
        needed = set(_NEEDED[self.distribution])
        allowed = needed | set(_OPTIONAL.get(self.distribution, ()))
        if not needed <= given <= allowed:
            raise ValueError(
                f"{self.distribution!r} takes {', '.join(_NEEDED[self.distribution])}; found "
                f"{', '.join(sorted(given)) or 'nothing'}"
            )
        low, high = self.low or 0.0, math.inf if self.high is None else self.high
        middle = low if self.mode is None else self.mode
        if not low <= middle <= high or low == high:
            raise ValueError(
                f"expected low < high, and mode between: {low:g}, {middle:g}, {high:g}"
            )
        if self.values is not None and min(self.values) < 0:
            raise ValueError(f"values of {min(self.values):g}, expected 0 or more")
        if self._share_inside() < _LEAST_SHARE:
            raise ValueError(f"hardly any of it lies between {low:g} and {high:g}")
        return self

    def _share_inside(self) -> float:
        """Give the probability of a value between low and high."""
        if self.distribution not in ("normal", "lognormal"):
            return 1.0
        high = math.inf if self.high is None else self.high
        return self._below(high) - self._below(self.low or 0.0)

    def _below(self, value: float) -> float:
        if self.distribution == "normal":
            score = (value - self._number("mean")) / self._number("sigma")
        else:
            log = math.log(value) if value > 0 else -math.inf
            score = (log - math.log(self._number("median"))) / self._number("sigma")
        return 0.5 * (1 + math.erf(score / math.sqrt(2)))

    def _number(self, name: str) -> float:
        found = getattr(self, name)
        assert found is not None  # checked: this distribution takes it
        return float(found)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a value."""
        if self.distribution == "values":
            assert self.values is not None
            return float(self.values[int(rng.integers(len(self.values)))])
        if self.distribution == "uniform":
            return float(rng.uniform(self._number("low"), self._number("high")))
        if self.distribution == "triangular":
            low, mode, high = (self._number(name) for name in ("low", "mode", "high"))
            return float(rng.triangular(low, mode, high))
        low, high = self.low or 0.0, math.inf if self.high is None else self.high
        while True:  # comes to an end: a good share lies inside
            value = float(rng.normal(0.0, self._number("sigma")))
            if self.distribution == "normal":
                value += self._number("mean")
            else:
                value = self._number("median") * math.exp(value)
            if low <= value <= high:
                return value


_LEAST_SHARE = 1e-3
Factor = float | Distribution


class EnsembleSettings(Settings):
    """Table ``[ensemble]``: how often, and what is changed."""

    draws: int = Field(
        default=1, ge=1, le=100_000, description="members for each storm on each terrain"
    )
    seed: int = Field(default=0, ge=0, description="of all that is drawn")
    rain_factor: Factor = Field(default=1.0, description="of all rain")
    roughness_factor: Factor = Field(default=1.0, description="of Manning's n")
    infiltration_factor: Factor = Field(
        default=1.0, description="of the rate of loss into the ground"
    )
    elevation_noise_m: Factor = Field(
        default=0.0, description="standard deviation of noise on the heights, m"
    )
    elevation_noise_length_m: Factor = Field(
        default=0.0, description="distance over which that noise is alike, m"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in _FACTORS:
            value = getattr(self, name)
            if isinstance(value, float) and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value:g}, expected 0 or more")
        if self.draws > 1 and all(getattr(self, n) == 1.0 for n in _FACTORS[:3]) and not (
            self.elevation_noise_m
        ):  # fmt: skip
            raise ValueError(f"{self.draws} draws that are all the same: no factor and no noise")
        return self


_FACTORS = (
    "rain_factor", "roughness_factor", "infiltration_factor", "elevation_noise_m",
    "elevation_noise_length_m",
)  # fmt: skip


def draw_changes(settings: EnsembleSettings, draw: int) -> Changes:
    """Give the changes of one draw, whatever the others are.

    Parameters
    ----------
    settings : EnsembleSettings
        Distributions and seed.
    draw : int
        From 0.

    Examples
    --------
    >>> half = Distribution(distribution="uniform", low=0.5, high=1.0)
    >>> some = EnsembleSettings(draws=9, rain_factor=half)
    >>> draw_changes(some, 4) == draw_changes(some.model_copy(update={"draws": 5}), 4)
    True
    """
    values = {}
    for name in _FACTORS:
        factor = getattr(settings, name)
        if isinstance(factor, Distribution):
            factor = factor.draw(make_rng(settings.seed, "ensemble", name, draw))
        values[name] = float(factor)
    seed = 0
    if values["elevation_noise_m"]:
        seed = make_seed(settings.seed, "ensemble", "noise", draw)
    return Changes(**values, noise_seed=seed)


def plan_members(
    rains: Sequence[Path],
    terrains: Sequence[Path],
    output: Path,
    settings: SimulateSettings,
    ensemble: EnsembleSettings,
    *,
    files: CaseFiles | None = None,
) -> list[Case]:
    """List the members of an ensemble.

    Parameters
    ----------
    rains, terrains : sequence of Path
        Inputs; all pairs are made.
    output : Path
        Folder that receives ``TERRAIN__STORM__DRAW.zarr``.
    settings : SimulateSettings
        Of every member, before its changes.
    ensemble : EnsembleSettings
        Draws and distributions.
    files : CaseFiles, optional
        The other inputs.

    Returns
    -------
    list of Case
        With absolute paths, in the order storm, terrain, draw.

    Raises
    ------
    ConfigError
        If two inputs have the same name, the output is no folder, or a draw leaves the range of
        a setting.
    MissingFileError
        If an input does not exist.
    """
    if output.suffix == ".zarr" or output.is_file():
        raise ConfigError(
            f"writing {output}: an ensemble needs a folder",
            hint=f"try -o {output.with_suffix('')}",
        )
    members = []
    pairs = plan_pairs(
        [path.resolve() for path in rains], [path.resolve() for path in terrains],
        output.resolve(), settings, files=_absolute(files or CaseFiles()), overwrite=True,
        in_folder=True,
    )  # fmt: skip
    for pair, draw in product(pairs, range(ensemble.draws)):
        case = pair.case
        name = f"{case.terrain_name}__{case.storm_name}__{draw:04d}"
        changes = draw_changes(ensemble, draw)
        changes.settings(settings, has_land=case.files.land_cover is not None)  # refuses a bad one
        target = case.output.with_name(f"{name}.zarr")
        labels = {"name": name, "draw": draw, "seed": ensemble.seed}
        members.append(replace(case, output=target, changes=changes, labels=labels))
    return members


def _absolute(files: CaseFiles) -> CaseFiles:
    values: dict[str, Any] = files.model_dump(exclude_none=True)
    for name, value in values.items():
        if isinstance(value, Path) or (name == "land_table" and Path(value).suffix):
            values[name] = Path(value).resolve()
    if "land_table" in values:
        values["land_table"] = str(values["land_table"])
    return CaseFiles(**values)


def described(changes: Changes) -> dict[str, float]:
    """Give the changes that change anything."""
    plain = asdict(Changes())
    return {name: value for name, value in asdict(changes).items() if value != plain[name]}
