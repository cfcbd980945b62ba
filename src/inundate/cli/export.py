"""The command ``inundate export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite

__all__ = ["export"]


def export(
    depth: Path,
    *,
    output: Output,
    posts: Path | None = None,
    post_text: Literal["stored", "none"] = "stored",
    threshold_m: Annotated[
        list[float] | None, Parameter(consume_multiple=True, negative=())
    ] = None,
    frames: Literal["max", "all"] = "max",
    layer: Literal["max", "depth", "probability"] = "max",
    terrain: Path | None = None,
    terrain_crs: str | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a flood and posts for QGIS and other programs.

    Parameters
    ----------
    depth
        Simulation or prediction, .zarr or .nc.
    output
        File to write: .gpkg, .geojson or .kml for outlines and posts, .tif for cells.
    posts
        Located posts to write as points, .parquet, .csv or .geojson.
    post_text
        Texts of posts: as the input stores them, or none.
    threshold_m
        Depths from which outlines are drawn; by default 0.05, 0.3 and 1.
    frames
        Outlines of the greatest depth (max) or of every time (all).
    layer
        What a .tif holds: greatest depth, depth or probability by time.
    terrain
        Heightmap on the grid of the depth, where the data hold no elevation.
    terrain_crs
        CRS of a heightmap that names none, such as EPSG:27700.

    Examples
    --------
    ``inundate export pred.zarr --posts located.parquet -o flood.gpkg``
    """
    from inundate.cli.shell import emit
    from inundate.core.files import check_not_input
    from inundate.core.store import read_dataset
    from inundate.posts.locate.located import open_located
    from inundate.show.gis.export import export_map
    from inundate.terrain.open import open_terrain

    check_not_input(output, [path for path in (depth, terrain, posts) if path is not None])
    found = export_map(
        output,
        read_dataset(depth),
        posts=None if posts is None else open_located(posts),
        post_text=post_text,
        thresholds_m=(0.05, 0.3, 1.0) if threshold_m is None else threshold_m,
        frames=frames,
        layer=layer,
        terrain=None if terrain is None else open_terrain(terrain, crs=terrain_crs),
        overwrite=overwrite,
    )
    names = {"flood": "outlines", "unknown": "areas of unknown depth", "post": "posts"}
    parts = [f"{found.features[kind]} {names[kind]}" for kind in names if kind in found.features]
    parts += [f"{found.bands} bands"] if found.bands else []
    parts += [f"{found.unlocated} posts without a place left out"] if found.unlocated else []
    parts += [f"no cell of {', '.join(f'{t:g}' for t in found.dry_m)} m"] if found.dry_m else []
    emit(
        {
            "output": str(found.path),
            "bytes": found.size,
            "features": found.features,
            "dry_m": list(found.dry_m),
            "bands": found.bands,
            "posts_unlocated": found.unlocated,
        },
        json=json,
        text=f"{found.path}: {found.size / 1e6:.2f} MB, {', '.join(parts)}",
    )
