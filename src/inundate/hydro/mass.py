"""The volume budget: every cubic metre of rain is stored, out, or in the ground."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from inundate.hydro.state import Ground, State

__all__ = ["VolumeBudget", "stored_volume"]


def stored_volume(state: State, ground: Ground) -> float:
    """Give the water on the ground, m3, summed in float64."""
    return float(state.depth.sum(dtype=np.float64)) * ground.cell_area_m2


@dataclass
class VolumeBudget:
    """Water in and out of a simulation, m3.

    Attributes
    ----------
    rain_m3, initial_m3, inflow_m3, source_m3
        Came in: as rain, at the start, through edges of fixed level, from point sources and
        inflow hydrographs.
    outflow_m3, infiltration_m3, drainage_m3, evaporation_m3, stored_m3
        Went out through edges, into the ground, into drains, into the air, or is still there.
    """

    rain_m3: float = 0.0
    initial_m3: float = 0.0
    inflow_m3: float = 0.0
    source_m3: float = 0.0
    outflow_m3: float = 0.0
    infiltration_m3: float = 0.0
    drainage_m3: float = 0.0
    evaporation_m3: float = 0.0
    stored_m3: float = 0.0

    @property
    def supply_m3(self) -> float:
        """All the water that came in."""
        return self.rain_m3 + self.initial_m3 + self.inflow_m3 + self.source_m3

    @property
    def error_m3(self) -> float:
        """What the budget lacks: positive if water was lost."""
        lost = self.outflow_m3 + self.infiltration_m3 + self.drainage_m3 + self.evaporation_m3
        return self.supply_m3 - lost - self.stored_m3

    @property
    def error_relative(self) -> float:
        """Error over all the water that came in; 0 where none did."""
        return self.error_m3 / self.supply_m3 if self.supply_m3 else 0.0

    def to_dict(self) -> dict[str, float]:
        """Give all terms, error included."""
        return {
            **asdict(self),
            "error_m3": self.error_m3,
            "error_relative": self.error_relative,
        }

    def to_json(self) -> str:
        """Give all terms as JSON."""
        return json.dumps(self.to_dict())

    @staticmethod
    def table(budget: dict[str, float]) -> str:
        """Lay a stored budget out as text.

        Examples
        --------
        >>> print(VolumeBudget.table(VolumeBudget(rain_m3=100.0, stored_m3=100.0).to_dict()))
        volume budget             m3   of supply
          rain                100.00    100.00 %
          at the start          0.00      0.00 %
          inflow                0.00      0.00 %
          sources               0.00      0.00 %
          outflow               0.00      0.00 %
          infiltration          0.00      0.00 %
          drainage              0.00      0.00 %
          evaporation           0.00      0.00 %
          stored              100.00    100.00 %
          error                    0   0.0e+00
        """
        supply = sum(budget.get(key, 0.0) for key in _SUPPLY)
        lines = ["volume budget             m3   of supply"]
        for label, key in _ROWS:
            volume = budget.get(key, 0.0)  # stores of version 0.1 lack some terms
            share = 100 * volume / supply if supply else 0.0
            lines.append(f"  {label:<13}{volume:>13.2f}{share:>10.2f} %")
        lines.append(f"  {'error':<13}{budget['error_m3']:>13.3g}{budget['error_relative']:>10.1e}")
        return "\n".join(lines)


_SUPPLY = ("rain_m3", "initial_m3", "inflow_m3", "source_m3")
_ROWS = (
    ("rain", "rain_m3"),
    ("at the start", "initial_m3"),
    ("inflow", "inflow_m3"),
    ("sources", "source_m3"),
    ("outflow", "outflow_m3"),
    ("infiltration", "infiltration_m3"),
    ("drainage", "drainage_m3"),
    ("evaporation", "evaporation_m3"),
    ("stored", "stored_m3"),
)
