"""The command ``inundate report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Overwrite

__all__ = ["report"]


def report(
    source: Path,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    evaluation: Path | None = None,
    posts: Path | None = None,
    check: Path | None = None,
    title: str = "",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write the report of a run, a collection of posts or an event: failures first.

    Parameters
    ----------
    source
        Run folder, as train makes it; or store of posts; or with --posts a simulation or
        prediction.
    output
        HTML file to write; by default report.html in the run folder, report-collection.html in
        the store, or report.html beside the simulation.
    evaluation
        Of a run: JSON of inundate evaluate; by default evaluation.json in the run folder.
    posts
        Of an event: located posts, .parquet, .csv or .geojson.
    check
        Of an event: what inundate fuse check --json prints.
    title
        Heading; by default made from the source.

    Examples
    --------
    ``inundate report runs/2026-11-23T0955-mode_h-3f2a -o report.html``
    """
    from inundate.core.errors import ConfigError

    kind = "event" if posts is not None else "collection" if _is_store(source) else "run"
    for flag, value, fits in (("--evaluation", evaluation, "run"), ("--check", check, "event")):
        if value is not None and kind != fits:
            raise ConfigError(
                f"{flag} {value}: this is the report of {_ARTICLE[kind]}, expected that of "
                f"{_ARTICLE[fits]}",
                hint="an event needs --posts located.parquet" if fits == "event" else None,
            )
    if posts is not None:
        _event(source, posts, check, output, title, overwrite, json)
    elif kind == "collection":
        _collection(source, output, title, overwrite, json)
    else:
        _run(source, evaluation, output, title, overwrite, json)


_ARTICLE = {"run": "a run", "collection": "a collection", "event": "an event"}


def _is_store(path: Path) -> bool:
    """Whether a folder is a store of posts, by the manifest that stores have."""
    return (path / "_ledger").is_dir() and (path / "manifest.json").is_file()


def _run(
    run: Path, evaluation: Path | None, output: Path | None, title: str, overwrite: bool, json: bool
) -> None:
    from inundate.cli.shell import emit
    from inundate.show.runs import report_run

    found = report_run(run, output=output, evaluation=evaluation, title=title, overwrite=overwrite)
    verdict = {None: "not evaluated", True: "beats every baseline", False: "does NOT beat them all"}
    lines = [f"{found.path}: {verdict[found.beats_all]}", *(f"  {fail}" for fail in found.fails)]
    emit(
        {
            "output": str(found.path),
            "evaluated": found.beats_all is not None,
            "beats_all": found.beats_all,
            "fails": list(found.fails),
            "problems": list(found.problems),
            "figures": list(found.figures),
        },
        json=json,
        text="\n".join([*lines, *(f"  problem: {problem}" for problem in found.problems)]),
    )


def _collection(store: Path, output: Path | None, title: str, overwrite: bool, json: bool) -> None:
    from inundate.show.collection import report_collection

    found = report_collection(store, output=output, title=title, overwrite=overwrite)
    _tell(found.path, {"posts": found.posts}, f"{found.posts:,} posts", found.problems, json)


def _event(
    depth: Path, posts: Path, check: Path | None, output: Path | None, title: str,
    overwrite: bool, json: bool,
) -> None:  # fmt: skip
    from inundate.core.files import check_not_input
    from inundate.core.store import read_dataset
    from inundate.posts.locate.located import open_located
    from inundate.show.event import report_event

    target = output or depth.with_name("report.html")
    check_not_input(target, [path for path in (depth, posts, check) if path is not None])
    found = report_event(
        target, read_dataset(depth), open_located(posts),
        check=None if check is None else _read_check(check), title=title, overwrite=overwrite,
    )  # fmt: skip
    words = f"{found.posts['drawn']} of {found.posts['read']} posts in the map and its time"
    _tell(found.path, {"posts": found.posts}, words, found.problems, json)


def _read_check(path: Path) -> dict[str, Any]:
    from json import JSONDecodeError, loads

    from inundate.core.errors import DataError
    from inundate.core.files import check_input

    text = check_input(path, what="reading check").read_text(encoding="utf-8")
    try:
        found = loads(text)
    except JSONDecodeError as error:
        raise DataError(f"reading check {path}: not JSON ({error})") from error
    if not isinstance(found, dict):
        raise DataError(f"reading check {path}: a {type(found).__name__}, expected an object")
    return found


def _tell(
    path: Path, facts: dict[str, Any], words: str, problems: tuple[str, ...], json: bool
) -> None:
    from inundate.cli.shell import emit

    lines = [f"{path}: {words}", *(f"  {problem}" for problem in problems)]
    emit(
        {"output": str(path), **facts, "problems": list(problems)},
        json=json,
        text="\n".join(lines),
    )
