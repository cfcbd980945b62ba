"""``inundate fuse check``, ``weigh`` and ``context``: posts and depth together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inundate.core.grid import Grid
    from inundate.fuse.evidence import Observations

__all__ = ["check", "context", "weigh"]

Numbers = Annotated[tuple[float, ...], Parameter(consume_multiple=True, negative=())]


def check(
    depth: Path,
    posts: Path,
    *,
    draws: int = 199,
    seed: int = 0,
    json: Json = False,
) -> None:
    """Tell whether a forecast fits what people report better than chance.

    Counts hits, misses and false alarms at the reports, each story once, and sets their agreement
    beside that of the same reports moved together to other places and times of the map.

    Parameters
    ----------
    depth
        A simulation or prediction with depth over time, or a folder of inundate ensemble run.
    posts
        Located posts, of inundate posts locate: .parquet, .geojson or .csv.
    draws
        Moves of the reports.
    seed
        Of the moves.

    Examples
    --------
    ``inundate fuse check depth.zarr located.parquet``
    """
    from inundate.cli.shell import emit
    from inundate.core.errors import ConfigError
    from inundate.fuse.check import check_forecast
    from inundate.fuse.combine import open_members

    if draws < 1:
        raise ConfigError(f"checking a forecast: --draws {draws}, expected 1 or more")
    members = open_members(depth)
    told, counts = _told(posts, members.grid)
    found = check_forecast(
        told, members.depth, grid=members.grid, time=members.time, draws=draws, seed=seed
    )
    figures: dict[str, Any] = {"members": len(members.depth), **counts, **found.figures()}

    def text() -> str:
        chance = figures["agreement_by_chance"]
        rate = figures["hit_rate_by_chance"]
        hits = "" if rate is None else f"; {rate['median']:.0%} would be hits by chance"
        return "\n".join([
            f"{figures['stories']} stories in {figures['posts']} posts; "
            f"{figures['outside']} outside the map or its time; {figures['gaps']} gaps",
            f"  reports of water  {found.hits} hits, {found.misses} misses{hits}",
            f"  reports of none   {found.correct_negatives} dry as told, "
            f"{found.false_alarms} false alarms",
            f"  agreement {found.agreement:.3f}, by chance {chance['median']:.3f} "
            f"({chance['low']:.3f} to {chance['high']:.3f}); p = {found.p_value:.3f}",
        ])  # fmt: skip

    emit(figures, json=json, text=text)


def weigh(
    ensemble: Path,
    posts: Path,
    *,
    output: Output,
    quantiles: Numbers = (0.05, 0.5, 0.95),
    thresholds: Numbers = (0.05, 0.3),
    whole_map: Annotated[bool, Parameter(negative=())] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Weigh the members of a depth ensemble by what people report.

    Writes mean, quantiles and probabilities under the new weights as inundate predict does, so
    that map, export and report read them.

    Parameters
    ----------
    ensemble
        A folder of inundate ensemble run with one storm on one heightmap, or a prediction with
        samples (inundate predict --uncertainty --samples 24).
    posts
        Located posts, of inundate posts locate: .parquet, .geojson or .csv.
    output
        .zarr or .nc.
    quantiles
        Levels of the depth's quantiles, above 0 and below 1.
    thresholds
        Depths in m whose probability is given.
    whole_map
        One weight a member; by default a report counts more near its place.

    Examples
    --------
    ``inundate fuse weigh members located.parquet -o updated.zarr``
    """
    from inundate.cli.shell import emit
    from inundate.core.errors import ConfigError, DataError
    from inundate.core.files import check_not_input, check_output
    from inundate.core.store import write_dataset
    from inundate.fuse.combine import open_members, updated_forecast
    from inundate.fuse.footprint import footprints
    from inundate.fuse.local import local_weights
    from inundate.fuse.weigh import weigh as weigh_members

    if output.suffix not in (".zarr", ".nc"):
        raise ConfigError(
            f"weighing members: output {output} ends in {output.suffix!r}, expected .zarr or .nc",
            hint=f"try -o {output.stem}.zarr",
        )
    for name, values, upper in (("quantiles", quantiles, 1.0), ("thresholds", thresholds, 1e6)):
        if not values or any(not 0 < value < upper for value in values):
            raise ConfigError(
                f"weighing members: --{name} {' '.join(f'{one:g}' for one in values) or 'none'}, "
                f"expected numbers above 0 and below {upper:g}"
            )
    check_output(output, overwrite)
    check_not_input(output, [ensemble, posts])
    members = open_members(ensemble)
    if len(members.depth) < 2:
        raise DataError(
            f"weighing members: {ensemble} holds one flood, expected several",
            hint="inundate ensemble run makes members, inundate predict --samples draws them",
        )
    told, counts = _told(posts, members.grid)
    found = footprints(told, members.depth, grid=members.grid, time=members.time)
    weighed = weigh_members(told, found)
    weights = weighed.weights if whole_map else local_weights(told, weighed, members.grid)
    ds = updated_forecast(members, weights, quantiles=quantiles, thresholds=thresholds)
    write_dataset(ds, output, overwrite=overwrite)
    order = weighed.weights.argsort()[::-1]
    figures: dict[str, Any] = {
        "output": str(output), **counts, "used": weighed.used, "outside": weighed.outside,
        "members": len(members.depth), "effective_members": weighed.effective,
        "useless_share": weighed.useless, "all_useless_probability": weighed.doubt,
        "tempered": weighed.tempered,
        "weights": {members.names[one]: float(weighed.weights[one]) for one in order.tolist()},
    }  # fmt: skip

    def text() -> str:
        return "\n".join([
            f"{weighed.used} of {figures['stories']} stories used, {weighed.outside} outside the "
            f"map or its time; {figures['gaps']} gaps in the collection",
            f"  {weighed.effective:.1f} of {len(members.depth)} members count; "
            f"{weighed.useless:.0%} of the reports seem to know nothing; that none knows anything "
            f"has probability {weighed.doubt:.2f}",
            f"  output {output}",
            f"  next   inundate map --depth {output} --posts {posts} -o map.html",
        ])  # fmt: skip

    emit(figures, json=json, text=text)


def context(
    depth: Path,
    posts: Path,
    *,
    output: Output,
    with_texts: Annotated[bool, Parameter(negative=())] = False,
    event: str | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write what water and rain a map has where and when each post was written.

    A table with one row a post: its pseudonym, its time, and depth and rain within its circle.
    Where the map knows nothing cells are empty, never 0. The model context of inundate posts train
    reads it, joined to other tables by the pseudonym; so do posts evaluate and posts classify.

    Parameters
    ----------
    depth
        A simulation or prediction with depth over time.
    posts
        Located posts, of inundate posts locate: .parquet, .geojson or .csv.
    output
        .csv.
    with_texts
        Also write words, language and label of each post, as the located posts have them, so that
        a classifier can be trained on the table as it is.
    event
        Name of the event, written beside each post.

    Examples
    --------
    ``inundate fuse context depth.zarr located.parquet -o context.csv``
    ``inundate fuse context depth.zarr located.parquet --with-texts --event 2030_june -o table.csv``
    """
    import csv
    import io

    import numpy as np

    from inundate.cli.shell import emit
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_not_input, check_output, write_text
    from inundate.core.store import read_dataset
    from inundate.fuse.context import CONTEXT_COLUMNS, count_outside, water_context
    from inundate.posts.locate.located import open_located

    if output.suffix != ".csv":
        raise ConfigError(
            f"looking up water at posts: output {output} ends in {output.suffix!r}, expected .csv"
        )
    check_output(output, overwrite)
    check_not_input(output, [depth, posts])
    located = open_located(posts)
    if with_texts and not any(located.text):
        raise ConfigError(
            f"--with-texts: the posts of {posts} have no words",
            hint="leave it out: the table is joined to one that has them by the pseudonym",
        )
    with read_dataset(depth) as data:
        found = water_context(located, data)
        outside = count_outside(located, found["inside"], data)
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    beside: dict[str, Sequence[str]] = {"event": (event,) * len(located)} if event else {}
    if with_texts:
        beside |= {"text": located.text, "language": located.language, "label": located.label}
    rows.writerow(["post", "time", *beside, *CONTEXT_COLUMNS])
    for row, post in enumerate(located.post):
        said = located.time[row]
        when = "" if np.isnat(said) else f"{said.astype('datetime64[s]')}Z"
        cells = (found[name][row] for name in CONTEXT_COLUMNS if name != "inside")
        numbers = ["" if np.isnan(value) else f"{value:.4g}" for value in cells]
        told = [column[row] for column in beside.values()]
        rows.writerow([post, when, *told, str(bool(found["inside"][row])).lower(), *numbers])
    write_text(output, table.getvalue())
    inside = int(found["inside"].sum())
    figures = {"output": str(output), "posts": len(located), "inside": inside, "outside": outside}
    words = {
        "no_place": "without a place", "no_time": "without a time",
        "other_time": "of another time than its frames", "elsewhere": "elsewhere",
    }  # fmt: skip
    why = ", ".join(f"{count} {words[name]}" for name, count in outside.items() if count)
    emit(
        figures, json=json,
        text=lambda: f"{output}: {inside} of {len(located)} posts touch the map"
        + (f"; {why}" if why else ""),
    )  # fmt: skip


def _told(posts: Path, grid: Grid) -> tuple[Observations, dict[str, int]]:
    """Read posts as observations, each story once, and count."""
    from inundate.fuse.evidence import Observations
    from inundate.posts.locate.located import open_located

    found = Observations.of_located(open_located(posts), grid)
    once = found.told_once()
    return once, {"posts": len(found), "stories": len(once), "gaps": len(found.gaps)}
