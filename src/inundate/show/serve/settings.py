"""What the live view keeps, and how often it looks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from inundate.core.config import Settings
from inundate.core.errors import ConfigError

__all__ = ["FRAME_MIN", "LiveSettings"]

FRAME_MIN = 10.0
"""Minutes from one frame of a trained emulator to the next."""


class LiveSettings(Settings):
    """Bounds of a live view; what is beyond them leaves the page, not the journal."""

    frames: int = Field(default=144, ge=2, le=2000, description="Latest depth frames that stay.")
    posts: int = Field(default=2000, ge=1, le=100_000, description="Latest posts that stay.")
    hours: float = Field(
        default=12.0, gt=0, le=72, description="Hours of rain that a frame is predicted from."
    )
    nowcast_min: float = Field(
        default=0.0, ge=0, le=360, description="Minutes that a nowcast looks ahead; 0 makes none."
    )
    members: int = Field(default=8, ge=2, le=50, description="Members of a nowcast.")
    chance_depth_m: float = Field(
        default=0.3, gt=0, le=10, description="Depth whose probability a nowcast tells, m."
    )
    readers: int = Field(default=200, ge=1, le=10_000, description="Most pages that may follow.")
    poll_s: float = Field(default=0.5, gt=0, le=60, description="Seconds between two looks.")
    post_text: Literal["stored", "none"] = Field(
        default="stored", description="Show texts as the input has them, or none."
    )

    def check(self) -> None:
        """Check that no setting is without effect.

        Raises
        ------
        ConfigError
            If a nowcast is too short for a frame, or one is described that is not made.
        """
        if 0 < self.nowcast_min < FRAME_MIN:
            raise ConfigError(
                f"serving: --nowcast-min {self.nowcast_min:g}, expected 0, or {FRAME_MIN:g} or "
                "more: frames are so far apart"
            )
        unread = {"members", "chance_depth_m"} & self.model_fields_set
        if not self.nowcast_min and unread:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(unread))
            raise ConfigError(
                f"serving: {flags} given, but no nowcast is made",
                hint="add --nowcast-min 60",
            )
