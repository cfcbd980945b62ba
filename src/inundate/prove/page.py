"""One HTML file with what was found: :func:`write_page`. It opens with no network."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.files import write_text
from inundate.prove.decide import Verdict

__all__ = ["page", "write_page"]

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}
body{color:#1c2733;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
.healthy{border-left:.5rem solid #2f7d4f}.cause{border-left:.5rem solid #b3401f}
.cannot-say{border-left:.5rem solid #8a6d1a}
section.told{padding:.5rem 1rem;background:#f4f6f8}
table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}
img{image-rendering:pixelated;max-width:100%}svg{max-width:100%}
"""
_SIZE = (640, 180)  # of a chart, px
_CELL = 72  # side of a small picture, px


def write_page(verdict: Verdict, path: Path | str) -> Path:
    """Write a verdict as one HTML file.

    Parameters
    ----------
    verdict : Verdict
    path : Path
        Replaced if it is there.
    """
    return write_text(path, page(verdict))


def page(verdict: Verdict) -> str:
    """Give a verdict as HTML: the cause first, then evidence, pictures and figures."""
    parts = [
        f"<h1>{_text(verdict.name)}</h1>",
        f'<section class="told {verdict.answer}">{_head(verdict)}</section>',
        *_pictures(verdict.pictures),
        *_curves(verdict.curves),
        _gradients(verdict.figures),
        _also(verdict),
        _figures(verdict.figures),
    ]
    title = _text(f"Doctor: {verdict.name}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _text(value: Any) -> str:
    return html.escape(str(value))


def _head(verdict: Verdict) -> str:
    says = f"<p><strong>{_text(verdict.says())}</strong></p>"
    found = verdict.finding
    if found is None:
        return says
    tried = "; the remedy was tried, and the model learnt" if found.tried else ""
    return says + _table(
        [
            ("cause", f"{found.cause.value} ({verdict.confidence} confidence{tried})"),
            ("evidence", found.evidence),
            ("try first", found.first),
        ]
    )


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{_text(a)}</th><td>{_text(b)}</td></tr>" for a, b in rows)
    return f"<table>{cells}</table>"


def _pictures(pictures: Mapping[str, NDArray[np.float32]]) -> list[str]:
    return [
        f'<h2>{_text(name)}</h2><img alt="{_text(name)}" src="{_png(image)}">'
        for name, image in pictures.items()
    ]


def _png(image: NDArray[np.float32]) -> str:
    """Lay (rows, columns, H, W) out as one grey picture."""
    from PIL import Image

    rows, columns, height, width = image.shape
    edged = np.ones((rows, columns, height + 1, width + 1), np.float32)
    edged[:, :, :height, :width] = image
    flat = edged.transpose(0, 2, 1, 3).reshape(rows * (height + 1), columns * (width + 1))
    made = Image.fromarray(np.uint8(255 * np.clip(flat, 0, 1)))
    factor = max(1, _CELL // max(height, width)) if columns > 1 else max(1, 300 // height)
    made = made.resize((made.width * factor, made.height * factor), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    made.save(stream, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _curves(curves: Mapping[str, Sequence[float]]) -> list[str]:
    return [
        f"<h2>Loss, {_text(name)}</h2>{_line(values)}"
        for name, values in curves.items()
        if len(values) > 1
    ]


def _line(values: Sequence[float]) -> str:
    known = [v for v in values if math.isfinite(v)]
    if len(known) < 2:
        return "<p>not finite</p>"
    low, high = min(known), max(known)
    width, height = _SIZE
    span = high - low or 1.0
    points = " ".join(
        f"{60 + (width - 70) * i / (len(values) - 1):.1f},"
        f"{10 + (height - 30) * (1 - (v - low) / span):.1f}"
        for i, v in enumerate(values)
        if math.isfinite(v)
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="loss from {values[0]:.4g} to {known[-1]:.4g}">'
        f'<polyline points="{points}" fill="none" stroke="#1f5f8b" stroke-width="1.5"/>'
        f'<text x="2" y="16" font-size="12">{high:.3g}</text>'
        f'<text x="2" y="{height - 18}" font-size="12">{low:.3g}</text>'
        f'<text x="60" y="{height - 4}" font-size="12">step 0</text>'
        f'<text x="{width - 40}" y="{height - 4}" font-size="12">{len(values) - 1}</text></svg>'
    )


def _gradients(figures: Mapping[str, float]) -> str:
    """Draw the gradient per weight of each layer at step 0, as powers of ten."""
    found = {
        k.removeprefix("gradient "): v for k, v in figures.items() if k.startswith("gradient ")
    }
    live = [v for v in found.values() if v > 0]
    if not live:
        return ""
    low, high = math.floor(math.log10(min(live))), math.ceil(math.log10(max(live)))
    rows = []
    for name, value in found.items():
        share = (math.log10(value) - low + 0.3) / (high - low + 0.3) if value > 0 else 0.0
        bar = f'<svg width="300" height="12"><rect width="{300 * share:.0f}" height="12" '
        bar += 'fill="#1f5f8b"/></svg>'
        rows.append(f"<tr><th>{_text(name)}</th><td>{bar}</td><td>{value:.2g}</td></tr>")
    return f"<h2>Gradient per weight at step 0</h2><table>{''.join(rows)}</table>"


def _also(verdict: Verdict) -> str:
    rows = [(f.cause.value, f"{f.evidence} ({f.weight})") for f in verdict.also]
    rows += [("the run", line) for line in verdict.told]
    return f"<h2>Also</h2>{_table(rows)}" if rows else ""


def _figures(figures: Mapping[str, float]) -> str:
    rows = [(k, f"{v:.4g}") for k, v in figures.items() if not k.startswith("gradient ")]
    return f"<h2>Measured</h2>{_table(rows)}" if rows else ""
