"""Fill the HTML templates: everything inlined, every string escaped, nothing fetched."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

__all__ = [
    "Html",
    "asset",
    "content_policy",
    "definition_list",
    "embed_json",
    "flat_names",
    "render",
    "table",
    "unordered_list",
]

_FIELD = re.compile(r"\{\{(\w+)\}\}")


class Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


@lru_cache(maxsize=32)
def asset(name: str) -> str:
    """Read a file of ``show/assets`` as text.

    Examples
    --------
    >>> asset("leaflet/LICENSE").splitlines()[0]
    'BSD 2-Clause License'
    """
    return files("inundate.show").joinpath("assets", name).read_text(encoding="utf-8")


def render(template: str, **values: str) -> Html:
    """Put values into the ``{{name}}`` fields of a template, escaped unless :class:`Html`.

    Values are put in once: a ``{{name}}`` inside a value stays as it is.

    Raises
    ------
    KeyError
        If a field has no value.

    Examples
    --------
    >>> render("<p>{{a}}</p>", a="<img src=x>")
    '<p>&lt;img src=x&gt;</p>'
    """

    def fill(match: re.Match[str]) -> str:
        value = values[match.group(1)]
        return value if isinstance(value, Html) else escape(value)

    return Html(_FIELD.sub(fill, template))


def content_policy(
    *, styles: Iterable[str], scripts: Iterable[str] = (), images: Iterable[str] = ()
) -> str:
    """Give a content security policy that allows these texts and no network.

    Parameters
    ----------
    styles, scripts : iterable of str
        Exact contents of the page's style and script elements.
    images : iterable of str
        Origins that pictures may be loaded from, beside those in the file.
    """
    pictures = " ".join(["data:", *images])
    return (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; "
        f"img-src {pictures}; base-uri 'none'; form-action 'none'; connect-src 'none'"
    )


def embed_json(value: Any) -> Html:
    r"""Write a value as JSON that cannot end the script element that holds it.

    Examples
    --------
    >>> embed_json({"a": "</script>", "b": float("nan")})
    '{"a":"\\u003c/script\\u003e","b":null}'
    """
    text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Html(text)


def unordered_list(lines: Iterable[str]) -> Html:
    """Write lines of text as an HTML list."""
    return Html("<ul>" + "".join(f"<li>{_text(line)}</li>" for line in lines) + "</ul>")


def definition_list(entries: Mapping[str, object]) -> Html:
    """Write names and values as an HTML definition list."""
    rows = (f"<dt>{escape(name)}</dt><dd>{_text(_words(v))}</dd>" for name, v in entries.items())
    return Html("<dl>" + "".join(rows) + "</dl>")


def flat_names(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Spread nested mappings over names with colons; say so where nothing is known.

    Examples
    --------
    >>> flat_names({"a": 1, "b": {"c": 2}})
    {'a': 1, 'b: c': 2}
    """
    found: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            found.update(flat_names(item, f"{prefix}{key}: "))
        else:
            found[f"{prefix}{key}"] = item
    return found or ({} if prefix else {"provenance": "nothing is known"})


def table(
    header: Iterable[str], rows: Iterable[Iterable[str]], *, caption: str = "", kind: str = ""
) -> Html:
    """Write a table whose first column names its rows.

    Parameters
    ----------
    header, rows : iterables of str
        Text, or :class:`Html` where markup is meant.
    caption : str
        What the table shows.
    kind : str
        Class attribute.
    """
    head = "".join(f'<th scope="col">{_text(words)}</th>' for words in header)
    body = "".join(f"<tr>{_row(row)}</tr>" for row in rows)
    label = f"<caption>{_text(caption)}</caption>" if caption else ""
    style = f' class="{escape(kind)}"' if kind else ""
    return Html(f"<table{style}>{label}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _row(cells: Iterable[str]) -> str:
    first, *rest = cells
    return f'<th scope="row">{_text(first)}</th>' + "".join(f"<td>{_text(c)}</td>" for c in rest)


def _text(value: str) -> str:
    return value if isinstance(value, Html) else escape(str(value))


def _words(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return "–" if value is None else str(value)


def _hashes(texts: Iterable[str]) -> str:
    digests = (b64encode(sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
