"""Settings of the training world, and the sizes that ship with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from inundate.core.config import Settings, read_toml, resolve_settings
from inundate.core.errors import ConfigError, nearest
from inundate.dataset.world.perturb import PerturbSettings

__all__ = ["SIZES", "PartSettings", "WorldSettings", "read_world"]

SIZES = ("tiny", "laptop", "gpu")
"""Worlds whose settings ship with the package."""
_TABLE = "world"
_BASE = "base"
TILE_STEP = 32  # coarse solvers and networks halve a side up to five times


class PartSettings(Settings):
    """How many terrains of each kind a part of the world has."""

    fractal: int = Field(default=0, ge=0, description="fractal hills")
    valley: int = Field(default=0, ge=0, description="winding valleys with a channel")
    plain: int = Field(default=0, ge=0, description="alluvial plains")
    urban: int = Field(
        default=0, ge=0, description="towns whose buildings stand in the water's way"
    )
    town: int = Field(default=0, ge=0, description="towns as bare earth, without buildings")
    dam: int = Field(default=0, ge=0, description="valleys crossed by a wall with a gap or culvert")
    real: int = Field(default=0, ge=0, description="tiles of real heightmaps")
    ensembles: int = Field(default=0, ge=0, description="samples that get perturbed members")

    def kinds(self) -> dict[str, int]:
        """Give the number of terrains by kind."""
        return {key: value for key, value in self.model_dump().items() if key != "ensembles"}


class WorldSettings(Settings):
    """What the training world is made of."""

    name: str = Field(default="world", min_length=1, description="name told in the result")
    sides: tuple[int, ...] = Field(default=(128,), min_length=1, description="tile sides, cells")
    storms_least: int = Field(default=4, ge=1, description="fewest storms a terrain")
    storms_most: int = Field(default=4, ge=1, description="most storms a terrain")
    real: bool | Literal["auto"] = Field(
        default="auto",
        description="use real terrains and radar of --data: true needs them, auto takes them where "
        "they are given",
    )
    train: PartSettings = Field(default=PartSettings(), description="what is trained on")
    valid: PartSettings = Field(default=PartSettings(), description="what calibrates and chooses")
    test: PartSettings = Field(default=PartSettings(), description="what is scored")
    members: int = Field(default=8, ge=1, description="perturbed members of an ensemble")
    total_mm: tuple[float, float] = Field(
        default=(8.0, 120.0), description="range of the mean rain of a storm, log-uniform, mm"
    )
    duration_min: tuple[float, float] = Field(
        default=(30.0, 240.0), description="range of a storm's length, log-uniform, minutes"
    )
    peak_mm_h: float = Field(
        default=250.0, gt=0, description="no cell gets more rain in a frame, mm h-1"
    )
    interval_s: float = Field(default=600.0, gt=0, description="time between frames, s")
    run_on_frames: int = Field(default=6, ge=0, description="frames after the rain")
    frames_most: int = Field(default=24, ge=2, description="most frames of a sample")
    open_share: float = Field(
        default=0.8, ge=0, le=1, description="share of terrains with open edges; others are closed"
    )
    cost_s: float = Field(
        default=3.0,
        gt=0,
        description="tile and storm are chosen so that one core is thought to need less, s",
    )
    perturb: PerturbSettings = Field(
        default=PerturbSettings(), description="how members of an ensemble are perturbed"
    )

    @model_validator(mode="after")
    def _fits(self) -> WorldSettings:
        odd = [side for side in self.sides if side < TILE_STEP or side % TILE_STEP]
        if odd:
            raise ValueError(f"sides are {odd}, expected multiples of {TILE_STEP}")
        if self.storms_least > self.storms_most:
            raise ValueError("storms_least is above storms_most")
        for name in ("total_mm", "duration_min"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} is {low:g} to {high:g}, expected two rising above 0")
        storm = self.duration_min[0] * 60 / self.interval_s
        if storm > self.frames_most:
            raise ValueError("the shortest storm has more frames than frames_most")
        for name in ("train", "valid", "test"):
            part: PartSettings = getattr(self, name)
            if not sum(count for kind, count in part.kinds().items() if kind != "real"):
                raise ValueError(f"part {name} has no synthetic terrain")
        return self


def read_world(name: Path | str) -> WorldSettings:
    """Give the settings of a world: a shipped size, or a TOML file.

    Parameters
    ----------
    name : str or Path
        One of :data:`SIZES`, or a file with table ``[world]``. Its key ``base`` may name a size
        whose settings hold where the file says nothing.

    Raises
    ------
    ConfigError
        If it is neither, or a setting is wrong.
    MissingFileError
        If the file does not exist.

    Examples
    --------
    >>> read_world("tiny").sides
    (128,)
    """
    text = str(name)
    if text in SIZES:
        return _resolve(_shipped(text))
    if Path(text).suffix != ".toml":
        close = nearest(text, SIZES)
        raise ConfigError(
            f"--world {text}: expected one of {', '.join(SIZES)}, or a .toml file",
            hint=f"did you mean {close!r}?" if close else None,
        )
    content = read_toml(text)
    table = content.get(_TABLE)
    if not isinstance(table, dict):
        raise ConfigError(f"{text}: no table [{_TABLE}]; found {', '.join(content) or 'nothing'}")
    base = table.pop(_BASE, None)
    if base is not None and base not in SIZES:
        raise ConfigError(f"{text}: base = {base!r}, expected one of {', '.join(SIZES)}")
    table.setdefault("name", Path(text).stem)
    return _resolve(_merged(_shipped(base), table) if base else table)


def _shipped(size: str) -> dict[str, Any]:
    with resources.as_file(resources.files(__package__) / f"{size}.toml") as path:
        return dict(read_toml(path)[_TABLE])


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in over.items():
        below = found.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        found[key] = _merged(below, value) if both else value  # type: ignore[arg-type]
    return found


def _resolve(table: dict[str, Any]) -> WorldSettings:
    return resolve_settings(WorldSettings, flags=table)
