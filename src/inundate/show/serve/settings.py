"""What the live view keeps, and how often it looks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from inundate.core.config import Settings

__all__ = ["LiveSettings"]


class LiveSettings(Settings):
    """Bounds of a live view; what is beyond them leaves the page, not the journal."""

    frames: int = Field(default=144, ge=2, le=2000, description="Latest depth frames that stay.")
    posts: int = Field(default=2000, ge=1, le=100_000, description="Latest posts that stay.")
    hours: float = Field(
        default=12.0, gt=0, le=72, description="Hours of rain that a frame is predicted from."
    )
    readers: int = Field(default=200, ge=1, le=10_000, description="Most pages that may follow.")
    poll_s: float = Field(default=0.5, gt=0, le=60, description="Seconds between two looks.")
    post_text: Literal["stored", "none"] = Field(
        default="stored", description="Show texts as the input has them, or none."
    )
