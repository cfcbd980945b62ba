"""The command ``inundate map``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite

__all__ = ["map_"]

Words = Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())]


def map_(
    depth: Path,
    *,
    output: Output,
    terrain: Path | None = None,
    terrain_crs: str | None = None,
    truth: Path | None = None,
    posts: Path | None = None,
    post_text: Literal["stored", "none"] = "stored",
    post_window_min: float = 60.0,
    layers: Words = None,
    probability: Annotated[bool, Parameter(negative=())] = False,
    title: str = "",
    limits: Words = None,
    language: str = "en",
    basemap: str | None = None,
    basemap_credit: str = "",
    max_mb: float | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a flood as one HTML map that opens without a network.

    Parameters
    ----------
    depth
        Simulation or prediction, .zarr or .nc.
    output
        HTML file to write.
    terrain
        Heightmap on the grid of the depth, where the data hold no elevation.
    terrain_crs
        CRS of a heightmap that names none, such as EPSG:27700.
    truth
        Simulation of the same storm; adds the layers truth and error.
    posts
        Located posts to draw on the same clock, .parquet, .csv or .geojson.
    post_text
        Texts of posts: as the input stores them, or none.
    post_window_min
        A frame shows the posts of so many minutes before it.
    layers
        Which to keep: depth, max, probability, quantile, uncertainty, rain, truth, error.
    probability
        Open the map with the probability that a depth is exceeded.
    title
        Heading; by default made from the data.
    limits
        More sentences for the box "What this map does not know".
    language
        Language that the page opens in: en or de; the page can switch.
    basemap
        Address of map tiles with {z}, {x} and {y}: a background that the reader may switch on; the
        page then needs the network.
    basemap_credit
        Whose tiles they are, as their licence wants it to be read.
    max_mb
        Largest size of the file, MB; by default 1 for 24 frames of 200 x 200, at most 10.

    Examples
    --------
    ``inundate map --depth pred.zarr --posts located.parquet -o map.html``
    """
    from inundate.cli.shell import emit
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_not_input
    from inundate.core.store import read_dataset
    from inundate.posts.locate.located import open_located
    from inundate.show.basemap import Basemap
    from inundate.show.page import write_map
    from inundate.terrain.open import open_terrain

    if max_mb is not None and max_mb <= 0:
        raise ConfigError(f"--max-mb {max_mb:g}: expected a positive number of megabytes")
    if output.suffix not in (".html", ".htm"):  # anything else is likely to be another's file
        raise ConfigError(
            f"writing a map: output {output} ends in {output.suffix!r}, expected .html",
            hint=f"try -o {output.stem}.html",
        )
    check_not_input(output, [path for path in (depth, terrain, truth, posts) if path is not None])
    ground = None if terrain is None else open_terrain(terrain, crs=terrain_crs)
    found = write_map(
        output,
        read_dataset(depth),
        title=title,
        terrain=ground,
        truth=None if truth is None else read_dataset(truth),
        posts=None if posts is None else open_located(posts),
        post_text=post_text,
        post_window_min=post_window_min,
        layers=layers,
        start="probability" if probability else None,
        limits=limits or (),
        language=language,
        basemap=None if basemap is None else Basemap(basemap, basemap_credit),
        max_bytes=None if max_mb is None else int(max_mb * 1e6),
        overwrite=overwrite,
    )
    result = {
        "output": str(found.path),
        "bytes": found.size,
        "layers": list(found.layers),
        "frames": found.frames,
        "frames_total": found.frames_total,
        "levels": found.levels,
        "cells_merged": found.merged,
        "posts": found.posts,
        "notes": list(found.notes),
    }
    thinned = "" if found.frames == found.frames_total else f" of {found.frames_total}"
    emit(
        result,
        json=json,
        text=f"{found.path}: {found.size / 1e6:.2f} MB, {found.frames}{thinned} frames, "
        f"layers {', '.join(found.layers)}{_posts_words(found.posts)}",
    )


def _posts_words(counts: dict[str, int]) -> str:
    """Say how many posts are drawn, and of the others why not."""
    if not counts:
        return ""
    rest = ", ".join(
        f"{counts[kind]} {words}"
        for kind, words in (
            ("unlocated", "without a place"),
            ("outside", "outside the map"),
            ("timeless", "without a time"),
            ("early", "before its time"),
            ("late", "after its time"),
            ("thinned", "left out to keep the file small"),
        )
        if counts[kind]
    )
    return f"\n  {counts['drawn']} of {counts['read']} posts" + (f"; {rest}" if rest else "")
