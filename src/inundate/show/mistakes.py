"""The errors of a classifier of posts as one HTML file, that opens from disk with no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import inundate
from inundate.core.files import check_output, write_text
from inundate.posts.evaluate.mistakes import Mistake
from inundate.posts.evaluate.table import score_cells
from inundate.show.template import Html, asset, content_policy, render, table, unordered_list

__all__ = ["MOST", "write_mistakes"]

MOST = 1000
"""Rows that are written; the page says how many there are besides."""
_EXTRA = """
td.text { text-align: left; min-width: 24em; }
#tools { display: flex; flex-wrap: wrap; gap: 8px 16px; margin: 8px 0; }
#tools[hidden] { display: none; }
#tools input { min-width: 16em; }
"""
_HIDDEN = "Texts are not shown, since they were not read from a pseudonymised store."


def write_mistakes(
    path: Path | str,
    found: Mapping[str, Any],
    mistakes: Sequence[Mistake],
    *,
    title: str,
    with_texts: bool,
    absent: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write scores, confusion and errors of a model into one page.

    Parameters
    ----------
    path : Path
    found : mapping
        From :func:`inundate.posts.evaluate.examine.examine`.
    mistakes : sequence of Mistake
        The surest first.
    title : str
    with_texts : bool
        Whether the errors have their texts.
    absent : mapping of str to str, optional
        Why a reference is not there.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    DataError
        If the scores stand without their references, intervals, shares or split.
    RunError
        If the file exists.
    """
    target = check_output(path, overwrite)
    style, script = asset("report.css") + _EXTRA, asset("mistakes.js")
    page = render(
        asset("report.html"),
        csp=content_policy(styles=[style], scripts=[script]),
        version=inundate.__version__,
        title=title,
        style=Html(style),
        verdict=_verdict(found),
        body=Html(
            _scores(found, absent)
            + _confusion(found)
            + _subsets(found)
            + _mistakes(mistakes, with_texts)
            + f"<script>{script}</script>"
        ),
    )
    return write_text(target, page)


def _verdict(found: Mapping[str, Any]) -> Html:
    said = found["verdict"]
    kind = {True: "good", False: "bad", None: "open"}[said["beats_keyword"]]
    return render(
        '<div class="verdict {{kind}}"><p>{{says}}</p>{{warnings}}</div>',
        kind=kind,
        says=f"The model against the keyword rule: {said['says']}.",
        warnings=unordered_list(found["warnings"]) if found["warnings"] else Html(""),
    )


def _scores(found: Mapping[str, Any], absent: Mapping[str, str] | None) -> str:
    header, rows = score_cells(found, absent=absent)
    shares = ", ".join(f"{name} {share:.1%}" for name, share in found["shares"].items())
    caption = f"Split: {found['split']}. Classes: {shares}. With 95 % intervals over copies."
    lines = [f"{name}: no row, {why}" for name, why in (absent or {}).items()]
    return (
        '<h2>Scores</h2><div class="scroll">'
        + table(header, rows, caption=caption)
        + "</div>"
        + (unordered_list(lines) if lines else "")
    )


def _confusion(found: Mapping[str, Any]) -> str:
    own = next(iter(found["rows"].values()))
    names = list(own["classes"])
    rows = [
        [name, *map(str, counts), *(_share(own["classes"][name][key]) for key in _KEYS)]
        for name, counts in zip(names, own["confusion"], strict=True)
    ]
    header = ["people say", *(f"model: {name}" for name in names), *_KEYS]
    return f'<h2>Confusion</h2><div class="scroll">{table(header, rows)}</div>'


_KEYS = ("precision", "recall", "f1")


def _share(value: float) -> str:
    return "–" if value != value else f"{value:.3f}"  # NaN


def _subsets(found: Mapping[str, Any]) -> str:
    if not found["subsets"]:
        return ""
    models = list(found["rows"])
    rows = [
        [one["subset"], str(one["posts"]), *(_share(one["rows"][m]["macro_f1"]) for m in models)]
        for one in found["subsets"]
    ]
    header = ["macro-F1 of", "posts", *models]
    return f'<h2>Parts of the posts</h2><div class="scroll">{table(header, rows)}</div>'


def _mistakes(mistakes: Sequence[Mistake], with_texts: bool) -> str:
    shown = mistakes[:MOST]
    left = len(mistakes) - len(shown)
    head = f"<h2>Errors</h2><p>{len(mistakes)} different ones, the surest first"
    head += f"; the {left} least sure are left out" if left else ""
    head += ". Copies of a post stand once.</p>"
    if not with_texts:
        head += f'<p class="quiet">{_HIDDEN}</p>'
    return head + _tools(shown) + _rows(shown, with_texts) if shown else head


def _tools(shown: Sequence[Mistake]) -> str:
    said_of = {True: "right", False: "wrong", None: ""}
    menus = {
        "truth": ("people say", {one.truth for one in shown}),
        "said": ("the model says", {one.said for one in shown}),
        "keyword": ("keyword in the text", {"yes", "no"}),
        "rule": ("keyword rule", {said_of[one.keyword_right] for one in shown}),
        "event": ("event", {one.event for one in shown}),
    }
    parts = [_menu(name, words, sorted(values - {""})) for name, (words, values) in menus.items()]
    parts.append('<label>with the words <input id="words" type="search"></label>')
    return f'<div id="tools" hidden>{"".join(parts)}<span id="told"></span></div>'


def _menu(name: str, words: str, values: Iterable[str]) -> str:
    options = "".join(f'<option value="{escape(v)}">{escape(v)}</option>' for v in values)
    label = f'{escape(words)} <select name="{name}"><option value="">any</option>{options}'
    return f"<label>{label}</select></label>"


def _rows(shown: Sequence[Mistake], with_texts: bool) -> str:
    header = ["post", "people say", "the model says", "how sure", "given to the other", "keyword",
              "rule", "copies", "event", *(["text"] if with_texts else [])]  # fmt: skip
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in header)
    body = "".join(_row(one, with_texts) for one in shown)
    return (
        '<div class="scroll"><table id="mistakes"><thead><tr>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(one: Mistake, with_texts: bool) -> str:
    rule = {True: "right", False: "wrong", None: ""}[one.keyword_right]
    keyword = "yes" if one.has_keyword else "no"
    data = {"truth": one.truth, "said": one.said, "keyword": keyword, "rule": rule,
            "event": one.event}  # fmt: skip
    cells = [one.truth, one.said, f"{one.probability:.3f}", f"{one.given_truth:.3f}", keyword, rule,
             str(one.copies), one.event]  # fmt: skip
    marks = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    text = f'<td class="text">{escape(one.text)}</td>' if with_texts else ""
    plain = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr{marks}><th scope="row">{one.row}</th>{plain}{text}</tr>'
