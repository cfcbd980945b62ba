"""Open models around models, however deep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inundate.core.errors import DataError
from inundate.core.files import check_input
from inundate.posts.shift.abstaining import Abstaining
from inundate.posts.shift.adapted import Adapted
from inundate.posts.shift.calibrated import Calibrated
from inundate.posts.shift.cascade import Cascade
from inundate.posts.shift.model import Model
from inundate.posts.shift.prior import PriorCorrected
from inundate.posts.shift.taught import Taught
from inundate.posts.shift.wrapper import FILE, INNER, VERSION, Wrapper

__all__ = ["WRAPPERS", "is_wrapped", "model_id", "open_model", "unwrap"]

WRAPPERS: dict[str, type[Wrapper]] = {
    cls.kind: cls for cls in (Calibrated, PriorCorrected, Abstaining, Adapted, Taught)
}


def is_wrapped(folder: Path | str) -> bool:
    """Whether a folder holds a model around one or several models."""
    return (Path(folder) / FILE).is_file()


def open_model(folder: Path | str, *, open_inner: Callable[[Path], Model] | None = None) -> Model:
    """Open a model that was saved, wrapped or not.

    Parameters
    ----------
    folder : Path
    open_inner : callable, optional
        Opens what is not wrapped; by default a classifier of this package.

    Raises
    ------
    MissingFileError
        If nothing is there.
    DataError
        If it is of another version, or of no kind that is known.
    """
    place = check_input(folder, what="opening a model")
    if not is_wrapped(place):
        return (open_inner or _open_classifier)(place)
    kind, values = _read(place)
    inner = [open_model(part, open_inner=open_inner) for part in _parts(place, kind, values)]
    if kind == Cascade.kind:
        return Cascade(inner, values["sure"])
    return WRAPPERS[kind].from_values(inner[0], values, *inner[1:])


def _parts(place: Path, kind: str, values: dict[str, Any]) -> list[Path]:
    if kind == Cascade.kind:
        return [place / f"{INNER}-{number}" for number in range(len(values["sure"]) + 1)]
    others = int(values.get("others", 0))
    return [place / INNER, *(place / f"{INNER}-{number}" for number in range(others))]


def _read(place: Path) -> tuple[str, dict[str, Any]]:
    try:
        told = json.loads((place / FILE).read_text(encoding="utf-8"))
        kind, version, values = told["kind"], told["version"], told["values"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"opening {place}: its {FILE} is not what saving a model writes ({error})"
        ) from error
    known = [*WRAPPERS, Cascade.kind]
    if version != VERSION or kind not in known:
        raise DataError(
            f"opening {place}: model of kind {kind!r}, version {version}; expected one of "
            f"{', '.join(known)}, version {VERSION}"
        )
    return str(kind), dict(values)


def model_id(folder: Path | str) -> str:
    """Give the id of a saved model, wrapped or not: a digest of all that decides its answers.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    MissingFileError, DataError
        If nothing is there, or it is no model.
    """
    place = check_input(folder, what="opening a model")
    if not is_wrapped(place):
        from inundate.posts.classify.folder import stored_id

        return stored_id(place)
    kind, values = _read(place)
    inner = [model_id(part) for part in _parts(place, kind, values)]
    told = json.dumps([kind, values, inner], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def unwrap(model: Model) -> Model:
    """Give the model within all wrappers."""
    while isinstance(model, Wrapper):
        model = model.inner
    return model


def _open_classifier(folder: Path) -> Model:
    from inundate.posts.classify.zoo import open_classifier

    found: Model = open_classifier(folder)
    return found
