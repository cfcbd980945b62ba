"""Plain text of the HTML that Mastodon sends."""

from __future__ import annotations

import html
import re

__all__ = ["plain_text"]

_BREAK = re.compile(r"<br\s*/?>|</(?:p|li|blockquote|h[1-6]|pre|div)\s*>\s*(?=\S)", re.IGNORECASE)
# Mastodon hides the start and the end of a link: they belong to it all the same
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>|<!--.{0,2000}?-->", re.DOTALL)


def plain_text(markup: str) -> str:
    r"""Take the tags away; paragraphs and breaks become line feeds.

    Parameters
    ----------
    markup : str
        As the server has cleaned it: tags are closed, ``<`` in words is escaped.

    Examples
    --------
    >>> plain_text("<p>Water &lt; 1 m<br>at <a href='https://x.org'>x.org</a></p><p>Now</p>")
    'Water < 1 m\nat x.org\nNow'
    """
    if "<" not in markup:
        return html.unescape(markup)
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", markup))).strip()
