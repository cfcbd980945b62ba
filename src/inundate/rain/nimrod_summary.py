"""A table of what NIMROD files hold, rain or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inundate.core.errors import GridError
from inundate.rain.nimrod import not_rain
from inundate.rain.nimrod_field import NimrodField

__all__ = ["field_table"]


def field_table(fields: Sequence[NimrodField], crs: str | None = None) -> list[dict[str, Any]]:
    """Put fields of one kind and grid together, in the order of their first appearance.

    Parameters
    ----------
    fields : sequence of NimrodField
        From one file or many.
    crs : str, optional
        CRS of fields whose header states none.

    Returns
    -------
    list of dict
        Name, code, title, units text, number of fields, times, grid, range of the stored and of
        the decoded values, share missing, and why it is not rain (None if it is).
    """
    groups: dict[tuple[Any, ...], list[NimrodField]] = {}
    for field in fields:
        key = (field.code, field.name, field.text("unit_text"), _place(field, crs))
        groups.setdefault(key, []).append(field)
    return [_row(group, key[3]) for key, group in groups.items()]


def _place(field: NimrodField, crs: str | None) -> tuple[Any, ...]:
    try:
        grid = field.grid(crs)
    except GridError:
        return (None, (None, None), None, field.raw.shape)
    return (grid.crs, (grid.dx, grid.dy), grid.bounds, grid.shape)


def _row(group: list[NimrodField], place: tuple[Any, ...]) -> dict[str, Any]:
    first = group[0]
    crs, cell_size, bounds, shape = place
    stored = np.concatenate([field.north_up()[~field.missing] for field in group])
    values = np.concatenate([field.values[~field.missing] for field in group])
    missing = sum(int(field.missing.sum()) for field in group)
    times = sorted(field.valid_time for field in group)
    return {
        "name": first.name,
        "code": first.code,
        "title": first.title,
        "unit_found": first.text("unit_text"),
        "unit_decoded": first.unit[0],
        "not_rain": not_rain(first),
        "fields": len(group),
        "time_start": f"{np.datetime_as_string(times[0], unit='s')}Z",
        "time_end": f"{np.datetime_as_string(times[-1], unit='s')}Z",
        "period_s": first.period_s,
        "crs": crs,
        "cell_size": list(cell_size),
        "bounds": list(bounds) if bounds else None,
        "shape": list(shape),
        "stored_min": float(stored.min()) if stored.size else None,
        "stored_max": float(stored.max()) if stored.size else None,
        "value_min": float(values.min()) if values.size else None,
        "value_max": float(values.max()) if values.size else None,
        "share_missing": missing / sum(field.raw.size for field in group),
    }
