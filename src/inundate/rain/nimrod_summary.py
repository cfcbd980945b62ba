"""A table of what NIMROD files hold, rain or not, made with one field in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from inundate.core.errors import GridError
from inundate.rain.nimrod import not_rain
from inundate.rain.nimrod_field import NimrodField
from inundate.rain.source import UnreadableError

__all__ = ["field_table"]

Row = dict[str, Any]


def field_table(fields: Iterable[NimrodField], crs: str | None = None) -> list[Row]:
    """Put fields of one kind and grid together, in the order of their first appearance.

    Parameters
    ----------
    fields : iterable of NimrodField
        From one file or many.
    crs : str, optional
        CRS of fields whose header states none.

    Returns
    -------
    list of dict
        Name, code, title, units text, number of fields, times, grid, range of the stored and of
        the decoded values, share missing, and why it is not rain (None if it is).
    """
    rows: dict[tuple[Any, ...], Row] = {}
    for field in fields:
        try:
            row = _row(field, crs)
        except UnreadableError:
            continue  # its file is named among those skipped
        key = (row["code"], row["name"], row["unit_found"], repr(row["bounds"]), repr(row["shape"]))
        rows[key] = _joined(rows[key], row) if key in rows else row
    for row in rows.values():
        row["share_missing"] = row.pop("missing") / row.pop("cells")
    return list(rows.values())


def _row(field: NimrodField, crs: str | None) -> Row:
    """Describe one field."""
    place: Row
    try:
        grid = field.grid(crs)
        place = {"crs": grid.crs, "cell_size": [grid.dx, grid.dy], "bounds": list(grid.bounds)}
    except GridError:
        place = {"crs": None, "cell_size": None, "bounds": None}
    unit, scale, shift = field.unit
    stored = field.north_up()[~field.missing]
    low, high = (float(stored.min()), float(stored.max())) if stored.size else (None, None)
    time = f"{np.datetime_as_string(field.valid_time, unit='s')}Z"
    return {
        "name": field.name,
        "code": field.code,
        "title": field.title,
        "unit_found": field.text("unit_text"),
        "unit_decoded": unit,
        "not_rain": not_rain(field),
        "fields": 1,
        "time_start": time,
        "time_end": time,
        "period_s": field.period_s,
        **place,
        "shape": list(field.raw.shape),
        "stored_min": low,
        "stored_max": high,
        "value_min": None if low is None else low * scale + shift,
        "value_max": None if high is None else high * scale + shift,
        "missing": field.raw.size - stored.size,
        "cells": field.raw.size,
    }


def _joined(row: Row, other: Row) -> Row:
    """Add a field of the same kind to a row."""
    found = dict(row)
    for name in ("fields", "missing", "cells"):
        found[name] = row[name] + other[name]
    for name, pick in (("time_start", min), ("time_end", max), ("stored_min", min),
                       ("stored_max", max), ("value_min", min), ("value_max", max)):  # fmt: skip
        both = [value for value in (row[name], other[name]) if value is not None]
        found[name] = pick(both) if both else None
    return found
