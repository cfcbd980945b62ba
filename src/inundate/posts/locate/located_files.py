"""Files of located posts: Parquet, CSV and GeoJSON."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import ConfigError, DataError, require_extra
from inundate.core.files import atomic_file, check_input
from inundate.posts.locate.located import LOCATED_COLUMNS, Gap, Located

__all__ = ["SUFFIXES", "check_suffix", "read_file", "write_file"]

SUFFIXES = (".parquet", ".csv", ".geojson")
_VERSION = 1
_KEY = b"inundate-located"
_NEEDED = ("time", "latitude", "longitude", "radius_m")
_RAW = frozenset(("author_handle", "author_id", "author_location", "post_id", "created_at"))
_NAN = float("nan")
_FILL: dict[str, Any] = {
    "text": "", "language": "", "place": "", "why": "", "label": "", "water": 0,
    "probability": _NAN, "severity_m": _NAN,
}  # fmt: skip
_NUMBERS = ("latitude", "longitude", "radius_m", "probability", "severity_m")
_WHOLE = {"story": np.int64, "water": np.int8}


@dataclass
class _Read:
    """Columns as a file has them, and what goes with them."""

    columns: dict[str, list[Any]]
    gaps: Sequence[Mapping[str, Any]] = ()
    origin: dict[str, Any] = field(default_factory=dict)
    first_row: int = 1


def read_file(path: Path) -> Located:
    """See :func:`~inundate.posts.locate.located.open_located`."""
    place = check_input(path, what="opening located posts")
    reader = _READERS.get(place.suffix.lower())
    if reader is None or place.is_dir():
        raise DataError(
            f"opening located posts {place}: found {place.suffix or 'no suffix'!r}, expected "
            f"a file {', '.join(SUFFIXES)}",
            hint="inundate posts locate STORE -o located.parquet makes one",
        )
    read = reader(place)
    _check_columns(read.columns, place)
    return _made(read, place)


def write_file(located: Located, path: Path) -> Path:
    """See :func:`~inundate.posts.locate.located.write_located`."""
    check_suffix(path)
    with atomic_file(path) as temporary:
        _WRITERS[path.suffix.lower()](located, temporary)
    return path


def check_suffix(path: Path) -> None:
    """Check that located posts can be written to a file of that name.

    Raises
    ------
    ConfigError
        If its suffix is none of :data:`SUFFIXES`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f"writing located posts {path}: suffix {path.suffix!r}, expected {', '.join(SUFFIXES)}"
        )


def _check_columns(columns: Mapping[str, Any], path: Path) -> None:
    raw = sorted(_RAW & set(columns))
    if raw:
        raise DataError(
            f"opening located posts {path}: it has columns of raw posts ({', '.join(raw)}), "
            "with names and ids in clear",
            hint="pseudonymise first (inundate posts anonymise), then inundate posts locate",
        )
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise DataError(
            f"opening located posts {path}: no column {', '.join(missing)}; found "
            + ", ".join(sorted(columns)),
            hint="needed: " + "; ".join(f"{name} ({LOCATED_COLUMNS[name]})" for name in _NEEDED),
        )


def _made(read: _Read, path: Path) -> Located:
    number = len(read.columns["time"])
    made: dict[str, Any] = {}
    for name in LOCATED_COLUMNS:
        known = read.columns.get(name)
        values = _filled(name, number, read.columns) if known is None else known
        made[name] = _typed(name, values, path, read.first_row)
    assumed = [name for name in LOCATED_COLUMNS if name not in read.columns]
    origin = dict(read.origin) or {"path": path.name}
    if assumed:
        told = f"absent columns filled: {', '.join(assumed)}"
        origin["assumed"] = [*origin.get("assumed", ()), told]
    gaps = tuple(
        Gap(_moment(gap.get("start")), _moment(gap.get("end")), str(gap.get("why", "")))
        for gap in read.gaps
    )
    return Located(**made, gaps=gaps, origin=origin)


def _filled(name: str, number: int, columns: Mapping[str, list[Any]]) -> list[Any]:
    if name == "post":
        return [str(row + 1) for row in range(number)]
    if name == "story":  # no post is known to repeat another
        return list(range(number))
    if name == "method":
        return [
            "none" if _float(value) != _float(value) else "coordinates"
            for value in columns["latitude"]
        ]
    return [_FILL[name]] * number


def _typed(name: str, values: Sequence[Any], path: Path, first_row: int) -> Any:
    change: Callable[[Any], Any] = str
    if name == "time":
        change = _moment
    elif name in _NUMBERS:
        change = _float
    elif name in _WHOLE:
        change = _integer
    else:
        change = _words
    found = []
    for row, value in enumerate(values):
        try:
            found.append(change(value))
        except (ValueError, TypeError, OverflowError) as error:
            raise DataError(
                f"opening located posts {path}: row {row + first_row}, {name} is {value!r}, "
                f"expected {LOCATED_COLUMNS[name]}",
                hint="times are ISO 8601 (2024-01-02T10:00Z), numbers have a decimal point",
            ) from error
    if name == "time":
        return np.array(found, dtype="datetime64[us]")
    if name in _NUMBERS:
        return np.array(found, dtype=np.float64)
    return np.array(found, dtype=_WHOLE[name]) if name in _WHOLE else tuple(found)


def _words(value: Any) -> str:
    return "" if value is None else str(value)


def _float(value: Any) -> float:
    return _NAN if value is None or value == "" else float(value)


def _integer(value: Any) -> int:
    found = float(value)
    if not found.is_integer():
        raise ValueError(value)
    return int(found)


def _moment(value: Any) -> np.datetime64:
    """Read a time; without an offset it is UTC."""
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if value is None or value == "":
        return np.datetime64("NaT", "us")
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(found, "us")


def _iso(moment: np.datetime64) -> str | None:
    return None if np.isnat(moment) else f"{moment.astype('datetime64[us]')}Z"


def _told(located: Located) -> dict[str, Any]:
    gaps = [
        {"start": _iso(gap.start), "end": _iso(gap.end), "why": gap.why} for gap in located.gaps
    ]
    return {"version": _VERSION, "gaps": gaps, "origin": dict(located.origin)}


def _rows(located: Located) -> list[dict[str, Any]]:
    """Give rows of plain values; what is not known is None."""
    columns = [getattr(located, name) for name in LOCATED_COLUMNS]
    return [
        {name: _plain(value) for name, value in zip(LOCATED_COLUMNS, row, strict=True)}
        for row in zip(*columns, strict=True)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        return _iso(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value


def _read_csv(path: Path) -> _Read:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        names = [name.strip() for name in reader.fieldnames or ()]
        columns: dict[str, list[Any]] = {name: [] for name in names}
        for number, row in enumerate(reader, 2):
            if None in row or None in row.values():
                raise DataError(
                    f"opening located posts {path}: row {number} has another number of cells "
                    f"than the {len(names)} of the header"
                )
            for name, cell in zip(names, row.values(), strict=True):
                columns[name].append(cell)
    told = "a CSV file tells no gaps of the collection"
    return _Read(columns, origin={"path": path.name, "assumed": [told]}, first_row=2)


def _write_csv(located: Located, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(LOCATED_COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(_rows(located))


def _read_geojson(path: Path) -> _Read:
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        features = whole["features"]
        rows = [(one.get("properties") or {}, one.get("geometry")) for one in features]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"opening located posts {path}: not a FeatureCollection of GeoJSON ({error!r})"
        ) from error
    columns: dict[str, list[Any]] = {"latitude": [], "longitude": []}
    for properties, _ in rows:
        columns |= {name: [] for name in properties if name not in columns}
    for row, (properties, geometry) in enumerate(rows, 1):
        point = {**properties, **_point(geometry, path, row)}
        for name, values in columns.items():
            values.append(point.get(name))
    told = whole.get("inundate") or {}
    return _Read(columns, told.get("gaps", ()), told.get("origin", {}))


def _point(geometry: Any, path: Path, row: int) -> dict[str, Any]:
    if geometry is None:
        return {"latitude": None, "longitude": None}
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        raise DataError(
            f"opening located posts {path}: feature {row} is no Point", hint="give points"
        )
    longitude, latitude = geometry["coordinates"][:2]
    return {"latitude": latitude, "longitude": longitude}


def _write_geojson(located: Located, path: Path) -> None:
    features = []
    for row in _rows(located):
        latitude, longitude = row.pop("latitude"), row.pop("longitude")
        point = {"type": "Point", "coordinates": [longitude, latitude]}
        features.append(
            {"type": "Feature", "geometry": None if latitude is None else point, "properties": row}
        )
    whole = {"type": "FeatureCollection", "inundate": _told(located), "features": features}
    path.write_text(json.dumps(whole, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _arrow() -> Any:
    require_extra("posts", "pyarrow", what="reading or writing Parquet")
    return require_extra("posts", "pyarrow.parquet", what="reading or writing Parquet")


def _read_parquet(path: Path) -> _Read:
    parquet = _arrow()
    import pyarrow as pa

    try:
        table = parquet.read_table(path, partitioning=None)
    except pa.ArrowInvalid as error:
        raise DataError(f"opening located posts {path}: not Parquet ({error})") from error
    told = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
    columns = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us", tz="UTC"))
            columns[name] = list(column.to_numpy().astype("datetime64[us]"))
        else:
            columns[name] = column.to_pylist()
    return _Read(columns, told.get("gaps", ()), told.get("origin", {}))


def _write_parquet(located: Located, path: Path) -> None:
    parquet = _arrow()
    import pyarrow as pa

    columns, names = [], []
    for name in LOCATED_COLUMNS:
        values = getattr(located, name)
        kind = None if isinstance(values, np.ndarray) else pa.string()
        if name == "time":
            kind = pa.timestamp("us", tz="UTC")
        columns.append(pa.array(values, type=kind))
        names.append(name)
    table = pa.Table.from_arrays(columns, names=names)
    told = json.dumps(_told(located), ensure_ascii=False).encode()
    parquet.write_table(table.replace_schema_metadata({_KEY: told}), path, compression="zstd")


_READERS: dict[str, Callable[[Path], _Read]] = {
    ".parquet": _read_parquet, ".csv": _read_csv, ".geojson": _read_geojson,
}  # fmt: skip
_WRITERS: dict[str, Callable[[Located, Path], None]] = {
    ".parquet": _write_parquet, ".csv": _write_csv, ".geojson": _write_geojson,
}  # fmt: skip
