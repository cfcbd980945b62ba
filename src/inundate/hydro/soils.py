"""Soils by texture for Green-Ampt infiltration.

Source
------
Rawls, Brakensiek and Miller (1983), Green-Ampt infiltration parameters from soils data, Journal of
Hydraulic Engineering 109(1), 62-70, doi:10.1061/(ASCE)0733-9429(1983)109:1(62): table of effective
porosity, wetting front suction head and hydraulic conductivity by texture.
"""

from __future__ import annotations

from dataclasses import dataclass

from inundate.core.errors import ConfigError, nearest

__all__ = ["SOILS", "Soil", "soil_of"]


@dataclass(frozen=True)
class Soil:
    """What Green-Ampt infiltration needs to know of a soil.

    Attributes
    ----------
    effective_porosity : float
        Pore space that water can fill and leave, share of volume.
    suction_mm : float
        Suction head at the wetting front, mm.
    conductivity_mm_h : float
        Hydraulic conductivity behind the front, mm h-1.
    """

    effective_porosity: float
    suction_mm: float
    conductivity_mm_h: float


SOILS: dict[str, Soil] = {
    "sand": Soil(0.417, 49.5, 117.8),
    "loamy sand": Soil(0.401, 61.3, 29.9),
    "sandy loam": Soil(0.412, 110.1, 10.9),
    "loam": Soil(0.434, 88.9, 3.4),
    "silt loam": Soil(0.486, 166.8, 6.5),
    "sandy clay loam": Soil(0.330, 218.5, 1.5),
    "clay loam": Soil(0.309, 208.8, 1.0),
    "silty clay loam": Soil(0.432, 273.0, 1.0),
    "sandy clay": Soil(0.321, 239.0, 0.6),
    "silty clay": Soil(0.423, 292.2, 0.5),
    "clay": Soil(0.385, 316.3, 0.3),
}
"""Soils by texture class of the US Department of Agriculture."""


def soil_of(texture: str) -> Soil:
    """Give the soil of a texture.

    Parameters
    ----------
    texture : str
        A key of :data:`SOILS`; case and underscores do not matter.

    Raises
    ------
    ConfigError
        If it is not known.

    Examples
    --------
    >>> soil_of("Silt_Loam").suction_mm
    166.8
    """
    name = " ".join(texture.lower().replace("_", " ").split())
    if name not in SOILS:
        close = nearest(name, SOILS)
        raise ConfigError(
            f"soil texture {texture!r} is not known; expected one of {', '.join(SOILS)}",
            hint=f"did you mean {close!r}?" if close else None,
        )
    return SOILS[name]
