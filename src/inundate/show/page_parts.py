"""The parts of a map page: its style, scripts and policy, its head, where its posts come from."""

from __future__ import annotations

import inundate
from inundate.show.basemap import Basemap
from inundate.show.language import say_attributes, say_list, speak, tell, translate
from inundate.show.page_words import language_options
from inundate.show.post_marks import PostMarks
from inundate.show.template import (
    Html,
    asset,
    content_policy,
    definition_list,
    flat_names,
    render,
)

__all__ = ["fixed_parts", "post_origin"]

_SCRIPTS = (
    "words.js", "decode.js", "raster.js", "draw.js", "strip.js", "basemap.js", "marks.js",
    "posts.js", "map.js",
)  # fmt: skip


def fixed_parts(
    heading: str, subtitle: str, language: str, basemap: Basemap | None
) -> dict[str, str]:
    """Give the values of the template that every map has."""
    style = "\n".join(
        line.strip()
        for line in (_without_links(asset("leaflet/leaflet.css")) + asset("map.css")).splitlines()
        if line.strip()
    )
    leaflet = asset("leaflet/leaflet.js").rpartition("//# sourceMappingURL")[0]
    script = "(() => {\n'use strict';\n" + "\n".join(map(_packed, _SCRIPTS)) + "\n})();\n"
    credit = tell("page.credit", version=inundate.__version__)
    return {
        "language": language,
        "languages": language_options(language),
        "title": translate(heading, language),
        "title_said": say_attributes(heading),
        "subtitle": translate(subtitle, language),
        "subtitle_said": say_attributes(subtitle),
        "version": inundate.__version__,
        "csp": content_policy(
            styles=[style],
            scripts=[leaflet, script],
            images=[] if basemap is None else [basemap.origin],
        ),
        "style": Html(style),
        "leaflet": Html(leaflet),
        "leaflet_licence": Html(asset("leaflet/LICENSE").strip()),
        "script": Html(script),
        "credit": translate(credit, language),
        "credit_said": say_attributes(credit),
    }


def _packed(name: str) -> str:
    """Give a script without indents and comment lines, which a page need not carry."""
    lines = (line.strip() for line in asset(name).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _without_links(style: str) -> str:
    """Drop the pictures that Leaflet's style sheet names; this page has none of them."""
    start = 0
    while (start := style.find("url(", start)) >= 0:
        end = style.index(")", start)
        style = style[:start] + "none" + style[end + 1 :]
    return style


def post_origin(marks: PostMarks | None, language: str) -> Html:
    """Give the box that counts the posts and says where they come from."""
    if marks is None:
        return Html("")
    return render(
        speak(
            '<details id="post-origin"><summary data-say="page.origin.posts"></summary>'
            "{{counts}}{{origin}}</details>",
            language,
        ),
        counts=say_list(marks.notes, language),
        origin=definition_list(flat_names(marks.origin)),
    )
