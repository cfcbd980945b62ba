"""Cut a raster into tiles, each with the context that a model can see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from inundate.emulate.models.mode_h import ModeH
from inundate.emulate.scene import Window
from inundate.emulate.zoo import Emulator

__all__ = ["embed_once", "place_in", "tiles"]


def tiles(shape: tuple[int, ...], side: int, model: Emulator) -> Iterator[tuple[Window, Window]]:
    """Give each tile and the same with the context that the model can see."""
    height, width = shape
    reach = model.reach
    for top in range(0, height, side):
        for left in range(0, width, side):
            inner = (slice(top, min(top + side, height)), slice(left, min(left + side, width)))
            yield (
                inner,
                (
                    slice(max(0, top - reach), min(height, inner[0].stop + reach)),
                    slice(max(0, left - reach), min(width, inner[1].stop + reach)),
                ),
            )


def place_in(inner: Window, outer: Window) -> Window:
    """Give the place of a tile within the same with its context."""
    rows, cols = (
        slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True)
    )
    return rows, cols


def embed_once(
    model: ModeH, inputs: Mapping[str, Tensor], outer: Window, known: dict[tuple[int, int], Tensor]
) -> Tensor:
    """Give what Mode H makes of the terrain of a piece, computed the first time alone."""
    place = (outer[0].start, outer[1].start)
    if place not in known:
        known[place] = model.embed(inputs)
    return known[place]
