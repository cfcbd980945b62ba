"""The words of a map's head and its table of figures."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from inundate.core.grid import Grid
from inundate.show.language import LANGUAGES, all_words, say_html, tell
from inundate.show.place import cell_metres, crs_name
from inundate.show.summary import Summary
from inundate.show.template import Html, table
from inundate.show.words import model_words, number

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["heading_words", "language_options", "steps_table", "subtitle_words"]

_TABLE_ROWS = 200  # more time steps than this are thinned in the table, and it says so
_KINDS = ("simulation", "prediction")


def heading_words(data: xr.Dataset) -> str:
    """Name a data set by its kind, model, storm and terrain."""
    kind = str(data.attrs.get("kind", ""))
    names = [str(data.attrs[key]) for key in ("storm_name", "terrain_name") if key in data.attrs]
    model = data.attrs.get("model")
    return tell(
        "head.title",
        kind=tell(f"head.kind.{kind}") if kind in _KINDS else kind or tell("head.kind.depth"),
        model="" if model is None else tell("head.by", model=model_words(str(model))),
        names=f": {', '.join(names)}" if names else "",
    )


def subtitle_words(grid: Grid, summary: Summary) -> str:
    """Say when and where a map is, and how fine."""
    first, last = (time[:16].replace("T", " ") for time in (summary.times[0], summary.times[-1]))
    dx, dy = cell_metres(grid)
    size = f"{dx:.3g} m" if abs(dx - dy) < 0.01 * dx else f"{dx:.3g} × {dy:.3g} m"
    return tell(
        "head.subtitle", first=first, last=last, width=grid.width, height=grid.height, size=size,
        crs=crs_name(grid.crs),
    )  # fmt: skip


def language_options(language: str) -> Html:
    """Write the choices of the page's switch, each in its own words."""
    return Html(
        "".join(
            f'<option value="{code}" lang="{code}"{" selected" if code == language else ""}>'
            f"{escape(all_words(code)['language.name'])}</option>"
            for code in LANGUAGES
        )
    )


def steps_table(summary: Summary, language: str) -> Html:
    """Write the figures by time step as a table.

    Parameters
    ----------
    summary : Summary
        Figures of all time steps.
    language : str
        Of the headings; thousands are set apart by a space, which no language misreads.
    """
    keys = ["time", "area", "volume", "deepest", *(["rain"] if summary.has_rain else [])]
    stride = -(-len(summary.times) // _TABLE_ROWS)
    rows = []
    for step in range(0, len(summary.times), stride):
        row = [
            summary.times[step][5:16].replace("T", " "),
            _spaced(number(summary.area_km2[step])),
            _spaced(f"{summary.volume_m3[step]:,.0f}"),
            f"{summary.deepest_m[step]:.2f}",
        ]
        rows.append(row + ([number(summary.rain_mm_h[step])] if summary.has_rain else []))
    caption = tell("table.caption.thinned", stride=stride) if stride > 1 else tell("table.caption")
    header = [say_html(tell(f"table.{key}"), language) for key in keys]
    return table(header, rows, caption=say_html(caption, language))


def _spaced(words: str) -> str:
    return words.replace(",", "\N{NARROW NO-BREAK SPACE}")
