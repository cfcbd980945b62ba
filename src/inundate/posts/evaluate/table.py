"""A table of scores that cannot be shown without what makes it honest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from inundate.core.errors import DataError
from inundate.posts.evaluate.references import KEYWORD, MAJORITY

__all__ = ["COLUMNS", "check_honest", "score_cells", "score_text"]

COLUMNS = ("accuracy", "macro_f1", "auc", "ece", "brier")


def check_honest(found: Mapping[str, Any], *, absent: Mapping[str, str] | None = None) -> None:
    """Refuse scores that stand alone.

    Parameters
    ----------
    found : mapping
        ``split`` in words, ``shares`` of the classes, and ``rows``: for each model its
        ``scores`` with value, low, high and note, as
        :func:`~inundate.posts.evaluate.scores.classification_scores` gives them.
    absent : mapping of str to str, optional
        Why a reference is not there.

    Raises
    ------
    DataError
        If the split or the shares are not stated, the majority or the keyword rule is not there
        and nothing says why, or a score has neither an interval nor a reason for having none.
    """
    missing = []
    if not str(found.get("split") or "").strip():
        missing.append("what the split is")
    shares = found.get("shares") or {}
    if not shares or abs(sum(shares.values()) - 1) > 1e-6:
        missing.append("the shares of the classes")
    rows = found.get("rows") or {}
    missing += [
        f"a row {name!r}" for name in (MAJORITY, KEYWORD)
        if name not in rows and not (absent or {}).get(name)
    ]  # fmt: skip
    for name, row in rows.items():
        scores = row.get("scores", {})
        missing += [
            f"an interval of {score} of {name!r}" for score, one in scores.items()
            if not one.get("note") and not _is_finite(one.get("low"), one.get("high"))
        ]  # fmt: skip
        missing += [f"{score} of {name!r}" for score in COLUMNS if score not in scores]
    if missing:
        raise DataError(
            "showing scores: " + "; ".join(missing[:5]) + " is missing",
            hint="scores alone mislead: within one event a rule that looks for a word reaches "
            "what any model does",
        )


def _is_finite(*values: Any) -> bool:
    return all(value is not None and math.isfinite(value) for value in values)


def score_cells(
    found: Mapping[str, Any], *, absent: Mapping[str, str] | None = None
) -> tuple[list[str], list[list[str]]]:
    """Give header and rows of a table of scores, as text.

    Raises
    ------
    DataError
        See :func:`check_honest`.
    """
    check_honest(found, absent=absent)
    header = ["", *COLUMNS]
    rows = [
        [name, *(_cell(row["scores"][score]) for score in COLUMNS)]
        for name, row in found["rows"].items()
    ]
    return header, rows


def _cell(one: Mapping[str, Any]) -> str:
    if not _is_finite(one["value"]):
        return "undefined"
    if not _is_finite(one["low"], one["high"]):
        return f"{one['value']:.3f}"
    return f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"


def score_text(found: Mapping[str, Any], *, absent: Mapping[str, str] | None = None) -> str:
    """Give a table of scores for a terminal, with split, shares, intervals and reasons.

    Raises
    ------
    DataError
        See :func:`check_honest`.

    Examples
    --------
    >>> score_text({"rows": {}})
    Traceback (most recent call last):
    ...
    inundate.core.errors.DataError: showing scores: what the split is; ... is missing
    """
    header, rows = score_cells(found, absent=absent)
    shares = ", ".join(f"{name} {share:.1%}" for name, share in found["shares"].items())
    lines = [f"split: {found['split']}", f"classes: {shares}", *_aligned([header, *rows])]
    notes = {
        f"{score}: no interval, {one['note']}"
        for row in found["rows"].values()
        for score, one in row["scores"].items()
        if one["note"] and score in COLUMNS
    }
    lines += sorted(notes)
    lines += [f"{name}: no row, {why}" for name, why in (absent or {}).items()]
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
