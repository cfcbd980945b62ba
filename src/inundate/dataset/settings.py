"""Settings of a data set: blocks, gaps, splits."""

from __future__ import annotations

from pydantic import Field

from inundate.core.config import Settings

__all__ = ["DatasetSettings"]


class DatasetSettings(Settings):
    """How simulations are cut into samples, and which of them are held out."""

    block_cells: int = Field(
        default=0, ge=0, description="Side of a terrain block in cells; 0: one block a simulation."
    )
    gap_cells: int = Field(
        default=4,
        ge=0,
        description="Cells left out on each side of a block cut from a larger area.",
    )
    test_share: float = Field(
        default=0.25, gt=0, lt=1, description="Share of the terrain blocks of each regime held out."
    )
    valid_share: float = Field(
        default=0.15,
        gt=0,
        lt=1,
        description="Share of the terrain blocks that choose the best epoch.",
    )
    test_storms: int = Field(
        default=1, ge=1, description="Storms held out, when --test-storm names none."
    )
    seed: int = Field(default=0, ge=0, description="Seed of the split, or of a world.")
