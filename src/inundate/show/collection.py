"""The report of a collection of posts: what is missing first, then what there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inundate.core.files import check_output
from inundate.posts.describe import describe_store
from inundate.posts.schema import POSTS_RAW
from inundate.posts.store import PostStore, open_store
from inundate.show.figure import figure_png
from inundate.show.report_parts import box, figure, limits_section, section, write_page
from inundate.show.template import Html, definition_list, table
from inundate.show.volume import Volume, draw_volume

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CollectionReport", "count_over_time", "report_collection"]

_HOURLY_DAYS = 21  # shorter collections are counted by the hour, longer ones by the day
_MOST_GAPS = 40  # gaps in the table
_LIMITS = (
    "Counts say what was collected, not what was posted: a search finds what its words match, and "
    "platforms leave out what they like.",
    "Languages and kinds are those that the platforms state.",
    "Fewer posts at night, or after a gap, do not mean less water.",
)


@dataclass(frozen=True)
class CollectionReport:
    """What was written.

    Attributes
    ----------
    path : Path
        The file.
    posts : int
        Posts in the store.
    problems : tuple of str
        What went wrong with the collection, as the report says it first.
    """

    path: Path
    posts: int
    problems: tuple[str, ...]


def report_collection(
    store: Path | str, *, output: Path | None = None, title: str = "", overwrite: bool = False
) -> CollectionReport:
    """Write what a store of posts holds and lacks, in numbers that name nobody.

    Parameters
    ----------
    store : Path
        Raw or pseudonymised store.
    output : Path, optional
        By default ``report-collection.html`` beside the store's folder of files.
    title : str
        Heading; by default made from the store's name.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    MissingFileError, DataError
        If it is not a store, or cannot be read.
    RunError
        If the file exists.
    """
    opened = open_store(store)
    target = check_output(output or opened.path / "report-collection.html", overwrite)
    facts = describe_store(store)
    volume = count_over_time(opened, facts["gaps"])
    problems = _problems(facts)
    write_page(
        target,
        title=title or f"Collection {opened.path.resolve().name}",
        verdict=Html(box("What is missing or went wrong", problems) + _summary(facts)),
        sections=[
            _over_time(volume),
            section("Gaps of the collection", _gaps(facts["gaps"])),
            section("Kept and left out", _left_out(facts)),
            section("What the posts are", _contents(facts)),
            limits_section(_LIMITS),
            section("Where it comes from", definition_list(_origin(opened, facts))),
        ],
    )
    return CollectionReport(target, facts["posts"], tuple(problems))


def count_over_time(store: PostStore, gaps: Sequence[Mapping[str, Any]]) -> Volume:
    """Count the posts of a store by hour or by day, a part of the store in memory at a time.

    Parameters
    ----------
    store : PostStore
    gaps : sequence of mapping
        With ``from`` and ``to``, ISO times or None.
    """
    column = "created_at" if store.kind == POSTS_RAW else "created_bin"
    hours: Counter[int] = Counter()
    for batch in store.batches([column]):
        values = batch[column].drop_null().to_numpy().astype("datetime64[h]").astype(np.int64)
        found, counts = np.unique(values, return_counts=True)
        hours.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
    if not hours:
        return Volume(np.empty(0, "datetime64[h]"), np.empty(0, np.int64), 1, ())
    first, last = min(hours), max(hours)
    step = 1 if last - first < 24 * _HOURLY_DAYS else 24
    bins = np.zeros((last // step - first // step) + 1, np.int64)
    for hour, count in hours.items():
        bins[hour // step - first // step] += count
    starts = (np.arange(bins.size) + first // step) * step
    return Volume(
        starts.astype("datetime64[h]"), bins, step,
        tuple((_moment(gap["from"]), _moment(gap["to"])) for gap in gaps),
    )  # fmt: skip


def _moment(time: str | None) -> np.datetime64:
    return np.datetime64("NaT") if time is None else np.datetime64(time[:19], "s")


def _problems(facts: Mapping[str, Any]) -> list[str]:
    """Say what is wrong or missing, worst first."""
    found = []
    if not facts["conserved"]:
        found.append("Counts do not add up: read is not kept, duplicate, dropped and broken.")
    if facts["posts"] == 0:
        found.append("The store holds no post.")
    if facts["gaps"]:
        found.append(f"Gaps in which posts may be missing: {len(facts['gaps'])}.")
    else:
        found.append("No gap is known. Stores that were imported from files know none.")
    broken = sum(facts["broken"].values())
    if broken:
        found.append(f"{broken:,} records could not be read.")
    if facts["without_time"]:
        found.append(f"{facts['without_time']:,} posts have no time.")
    if facts["kind"] == POSTS_RAW:
        found.append("The store is raw: names and ids stand in it in clear. This report has none.")
    return found


def _summary(facts: Mapping[str, Any]) -> Html:
    days = f"{facts['first_day']} to {facts['last_day']}" if facts["first_day"] else "no day"
    return box(f"{facts['posts']:,} posts, {days}", [
        f"{facts['read']:,} records read from {facts['files']:,} files: {facts['kept']:,} kept, "
        f"{facts['duplicate']:,} duplicate, {sum(facts['dropped'].values()):,} left out, "
        f"{sum(facts['broken'].values()):,} unreadable.",
    ], kind="open")  # fmt: skip


def _over_time(volume: Volume) -> Html:
    if not volume.counts.size:
        return Html("")
    drawn: Figure = draw_volume(volume)
    unit = "hour" if volume.step_hours == 1 else "day"
    caption = f"Posts by {unit} (UTC); hatched: posts may be missing"
    return section("Volume over time", figure(caption, figure_png(drawn, dpi=110)))


def _gaps(gaps: Sequence[Mapping[str, Any]]) -> Html:
    if not gaps:
        return Html("<p>None is known.</p>")
    rows = [
        [gap["from"] or "not known", gap["to"] or "not known", gap["source"], gap["why"]]
        for gap in gaps[:_MOST_GAPS]
    ]
    more = f"the first {_MOST_GAPS} of {len(gaps)}" if len(gaps) > _MOST_GAPS else ""
    return table(["From (UTC)", "To (UTC)", "Collector", "Why"], rows, caption=more)


def _left_out(facts: Mapping[str, Any]) -> Html:
    rows = [["kept", "", f"{facts['kept']:,}"], ["duplicate", "", f"{facts['duplicate']:,}"]]
    for kind in ("dropped", "broken"):
        rows += [[kind, why, f"{count:,}"] for why, count in _by_number(facts[kind])]
    return table(["Fate", "Why", "Records"], rows)


def _contents(facts: Mapping[str, Any]) -> Html:
    named = {
        "Language": "languages", "Platform": "sources", "Kind": "kinds", "Event": "events",
    }  # fmt: skip
    parts = [
        table([heading, "Posts", "Share"], [
            [name, f"{count:,}", f"{100 * count / max(facts['posts'], 1):.1f} %"]
            for name, count in _by_number(facts[key])
        ])
        for heading, key in named.items() if facts[key]
    ]  # fmt: skip
    if facts["labels"]:
        rows = [[name, f"{count:,}"] for name, count in facts["labels"].items()]
        parts.append(table(["Judged by people", "Posts"], rows))
    return Html('<div class="row">' + "".join(parts) + "</div>")


def _by_number(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _origin(store: PostStore, facts: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in store.manifest.items() if isinstance(value, (str, int))}
    return {"store": store.path.name, "files": facts["files"], **kept}
