"""``inundate posts locate``: where posts are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit

__all__ = ["locate"]

_Names = Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=True)]


def locate(
    posts: Path,
    *,
    output: Output,
    gazetteer: _Names = ("geonames",),
    gazetteer_crs: str | None = None,
    area: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    largest_km: float = 60.0,
    radius_factor: float = 1.0,
    labels: Path | None = None,
    model_id: str | None = None,
    wet: _Names = (),
    dry: _Names = (),
    no_texts: Annotated[bool, Parameter(negative=())] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Locate posts: by coordinates, place boxes, or the places that their texts name.

    Each post gets a point, a radius within which the true place lies nine times in ten, and a
    sentence that says why; or none, where no place is sure, and a sentence that says why not.

    Parameters
    ----------
    posts
        Pseudonymised store, or JSON lines with the columns of one; raw posts are refused.
    output
        File for the map, the live view and fuse: .parquet, .geojson or .csv.
    gazetteer
        One or several: geonames (towns, states and countries of the world; extra places), or a
        file or folder: a dump of GeoNames, OS Open Names, or a table with name, latitude and
        longitude (or easting and northing), perhaps kind, population, radius_m,
        alternate_names, country, parent.
    gazetteer_crs
        CRS of eastings and northings in such a table, such as EPSG:27700.
    area
        Of the event: west,south,east,north in degrees, or a raster whose extent it is. Names of
        places in it are preferred. By default that of a local gazetteer; without one, none.
    largest_km
        Places with a larger radius say too little: posts that name no smaller one stay unlocated.
    radius_factor
        Multiplies the radii of the gazetteer's places.
    labels
        Folder that inundate posts classify has made: its classes go along.
    model_id
        Whose labels, where several models have answered.
    wet
        Classes of posts that say: here is water.
    dry
        Classes of posts that say: here is none.
    no_texts
        Leave the texts of the posts out.

    Examples
    --------
    ``inundate posts locate safe -o located.parquet --area -116,49,-110,54``
    ``inundate posts locate safe -o out.geojson --gazetteer geonames streets.csv --area dem.tif``
    ``inundate posts locate safe -o located.parquet --labels safe-labels --wet relevant``
    """
    _require()
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_not_input, check_output
    from inundate.posts.locate.answers import read_answers
    from inundate.posts.locate.gazetteer import join_gazetteers
    from inundate.posts.locate.located import write_located
    from inundate.posts.locate.located_files import check_suffix
    from inundate.posts.locate.opening import open_gazetteer
    from inundate.posts.locate.resolve import LocateSettings, with_area
    from inundate.posts.locate.run import locate_posts, read_posts

    check_suffix(output)
    check_not_input(output, [posts])
    check_output(output, overwrite)
    if labels is None and (wet or dry or model_id):
        raise ConfigError("--wet, --dry and --model-id tell of labels: --labels is missing")
    if labels is not None and not wet:
        raise ConfigError("--labels: --wet is missing, the classes that tell of water")
    flags = {"largest_km": largest_km, "radius_factor": radius_factor}
    if area is not None:
        flags["area"] = _box(area)
    settings = resolve_settings(LocateSettings, flags=flags)
    found = read_posts(posts)
    answers = None
    if labels is not None:
        answers = read_answers(labels, wet=wet, dry=dry, model=model_id)
    places = join_gazetteers([open_gazetteer(one, crs=gazetteer_crs) for one in gazetteer])
    settings = with_area(settings, places)
    located = locate_posts(found, places, settings, answers=answers, texts=not no_texts)
    write_located(located, output)
    figures = {"output": str(output), **located.origin}
    emit(figures, json=json, text=lambda: _text(figures))


def _box(area: str) -> Any:
    """Read four numbers, or take the extent of a raster, in degrees."""
    from inundate.core.errors import ConfigError

    parts = area.split(",")
    if len(parts) == 4:
        try:
            return tuple(float(one) for one in parts)
        except ValueError:
            pass
    path = Path(area)
    if not path.exists():
        raise ConfigError(
            f"--area {area!r}: expected west,south,east,north in degrees, or a raster",
            hint="for instance --area -116,49,-110,54",
        )
    from inundate.core.grid import grid_of, transform_bounds
    from inundate.terrain.open import open_terrain

    grid = grid_of(open_terrain(path), where=str(path))
    return transform_bounds(grid.bounds, grid.crs, "EPSG:4326")


def _text(figures: dict[str, Any]) -> str:
    total = max(figures["read"], 1)
    located = sum(figures["methods"].values())
    lines = [
        f"{figures['output']}: {located:,} of {figures['read']:,} posts located "
        f"({located / total:.1%}), gazetteer {figures['gazetteer']['source']} "
        f"({figures['gazetteer']['places']:,} places, {figures['gazetteer']['licence']})"
    ]
    lines += [f"  {number:>9,}  by {name}" for name, number in figures["methods"].items()]
    lines += [f"  {number:>9,}  not: {why}" for why, number in figures["unlocated"].items()]
    bad = figures["gazetteer"].get("bad_rows", 0)
    if bad:
        first = figures["gazetteer"]["first_bad_rows"][0]
        lines.append(f"  {bad:,} rows of the gazetteer could not be read, the first: {first}")
    if figures["broken_lines"]:
        lines.append(f"  {figures['broken_lines']:,} lines of posts could not be read")
    return "\n".join(lines)


def _require() -> None:
    from inundate.core.errors import require_extra

    for module in ("pyarrow", "msgspec", "zstandard"):
        require_extra("posts", module, what="reading posts")
