"""``inundate posts classify``: what a model says of posts, as they come or of a whole store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json
from inundate.cli.shell import emit

if TYPE_CHECKING:
    from inundate.posts.labelled.numbers import NumberTable
    from inundate.posts.serve.stream import Served

__all__ = ["classify"]

_NOTHING, _STREAM = "-", "standard input"


def classify(
    *,
    model: Path,
    from_: Annotated[str, Parameter(name="--from", allow_leading_hyphen=True)],
    output: Annotated[
        str | None, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)
    ] = None,
    jobs: int = 1,
    cluster: str | None = None,
    follow: Annotated[bool, Parameter(negative=())] = False,
    idle_s: float | None = None,
    batch: int | None = None,
    wait_ms: float | None = None,
    queue: int | None = None,
    drop: Annotated[bool, Parameter(negative=())] = False,
    context: Path | None = None,
    json: Json = False,
) -> None:
    """Classify posts: a store, a file, a folder that fills up, or standard input.

    What the model says is kept by post under the model's id, so that a second run adds nothing and
    a run that was killed goes on where it stopped. Raw posts are refused: pseudonymise them first.

    Parameters
    ----------
    model
        Folder of a model that inundate posts train has made, or one around it.
    from_
        Pseudonymised store; file or folder of files with one JSON object a line that has the
        columns of such a store; - for standard input.
    output
        Folder of labels, made if absent; of a store by default STORE-labels. With - the answers go
        to standard output, one JSON object a line, and are not kept.
    jobs
        Processes, for a store; a worker that dies loses nothing.
    cluster
        Address of a Dask scheduler, or a TOML file with [slurm], for a store.
    follow
        Of a file or folder: wait for more posts until interrupted.
    idle_s
        With --follow: end when nothing came for so long, s.
    batch
        Most posts that are classified at once as they come; 64 by default.
    wait_ms
        Longest time that a post waits for others, ms; 100 by default.
    queue
        Most posts that wait; with more, reading waits. 1024 by default.
    drop
        Drop, and count, what comes while the queue is full.
    context
        Table with the numbers that the model reads beside the words, by post, as inundate fuse
        context writes it. Posts without any get the answer of the words alone. Other tables give
        other answers, which are kept apart.

    Examples
    --------
    ``inundate posts classify --model relevance --from safe --jobs 4``
    ``zcat safe.jsonl.gz | inundate posts classify --model relevance --from - -o -``
    ``inundate posts classify --model models/context --from safe --context context.csv``
    """
    _require()
    from inundate.core.config import resolve_settings
    from inundate.posts.serve.stream import ServeSettings
    from inundate.posts.shift.opening import model_id, open_model

    flow = {"batch": batch, "wait_ms": wait_ms, "queue": queue, "drop": drop or None}
    given = {name: value for name, value in flow.items() if value is not None}
    settings = resolve_settings(ServeSettings, flags=given)
    source, is_store = Path(from_), _is_store(from_)
    _check(from_, is_store, output, jobs, cluster, follow, idle_s, given)
    opened, identity = open_model(model), model_id(model)
    numbers, identity = _numbers(opened, identity, context)
    if is_store and output != _NOTHING:
        figures = _store(
            source, model, opened, identity, output, jobs, cluster, numbers, show=not json
        )
    else:
        figures = _stream(
            from_, opened, identity, output, settings, follow, idle_s, numbers, show=not json
        )
    figures |= {"model": identity, "name": opened.name}
    if output != _NOTHING:
        emit(figures, json=json, text=lambda: _text(figures))


def _is_store(from_: str) -> bool:
    return from_ != _NOTHING and (Path(from_) / "manifest.json").is_file()


def _check(
    from_: str,
    is_store: bool,
    output: str | None,
    jobs: int,
    cluster: str | None,
    follow: bool,
    idle_s: float | None,
    given: dict[str, Any],
) -> None:
    from inundate.core.errors import ConfigError

    if is_store and output == _NOTHING:
        raise ConfigError(
            "-o -: the answers about a store are kept, expected a folder",
            hint="leave -o out, or name a folder",
        )
    if is_store and (given or follow):
        names = [f"--{name.replace('_', '-')}" for name in given] + ["--follow"] * follow
        raise ConfigError(f"{names[0]}: of no use for a store, which is classified by --jobs")
    if not is_store and (cluster is not None or jobs != 1):
        raise ConfigError("--jobs, --cluster: of use for a store alone")
    if not is_store and output is None:
        raise ConfigError(
            f"--from {from_}: no output, expected -o with a folder, or -o - for standard output"
        )
    if follow and from_ == _NOTHING:
        raise ConfigError("--follow: of no use for standard input, which is read to its end")
    if idle_s is not None and not follow:
        raise ConfigError("--idle-s: of use with --follow alone")


def _numbers(model: Any, identity: str, table: Path | None) -> tuple[NumberTable | None, str]:
    """Read what a model wants beside texts; answers have an id of model and table together."""
    import hashlib

    from inundate.core.errors import ConfigError
    from inundate.posts.labelled.numbers import read_numbers

    columns = tuple(getattr(model, "columns", ()))
    if table is None and columns:
        raise ConfigError(
            f"classifying by {model.name}: it reads {', '.join(columns)} beside the words, and no "
            "table of these was given",
            hint="inundate fuse context DEPTH LOCATED -o context.csv makes one; --context names it",
        )
    if table is None:
        return None, identity
    if not columns:
        raise ConfigError(f"--context {table}: {model.name} reads texts alone")
    numbers = read_numbers([table], columns)
    told = identity.encode() + table.read_bytes()
    return numbers, hashlib.sha256(told).hexdigest()[:16]


def _store(
    source: Path,
    folder: Path,
    model: Any,
    identity: str,
    output: str | None,
    jobs: int,
    cluster: str | None,
    numbers: NumberTable | None,
    *,
    show: bool,
) -> dict[str, Any]:
    from inundate.core.progress import Progress
    from inundate.posts.serve.archive import classify_archive
    from inundate.posts.serve.labels import beside, open_labels
    from inundate.posts.store import open_posts

    store = open_posts(source)
    place = Path(output) if output else beside(source)
    labels = open_labels(place, identity, name=model.name, classes=model.classes)
    total = sum(part.rows for part in store.parts())
    beside_texts = {}
    if numbers is not None:
        posts = [one for table in store.batches(["post"]) for one in table["post"].to_pylist()]
        numbers.check_has_some(posts)
        beside_texts = {"with_context": numbers.known(posts)}
    try:
        with Progress("classify", total=total, unit="posts", enabled=show) as bar:
            served = classify_archive(
                store, folder, labels, jobs=jobs, cluster=cluster, numbers=numbers,
                on_done=bar.advance,
            )  # fmt: skip
    except KeyboardInterrupt as error:
        error.add_note("give the same command again: it goes on where it stopped")
        raise
    return {"output": str(place), **beside_texts, **served.figures()}


def _stream(
    from_: str,
    model: Any,
    identity: str,
    output: str | None,
    settings: Any,
    follow: bool,
    idle_s: float | None,
    numbers: NumberTable | None,
    *,
    show: bool,
) -> dict[str, Any]:
    import sys

    from inundate.core.progress import Progress
    from inundate.posts.serve.items import Reading, read_files, read_stream
    from inundate.posts.serve.labels import open_labels
    from inundate.posts.serve.stream import classify_stream

    reading = Reading()
    if from_ == _NOTHING:
        items = read_stream(sys.stdin.buffer, _STREAM, reading)
    else:
        items = read_files(from_, reading, follow=follow, is_over=_over(reading, idle_s))
    labels = None
    if output is not None and output != _NOTHING:
        labels = open_labels(output, identity, name=model.name, classes=model.classes)
    beside_texts = {} if numbers is None else {"with_context": 0}
    with Progress("classify", unit="posts", enabled=show) as bar:

        def take(table: Any) -> None:
            bar.advance(table.num_rows)
            if numbers is not None:
                beside_texts["with_context"] += numbers.known(table["post"].to_pylist())
            if labels is None:
                _print(table, identity)

        served: Served = classify_stream(
            items, model, labels, settings, numbers=numbers, on_table=take
        )
    if served.interrupted and not follow:  # following is ended so, anything else is cut short
        interrupt = KeyboardInterrupt()
        if labels is not None:
            interrupt.add_note("what was answered is kept; the same command goes on")
        raise interrupt
    lines = {"read": reading.read, "broken": dict(sorted(reading.broken.items()))}
    return {"output": output, **lines, **beside_texts, **served.figures()}


def _over(reading: Any, idle_s: float | None) -> Any:
    """Say when nothing has come for long enough."""
    import time

    last, since = -1, time.monotonic()

    def is_over() -> bool:
        nonlocal last, since
        if reading.read != last:
            last, since = reading.read, time.monotonic()
        return idle_s is not None and time.monotonic() - since >= idle_s

    return is_over


def _print(table: Any, identity: str) -> None:
    import json as jsonlib
    import sys

    for row in table.to_pylist():
        print(jsonlib.dumps({**row, "model": identity}))
    sys.stdout.flush()


def _text(figures: dict[str, Any]) -> str:
    told = [f"{figures['posts']:,} posts classified by {figures['name']} ({figures['model']})"]
    if figures["known"]:
        told.append(f"{figures['known']:,} had an answer")
    if "with_context" in figures:
        told.append(f"{figures['with_context']:,} have context")
    if figures["dropped"]:
        told.append(f"{figures['dropped']:,} dropped, the queue was full")
    told += [f"{number:,} broken ({why})" for why, number in figures.get("broken", {}).items()]
    lines = [f"{figures['output']}: {', '.join(told)}"]
    total = max(figures["posts"], 1)
    lines += [
        f"  {name:<28} {number:>9,}  {number / total:>6.1%}"
        for name, number in figures["labels"].items()
    ]
    if figures["posts"]:
        rate = f"  {figures['posts_per_s']:,.0f} posts/s"
        if "latency_p99_ms" in figures:
            rate += (
                f", latency {figures['latency_p50_ms']:.1f} ms (half), "
                f"{figures['latency_p99_ms']:.1f} ms (99 of 100)"
            )
        lines.append(rate)
    return "\n".join(lines)


def _require() -> None:
    from inundate.core.errors import require_extra

    for module in ("pyarrow", "msgspec", "zstandard"):
        require_extra("posts", module, what="classifying posts")
    require_extra("text", "regex", what="classifying posts")
