"""What a plan lists: terrains, storms, samples; small, plain and hashable as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inundate.dataset.world.sources import Part

__all__ = ["SampleSpec", "StormSpec", "TerrainSpec"]


@dataclass(frozen=True)
class TerrainSpec:
    """One terrain.

    Attributes
    ----------
    name : str
        Name of its block too.
    kind : str
        ``real``, or a kind of synthetic terrain.
    part : str
        ``train``, ``valid`` or ``test``.
    seed : int
        Of everything that is drawn for it, such as its roughness.
    side : int
        Rows and columns.
    cell_size_m : float
    left, top : float
        Outer corner in the north-west; made up for synthetic ones.
    crs : str
    edges : str
        ``open`` or ``closed``.
    turns : int
        Quarter turns.
    mirrored : bool
    source : str
        Name of the real heightmap; empty for synthetic ones.
    settings : mapping
        Of the maker of a synthetic terrain.
    """

    name: str
    kind: str
    part: Part
    seed: int
    side: int
    cell_size_m: float
    left: float
    top: float
    crs: str
    edges: str
    turns: int
    mirrored: bool
    source: str = ""
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StormSpec:
    """One storm on one terrain.

    Attributes
    ----------
    name : str
    kind : str
        A design storm, ``random-field``, or ``radar``.
    seed : int
    frames : int
        Frames with rain.
    total_mm : float
        Mean depth over the tile before rates are capped.
    duration_min : float
    source : str
        Name of the radar event; empty for others.
    settings : mapping
        Of the kind.
    """

    name: str
    kind: str
    seed: int
    frames: int
    total_mm: float
    duration_min: float
    source: str = ""
    settings: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class SampleSpec:
    """One simulation: a storm on a terrain, unperturbed (member 0) or perturbed.

    Attributes
    ----------
    terrain, storm : int
        Places in the lists of the plan.
    member : int
    frames : int
        Frames stored, those after the rain included.
    settings : mapping
        Solver settings away from the default; a member's are those of member 0.
    """

    terrain: int
    storm: int
    member: int
    frames: int
    settings: Mapping[str, Any]
