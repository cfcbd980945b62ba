"""Made-up posts: people see the true water, and tell it late, misplaced, repeated or wrong."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr

from inundate.core.grid import Grid, grid_of
from inundate.core.seeds import make_rng
from inundate.fuse.event.sentences import HOSTILE, LANGUAGES, STREETS, write_sentence
from inundate.fuse.event.settings import EventSettings

__all__ = ["SAFE_CELL_DEGREES", "Saying", "make_posts", "name_of_part"]

SAFE_CELL_DEGREES = 0.001
"""Places are kept to cells of this side, as a pseudonymised store keeps them."""
_WET_M = 0.1  # from here on a person says that there is water
_SHARES = (0.55, 0.2, 0.15, 0.1)  # of the languages
_DRAWN_BY_WATER = 6.0  # times as many look at water as at a dry place
_EARLIER = np.timedelta64(10, "m")
_LAG_SPREAD = 0.8  # of the logarithm
_LETTERS = "abcdefghijklmnop"  # a pseudonym is 32 of these


@dataclass(frozen=True)
class Saying:
    """One post, and what its writer really saw.

    Attributes
    ----------
    post, author, text, language : str
    time : datetime64[ms]
        Of posting, UTC.
    latitude, longitude : float
        NaN where the post carries none.
    water : int
        1 says water, -1 says none, 0 says nothing about it.
    story : int
        Copies share it.
    seen : datetime64[ms]
        When the writer looked.
    x, y : float, m
        Where the writer stood.
    depth_m : float, m
        True depth there and then.
    """

    post: str
    author: str
    text: str
    language: str
    time: np.datetime64
    latitude: float
    longitude: float
    water: int
    story: int
    seen: np.datetime64
    x: float
    y: float
    depth_m: float


def make_posts(truth: xr.Dataset, settings: EventSettings, seed: int) -> list[Saying]:
    """Let people post about a flood.

    Parameters
    ----------
    truth : Dataset
        Simulation with ``water_depth`` (time, y, x).
    settings : EventSettings
    seed : int

    Returns
    -------
    list of Saying
        In the order of their time. The hostile ones are among them.
    """
    grid = grid_of(truth["water_depth"])
    rng = make_rng(seed, "event", "people")
    depth = truth["water_depth"].to_numpy()  # (T, H, W)
    times: list[np.datetime64] = list(truth["time"].to_numpy().astype("datetime64[ms]"))
    weight = np.where(np.isnan(depth), 0.0, np.where(depth >= _WET_M, _DRAWN_BY_WATER, 1.0))
    share = (weight / weight.sum()).ravel()
    found: list[Saying] = []
    for number, place in enumerate(rng.choice(share.size, settings.posts, p=share).tolist()):
        frame, row, column = np.unravel_index(place, depth.shape)
        first = _say(rng, grid, settings, seed, number, (int(row), int(column)),
                     times[frame], float(depth[frame, row, column]))  # fmt: skip
        found.append(first)
        if first.water and rng.random() < settings.copies:
            found += _copies(rng, first, seed, int(rng.integers(1, 4)))
    end = times[-1]
    return sorted((s for s in found if s.time <= end), key=lambda s: (s.time, s.post))


def name_of_part(grid: Grid, x: float, y: float) -> str:
    """Give the made-up name of the part of the town that a point lies in."""
    left, bottom, right, top = grid.bounds
    column = min(3, max(0, int(4 * (x - left) / (right - left))))
    row = min(1, max(0, int(2 * (top - y) / (top - bottom))))
    return STREETS[4 * row + column]


def _say(
    rng: np.random.Generator,
    grid: Grid,
    settings: EventSettings,
    seed: int,
    number: int,
    cell: tuple[int, int],
    seen: np.datetime64,
    depth: float,
) -> Saying:
    x, y = float(grid.x[cell[1]]), float(grid.y[cell[0]])
    water = 0 if rng.random() < settings.useless else (1 if depth >= _WET_M else -1)
    if rng.random() < settings.wrong:
        water = -water
    language = LANGUAGES[int(rng.choice(len(LANGUAGES), p=_SHARES))]
    place = name_of_part(grid, x, y)
    said_m = depth if depth >= _WET_M else float(rng.uniform(_WET_M, 0.6))
    text = write_sentence(rng, language, water, said_m, place)
    if number < len(HOSTILE):
        text, language, water = HOSTILE[number].format(place=place), "en", 1
    lag = settings.lag_min * float(np.exp(_LAG_SPREAD * rng.standard_normal()))
    if number < len(HOSTILE):  # in time for the end of the event
        seen, lag = seen - _EARLIER, min(lag, 1.0)
    error = settings.place_error_m * rng.standard_normal(2)
    latitude, longitude = _degrees(grid, x + error[0], y + error[1])
    if rng.random() >= settings.located and number >= len(HOSTILE):
        latitude = longitude = math.nan
    return Saying(
        _pseudonym(seed, "post", number), _pseudonym(seed, "author", number), text, language,
        seen + np.timedelta64(round(lag * 60_000), "ms"), latitude, longitude, water, number,
        seen, x, y, depth,
    )  # fmt: skip


def _copies(rng: np.random.Generator, first: Saying, seed: int, count: int) -> list[Saying]:
    """Repeat a post a little later, by others, who tell no place of their own."""
    told = []
    for number in range(count):
        later = np.timedelta64(round(60_000 * float(rng.uniform(1, 20))), "ms")
        own: dict[str, Any] = {
            "post": _pseudonym(seed, f"copy {first.story}", number),
            "author": _pseudonym(seed, f"copier {first.story}", number),
            "time": first.time + later,
        }
        told.append(replace(first, **own, latitude=math.nan, longitude=math.nan))
    return told


def _degrees(grid: Grid, x: float, y: float) -> tuple[float, float]:
    """Give latitude and longitude of the centre of the cell of degrees that a point lies in."""
    longitude, latitude = _to_degrees(grid.crs).transform(x, y)
    side = SAFE_CELL_DEGREES
    cell = [round((math.floor(value / side) + 0.5) * side, 6) for value in (latitude, longitude)]
    return cell[0], cell[1]


@lru_cache(maxsize=4)
def _to_degrees(crs: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def _pseudonym(seed: int, kind: str, number: int) -> str:
    digest = hashlib.blake2b(f"{seed}/{kind}/{number}".encode(), digest_size=16).hexdigest()
    return "".join(_LETTERS[int(sign, 16)] for sign in digest)
