import json

import pytest

from inundate.hydro.mass import VolumeBudget


def test_error_is_what_is_lacking():
    budget = VolumeBudget(
        rain_m3=100.0, initial_m3=20.0, inflow_m3=5.0, outflow_m3=60.0, infiltration_m3=10.0,
        stored_m3=50.0,
    )  # fmt: skip
    assert budget.supply_m3 == 125
    assert budget.error_m3 == 5
    assert budget.error_relative == pytest.approx(0.04)


def test_no_water_has_no_error():
    assert VolumeBudget().error_relative == 0


def test_json_holds_every_term():
    found = json.loads(VolumeBudget(rain_m3=2.0).to_json())
    assert list(found) == [
        "rain_m3", "initial_m3", "inflow_m3", "source_m3", "outflow_m3", "infiltration_m3",
        "drainage_m3", "evaporation_m3", "stored_m3", "error_m3", "error_relative",
    ]  # fmt: skip
    assert found["error_m3"] == 2


def test_table():
    budget = VolumeBudget(rain_m3=1000.0, outflow_m3=250.0, stored_m3=750.0).to_dict()
    assert VolumeBudget.table(budget) == "\n".join([
        "volume budget             m3   of supply",
        "  rain               1000.00    100.00 %",
        "  at the start          0.00      0.00 %",
        "  inflow                0.00      0.00 %",
        "  sources               0.00      0.00 %",
        "  outflow             250.00     25.00 %",
        "  infiltration          0.00      0.00 %",
        "  drainage              0.00      0.00 %",
        "  evaporation           0.00      0.00 %",
        "  stored              750.00     75.00 %",
        "  error                    0   0.0e+00",
    ])  # fmt: skip


def test_table_of_nothing():
    assert "0.00 %" in VolumeBudget.table(VolumeBudget().to_dict())
