"""Calibrate a saved model on labelled posts, and let it pass where it is not sure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inundate.core.errors import DataError
from inundate.posts.evaluate.references import copy_references
from inundate.posts.labelled.numbers import answers_of
from inundate.posts.labelled.table import LabelledPosts
from inundate.posts.shift.abstaining import Abstaining, AbstainSettings
from inundate.posts.shift.calibrated import Calibrated, fit_across_events
from inundate.posts.shift.model import Floats, Ints, Model
from inundate.posts.shift.opening import model_id, open_model, unwrap
from inundate.posts.shift.temperature import calibration_error, cool, fit_temperature

__all__ = ["calibrate_model", "cross_fitted"]


def cross_fitted(probabilities: Floats, labels: Ints, groups: Sequence[Any]) -> Floats:
    """Scale the probabilities of each group by the temperature of all other groups.

    So the error that is left can be told honestly: no post has a part in its own temperature.

    Parameters
    ----------
    probabilities : array (N, K)
    labels : array (N,), int
    groups : sequence, N
        At least two different ones.
    """
    found = np.empty_like(probabilities)
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    for number in range(len(names)):
        own = place == number
        found[own] = cool(probabilities[own], fit_temperature(probabilities[~own], labels[~own]))
    return found


def calibrate_model(
    folder: Path | str,
    posts: LabelledPosts,
    output: Path | str,
    *,
    across_events: bool = False,
    abstain: AbstainSettings | None = None,
    seed: int = 0,
    on_event: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Fit a temperature, and thresholds if wanted, and save the model with them.

    Parameters
    ----------
    folder : Path
        Of a saved model.
    posts : LabelledPosts
        Posts that it was not trained on; with ``across_events`` those to train it on anew.
    output : Path
        Folder for the new model.
    across_events : bool
        Leave each event of the posts out in turn, fit to the answers about those, and train the
        model anew on all posts: for new events.
    abstain : AbstainSettings, optional
        When the model is to pass; by default it answers always.
    seed : int
    on_event : callable
        Told the name of each event that was left out.

    Returns
    -------
    dict
        ``temperature``, ``posts``, ``ece_before`` and ``ece_after``, the latter of posts that had
        no part in their temperature; ``events`` with both of each; ``answered`` and ``accuracy``
        where the model may pass, ``model`` and ``name``.

    Raises
    ------
    MissingFileError, DataError
        If the model or posts do not do: too few posts or events, other classes, or no threshold
        that reaches the accuracy.
    """
    opened = open_model(folder)
    judged = posts.judged().with_classes(opened.classes)
    if len(judged) < 2:
        raise DataError(
            f"calibrating {folder}: {len(judged)} labelled posts, expected at least 2, and "
            "better some hundreds"
        )
    if across_events:
        make = _maker(unwrap(opened))
        model, left_out = fit_across_events(make, judged, seed=seed, on_event=on_event)
        raw, labels, events = left_out.probabilities, left_out.labels, left_out.events
        groups: Sequence[Any] = events
    else:
        model = Calibrated(opened)
        raw, labels, events = answers_of(opened, judged), judged.labels, judged.events
        model.calibrate(raw, labels)
        groups = (np.random.default_rng(seed).permutation(len(judged)) % 2).tolist()
    told = _errors(raw, cross_fitted(raw, labels, groups), labels, events)
    final: Model = model
    if abstain is not None:
        passing = Abstaining(model, abstain)
        passing.calibrate(model.apply(raw), labels)
        decided = passing.decisions(model.apply(raw)).labels
        told["answered"] = float((decided >= 0).mean())
        told["accuracy"] = float((decided == labels)[decided >= 0].mean())
        final = passing
    final.save(Path(output), notes=told)
    if not across_events:  # otherwise it was trained anew, on other posts than they were
        copy_references(Path(folder), Path(output))
    return {
        "output": str(output),
        "model": model_id(output),
        "name": final.name,
        "temperature": model.temperature,
        "fitted_on": model.fitted_on,
        **told,
    }


def _maker(model: Model) -> Callable[[], Model]:
    """Give what makes untrained models with the settings of this one."""
    from inundate.posts.classify.base import TextClassifier

    if not isinstance(model, TextClassifier):
        raise DataError(f"training {model.name} anew: expected a single classifier of this package")
    kind, settings = type(model), model.settings
    return lambda: kind(settings)


def _errors(before: Floats, after: Floats, labels: Ints, events: Sequence[str]) -> dict[str, Any]:
    def both(rows: np.ndarray) -> dict[str, Any]:
        return {
            "posts": int(rows.sum()),
            "ece_before": calibration_error(before[rows], labels[rows]),
            "ece_after": calibration_error(after[rows], labels[rows]),
        }

    names = np.array(events, dtype=object)
    of_all = both(np.ones(len(labels), bool))
    return {**of_all, "events": {name: both(names == name) for name in sorted(set(events)) if name}}
