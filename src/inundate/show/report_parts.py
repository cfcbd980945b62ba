"""The parts that reports are made of: boxes, sections, figures, the page around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import inundate
from inundate.core.files import write_text
from inundate.show.encode import to_base64
from inundate.show.template import Html, asset, content_policy, render, unordered_list

__all__ = ["box", "figure", "limits_section", "section", "write_page"]


def write_page(path: Path, *, title: str, verdict: Html, sections: Iterable[Html]) -> Path:
    """Write a report as one HTML file that loads nothing.

    Parameters
    ----------
    path : Path
        File to write.
    title : str
        Heading.
    verdict : Html
        What stands at the top.
    sections : iterable of Html
        What follows.
    """
    style = asset("report.css")
    page = render(
        asset("report.html"),
        csp=content_policy(styles=[style]),
        version=inundate.__version__,
        title=title,
        style=Html(style),
        verdict=verdict,
        body=Html("".join(sections)),
    )
    return write_text(path, page)


def box(heading: str, lines: Sequence[str], kind: str = "bad") -> Html:
    """Write a box for the top of a report; nothing where there are no lines.

    Parameters
    ----------
    heading : str
    lines : sequence of str
    kind : {"bad", "open", "good"}
        What it looks like.
    """
    if not lines:
        return Html("")
    return render(
        '<div class="verdict {{kind}}"><p>{{heading}}</p>{{list}}</div>',
        kind=kind, heading=heading, list=unordered_list(lines),
    )  # fmt: skip


def section(heading: str, content: Html) -> Html:
    """Write a section."""
    return render(
        "<section><h2>{{heading}}</h2>{{content}}</section>", heading=heading, content=content
    )


def figure(caption: str, png: bytes, *, told: bool = False) -> Html:
    """Give a figure with its caption, which stays hidden where the picture tells it itself."""
    return render(
        '<figure>{{told}}<img alt="{{caption}}" src="data:image/png;base64,{{data}}"></figure>',
        told=Html("") if told else render("<figcaption>{{words}}</figcaption>", words=caption),
        caption=caption, data=to_base64(png),
    )  # fmt: skip


def limits_section(limits: Iterable[str]) -> Html:
    """Write what a report does not know."""
    return render(
        '<section class="limits"><h2>What this report does not know</h2>{{list}}</section>',
        list=unordered_list(dict.fromkeys(limits)),
    )
