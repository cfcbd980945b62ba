"""Plan a world: every terrain, storm and sample, from settings and a seed alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from inundate.core.seeds import make_rng, make_seed
from inundate.dataset.samples import Row
from inundate.dataset.split import Split
from inundate.dataset.world.cost import estimate_s
from inundate.dataset.world.library import Library
from inundate.dataset.world.plan_storms import draw_soil, plan_storm
from inundate.dataset.world.plan_terrains import plan_terrains
from inundate.dataset.world.settings import WorldSettings
from inundate.dataset.world.spec import SampleSpec, StormSpec, TerrainSpec
from inundate.hydro.settings import SimulateSettings

__all__ = ["Plan", "make_plan"]

START = "2000-01-01T00:00:00"
"""Every storm starts then: real ones were moved, and say so in their names."""


@dataclass(frozen=True)
class Plan:
    """A world before it is made.

    Attributes
    ----------
    settings : WorldSettings
    seed : int
    inputs : dict
        Real files by their hash.
    terrains, storms, samples : tuple
        Samples of one terrain stand together, member 0 before its others.
    """

    settings: WorldSettings
    seed: int
    inputs: dict[str, str]
    terrains: tuple[TerrainSpec, ...]
    storms: tuple[StormSpec, ...]
    samples: tuple[SampleSpec, ...]

    def hash(self) -> str:
        """Give a hash of all that decides what is made."""
        content = {
            "settings": self.settings.model_dump(mode="json"),
            "seed": self.seed,
            "inputs": self.inputs,
            "terrains": [asdict(one) for one in self.terrains],
            "storms": [asdict(one) for one in self.storms],
            "samples": [asdict(one) for one in self.samples],
        }
        text = json.dumps(content, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def split(self) -> Split:
        """Give the split by terrain and storm."""
        storms = {
            self.storms[one.storm].name: self.terrains[one.terrain].part for one in self.samples
        }
        return Split(
            {one.name: one.part for one in self.terrains},
            {name: "test" if part == "test" else "train" for name, part in storms.items()},
        )

    def shape(self) -> tuple[int, int]:
        """Give the most frames and the longest side."""
        return max(one.frames for one in self.samples), max(one.side for one in self.terrains)

    def of_terrain(self) -> dict[int, list[int]]:
        """Give the numbers of the samples of each terrain."""
        found: dict[int, list[int]] = {place: [] for place in range(len(self.terrains))}
        for number, sample in enumerate(self.samples):
            found[sample.terrain].append(number)
        return found

    def cost_s(self, number: int) -> float:
        """Estimate the seconds of one core for a sample."""
        sample = self.samples[number]
        terrain = self.terrains[sample.terrain]
        simulated = sample.frames * self.settings.interval_s
        return estimate_s(terrain.kind, terrain.side, terrain.cell_size_m, simulated)

    def name(self, number: int) -> str:
        """Name a sample: terrain, storm, and the member if it is a perturbed one."""
        sample = self.samples[number]
        text = f"{self.terrains[sample.terrain].name}@{self.storms[sample.storm].name}"
        return f"{text}#{sample.member}" if sample.member else text

    def solver(self, number: int) -> SimulateSettings:
        """Give the solver settings of a sample, unperturbed."""
        return SimulateSettings(**self.samples[number].settings)

    def row(self, number: int, *, regime: str, rain_mm: float, grid: dict[str, Any]) -> Row:
        """Give the line of a sample in the data set's table."""
        sample = self.samples[number]
        terrain, storm = self.terrains[sample.terrain], self.storms[sample.storm]
        return Row(
            name=self.name(number), terrain=terrain.name, block=terrain.name, storm=storm.name,
            regime=regime, split=terrain.part, frames=sample.frames, place=sample.terrain,
            grid=grid, settings=self.solver(number).model_dump(mode="json"), rain_mm=rain_mm,
            start=START, member=sample.member, chunk=number,
        )  # fmt: skip


def make_plan(settings: WorldSettings, seed: int, library: Library) -> Plan:
    """List everything a world is made of.

    Parameters
    ----------
    settings : WorldSettings
    seed : int
    library : Library
        Real heightmaps and storms; the same ones give the same plan.
    """
    terrains = plan_terrains(settings, seed, library)
    storms: list[StormSpec] = []
    pairs: list[SampleSpec] = []
    for place, terrain in enumerate(terrains):
        rng = make_rng(seed, "samples", terrain.name)
        count = int(rng.integers(settings.storms_least, settings.storms_most + 1))
        for number in range(count):
            storm = plan_storm(settings, seed, terrain, number, library)
            frames = min(storm.frames + settings.run_on_frames, settings.frames_most)
            own = {
                "edges": terrain.edges, "run_on_min": 0.0, "output_every_s": settings.interval_s,
                **draw_soil(rng, terrain.kind, storm),
            }  # fmt: skip
            pairs.append(SampleSpec(place, len(storms), 0, frames, own))
            storms.append(storm)
    chosen = set(_ensembles(settings, seed, terrains, pairs))
    samples: list[SampleSpec] = []
    for number, pair in enumerate(pairs):
        members = settings.members if number in chosen else 0
        samples += [
            SampleSpec(pair.terrain, pair.storm, member, pair.frames, pair.settings)
            for member in range(members + 1)
        ]
    return Plan(
        settings, seed, dict(library.inputs), tuple(terrains), tuple(storms), tuple(samples)
    )


def _ensembles(
    settings: WorldSettings, seed: int, terrains: list[TerrainSpec], pairs: list[SampleSpec]
) -> Iterator[int]:
    """Choose the pairs that get members: one of each terrain before a second of any."""
    for part in ("train", "valid", "test"):
        rng = make_rng(seed, "ensembles", part)
        by_terrain: dict[int, list[int]] = {}
        for number, pair in enumerate(pairs):
            if terrains[pair.terrain].part == part:
                by_terrain.setdefault(pair.terrain, []).append(number)
        for numbers in by_terrain.values():
            rng.shuffle(numbers)
        order = [int(place) for place in rng.permutation(sorted(by_terrain))]
        depth = max(map(len, by_terrain.values()), default=0)
        queue = [
            by_terrain[place][turn] for turn in range(depth) for place in order
            if turn < len(by_terrain[place])
        ]  # fmt: skip
        yield from queue[: getattr(settings, part).ensembles]


def member_seed(plan: Plan, number: int) -> int:
    """Give the seed that perturbs a member."""
    sample = plan.samples[number]
    terrain, storm = plan.terrains[sample.terrain], plan.storms[sample.storm]
    return make_seed(plan.seed, "member", terrain.name, storm.name, sample.member)
