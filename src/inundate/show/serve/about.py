"""What a live page is told once, since it does not change."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from inundate.show.palette import DEPTH, PROBABILITY, Classes
from inundate.show.place import cell_metres
from inundate.show.serve.flood import Flood
from inundate.show.serve.settings import LiveSettings

__all__ = ["about"]


def about(
    flood: Flood, says: str, gazetteer: Path | str | None, settings: LiveSettings, title: str
) -> dict[str, Any]:
    """Give what a page is told once: grid, legends, limits.

    Parameters
    ----------
    flood : Flood
    says : str
        What classifies posts.
    gazetteer : Path or str, optional
    settings : LiveSettings
    title : str
    """
    grid = flood.grid
    places = "no gazetteer was given" if gazetteer is None else f"names by {Path(gazetteer).name}"
    return {
        "title": title,
        "width": grid.width, "height": grid.height, "crs": grid.crs,
        "cell_m": round(math.sqrt(math.prod(cell_metres(grid))), 3),
        "legend": _legend(DEPTH, f"{DEPTH.title} ({DEPTH.unit})"),
        "nowcast_min": settings.nowcast_min,
        "legend_chance": _legend(
            PROBABILITY, f"Probability of more than {settings.chance_depth_m:g} m"
        ),
        "classified_by": says,
        "keep": {"frames": settings.frames, "posts": settings.posts},
        "limits": [
            f"Each frame is predicted from the rain of the last {settings.hours:g} h; before that "
            "the ground is taken as dry.",
            "Radar that is missing, a frame or a part of one, counts as no rain: depths after it "
            "may be too low, and the line below the map says for how long radar is missing.",
            "Water that enters from outside, drains, culverts and barriers are not known.",
            *_nowcast_limits(settings),
            f"Posts were classified by: {says}. They are what people say, not what is.",
            f"The page keeps the latest {settings.posts:,} posts and {settings.frames:,} frames; "
            "all are in the journal.",
            f"Posts are placed by coordinates ({places}); others are listed, not drawn.",
        ],
    }  # fmt: skip


def _legend(classes: Classes, title: str) -> dict[str, Any]:
    return {
        "title": title, "colours": classes.colours, "labels": classes.labels,
        "below": classes.below,
    }  # fmt: skip


def _nowcast_limits(settings: LiveSettings) -> list[str]:
    if not settings.nowcast_min:
        return []
    return [
        "The frames of a forecast are a guess: the rain of the last three radar frames, carried "
        f"on for up to {settings.nowcast_min:g} min in {settings.members} ways. Showers that are "
        "not there yet are not foreseen, and the emulator's own error is not among the ways."
    ]
