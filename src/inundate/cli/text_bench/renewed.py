"""One part of a result file made anew, the others as they were."""

from __future__ import annotations

from typing import Any

from inundate.core.errors import DataError

__all__ = ["with_part"]

_MADE = ("command", "commit", "date", "machine", "packages")
_BY_PART = ("parts", "seeds")


def with_part(before: dict[str, Any], found: dict[str, Any], part: str) -> dict[str, Any]:
    """Put one part in the place that it has in a result file.

    All that the file says of the part goes, so that nothing in it is of two trainings. The file
    tells by which commit and where the part was made; tables of costs, which are of another part,
    stay.

    Parameters
    ----------
    before : dict
        Of the whole file.
    found : dict
        Of the part alone.
    part : str

    Returns
    -------
    dict
        As the file; neither argument is changed.

    Raises
    ------
    DataError
        If nothing of the part was measured.
    """
    groups = {row["group"] for row in found["figures"]}
    if not any(row["value"] is not None for row in found["figures"]):
        raise DataError(
            f"benchmark text: renewing {part}: nothing was measured, expected its figures",
            hint="the file is as it was; run the part without --kept",
        )
    tables = [one for one in found["tables"] if _is_of(one, groups) or _same_part(one, before)]
    titles = {one["title"] for one in tables}
    own = {name: found[name] for name in _MADE}
    return {
        **before,
        **{
            name: {**before.get(name, {}), **found.get(name, {})}
            for name in (*_BY_PART, "merged")
        },
        "absent": [one for one in before.get("absent", []) if one != part],
        "figures": _placed(before["figures"], found["figures"], lambda one: one["group"] in groups),
        "tables": _placed(
            before["tables"],
            tables,
            lambda one: _is_of(one, groups) or one["title"] in titles,
        ),
        "renewed": {**before.get("renewed", {}), part: own},
    }  # fmt: skip


def _is_of(table: dict[str, Any], groups: set[str]) -> bool:
    """Say whether a table is of a part: its title begins with the part's, to a comma or colon."""
    title = str(table["title"])
    return any(title == one or title.startswith((f"{one}, mean", f"{one}: ")) for one in groups)


def _same_part(table: dict[str, Any], before: dict[str, Any]) -> bool:
    """Say whether a table of costs has one of the same posts in the file."""
    return any(
        one["title"] == table["title"] and one["note"] == table["note"] for one in before["tables"]
    )


def _placed(old: list[Any], new: list[Any], goes: Any) -> list[Any]:
    """Put new entries where the first of those that go stood, at the end if none does."""
    at = next((place for place, one in enumerate(old) if goes(one)), len(old))
    return [*(one for one in old[:at]), *new, *(one for one in old[at:] if not goes(one))]
