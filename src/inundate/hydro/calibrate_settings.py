"""Settings of a calibration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from inundate.core.config import Settings

__all__ = ["CalibrateSettings"]


class CalibrateSettings(Settings):
    """What is fitted to observed levels, within which bounds, and how."""

    fit: Literal["roughness", "rain", "infiltration"] = Field(
        default="roughness",
        description="Manning's n of each class of land cover (without land cover, one for all); "
        "or one factor on all rain, or on all rates of infiltration",
    )
    method: Literal["gauss_newton", "gradient"] = Field(
        default="gauss_newton",
        description="Gauss-Newton with finite differences over the solver; or L-BFGS on "
        "gradients of the tensor path (roughness and rain; slower for a few parameters)",
    )
    factor_low: float = Field(
        default=0.2, gt=0, lt=1, description="smallest value, as a share of the one at the start"
    )
    factor_high: float = Field(
        default=5.0, gt=1, le=100, description="largest value, as a multiple of that at the start"
    )
    prior_factor: float = Field(
        default=2.0,
        gt=1,
        le=10,
        description="how well a value is believed to be known before: within this factor, as one "
        "standard deviation; a class that the observations tell less well is not fitted",
    )
    level_sd_m: float = Field(
        default=0.05, gt=0, le=10,
        description="standard deviation of an observation that states none, m",
    )  # fmt: skip
    most_rounds: int = Field(default=8, ge=1, le=100, description="rounds of the fit at most")
    folds: int = Field(
        default=8, ge=2, le=1000,
        description="groups that gauges are left out in, for the error at gauges not fitted to",
    )  # fmt: skip
    jobs: int = Field(default=1, ge=1, le=256, description="simulations run at once")
