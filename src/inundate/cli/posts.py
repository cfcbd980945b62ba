"""``inundate posts``: import posts of social media, and say what a store holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from inundate.cli.flags import Json, Output
from inundate.cli.memory import spare_memory
from inundate.cli.shell import emit

__all__ = ["describe", "import_"]

Format = Literal[
    "auto", "x-v2", "x-twarc", "x-academic", "x-v1", "x-compliance",
    "mastodon", "bluesky", "reddit", "csv",
]  # fmt: skip
Source = Literal["bluesky", "mastodon", "other", "reddit", "x"]
Pairs = Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=True)]


def import_(
    *inputs: Path,
    output: Output,
    format: Format = "auto",
    event: str | None = None,
    source: Source | None = None,
    column: Pairs = (),
    label: Pairs = (),
    unindexed: Annotated[bool, Parameter(negative=())] = False,
    unlisted: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> None:
    """Import posts into a raw store: names, ids and places stand in it in clear.

    A file that is in the store already changes nothing, and an import that was killed goes on
    where it stopped when the command is given again. What cannot be read is counted and kept aside
    with the reason; posts that are not public, and those of authors who opted out, are left out.

    Parameters
    ----------
    inputs
        Files, plain or packed by gzip, zstd or bzip2, or folders with them: X API v2 pages, twarc2,
        interface 1.1, Mastodon, Bluesky, Reddit dumps, tables.
    output
        Store, made if absent, otherwise added to.
    format
        Format of the files; auto looks at their first records.
    event
        Flood or other event that the posts are about; CrisisLex files tell theirs.
    source
        Platform of a table that does not tell it.
    column
        Of a table: FIELD=COLUMN, such as text=body; CrisisLex, HumAID, twarc-csv, 4CAT and
        Communalytic tables need none.
    label
        Of a table: NAME=COLUMN with people's judgements, such as relevance=on_topic.
    unindexed
        Also take authors who do not want to be found in searches; ask your ethics board.
    unlisted
        Also take posts of Mastodon that are kept out of timelines; ask your ethics board.

    Examples
    --------
    ``inundate posts import pages.jsonl.gz -o raw``
    ``inundate posts import mine.csv --column post_id=id text=body --label flood=label -o raw``
    """
    spare_memory(inputs)
    _require()
    from inundate.core.config import resolve_settings
    from inundate.core.progress import Progress
    from inundate.posts.importers.formats import ImportSettings
    from inundate.posts.ingest import import_posts
    from inundate.posts.ledger import Counts

    given: dict[str, Any] = {
        "format": format,
        "event": event,
        "source": source,
        "columns": _pairs(column, "--column"),
        "labels": _pairs(label, "--label"),
        "unindexed": unindexed,
        "unlisted": unlisted,
    }
    settings = resolve_settings(ImportSettings, flags=given)
    with Progress("import", unit="posts", enabled=not json) as bar:
        imported = import_posts(inputs, output, settings, on_read=bar.advance)
    total = Counts()
    for one in imported:
        if one.entry is not None:
            total.add(one.entry.counts)
    files = [
        {
            "file": str(one.path),
            "status": one.status,
            "reason": one.reason,
            "format": one.entry.settings["format"] if one.entry else None,
            **_figures(one.entry.counts if one.entry else Counts()),
        }
        for one in imported
    ]
    figures = {"output": str(output), "files": files, **_figures(total)}
    emit(figures, json=json, text=lambda: _import_text(figures))


def _figures(counts: Any) -> dict[str, Any]:
    return {
        "read": counts.read,
        "kept": counts.kept,
        "duplicate": counts.duplicate,
        "dropped": dict(sorted(counts.dropped.items())),
        "broken": dict(sorted(counts.broken.items())),
        "deletions": counts.deletions,
    }


def _import_text(figures: dict[str, Any]) -> str:
    lines = []
    for one in figures["files"]:
        told = one["reason"] or f"{one['format']}, {one['status']}: {_counts_text(one)}"
        lines.append(f"{one['file']}: {'skipped, ' if one['reason'] else ''}{told}")
    lines.append(f"{figures['output']}: of these files {_counts_text(figures)}")
    if figures["kept"]:
        lines.append(
            "the store holds names and ids in clear: keep it closed, and go on with "
            f"inundate posts anonymise {figures['output']}"
        )
    return "\n".join(lines)


def _counts_text(figures: dict[str, Any]) -> str:
    parts = [f"{figures['read']:,} read", f"{figures['kept']:,} kept"]
    if figures["duplicate"]:
        parts.append(f"{figures['duplicate']:,} duplicate")
    for name in ("dropped", "broken"):
        parts += [f"{number:,} {name} ({why})" for why, number in figures[name].items()]
    if figures.get("deletions"):
        parts.append(f"{figures['deletions']:,} notices of deletion")
    return ", ".join(parts)


def describe(store: Path, *, json: Json = False) -> None:
    """Say what a store of posts holds, in numbers that name nobody.

    Parameters
    ----------
    store
        Raw or pseudonymised.

    Examples
    --------
    ``inundate posts describe raw``
    """
    _require()
    from inundate.posts.describe import describe_store

    figures = describe_store(store)
    emit(figures, json=json, text=lambda: _describe_text(figures))


def _describe_text(figures: dict[str, Any]) -> str:
    span = f"{figures['first_day']} to {figures['last_day']}" if figures["first_day"] else "unknown"
    lines = [
        f"{figures['store']}: {figures['posts']:,} posts of {figures['files']} files, "
        f"kind {figures['kind']}",
        f"  ledger     {_counts_text(figures)}",
        f"  days       {span}"
        + (f"; {figures['without_time']:,} without a time" if figures["without_time"] else ""),
    ]
    for gap in figures["gaps"]:
        span = f"{gap['from'] or 'start'} to {gap['to'] or 'now'}"
        lines.append(f"  gap        {span}, {gap['source']}: {gap['why']}")
    for name in ("sources", "kinds", "languages", "events", "labels"):
        if figures[name]:
            listed = (f"{key} {number:,}" for key, number in figures[name].items())
            lines.append(f"  {name:<10} {', '.join(listed)}")
    lines.append("  field                share  becomes")
    lines += [
        f"  {name:<20} {share:>5.0%}  {figures['fates'].get(name, '')}".rstrip()
        for name, share in figures["fields"].items()
        if share
    ]
    return "\n".join(lines)


def _pairs(given: Iterable[str], flag: str) -> dict[str, str]:
    from inundate.core.errors import ConfigError

    found: dict[str, str] = {}
    for pair in given:
        name, sign, column = pair.partition("=")
        if not (name and sign and column):
            raise ConfigError(
                f"{flag} {pair!r}: expected NAME=COLUMN", hint=f"such as {flag} text=body"
            )
        found[name] = column
    return found


def _require() -> None:
    from inundate.core.errors import require_extra

    for module in ("pyarrow", "msgspec", "zstandard"):
        require_extra("posts", module, what="a store of posts")
