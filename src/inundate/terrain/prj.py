"""The ``.prj`` file that says in which CRS a grid lies."""

from __future__ import annotations

import re
from pathlib import Path

from inundate.core.errors import GridError
from inundate.core.grid import normalise_crs

__all__ = ["agreed_crs", "parse_prj", "prj_path", "read_prj"]

# northern and southern zone 0 of each datum
_OLD_UTM_DATUMS = {"WGS84": (32600, 32700), "NAD83": (26900, None)}


def read_prj(path: Path) -> str | None:
    """Read the ``.prj`` file beside a grid; None where there is none."""
    beside = [prj_path(path), prj_path(path).with_suffix(".PRJ")]
    for prj in beside:
        if prj.is_file():
            return parse_prj(prj.read_text(encoding="utf-8", errors="replace"), str(prj))
    return None


def agreed_crs(said: str | None, stated: str | None, where: str) -> str | None:
    """Give the CRS that the caller says or the file states; None where neither does.

    A CRS without an authority's code, as some programs write it, is no match for one that is said.

    Parameters
    ----------
    said, stated : str or None
        By the caller, and by the file.
    where : str
        Put in front of the message.

    Raises
    ------
    GridError
        If both are known and differ.
    """
    if said is None or not stated:
        return said or stated
    told, found = normalise_crs(said), normalise_crs(stated)
    if told != found and re.fullmatch(r"\w+:\w+", found):
        raise GridError(
            f"{where}: the file states {found}, expected {told} as --crs says",
            hint="a CRS is said of files that name none; to change it, reproject the file",
        )
    return said


def parse_prj(text: str, name: str) -> str:
    """Give the CRS that the text of a ``.prj`` file names.

    Both WKT and the older ``Projection UTM / Zone 56 / …`` lines are known.

    Raises
    ------
    GridError
        If the text is neither.
    """
    old = {k.lower(): v for k, v in re.findall(r"(?m)^\s*([A-Za-z]+)[ \t]+(\S+)\s*$", text)}
    if old.get("projection", "").upper() == "UTM" and "zone" in old:
        north, south = _OLD_UTM_DATUMS.get(old.get("datum", "").upper(), (None, None))
        base = south if float(old.get("yshift", 0)) > 0 else north
        if base is not None:
            return f"EPSG:{base + int(old['zone'])}"
    try:
        return normalise_crs(_known_wkt(text))
    except GridError as error:
        raise GridError(
            f"reading {name}: {text.strip()[:60]!r} is not a coordinate reference system "
            "that we know",
            hint="say which it is with --crs EPSG:…",
        ) from error


def _known_wkt(text: str) -> str:
    """Replace the British National Grid in ESRI's spelling by its code."""
    if re.search(r'PROJCS\["British_National_Grid"', text):
        # ESRI's WKT has no authority code and no datum shift; the grid is the same.
        return "EPSG:27700"
    return text


def prj_path(path: Path) -> Path:
    """Give the path of the ``.prj`` that belongs to a grid, ``.gz`` or not."""
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    return plain.with_suffix(".prj")
