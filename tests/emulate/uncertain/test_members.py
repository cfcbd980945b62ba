"""Members go the way of any prediction: turned to the map's own orientation, within the rain."""

import numpy as np
import pytest
import torch

from inundate.dataset.world.perturb import PerturbSettings
from inundate.emulate.predict import predict_prepared
from inundate.emulate.train import load_emulator
from inundate.emulate.uncertain.case import case_of_sample
from inundate.emulate.uncertain.draw import ensembles_of
from inundate.emulate.uncertain.ensemble import HybridEnsemble
from inundate.emulate.uncertain.latent import LatentEnsemble

NOTHING = PerturbSettings(rain_sd=0, field_sd=0, roughness_sd=0, soil_sd=0, height_sd_m=0)


def opened(runs, name, ensembles, number=0):
    _, settings, model = load_emulator(runs[name].path)
    torch.manual_seed(5)
    torch.nn.init.normal_(model.head.weight, std=0.5)  # corrections that are far from small
    sample = ensembles.read(ensembles_of(ensembles, "test")[number].base)
    return settings, model, sample, case_of_sample(model, settings, sample)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_member_of_unperturbed_inputs_is_the_prediction(runs, ensembles, number):
    settings, model, _, case = opened(runs, "mode_h", ensembles, number)
    way = HybridEnsemble(model, settings, members=4, perturb=NOTHING)
    plain = predict_prepared(model, settings, case.prepared)
    for frame, law in enumerate(way.laws(case)):
        for member in law.points:
            np.testing.assert_allclose(member, plain[frame], atol=2e-5)


@pytest.mark.parametrize("name", ["mode_h", "mode_h_vae"])
def test_members_of_a_wasteful_network_grow_by_no_more_than_it_rained(
    runs, ensembles, monkeypatch, name
):
    settings, model, _, case = opened(runs, name, ensembles)
    made, drawn = HybridEnsemble._depth, LatentEnsemble._frame
    monkeypatch.setattr(HybridEnsemble, "_depth", lambda *given: 3.0 * made(*given))
    monkeypatch.setattr(LatentEnsemble, "_frame", lambda *given: 3.0 * drawn(*given))
    way = {
        "mode_h": HybridEnsemble(model, settings, members=4, perturb=NOTHING),
        "mode_h_vae": LatentEnsemble(model, settings, members=4),
    }[name]
    points = np.stack([law.points for law in way.laws(case)])
    volume = points.mean(axis=1).sum(axis=(1, 2), dtype=np.float64)
    fallen = case.rain_rate.sum(axis=(1, 2)) * case.interval_s / 3.6e6
    assert volume[-1] > 0.1 * fallen.sum()
    # what is scaled down to less than 1 mm is dry, which later frames do not know
    assert (np.diff(volume, prepend=0.0) <= fallen + 1e-3 * fallen.sum()).all()


def test_no_rain_leaves_every_member_dry(runs, ensembles):
    from dataclasses import replace

    settings, model, sample, _ = opened(runs, "mode_h_vae", ensembles)
    dry = replace(sample, rain_rate=np.zeros_like(sample.rain_rate))
    case = case_of_sample(model, settings, dry)
    for way in (LatentEnsemble(model, settings, members=4), HybridEnsemble(model, settings)):
        assert max(law.points.max() for law in way.laws(case)) == 0.0


@pytest.mark.parametrize(("turns", "flip"), [(1, False), (2, True)])
def test_members_of_the_latent_grid_turn_with_the_map(runs, ensembles, turns, flip):
    from dataclasses import replace

    def lying(values):
        found = np.rot90(values, turns, axes=(-2, -1))
        return np.ascontiguousarray(np.flip(found, -1) if flip else found)

    settings, model, sample, case = opened(runs, "mode_h_vae", ensembles)
    turned = replace(
        sample,
        elevation=lying(sample.elevation),
        roughness=lying(sample.roughness),
        rain_rate=lying(sample.rain_rate),
    )
    other = case_of_sample(model, settings, turned)
    way = LatentEnsemble(model, settings, members=3, seed=4)
    for law, same in zip(way.laws(case), way.laws(other), strict=True):
        np.testing.assert_allclose(lying(law.points), same.points, atol=1e-3)
