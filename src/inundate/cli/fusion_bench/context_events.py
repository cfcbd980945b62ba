"""Made-up events for the benchmark ``context``: posts, what they say and saw, maps at them."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import Field

from inundate.core.config import Settings
from inundate.core.files import write_text
from inundate.core.seeds import make_rng, make_seed
from inundate.core.store import read_dataset
from inundate.fuse.context import CONTEXT_COLUMNS, water_context
from inundate.fuse.event.make import make_event
from inundate.fuse.event.sentences import SENTENCES, STREETS
from inundate.fuse.event.settings import EventSettings
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.locate.located import open_located

__all__ = ["CLASSES", "MAPS", "EventsSettings", "Told", "told_events"]

CLASSES = ("no water", "water")
MAPS = ("forecast", "displaced", "shuffled", "truth")
"""Where numbers come from: the event's forecast; the same moved by half of the map; the same
given to other posts of any event; and the flood that was, which nobody has."""
_KINDS = ("plain", "valley", "urban", "fractal")
_NUMBERS = tuple(name for name in CONTEXT_COLUMNS if name != "inside")
_WET_M = 0.1  # of water that a writer stood in
_LEAST = 10  # posts that say water: with fewer an event has nothing to tell of


class EventsSettings(Settings):
    """How large and how many events are; people err as in any made-up event."""

    train: int = Field(default=12, ge=1, description="Events to train on.")
    test: int = Field(default=24, ge=1, description="Events to score on.")
    side_cells: int = Field(default=64, ge=24, description="Cells along an edge of a map.")
    cell_size_m: float = Field(default=30.0, gt=0, description="Side of a cell, m.")
    posts: int = Field(default=240, ge=60, description="Posts of an event without copies.")
    total_mm: tuple[float, float] = Field(
        default=(30.0, 120.0), description="Rain of a storm, mm, log-uniform between these."
    )


@dataclass(frozen=True, eq=False)
class Told:
    """Posts of one event.

    Attributes
    ----------
    name, kind : str
        ``kind`` of terrain.
    says : LabelledPosts
        Classes by what the writers say.
    saw : array (N,), int64
        1 where the writer truly stood in 0.1 m of water or more when looking.
    half : array (N,), int64
        0 or 1: to which half of the sentences the words belong.
    maps : mapping of str to mapping of str to array (N,)
        By :data:`MAPS` the numbers at each post, NaN where the map knows nothing.
    """

    name: str
    kind: str
    says: LabelledPosts
    saw: NDArray[np.int64]
    half: NDArray[np.int64]
    maps: Mapping[str, Mapping[str, NDArray[np.float64]]]


def told_events(
    work: Path, seed: int, settings: EventsSettings, say: Any
) -> tuple[list[Told], dict[str, int]]:
    """Make events until there are enough in which people tell of water, in their order.

    Parameters
    ----------
    work : Path
        Keeps what is read of each; what is there is not made again.
    seed : int
    settings : EventsSettings
    say : callable
        Told how far it is.

    Returns
    -------
    events : list of Told
        The first ones are to train on.
    counts : dict of str to int
        Events left out as dry, and posts left out since no sentence is theirs.
    """
    folder = work / f"{seed}-{settings.side_cells}-{settings.posts}"
    folder.mkdir(parents=True, exist_ok=True)
    asked = {"seed": seed, **settings.model_dump(mode="json", exclude={"train", "test"})}
    found: list[Told] = []
    counts = {"dry": 0, "left_out_posts": 0}
    number = 0
    while len(found) < settings.train + settings.test:
        place = folder / f"{number}.json"
        rows = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
        if rows.get("asked") != asked:
            rows = {"asked": asked, **_rows(seed, number, settings)}
            write_text(place, json.dumps(rows))
            say(f"event {number}: {rows['kind']}, {sum(rows['says'])} posts say water")
        if sum(rows["says"]) < _LEAST:
            counts["dry"] += 1
        else:
            found.append(_told(f"event-{number}", rows))
            counts["left_out_posts"] += rows["left_out"]
        number += 1
    # those to train on and those to score on apart: what is shuffled tells nothing of either
    train, test = found[: settings.train], found[settings.train :]
    return [*_with_shuffled(train, seed), *_with_shuffled(test, seed + 1)], counts


def _rows(seed: int, number: int, settings: EventsSettings) -> dict[str, Any]:
    """Make an event, and read of it what is wanted."""
    rng = make_rng(seed, "context event", number)
    kind = _KINDS[number % len(_KINDS)]
    low, high = np.log(settings.total_mm)
    chosen = EventSettings(
        kind=kind, side_cells=settings.side_cells, cell_size_m=settings.cell_size_m,
        posts=settings.posts, total_mm=float(np.exp(rng.uniform(low, high))),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "event"
        make_event(folder, make_seed(seed, "context event", number) % 2**31, settings=chosen)
        located = open_located(folder / "located.geojson")
        with (folder / "seen.csv").open(encoding="utf-8", newline="") as stream:
            depth = {row["post"]: float(row["depth_m"]) for row in csv.DictReader(stream)}
        half = np.array([_halves().get(text, -1) for text in located.text])
        kept = located.take(half >= 0)
        maps: dict[str, dict[str, Any]] = {}
        for name in ("forecast", "truth"):
            with read_dataset(folder / f"{name}.zarr") as data:
                maps[name] = water_context(kept, data)
                if name == "forecast":
                    maps["displaced"] = water_context(kept, _displaced(data))
    return {
        "kind": kind,
        "left_out": int((half < 0).sum()),
        "post": list(kept.post),
        "text": list(kept.text),
        "says": (kept.water == 1).astype(int).tolist(),
        "saw": [int(depth[post] >= _WET_M) for post in kept.post],
        "half": half[half >= 0].tolist(),
        "maps": {
            name: {column: _listed(numbers[column]) for column in _NUMBERS}
            for name, numbers in maps.items()
        },
    }


def _halves() -> dict[str, int]:
    """Give for every text of the sentences which half of them it belongs to."""
    return {
        sentence.format(place=place): number % 2
        for kinds in SENTENCES.values()
        for sentences in kinds.values()
        for number, sentence in enumerate(sentences)
        for place in STREETS
    }


def _displaced(data: xr.Dataset) -> xr.Dataset:
    """Move water and rain by half of the map, round its edges."""
    moved = data.load().copy()
    for name in ("water_depth", "rain_rate"):
        field = data[name].transpose("time", "y", "x")
        shift = (field.sizes["y"] // 2, field.sizes["x"] // 2)
        moved[name] = field.copy(data=np.roll(field.to_numpy(), shift, axis=(1, 2)))
    return moved


def _with_shuffled(events: Sequence[Told], seed: int) -> list[Told]:
    """Give the forecast's numbers of each post that has some to another such post of any event."""
    ends = np.cumsum([len(one.says) for one in events])[:-1]
    every = {
        name: np.concatenate([one.maps["forecast"][name] for one in events]) for name in _NUMBERS
    }
    inside = np.flatnonzero(np.isfinite(every["depth_max_m"]))
    order = make_rng(seed, "context shuffled").permutation(inside)
    for values in every.values():
        values[inside] = values[order]
    parts = {name: np.split(values, ends) for name, values in every.items()}
    return [
        replace(one, maps={**one.maps, "shuffled": {name: parts[name][row] for name in _NUMBERS}})
        for row, one in enumerate(events)
    ]


def _listed(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(one) else round(float(one), 5) for one in values]


def _told(name: str, rows: Mapping[str, Any]) -> Told:
    blank = ("",) * len(rows["text"])
    says = LabelledPosts(
        tuple(rows["text"]), np.array(rows["says"], np.int64), CLASSES,
        (name,) * len(blank), blank, tuple(rows["post"]), blank, {},
    )  # fmt: skip
    maps = {
        source: {column: np.array(values, np.float64) for column, values in numbers.items()}
        for source, numbers in rows["maps"].items()
    }
    saw, half = (np.array(rows[key], np.int64) for key in ("saw", "half"))
    return Told(name, rows["kind"], says, saw, half, maps)
