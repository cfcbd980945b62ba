"""Figures and the page of ``inundate check``: the solver beside what it is held against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

import inundate
from inundate.core.files import atomic_folder, check_output
from inundate.hydro.suite.case import OrderTable, Profile
from inundate.hydro.suite.catalogue import CASES
from inundate.hydro.suite.run import Row, SuiteResult
from inundate.show.chart import line_style, tidy
from inundate.show.encode import to_base64
from inundate.show.figure import figure_png
from inundate.show.template import (
    Html,
    asset,
    content_policy,
    definition_list,
    render,
    table,
    unordered_list,
)

__all__ = ["case_figure", "value_words", "write_check"]

_REFERENCE = ("solid", "dotted")  # the second where there are two
_REFERENCE_COLOUR = "#1a1a1a"


def case_figure(name: str, profiles: list[Profile], tables: list[OrderTable]) -> Figure | None:
    """Draw the plots of a case side by side, and its convergence.

    Parameters
    ----------
    name : str
        The case.
    profiles : list of Profile
        Plots.
    tables : list of OrderTable
        Convergence.

    Returns
    -------
    Figure or None
        None where there is nothing to draw.
    """
    panels = len(profiles) + len(tables)
    if not panels:
        return None
    columns = min(2, panels)
    rows = -(-panels // columns)
    figure = Figure(figsize=(0.5 + 4.6 * columns, 0.5 + 3.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(name, fontsize=10, fontweight="bold", x=0.01, ha="left")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, profile in zip(axes, profiles, strict=False):
        _draw_profile(place, profile)
    for place, found in zip(axes[len(profiles) :], tables, strict=False):
        _draw_orders(place, found)
    for place in axes[panels:]:
        place.set_visible(False)
    return figure


def _draw_profile(axes: Axes, profile: Profile) -> None:
    references = [line for line in profile.lines if line.is_reference]
    computed = [line for line in profile.lines if not line.is_reference]
    for position, line in enumerate(references):
        axes.plot(
            line.x, line.y, label=line.label, color=_REFERENCE_COLOUR, linewidth=3.0, alpha=0.45,
            linestyle=_REFERENCE[position % len(_REFERENCE)],
        )  # fmt: skip
    for position, line in enumerate(computed):
        axes.plot(line.x, line.y, label=line.label, **{**line_style(position), "linewidth": 1.3})
    axes.set_title(profile.title, fontsize=9, loc="left")
    axes.set_xlabel(profile.x_name, fontsize=8)
    axes.set_ylabel(profile.y_name, fontsize=8)
    if len(profile.lines) > 1:
        axes.legend(fontsize=7.5, frameon=False)
    tidy(axes)


def _draw_orders(axes: Axes, found: OrderTable) -> None:
    axes.loglog(found.sizes, found.errors, "o-", color=_REFERENCE_COLOUR, linewidth=1.3)
    for order, style in ((1, "dashed"), (2, "dotted")):
        guide = [found.errors[0] * (size / found.sizes[0]) ** order for size in found.sizes]
        axes.loglog(found.sizes, guide, linestyle=style, color="#9a9a9a", label=f"order {order}")
    axes.set_title(f"Convergence: order {found.order:.2f}", fontsize=9, loc="left")
    unit = "" if found.unit == "1" else f" ({found.unit})"
    axes.set_xlabel(f"{found.name[0].upper()}{found.name[1:]}{unit}", fontsize=8)
    axes.set_ylabel("Error" + ("" if found.error_unit == "1" else f" ({found.error_unit})"),
                    fontsize=8)  # fmt: skip
    axes.set_xticks(found.sizes, [f"{size:g}" for size in found.sizes])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend(fontsize=7.5, frameon=False)
    tidy(axes)
    axes.tick_params(which="both", labelsize=7.5)


def write_check(
    result: SuiteResult,
    folder: Path | str,
    *,
    provenance: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write ``check.html``, ``check.json`` and a PNG a case into a folder.

    Parameters
    ----------
    result : SuiteResult
        What the suite found.
    folder : Path
        To write.
    provenance : mapping, optional
        Versions, command, machine.
    overwrite : bool
        Replace an existing folder.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunError
        If the folder exists.
    """
    target = check_output(folder, overwrite)
    pictures: dict[str, bytes] = {}
    for name in result.profiles:
        figure = case_figure(name, result.profiles[name], result.tables[name])
        if figure is not None:
            pictures[name] = figure_png(figure, dpi=110)
    with atomic_folder(target) as temporary:
        for name, picture in pictures.items():
            (temporary / f"{name}.png").write_bytes(picture)
        figures = {**result.to_dict(), "provenance": dict(provenance or {})}
        (temporary / "check.json").write_text(
            json.dumps(figures, indent=1, default=str, allow_nan=False) + "\n", encoding="utf-8"
        )
        page = _page(result, pictures, provenance or {})
        (temporary / "check.html").write_text(page, encoding="utf-8")
    return target / "check.html"


def _page(result: SuiteResult, pictures: Mapping[str, bytes], provenance: Mapping[str, Any]) -> str:
    style = asset("report.css")
    body = "".join(_section(name, result, pictures.get(name)) for name in result.seconds)
    origin = {
        "equations": result.equations,
        "precision": result.precision,
        "length": "quick: the finest cells and shortest steps are left out"
        if result.quick
        else "full",
        **provenance,
    }
    return render(
        asset("report.html"),
        csp=content_policy(styles=[style]),
        version=inundate.__version__,
        title="The solver beside what is known",
        style=Html(style),
        verdict=_verdict(result),
        body=Html(body + "<h2>Where it comes from</h2>" + definition_list(origin)),
    )


def _verdict(result: SuiteResult) -> Html:
    failures = result.failures
    if not failures:
        return render(
            '<div class="verdict good"><p>All {{count}} bounds are met.</p></div>',
            count=str(result.bounded),
        )
    lines = [
        f"{row.case}: {row.measure} {value_words(row.value)} {row.unit}, bound {row.bound}"
        + (f" ({row.note})" if row.note else "")
        for row in failures
    ]
    return render(
        '<div class="verdict bad"><p>{{count}} of {{all}} bounds are not met</p>{{list}}</div>',
        count=str(len(failures)), all=str(result.bounded), list=unordered_list(lines),
    )  # fmt: skip


def _section(name: str, result: SuiteResult, picture: bytes | None) -> Html:
    case = CASES[name]
    rows = [_cells(row) for row in result.rows if row.case == name]
    figure = Html("")
    if picture is not None:
        figure = render(
            '<figure><img alt="{{name}}" src="data:image/png;base64,{{data}}"></figure>',
            name=f"plots of {name}", data=to_base64(picture),
        )  # fmt: skip
    return render(
        "<section><h2>{{name}}</h2><p>{{shows}}</p>"
        '<p class="quiet">{{source}}; {{seconds}} s of processor time</p>'
        '<div class="scroll">{{rows}}</div>{{orders}}{{figure}}</section>',
        name=name, shows=case.shows, source=case.source, figure=figure,
        seconds=f"{result.seconds[name]:.1f}",
        rows=table(["measure", "found", "unit", "bound", ""], rows),
        orders=Html("".join(map(_orders, result.tables.get(name, [])))),
    )  # fmt: skip


def _cells(row: Row) -> list[str]:
    state = {
        None: Html('<span class="quiet">for information</span>'),
        True: Html('<span class="yes">met</span>'),
        False: Html('<span class="no">not met</span>'),
    }
    note = render("{{name}}<br><small>{{note}}</small>", name=row.measure, note=row.note)
    told = note if row.note and not row.met else row.measure
    return [told, value_words(row.value), row.unit if row.unit != "1" else "", row.bound,
            state[row.met]]  # fmt: skip


def _orders(found: OrderTable) -> Html:
    orders = ["", *(f"{order:.2f}" for order in found.orders)]
    rows = [
        [f"{size:g}", value_words(error), order]
        for size, error, order in zip(found.sizes, found.errors, orders, strict=True)
    ]
    size = found.name if found.unit == "1" else f"{found.name}, {found.unit}"
    error = "error" if found.error_unit == "1" else f"error, {found.error_unit}"
    caption = f"Convergence: order {found.order:.2f}"
    return table([size, error, "order from the line above"], rows, caption=caption)


def value_words(value: float) -> str:
    """Give a figure in three digits.

    Examples
    --------
    >>> value_words(0.03255), value_words(3.0), value_words(2.1e-16)
    ('0.0326', '3', '2.1e-16')
    """
    return f"{value:.3g}"
