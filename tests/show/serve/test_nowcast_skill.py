"""Is a forecast of depth worth anything? Beside rain that stops, and rain that stays as it is."""

import numpy as np
import pytest

from inundate.core.grid import grid_of
from inundate.core.seeds import make_seed
from inundate.fuse.event.settings import EventSettings
from inundate.fuse.event.storm import make_event_rain
from inundate.rain.resample import crop_rain
from inundate.rain.settings import NowcastSettings
from inundate.score.probability import crps_of_members
from inundate.show.serve.ahead import Ahead
from inundate.show.serve.flood import Flood
from inundate.terrain.synthetic import make_terrain

pytest.importorskip("pysteps")
pytest.importorskip("cv2")

MADE = EventSettings(surround_km=40, side_cells=64)
LEADS = (10, 30, 60)


class Recorded(Flood):
    """Keeps what it predicted, so that the members are there to be scored."""

    def predict(self, rain):
        self.last = super().predict(rain)
        self.found.append(self.last["water_depth"])
        return self.last


def errors(seed, frames):
    """CRPS of the members and mean absolute errors of the two rivals, m, by lead."""
    town = make_seed(seed, "event", "town") % 2**31
    ground = make_terrain("plain", town, (64, 64), cell_size_m=10.0)
    rain = make_event_rain(grid_of(ground), MADE, seed)
    left, bottom, right, top = grid_of(ground).bounds
    near = crop_rain(rain, (left - 2000, bottom - 2000, right + 2000, top + 2000))
    ahead = Ahead(NowcastSettings(lead_min=60, members=6), threshold_m=0.3)
    flood = Recorded(ground, ahead=ahead)
    flood.found = []
    truth = flood.predict(near)["water_depth"]
    ends = rain["time"].to_numpy().astype("datetime64[ms]")
    flood._steps = {ends[n]: near[n : n + 1] for n in range(frames)}
    ahead.take(rain[:frames], flood.bounds_of(rain))
    flood.found = []
    outlook = ahead.make(flood)
    assert (outlook.told["method"], outlook.reach_min) == ("steps", 60.0)
    members = list(flood.found)
    rivals = []
    for future in (0.0, near.to_numpy()[frames - 1]):
        values = near.to_numpy().copy()
        values[frames:] = future
        rivals.append(flood.predict(near.copy(data=values))["water_depth"])
    found = []
    for lead in LEADS:
        time = outlook.issued + np.timedelta64(lead, "m")
        came = truth.sel(time=time).to_numpy()
        cast = np.stack([member.sel(time=time).to_numpy() for member in members])
        said = [float(np.abs(rival.sel(time=time).to_numpy() - came).mean()) for rival in rivals]
        found.append([float(crps_of_members(cast, came).mean()), *said])
    return found


@pytest.mark.slow
def test_depths_ahead_are_nearer_to_what_comes_than_without_a_nowcast():
    found = np.array([errors(seed, at) for seed in range(21, 25) for at in (8, 14, 20)])
    ensemble, stops, stays = found.mean(axis=0).T  # each (leads,)
    assert (ensemble < 0.8 * np.minimum(stops, stays)).all(), found.mean(axis=0)
