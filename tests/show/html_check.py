"""What every HTML file of the project must be: complete, inert, allowed by its own policy."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

LOADS = {"src", "href", "srcset", "data", "action", "poster", "background", "ping", "formaction"}
VOID = {"meta", "img", "input", "br", "link", "hr"}


class Page(HTMLParser):
    """Elements, attributes that load, texts of scripts and styles, and unclosed elements."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.loads, self.handlers, self.open = [], [], [], []
        self.scripts, self.styles, self.policy, self.inline_styles = [], [], "", 0
        self.visible = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        self.loads += [(tag, k, v) for k, v in attrs if k in LOADS]
        self.handlers += [k for k, _ in attrs if k.startswith("on")]
        self.inline_styles += "style" in found
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        if tag not in VOID:
            self.open.append((tag, found))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()

    def handle_data(self, data):
        tag, found = self.open[-1] if self.open else ("", {})
        if tag == "script" and found.get("type") != "application/json":
            self.scripts.append(data)
        elif tag == "style":
            self.styles.append(data)
        elif tag != "script":
            self.visible.append(data)


def check_page(text):
    """Give the parsed page, after checking that it can load and run nothing but itself."""
    page = Page(text)
    assert not page.open, f"not closed: {page.open}"
    outside = [
        (tag, key, value[:60])
        for tag, key, value in page.loads
        if not value.startswith(("data:image/png;base64,", "#"))
    ]
    assert outside == []
    assert not page.handlers
    assert not page.inline_styles, "the policy forbids style attributes"
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {t for t, _ in page.tags}
    for style in page.styles:
        assert not re.search(r"@import|url\(", style)
    directives = dict(part.strip().partition(" ")[::2] for part in page.policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["connect-src"] == "'none'"
    assert directives["img-src"] == "data:"
    for kind, contents in (("script-src", page.scripts), ("style-src", page.styles)):
        hashes = [b64encode(sha256(c.encode()).digest()).decode() for c in contents]
        assert directives[kind].split() == ([f"'sha256-{h}'" for h in hashes] or ["'none'"])
    return page
