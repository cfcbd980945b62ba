"""The report on an event: one HTML file that opens offline, or Markdown; no post is quoted."""

from __future__ import annotations

from html import escape
from typing import Any

__all__ = ["to_html", "to_markdown"]

_COLOURS = ("#1b6ca8", "#e07a1f", "#3a9d5d", "#b5387b", "#7a5cc2", "#8a6d3b", "#c43d3d", "#2b8c8c",
            "#9aa53a", "#555555")  # fmt: skip
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111;
background:#fff}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;
border-bottom:1px solid #ddd}td.n{text-align:right}svg{width:100%;height:auto}small{color:#444}
"""
_WIDE, _HIGH, _LEFT = 900, 160, 50
_NONE = "no event named"


def to_markdown(figures: dict[str, Any]) -> str:
    """Write a report in Markdown.

    Parameters
    ----------
    figures : mapping
        Of :func:`~inundate.posts.topics.events.describe_events`.
    """
    lines = ["# What posts are about", "", _about(figures), ""]
    lines += ["| topic | words | posts | coherence (NPMI) |", "|---|---|---:|---:|"]
    lines += [
        f"| {number} | {' '.join(one['words'])} | {one['posts']:,} | {one['coherence']:.2f} |"
        for number, one in enumerate(figures["topics"], 1)
    ]
    for event in figures["events"]:
        lines += ["", f"## {_plain(event['event'] or _NONE)}", "", _counted(event), ""]
        for name in ("topics", "classes"):
            if event[name]:
                lines += [f"| {name} | posts |", "|---|---:|"]
                lines += [f"| {_plain(key)} | {value:,} |" for key, value in event[name].items()]
                lines.append("")
        lines += [f"- {_plain(gap)}" for gap in event["gaps"]]
        lines += ["", "| from | posts | gap | most about |", "|---|---:|---|---|"]
        lines += [
            f"| {row['from']} | {row['posts']:,} | {'yes' if row['gap'] else ''} | {_most(row)} |"
            for row in event["topics_over_time"]
            if row["posts"] or row["gap"]
        ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Give text that is no markup in Markdown."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+-.!|" else char for char in text)


def _most(row: dict[str, Any]) -> str:
    if not row["shares"]:
        return ""
    name, share = max(row["shares"].items(), key=lambda item: item[1])
    return f"{_plain(name)} ({share:.0%})"


def _about(figures: dict[str, Any]) -> str:
    settings = figures["settings"]
    model = figures["model"]
    said = f"; classes by model {model}" if model else ""
    return (
        f"{figures['posts']:,} posts, {figures['without_topic']:,} of them without a topic; "
        f"{settings['topics']} topics by {settings['method'].upper()}, seed {settings['seed']}, "
        f"mean coherence {figures['coherence']:.2f}{said}. Words stand here that at least "
        f"{settings['authors']} authors used; times with fewer than {figures['least']} posts are "
        "not split."
    )


def _counted(event: dict[str, Any]) -> str:
    told = f"{event['posts']:,} posts"
    if event["without_time"]:
        told += f", {event['without_time']:,} without a time"
    return told + (f"; {len(event['gaps'])} gaps of the collection" if event["gaps"] else "")


def to_html(figures: dict[str, Any]) -> str:
    """Write a report as one HTML file without any script or link.

    Parameters
    ----------
    figures : mapping
        Of :func:`~inundate.posts.topics.events.describe_events`.
    """
    rows = "".join(
        f"<tr><td>{_dot(number)}</td><td>{escape(' '.join(one['words']))}</td>"
        f'<td class="n">{one["posts"]:,}</td><td class="n">{one["coherence"]:.2f}</td></tr>'
        for number, one in enumerate(figures["topics"])
    )
    parts = [
        "<h1>What posts are about</h1>",
        f"<p>{escape(_about(figures))}</p>",
        "<table><tr><th></th><th>words</th><th>posts</th><th>coherence (NPMI)</th></tr>",
        rows,
        "</table>",
        *(_event(event) for event in figures["events"]),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>What posts are about</title><style>{_STYLE}</style></head><body>"
        + "".join(parts)
        + "</body></html>\n"
    )


def _dot(number: int) -> str:
    colour = _COLOURS[number % len(_COLOURS)]
    return (
        f'<svg style="width:1em" viewBox="0 0 10 10"><rect width="10" height="10" '
        f'fill="{colour}"/></svg>'
    )


def _event(event: dict[str, Any]) -> str:
    parts = [f"<h2>{escape(event['event'] or _NONE)}</h2>", f"<p>{escape(_counted(event))}</p>"]
    if event["topics_over_time"]:
        parts.append(_volume(event["topics_over_time"]))
        parts.append(_stack("share of topics", event["topics_over_time"], list(event["topics"])))
    if event["classes_over_time"]:
        names = list(event["classes"])
        parts.append(_stack("share of classes", event["classes_over_time"], names))
        keys = "".join(
            f"<li>{_dot(number)} {escape(name)}: {event['classes'][name]:,}</li>"
            for number, name in enumerate(names)
        )
        parts.append(f"<ul>{keys}</ul>")
    if event["gaps"]:
        listed = "".join(f"<li>{escape(gap)}</li>" for gap in event["gaps"])
        parts.append(
            f"<p>Gaps, hatched grey above, in which posts may be missing:</p><ul>{listed}</ul>"
        )
    return "".join(parts)


def _frame(title: str, rows: list[dict[str, Any]], top: str, body: str) -> str:
    ends = f"{rows[0]['from']} to {rows[-1]['from']}"
    step = (_WIDE - _LEFT) / len(rows)
    gaps = "".join(
        f'<rect x="{_LEFT + number * step:.2f}" y="0" width="{step:.2f}" height="{_HIGH}" '
        'fill="#ccc" class="gap"/>'
        for number, row in enumerate(rows)
        if row["gap"]
    )
    return (
        f"<figure><figcaption><small>{escape(title)}, {escape(ends)}</small></figcaption>"
        f'<svg viewBox="0 0 {_WIDE} {_HIGH + 4}" role="img" aria-label="{escape(title)}">{gaps}'
        f'<text x="{_LEFT - 6}" y="14" text-anchor="end" font-size="14">{escape(top)}</text>'
        f'<text x="{_LEFT - 6}" y="{_HIGH}" text-anchor="end" font-size="14">0</text>{body}'
        f'<path d="M{_LEFT} {_HIGH}H{_WIDE}" stroke="#444"/></svg></figure>'
    )


def _volume(rows: list[dict[str, Any]]) -> str:
    most = max(max(row["posts"] for row in rows), 1)
    step = (_WIDE - _LEFT) / len(rows)
    bars = "".join(
        f'<rect x="{_LEFT + number * step:.2f}" y="{_HIGH * (1 - row["posts"] / most):.2f}" '
        f'width="{step * 0.9:.2f}" height="{_HIGH * row["posts"] / most:.2f}" fill="#456"/>'
        for number, row in enumerate(rows)
        if row["posts"]
    )
    return _frame("posts", rows, f"{most:,}", bars)


def _stack(title: str, rows: list[dict[str, Any]], names: list[str]) -> str:
    step = (_WIDE - _LEFT) / len(rows)
    bars = []
    for number, row in enumerate(rows):
        below = 0.0
        for place, name in enumerate(names if row["shares"] else ()):
            share = row["shares"][name]
            bars.append(
                f'<rect x="{_LEFT + number * step:.2f}" y="{_HIGH * (1 - below - share):.2f}" '
                f'width="{step * 0.9:.2f}" height="{_HIGH * share:.2f}" '
                f'fill="{_COLOURS[place % len(_COLOURS)]}"/>'
            )
            below += share
    return _frame(title, rows, "100 %", "".join(bars))
