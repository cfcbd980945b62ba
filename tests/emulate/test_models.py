"""The zoo: what holds untrained, what can be learned, how far an input reaches."""

import numpy as np
import pytest
import torch

from inundate.core.errors import ConfigError
from inundate.emulate.backbone import BlockUNet, reach_cells
from inundate.emulate.batches import FloodBatches
from inundate.emulate.heads import bounded_correction, depth_from_raw, to_stretched
from inundate.emulate.inputs import RAIN_WINDOW, STATE_CHANNELS, TERRAIN_CHANNELS
from inundate.emulate.loss import DepthLoss, LossSettings
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.zoo import MODELS, make_model

from .small_flood import CNN, MODE_H

VAE = CNN.model_copy(update={"tail": "vae"})
KINDS = {"mode_h": MODE_H, "temporal_cnn": CNN, "vae": VAE}


@pytest.fixture(params=KINDS)
def settings(request):
    return KINDS[request.param]


def random_inputs(settings, side=32, frames=2, seed=0):
    rng = np.random.default_rng(seed)

    def values(*shape):
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32))

    terrain = values(1, len(TERRAIN_CHANNELS), side, side)
    if settings.model == "mode_h":
        return {
            "terrain": terrain,
            "state": values(1, frames, len(STATE_CHANNELS), side, side),
            "hybrid": values(1, frames, side, side).relu(),
            "standing": values(1, frames, side, side).relu(),
        }
    small = side // settings.block
    return {"terrain": terrain, "rain": values(1, frames, RAIN_WINDOW, small, small).relu()}


def shaken(settings, seed=0):
    """A model of which no layer is zero."""
    torch.manual_seed(seed)
    model = make_model(settings)
    with torch.no_grad():
        model.head.weight.normal_(std=0.3)
    return model.eval()


@pytest.mark.parametrize("training", [True, False])
def test_untrained_mode_h_is_the_hybrid(samples, training):
    torch.manual_seed(0)
    model = make_model(MODE_H).train(training)
    batch = FloodBatches(samples, "train", MODE_H, batch_size=8, seed=0).batch(0, 0)
    assert batch["inputs"]["hybrid"].max() > 0.1
    assert torch.equal(model(batch["inputs"]), batch["inputs"]["hybrid"])


def corrected(lean, change):
    start = torch.tensor([0.0, 0.01, 0.4, 3.0, 10.0]).reshape(1, 1, 1, 5)
    other = torch.tensor([0.2, 0.0, 0.6, 0.0, 10.0]).reshape(1, 1, 1, 5)
    raw = torch.stack([torch.full_like(start, n) for n in (lean, change)], dim=2)
    found = bounded_correction(start, other, raw, bound_m=0.5, bound_share=0.25, training=False)
    return start.flatten(), other.flatten(), found.flatten()


@pytest.mark.parametrize("raw", [-50.0, -1.0, 0.3, 50.0])
def test_the_correction_is_bounded(raw):
    start, _, found = corrected(0.0, raw)
    bound = torch.tensor([0.5, 0.5, 0.5, 0.75, 2.5])
    assert (found >= 0).all()
    assert ((found - start).abs() <= bound + 1e-6).all()
    if abs(raw) == 50:
        torch.testing.assert_close(found, (start + np.sign(raw) * bound).clamp(min=0))


def test_the_depth_can_lean_all_the_way_towards_standing_water():
    start, other, found = corrected(50.0, 0.0)
    torch.testing.assert_close(found, other)
    start, other, half = corrected(float(np.arctanh(0.5)), 0.0)
    torch.testing.assert_close(half, (start + other) / 2)


def test_a_trained_mode_h_stays_within_its_bound():
    model = shaken(MODE_H)
    inputs = random_inputs(MODE_H)
    found, hybrid = model(inputs), inputs["hybrid"]
    moved = (found - hybrid).abs()
    bound = torch.clamp(MODE_H.bound_share * hybrid, min=MODE_H.bound_m)
    assert moved.max() > 0.1
    assert (moved <= bound + (inputs["standing"] - hybrid).abs() + 1e-5).all()


def test_depth_from_raw_by_hand():
    raw = torch.tensor([-3.0, 0.0, 1.0, 4.0, 1000.0])
    found = depth_from_raw(raw, training=False)
    expected = 0.05 * np.sinh([0, 0, 1, 4, 7.5])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(to_stretched(found)[:4], [0, 0, 1, 4], atol=1e-5)
    assert (depth_from_raw(raw, training=True)[0] < 0).item()  # dry cells keep a gradient


def test_depth_is_never_negative_or_missing(settings):
    found = shaken(settings)(random_inputs(settings))
    assert found.shape == (1, 2, 32, 32)
    assert torch.isfinite(found).all()
    assert (found >= 0).all()


def test_gradients_reach_every_block_within_two_steps(samples, settings):
    torch.manual_seed(0)
    model, loss = make_model(settings), DepthLoss(LossSettings())
    batches = FloodBatches(samples, "train", settings, batch_size=8, seed=0)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
    seen = set()
    for step in range(3):  # the head of Mode H starts at 0: the layers before it follow a step late
        optimiser.zero_grad()
        loss(model, batches.batch(step, 0))["loss"].backward()
        seen |= {n for n, p in model.named_parameters() if p.grad.abs().sum() > 0}
        optimiser.step()
    assert seen == {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize("kind", KINDS)
def test_one_batch_is_learned_by_heart(samples, kind):
    settings = KINDS[kind]
    torch.manual_seed(0)
    model, loss = make_model(settings), DepthLoss(LossSettings())
    batch = FloodBatches(samples, "train", settings, batch_size=2, seed=0).batch(0, 0)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-2, weight_decay=0.0)
    errors = []
    for _ in range(80):
        optimiser.zero_grad()
        parts = loss(model, batch)
        parts["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        errors.append(float(parts["metres"].detach()))
    all_dry = float(
        loss.parts(torch.zeros_like(batch["target"]), batch["target"], batch["valid"])["metres"]
    )
    model.eval()
    with torch.no_grad():
        final = float(loss(model, batch)["metres"])
    assert final < 0.4 * all_dry, (final, all_dry, errors[0])
    assert final < 0.5 * errors[0]


@pytest.mark.parametrize("tail", ["plain", "vae"])
def test_the_latent_grid_is_drawn_only_in_training(tail):
    settings = CNN.model_copy(update={"tail": tail})
    torch.manual_seed(0)
    model = make_model(settings)
    inputs = random_inputs(settings)
    assert torch.equal(model.eval()(inputs), model(inputs))
    assert (model.latent_loss is None) is (tail == "plain")
    model.train()
    torch.manual_seed(1)
    first = model(inputs)
    assert torch.equal(first, model(inputs)) is (tail == "plain")


@pytest.mark.parametrize("heightmap", ["upright", "inverted", "none"])
def test_the_heightmap_can_be_turned_or_left_out(heightmap):
    upright = shaken(CNN)
    model = shaken(CNN.model_copy(update={"heightmap": heightmap}))
    model.load_state_dict(upright.state_dict())
    inputs = random_inputs(CNN)
    sign = {"upright": 1, "inverted": -1, "none": 0}[heightmap]
    expected = upright({**inputs, "terrain": sign * inputs["terrain"]})
    torch.testing.assert_close(model(inputs), expected)
    assert torch.equal(model(inputs), upright(inputs)) is (heightmap == "upright")


@pytest.mark.parametrize(
    "settings",
    [
        EmulatorSettings(model=model, width=8, levels=levels, depth=depth, block=block, tail=tail)
        for model, tail in (("mode_h", "plain"), ("temporal_cnn", "plain"), ("temporal_cnn", "vae"))
        for levels, depth, block in ((1, 1, 4), (2, 1, 4), (3, 1, 2), (2, 2, 2))
    ],
    ids=lambda s: f"{s.model}-{s.tail}-{s.levels}{s.depth}{s.block}",
)
def test_nothing_beyond_reach_moves_an_output(settings):
    model = shaken(settings)
    reach, align = model.reach, model.align
    assert reach % align == 0
    assert settings.align == align
    side = 2 * (reach + align)
    inputs = random_inputs(settings, side=side, frames=1)
    inputs["terrain"].requires_grad_(True)
    for offset in (0, align - 1, align // 2):
        cell = reach + offset
        out = model.train()(inputs)[0, 0, cell, cell]  # the slope below 0 keeps the gradient
        (slope,) = torch.autograd.grad(out, inputs["terrain"])
        rows, cols = torch.nonzero(slope[0].abs().sum(0), as_tuple=True)
        assert len(rows) > 0
        for found in (rows, cols):
            assert int(found.min()) >= cell - reach
            assert int(found.max()) <= cell + reach


def test_the_backbone_is_the_same_at_every_place():
    torch.manual_seed(0)
    net = BlockUNet(8, 2).eval()
    reach = reach_cells(2, 1, 1)
    values = torch.zeros(1, 8, 64, 64)
    values[:, :, 20:24, 20:24] = torch.randn(1, 8, 4, 4)
    moved = values.roll((8, 12), (2, 3))
    with torch.no_grad():
        one, other = net(values), net(moved)
    inside = slice(20 - reach, 24 + reach)
    torch.testing.assert_close(
        one[..., inside, inside],
        other[..., 28 - reach : 32 + reach, 32 - reach : 36 + reach],
    )


def test_settings_that_a_model_does_not_read_are_refused():
    assert set(MODELS) == {"mode_h", "temporal_cnn"}
    with pytest.raises(ConfigError, match="it does not read factor, bound_m"):
        make_model(CNN.model_copy(update={"factor": 8, "bound_m": 1.0}))
    with pytest.raises(ConfigError, match="it does not read tail"):
        make_model(MODE_H.model_copy(update={"tail": "vae"}))
    with pytest.raises(ConfigError, match="factor 3 does not divide 8"):
        make_model(MODE_H.model_copy(update={"factor": 3}))
    with pytest.raises(ConfigError, match=r"crop_cells 36 is not a multiple of 8") as caught:
        make_model(MODE_H.model_copy(update={"crop_cells": 36}))
    assert "32" in caught.value.hint
