"""``inundate posts evaluate``: hold a model against posts that people judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Overwrite
from inundate.cli.shell import emit

__all__ = ["evaluate"]

Many = Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=True)]
Flag = Annotated[bool, Parameter(negative=())]


def evaluate(
    *,
    model: Path,
    data: Path,
    task: str | None = None,
    text_column: Annotated[str | None, Parameter(name=["--text-column", "--text"])] = None,
    label_column: Annotated[str | None, Parameter(name=["--label-column", "--label"])] = None,
    event: str | None = None,
    positive: Many = (),
    map: Many = (),
    context: Path | None = None,
    html: Path | None = None,
    show_texts: Flag = False,
    overwrite: Overwrite = False,
    draws: int = 1000,
    seed: int = 0,
    json: Json = False,
) -> None:
    """Score a trained model on posts that people judged, beside what it must beat.

    It stands beside the majority, the keyword rule and, where training stored it, TF-IDF; every
    score has a 95 % interval over near-duplicates. Whether the model beats the keyword rule is
    said first, and everything that was assumed of the data is told.

    Parameters
    ----------
    model
        Folder that inundate posts train wrote.
    data
        Table with a text and a label column (CSV, TSV, semicolons, JSON lines; any encoding), a
        folder of known tables, or a pseudonymised store with labels.
    task
        Question that the labels answer, such as relevance; by default that of the model.
    text_column
        Column with the text; found by name and content otherwise.
    label_column
        Column with the labels; in a store the name of the label.
    event
        Column with the event, or the event of all posts.
    positive
        Labels that are looked for; all others are the other class.
    map
        LABEL=CLASS for labels that are not named as the model's classes; LABEL= leaves out.
    context
        Table with the numbers that the model reads beside the words, by post, as inundate fuse
        context writes it; by default they are looked for in the data.
    html
        Page with the errors, to browse offline.
    show_texts
        Show texts in the page though they come from no pseudonymised store.
    overwrite
        Replace the page.
    draws
        Bootstrap draws.
    seed
        Of the draws.
    json
        Print one JSON object.

    Examples
    --------
    ``inundate posts evaluate --model flood-model --data judged.csv``

    ``inundate posts evaluate --model flood-model --data mine.tsv --map wet=on-topic dry=off-topic``

    ``inundate posts evaluate --model models/context --data judged.csv --context context.csv``
    """
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_output

    if draws < 2:
        raise ConfigError(f"--draws {draws}: expected at least 2", hint="1000 is the default")
    if html is not None:
        check_output(html, overwrite)  # before minutes of work
    from inundate.posts.classify.context import WORDS_ALONE, Context
    from inundate.posts.evaluate.examine import MODEL, Answers, examine
    from inundate.posts.evaluate.matching import open_for_model
    from inundate.posts.evaluate.references import references_for
    from inundate.posts.shift.opening import model_id, open_model, unwrap

    opened: Any = open_model(model)
    posts, assumed = open_for_model(
        data, opened, task=task, text=text_column, label=label_column, event=event,
        positive=positive, renamed=_pairs(map),
    )  # fmt: skip
    inner = unwrap(opened)
    posts, about_context = _with_context(opened, posts, data, context)
    references, absent, more = references_for(inner, model, posts)
    if isinstance(inner, Context):
        references = {WORDS_ALONE: inner.words, **references}
    answers = Answers(posts, {MODEL: opened, **references})
    training = dict(getattr(inner, "training", None) or {})
    found = examine(
        answers, split=_split(data, posts, answers), trained_on=training, draws=draws, seed=seed
    )
    origin = posts.origin
    told = {
        "model": {"folder": str(model), "id": model_id(model), "name": opened.name,
                  "classes": list(opened.classes), "trained_on": _trained_on(training)},
        "data": {"path": str(data), "posts": len(posts), "judged": len(answers.posts),
                 "clusters": len(set(answers.clusters.tolist())), "format": origin.get("format"),
                 "dropped": origin.get("dropped", {}),
                 "broken_lines": origin.get("broken_lines", 0), "files": origin.get("files", [])},
        **about_context,
        "assumed": [*assumed, *more],
        "absent": absent,
        **found,
        "html": None if html is None else str(html),
    }  # fmt: skip
    if html is not None:
        _write_page(html, answers, told, show_texts, overwrite)
    emit(told, json=json, text=lambda: _text(told))


def _with_context(
    model: Any, posts: Any, data: Path, context: Path | None
) -> tuple[Any, dict[str, Any]]:
    """Give posts the numbers that a model reads, and tell of how many these are known."""
    import numpy as np

    from inundate.core.errors import ConfigError
    from inundate.posts.labelled.numbers import read_numbers, with_numbers
    from inundate.posts.shift.opening import unwrap

    columns = tuple(getattr(model, "columns", ()))
    if not columns:
        if context is not None:
            raise ConfigError(f"--context {context}: {model.name} reads texts alone")
        return posts, {}
    inner: Any = unwrap(model)
    table = context or data
    posts = with_numbers(posts, read_numbers([table], columns))
    judged = posts.judged()
    known = {name: np.isfinite(judged.numbers[name]) for name in columns}
    return posts, {"context": {
        "table": str(table), "posts": len(judged),
        "used": bool(inner.training["details"]["used"]),
        "with_context": int(np.any(list(known.values()), axis=0).sum()),
        "columns": {name: int(one.sum()) for name, one in known.items()},
    }}  # fmt: skip


def _split(data: Path, posts: Any, answers: Any) -> str:
    judged = len(answers.posts)
    left = len(posts) - judged
    events = sorted(set(answers.posts.events) - {""})
    of = f" of {len(events)} events" if len(events) > 1 else f" of {events[0]}" if events else ""
    out = f", {left:,} without a label left out" if left else ""
    return f"all {judged:,} judged posts{of} in {data.name or data}{out}"


def _trained_on(training: dict[str, Any]) -> dict[str, Any]:
    return {key: training[key] for key in ("train", "valid", "events", "seed") if key in training}


def _write_page(
    html: Path, answers: Any, told: dict[str, Any], show_texts: bool, overwrite: bool
) -> None:
    from inundate.posts.evaluate.examine import MODEL
    from inundate.posts.evaluate.mistakes import find_mistakes
    from inundate.show.mistakes import write_mistakes

    with_texts = show_texts or told["data"]["format"] == "posts"
    write_mistakes(
        html, told, find_mistakes(answers, MODEL, with_texts=with_texts),
        title=f"Errors of {told['model']['name']} on {Path(told['data']['path']).name}",
        with_texts=with_texts, absent=told["absent"], overwrite=overwrite,
    )  # fmt: skip


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    from inundate.core.errors import ConfigError

    found = {}
    for pair in given:
        name, sign, target = pair.rpartition("=")
        if not (name and sign):
            raise ConfigError(
                f"--map {pair!r}: expected LABEL=CLASS", hint="such as --map wet=on-topic"
            )
        found[name] = target
    return found


def _text(told: dict[str, Any]) -> str:
    from inundate.posts.evaluate.table import score_text

    model, data = told["model"], told["data"]
    lines = [f"{model['folder']} ({model['name']}, id {model['id']}) on {data['path']}: "
             + told["verdict"]["says"]]  # fmt: skip
    lines += [f"warning: {line}" for line in told["warnings"]]
    if "context" in told:
        of = told["context"]
        each = ", ".join(f"{name} {number:,}" for name, number in of["columns"].items())
        lines.append(f"context: {of['with_context']:,} of {of['posts']:,} judged posts have some "
                     f"({each}); others get the answer of the words alone")  # fmt: skip
        if not of["used"]:
            lines.append("context is NOT used: in training it lowered the loss of posts held out "
                         "by no more than chance")  # fmt: skip
    lines += [f"assumed: {line}" for line in told["assumed"]]
    lines += [f"left out: {number:,} posts ({why})" for why, number in data["dropped"].items()]
    if data["broken_lines"]:
        lines.append(f"left out: {data['broken_lines']:,} broken lines")
    lines += ["", score_text(told, absent=told["absent"])]
    if told["paired"]:
        lines += ["", "the model less each reference, on the same posts:"]
    lines += [f"  {name}: {_differences(row)}" for name, row in told["paired"].items()]
    once = told["once"]["model"]
    shown = ", ".join(f"{name} {_number(value)}" for name, value in once.items())
    lines += ["", f"with each of {data['clusters']:,} groups of copies as one post: {shown}"]
    lines += _subset_lines(told)
    if told["html"]:
        lines.append(f"errors: {told['html']}")
    return "\n".join(lines)


def _differences(row: dict[str, Any]) -> str:
    parts = []
    for score, one in row.items():
        interval = "" if one["note"] else f" [{one['low']:+.3f}, {one['high']:+.3f}]"
        known = one["value"] == one["value"]
        parts.append(f"{score} {one['value']:+.3f}{interval}" if known else f"{score} undefined")
    return ", ".join(parts)


def _subset_lines(told: dict[str, Any]) -> list[str]:
    if not told["subsets"]:
        return []
    lines = ["", "macro-F1 by part:"]
    for one in told["subsets"]:
        each = ", ".join(f"{who} {_number(row['macro_f1'])}" for who, row in one["rows"].items())
        lines.append(f"  {one['subset']} ({one['posts']:,} posts): {each}")
    return lines


def _number(value: float) -> str:
    return f"{value:.3f}" if value == value else "undefined"
