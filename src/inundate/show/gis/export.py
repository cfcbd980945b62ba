"""Write a flood and its posts for other programs; the suffix says how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inundate.core.errors import ConfigError, nearest
from inundate.core.files import check_output
from inundate.show.gis.features import Feature, flood_features, post_features
from inundate.show.gis.raster import write_cog
from inundate.show.gis.vector import write_geojson, write_geopackage, write_kml
from inundate.show.language import tell
from inundate.show.layers import check_source
from inundate.show.notes import limit_notes
from inundate.show.page_words import heading_words
from inundate.show.post_marks import TextPolicy
from inundate.show.summary import summarise

if TYPE_CHECKING:
    import xarray as xr

    from inundate.core.grid import Grid
    from inundate.posts.locate.located import Located

__all__ = ["SUFFIXES", "ExportResult", "export_map"]

SUFFIXES = (".gpkg", ".geojson", ".kml", ".tif")
"""GeoPackage, GeoJSON and KML hold outlines and posts; GeoTIFF holds one layer of cells."""


@dataclass(frozen=True)
class ExportResult:
    """What was written.

    Attributes
    ----------
    path : Path
        The file.
    size : int
        Its bytes.
    features : dict of str to int
        Outlines (``flood``, ``unknown``) and posts (``post``) written; empty for GeoTIFF.
    dry_m : tuple of float
        Thresholds that no cell reaches at any time, so that nothing is written of them.
    bands : int
        Bands of a GeoTIFF, 0 for others.
    unlocated : int
        Posts without a place, which no file of this kind can hold.
    """

    path: Path
    size: int
    features: dict[str, int]
    dry_m: tuple[float, ...]
    bands: int
    unlocated: int


def export_map(
    path: Path | str,
    data: xr.Dataset,
    *,
    posts: Located | None = None,
    post_text: TextPolicy = "stored",
    thresholds_m: Sequence[float] = (0.05, 0.3, 1.0),
    frames: str = "max",
    layer: str = "max",
    terrain: xr.DataArray | None = None,
    overwrite: bool = False,
) -> ExportResult:
    """Write a flood, and posts beside it, for QGIS and others.

    Parameters
    ----------
    path : Path
        ``.gpkg``, ``.geojson`` or ``.kml`` for outlines and posts; ``.tif`` for cells, as
        cloud-optimised GeoTIFF.
    data : Dataset
        Simulation or prediction, as for :func:`inundate.show.page.write_map`.
    posts : Located, optional
        Posts to write as points; not for GeoTIFF.
    post_text : {"stored", "none"}
        Whether their texts are written.
    thresholds_m : sequence of float, m
        Depths from which outlines are drawn.
    frames : {"max", "all"}
        Outlines of the greatest depth, or of every time.
    layer : {"max", "depth", "probability"}
        What a GeoTIFF holds.
    terrain : DataArray (y, x), optional
        Ground height, where the data set holds none.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    ConfigError
        If the suffix, a threshold or the layer is not known, or posts are to go into a GeoTIFF.
    MissingExtraError
        If rasterio or pyogrio is not installed.
    GridError, DataError
        If the data set cannot be drawn.
    RunError
        If the file exists.
    """
    target = check_output(path, overwrite)
    suffix = _suffix(target)
    grid, _ = check_source(data, terrain)
    summary = summarise(data)  # refuses depths that cannot be
    if suffix == ".tif":
        if posts is not None:
            raise ConfigError(
                f"writing {target}: a GeoTIFF holds cells and no posts",
                hint="write the posts to .gpkg, .geojson or .kml",
            )
        bands = write_cog(target, data, layer)
        return ExportResult(target, target.stat().st_size, {}, (), bands, 0)
    features = flood_features(data, grid, thresholds_m=thresholds_m, frames=frames)
    notes: list[str] = list(limit_notes(data, summary))
    if posts is not None:
        features += post_features(posts, grid, post_text)
        notes += [tell("limit.posts"), tell("limit.posts.radius")]
    _write(target, suffix, features, grid, heading_words(data), notes)
    unlocated = 0 if posts is None else int((~posts.is_located).sum())
    counts = dict(Counter(feature.kind for feature in features))
    reached = {feature.properties.get("threshold_m") for feature in features}
    dry = tuple(threshold for threshold in thresholds_m if threshold not in reached)
    return ExportResult(target, target.stat().st_size, counts, dry, 0, unlocated)


def _write(
    target: Path, suffix: str, features: list[Feature], grid: Grid, title: str,
    notes: Sequence[str],
) -> None:  # fmt: skip
    if suffix == ".kml":
        write_kml(target, features, grid, title=title, notes=notes)
    else:
        writer = write_geopackage if suffix == ".gpkg" else write_geojson
        writer(target, features, grid, notes=notes)


def _suffix(path: Path) -> str:
    suffix = ".tif" if path.suffix == ".tiff" else path.suffix
    if suffix not in SUFFIXES:
        close = nearest(suffix, SUFFIXES)
        raise ConfigError(
            f"writing {path}: ends in {path.suffix!r}, expected one of {', '.join(SUFFIXES)}",
            hint=f"did you mean {close}?" if close else None,
        )
    return suffix
