"""``inundate posts calibrate``: how sure a model may be, and when it should pass."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit

__all__ = ["calibrate"]


def calibrate(
    model: Path,
    *,
    data: Path,
    output: Output,
    across_events: Annotated[bool, Parameter(negative=())] = False,
    accuracy: float | None = None,
    certainty: float | None = None,
    coverage: float | None = None,
    by_class: Annotated[bool, Parameter(negative=())] = False,
    task: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    event_column: str | None = None,
    positive: Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=True)] = (),
    context: Path | None = None,
    seed: int = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Make a model as sure as it is right, and "not sure" where it may not guess.

    The new model is the old one with a temperature, and thresholds where they are asked for; the
    calibration error it tells is of posts that had no part in their temperature.

    Parameters
    ----------
    model
        Folder of a trained model.
    data
        Posts that people have judged: table or pseudonymised store. Not those it was trained on,
        but for --across-events.
    output
        Folder for the new model.
    across_events
        Leave each event out in turn and calibrate on the answers about it, then train the model
        anew on all of the data: for events to come.
    accuracy
        Pass where the model is too unsure for its answers to be right this often, such as 0.98.
    certainty
        With --accuracy: that further answers are right this often, 0.9 by default. With less the
        model passes less.
    coverage
        Pass where more or less than one class is in the set that holds the true one with this
        probability (conformal).
    by_class
        Let the sets hold this for each class by itself.
    task
        What is asked of a post, such as relevance.
    text_column
        Column with the text, where it cannot be found.
    label_column
        Column with the label, where it cannot be found.
    event_column
        Column with the event, or the event of all posts.
    positive
        Labels that are looked for; all others are the other class.
    context
        Table with the numbers that the model reads beside the words, by post; by default they are
        looked for in the data.
    seed
        Of the training and of the division.

    Examples
    --------
    ``inundate posts calibrate models/words --data more.csv --accuracy 0.98 -o models/careful``
    ``inundate posts calibrate models/words --data floods.csv --across-events -o models/abroad``
    """
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_input, check_not_input, check_output
    from inundate.core.progress import Progress
    from inundate.posts.labelled.numbers import read_numbers, with_numbers
    from inundate.posts.labelled.table import open_labelled
    from inundate.posts.shift.calibrate import calibrate_model
    from inundate.posts.shift.opening import open_model

    settings = _settings(accuracy, certainty, coverage, by_class=by_class)
    check_input(model, what="opening a model")
    check_not_input(output, [model, data])
    check_output(output, overwrite)
    posts = open_labelled(
        data, task=task, text=text_column, label=label_column, event=event_column,
        positive=positive,
    )  # fmt: skip
    columns = tuple(getattr(open_model(model), "columns", ()))
    if columns:
        posts = with_numbers(posts, read_numbers([context or data], columns))
    elif context is not None:
        raise ConfigError(f"--context {context}: {model} reads texts alone")
    with Progress("calibrate", unit="events", enabled=not json and across_events) as bar:
        figures = calibrate_model(
            model, posts, output, across_events=across_events, abstain=settings, seed=seed,
            on_event=lambda _: bar.advance(),
        )  # fmt: skip
    figures["assumed"] = posts.origin.get("assumed", [])
    emit(figures, json=json, text=lambda: _text(figures))


def _settings(
    accuracy: float | None, certainty: float | None, coverage: float | None, *, by_class: bool
) -> Any:
    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.posts.shift.abstaining import AbstainSettings

    if accuracy is not None and coverage is not None:
        raise ConfigError("--accuracy and --coverage: expected one of them")
    if by_class and coverage is None:
        raise ConfigError("--by-class: of use with --coverage alone")
    if certainty is not None and accuracy is None:
        raise ConfigError("--certainty: of use with --accuracy alone")
    given: dict[str, Any] = {}
    if accuracy is not None:
        given = {"rule": "accuracy", "accuracy": accuracy}
        given |= {} if certainty is None else {"confidence": certainty}
    elif coverage is not None:
        given = {"rule": "sets", "coverage": coverage, "by_class": by_class}
    return resolve_settings(AbstainSettings, flags=given) if given else None


def _text(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['output']}: {figures['name']} ({figures['model']}), temperature "
        f"{figures['temperature']:.2f} fitted on {figures['fitted_on']}",
        f"  {'calibration error':<28} {'posts':>8}  before   after",
        _row("all", figures),
        *(_row(name, found) for name, found in figures["events"].items()),
    ]
    if "answered" in figures:
        lines.append(
            f"  answers {figures['answered']:.1%} of these posts, {figures['accuracy']:.1%} of "
            "the answers are right"
        )
    lines += [f"  assumed: {told}" for told in figures["assumed"]]
    return "\n".join(lines)


def _row(name: str, found: dict[str, Any]) -> str:
    return (
        f"  {name:<28} {found['posts']:>8,}  {found['ece_before']:>6.3f}  "
        f"{found['ece_after']:>6.3f}"
    )
