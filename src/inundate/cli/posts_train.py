"""``inundate posts train``: train a classifier of posts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit

if TYPE_CHECKING:
    from inundate.posts.classify.train import Trained

__all__ = ["train"]

Several = Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=True)]
Tables = Annotated[tuple[Path, ...], Parameter(negative=(), consume_multiple=True)]


def train(
    model: str,
    *,
    data: Tables,
    output: Output,
    task: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    event_column: str | None = None,
    positive: Several = (),
    leave_out: Several = (),
    embedding: str | None = None,
    lexicon: Path | None = None,
    base: str | None = None,
    columns: Several = (),
    context: Tables = (),
    epochs: int | None = None,
    class_weight: str | None = None,
    threads: int | None = None,
    set: Several = (),
    seed: int = 0,
    resume: Annotated[bool, Parameter(negative=())] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train a classifier, scored beside majority, keyword rule and TF-IDF.

    Posts are divided so that copies of a post and the posts of an author are in one part: seven
    tenths to train on, one tenth to choose the best epoch, two tenths for the scores.

    Parameters
    ----------
    model
        Name of a classifier, such as keyword, tfidf_words or bilstm, or a TOML file with a table
        [model].
    data
        Tables or pseudonymised stores of posts that people have judged.
    output
        Folder of the trained model. A training that is stopped leaves its checkpoints in a folder
        of that name with .run behind.
    task
        What is asked of a post, such as relevance, informativeness or information-type.
    text_column
        Column with the text, where it cannot be found.
    label_column
        Column with the label, where it cannot be found.
    event_column
        Column with the event, or the event of all posts.
    positive
        Labels that are looked for; all others are the other class.
    leave_out
        Events that the scores are for, of which nothing is trained on.
    embedding
        Vectors of words: a name such as glove-6b-50d, a file, or none.
    lexicon
        File with terms, one a line.
    base
        Of the model context: classifier that reads the words; tfidf_words by default.
    columns
        Of the model context: numbers that it reads beside the words, such as depth_max_m.
    context
        Tables that have these columns by post, as inundate fuse context writes them; by default
        they are looked for in the data.
    epochs
        Passes over the training posts.
    class_weight
        none, or balanced: all classes count alike.
    threads
        CPU threads while a network is trained.
    set
        Further settings of the model: NAME=VALUE, such as width=32.
    seed
        Of the division and of the training.
    resume
        Go on with a training that was stopped; give the other flags as they were.

    Examples
    --------
    ``inundate posts train bilstm --data labelled.csv --task relevance -o models/bilstm``

    ``inundate posts train tfidf_words --data posts.csv --label-column flood -o models/words``

    ``inundate posts train context --data judged.csv --context context.csv -o models/context``
    """
    from inundate.posts.classify.train import Reading, train_classifier

    settings: dict[str, Any] = {
        "embedding": embedding,
        "lexicon": lexicon,
        "epochs": epochs,
        "class_weight": class_weight,
        "threads": threads,
        "base": base,
        "columns": columns or None,
    }
    trained = train_classifier(
        model,
        data,
        output,
        settings={
            **{name: value for name, value in settings.items() if value is not None},
            **_settings(set),
        },
        reading=Reading(
            task=task,
            text_column=text_column,
            label_column=label_column,
            event_column=event_column,
            positive=positive,
            leave_out=leave_out,
            context=context,
        ),
        seed=seed,
        resume=resume,
        overwrite=overwrite,
    )
    figures = _figures(trained, output)
    emit(figures, json=json, text=lambda: _text(figures))


def _settings(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Read ``NAME=VALUE``; values are TOML, and a text where they are none."""
    import tomllib

    from inundate.core.errors import ConfigError

    found: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise ConfigError(f"--set {pair!r}: expected NAME=VALUE, such as width=32")
        try:
            found[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[name] = value
    return found


def _figures(trained: Trained, output: Path) -> dict[str, Any]:
    report = trained.report
    return {
        "output": str(output),
        "model": report.model,
        "id": trained.identity,
        "classes": list(report.classes),
        "parts": dict(trained.parts),
        "train": dict(report.train),
        "valid": dict(report.scores),
        "test": {name: dict(scores) for name, scores in trained.scores.items()},
        "cpu_s": round(report.cpu_s, 2),
        "details": dict(report.details),
        "assumed": list(trained.model.training["origin"].get("assumed", [])),
    }


def _text(figures: dict[str, Any]) -> str:
    parts = ", ".join(f"{number:,} {name}" for name, number in figures["parts"].items())
    lines = [
        f"{figures['output']}: {figures['model']} {figures['id']}, trained in "
        f"{figures['cpu_s']} s of processor time",
        f"  posts    {parts}",
        f"  classes  {', '.join(figures['classes'])}",
        *_context_lines(figures["details"]),
        *(f"  assumed  {text}" for text in figures["assumed"]),
        "  on the test posts, with 95 % intervals:",
    ]
    for name, scores in figures["test"].items():
        cells = "  ".join(f"{score} {_cell(found)}" for score, found in scores.items())
        lines.append(f"    {name:<16}  {cells}")
    return "\n".join(lines)


def _context_lines(details: dict[str, Any]) -> list[str]:
    """Tell which numbers stand beside the words, and of how many posts."""
    if "with_context" not in details:
        return []
    told = ", ".join(
        f"{name} ({one['unit']})" if one["unit"] not in ("", "1") else name
        for name, one in details["columns"].items()
    )
    gain = details["held_out_gain"]
    worth = (
        f"gain on posts held out {gain['nats']:+.4f} nats a post (standard error "
        f"{gain['standard_error']:.4f})"
    )
    if not details["used"]:
        worth += ": no more than chance, so NOT used; answers are those of the words alone"
    return [
        f"  context  {told} of {details['with_context']:,} of {details['posts']:,} posts",
        f"           {worth}",
    ]


def _cell(found: dict[str, Any]) -> str:
    value, low, high = found["value"], found["low"], found["high"]
    if value is None or math.isnan(value):  # such as the AUC where only one class is
        return "none"
    ends = "" if low is None or math.isnan(low) else f" ({low:.3f} to {high:.3f})"
    return f"{value:.3f}{ends}"
