"""The zoo: what holds untrained, what can be learned, how far an input reaches."""

import numpy as np
import pytest
import torch

from inundate.core.errors import ConfigError, DataError
from inundate.emulate.backbone import BlockUNet, reach_cells
from inundate.emulate.batches import FloodBatches
from inundate.emulate.heads import depth_from_raw, to_stretched
from inundate.emulate.inputs import RAIN_WINDOW, STATE_CHANNELS
from inundate.emulate.loss import DepthLoss, LossSettings
from inundate.emulate.scene import FAMILY_OF
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.train import hybrid_of
from inundate.emulate.zoo import NETWORKS, STATIC_CHANNELS, make_model

from .small_flood import CNN, DEEPLAB, GRU, LEAD, MODE_H, UNET

VAE = CNN.model_copy(update={"tail": "vae"})
KINDS = {
    "mode_h": MODE_H,
    "temporal_cnn": CNN,
    "vae": VAE,
    "unet": UNET,
    "deeplab": DEEPLAB,
    "convgru_unet": GRU,
    "lead_cnn": LEAD,
}


@pytest.fixture(params=KINDS)
def settings(request):
    return KINDS[request.param]


def random_inputs(settings, side=32, frames=2, seed=0):
    """Inputs of the model's family, one sample."""
    rng = np.random.default_rng(seed)

    def values(*shape):
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32))

    found = {
        "terrain": values(1, STATIC_CHANNELS, side, side),
        "heights": 0.3 * values(1, side, side).abs(),
    }
    small = side // settings.block
    family = FAMILY_OF[settings.model]
    if family == "hybrid":
        coarse = side // settings.factors[0]
        found["level"] = 1.0 + values(1, frames, coarse, coarse).abs()
        found["state"] = values(1, frames, len(STATE_CHANNELS), side // 4, side // 4)
    elif family == "window":
        found["rain"] = values(1, frames, RAIN_WINDOW, small, small).relu()
    else:
        found["rain"] = 5 * values(1, frames, small, small).relu()
        found["before"] = 20 * values(1, small, small).relu()
        found["start"] = values(1, side, side).relu()
        found["interval"] = torch.full((1, 1, 1), 600.0)
    return found


def shaken(settings, seed=0):
    """A model of which no layer is zero."""
    torch.manual_seed(seed)
    model = make_model(settings)
    with torch.no_grad():
        model.head.weight.normal_(std=0.3)
    return model.eval()


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_untrained_mode_h_is_the_hybrid(samples, factor):
    settings = MODE_H.model_copy(update={"factors": (factor,)})
    torch.manual_seed(0)
    model = make_model(settings)
    batch = FloodBatches(samples, "train", settings, batch_size=8, seed=0).batch(0, 0)
    hybrid = hybrid_of(batch)
    assert hybrid.max() > 0.1
    with torch.no_grad():
        torch.testing.assert_close(model.eval()(batch["inputs"]), hybrid, atol=1e-5, rtol=1e-5)
        # while training dry cells lie a little below 0, so that they keep a gradient
        leaky = model.train()(batch["inputs"])
    torch.testing.assert_close(leaky.relu(), hybrid, atol=1e-5, rtol=1e-5)
    assert (leaky < 0).any()


def position_means(depth):
    return torch.nn.functional.avg_pool2d(depth[0], 4)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_mode_h_moves_no_more_than_the_water_around(factor):
    settings = MODE_H.model_copy(update={"factors": (factor,)})
    model, inputs = shaken(settings), random_inputs(settings)
    inputs["level"][..., : 16 // factor] -= 100.0  # the western half is dry
    signed, _ = model.signed(inputs)
    hybrid = model.as_map(signed.relu(), 2)
    with torch.no_grad():
        found = model(inputs)
    assert (found >= 0).all()
    assert (found - hybrid).abs().max() > 0.1
    held, after = position_means(hybrid), position_means(found)
    around = torch.nn.functional.max_pool2d(hybrid.amax(0), 4).max()
    assert (after <= held + around + 1e-5).all()
    assert (found[..., :12] == 0).all()  # no neighbour with water: none comes out of nowhere
    model.gate = 0.0  # as far outside the range of training
    with torch.no_grad():
        torch.testing.assert_close(model(inputs), hybrid, atol=1e-5, rtol=1e-5)


def test_mode_h_at_the_peak_is_the_hybrid_s_peak(samples):
    """A batch may hold the map of greatest depths as one more frame."""
    found = FloodBatches(samples, "train", MODE_H.model_copy(update={"frames": 9}),
                         batch_size=2, seed=0).batch(0, 0)  # fmt: skip
    hybrid, target = hybrid_of(found), found["target"]
    assert target.shape[1] == 8  # never more than the sample has
    peaks = (found["inputs"]["state"][0, :, STATE_CHANNELS.index("is_peak"), 0, 0] == 1).nonzero()
    for k in peaks.flatten().tolist():
        assert (target[0, k] >= target[0, :k]).all()
        assert (hybrid[0, k] >= hybrid[0, :k] - 1e-6).all()


def test_depth_from_raw_by_hand():
    raw = torch.tensor([-3.0, 0.0, 1.0, 4.0, 1000.0])
    found = depth_from_raw(raw, training=False)
    expected = 0.05 * np.sinh([0, 0, 1, 4, 7.5])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(to_stretched(found)[:4], [0, 0, 1, 4], atol=1e-5)
    assert (depth_from_raw(raw, training=True)[0] < 0).item()  # dry cells keep a gradient


def test_depth_is_never_negative_or_missing(settings):
    with torch.no_grad():
        found = shaken(settings)(random_inputs(settings))
    assert found.shape == (1, 2, 32, 32)
    assert torch.isfinite(found).all()
    assert (found >= 0).all()
    assert found.std() > 0


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
    if kind == "mode_h":  # its start is good already; a factor of two is left to gain
        share = 0.7 * float(loss.parts(hybrid_of(batch), batch["target"], batch["valid"])["metres"])
    else:
        dry = torch.zeros_like(batch["target"])
        share = 0.4 * float(loss.parts(dry, batch["target"], batch["valid"])["metres"])
    optimiser = torch.optim.AdamW(model.parameters(), 1e-2, weight_decay=0.0)
    for _ in range(60):
        optimiser.zero_grad()
        loss(model, batch)["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    model.eval()
    with torch.no_grad():
        final = float(loss(model, batch)["metres"])
    assert final < share


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


def _kinds_of_reach():
    for model, more in (
        ("mode_h", {}),
        ("temporal_cnn", {}),
        ("temporal_cnn", {"tail": "vae"}),
        ("unet", {}),
        ("deeplab", {"dilations": (1, 3)}),
        ("convgru_unet", {"memory_levels": 1}),
        ("lead_cnn", {"lead_frames": 1}),
    ):
        for levels, depth, block in ((1, 1, 4), (2, 1, 4), (3, 1, 2), (2, 2, 2)):
            side = 4 if model == "mode_h" else block
            yield EmulatorSettings(
                model=model, width=8, levels=levels, depth=depth, block=side, **more
            )


@pytest.mark.parametrize(
    "settings",
    list(_kinds_of_reach()),
    ids=lambda s: f"{s.model}-{s.tail}-{s.levels}{s.depth}{s.block}",
)
def test_nothing_beyond_reach_moves_an_output(settings):
    model = shaken(settings)
    reach, align = model.reach, model.align
    assert reach % align == 0
    assert settings.align == align
    side = 2 * (reach + align)
    inputs = random_inputs(settings, side=side, frames=1)
    watched = [inputs["terrain"]]
    if "start" in inputs:
        watched.append(inputs["start"])
    for values in watched:
        values.requires_grad_(True)
    out = model.train()(inputs)[0, 0]  # the slope below 0 keeps the gradient
    furthest = 0
    for offset in {0, align - 1, align // 2}:
        cell = reach + offset
        slopes = torch.autograd.grad(out[cell, cell], watched, retain_graph=True, allow_unused=True)
        for slope in slopes:
            if slope is None:
                continue
            moved = slope[0].abs()
            rows, cols = torch.nonzero(moved.sum(0) if moved.ndim == 3 else moved, as_tuple=True)
            assert len(rows) > 0
            for found in (rows, cols):
                assert int(found.min()) >= cell - reach
                assert int(found.max()) <= cell + reach
            furthest = max(furthest, cell - int(rows.min()), int(rows.max()) - cell)
    assert furthest > reach // 3  # reach is no blank cheque


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


def test_a_convgru_remembers_earlier_rain():
    model, inputs = shaken(GRU), random_inputs(GRU, frames=3)
    inputs["rain"][:, 1:] = 0.0
    other = {**inputs, "rain": inputs["rain"].clone()}
    other["rain"][:, 0] += 10.0 * torch.rand_like(other["rain"][:, 0])
    # the same rain so far at the last frame, fallen otherwise: only a memory can tell
    spread = {**other, "rain": other["rain"].clone()}
    spread["rain"][:, 0], spread["rain"][:, 1] = other["rain"][:, 0] / 2, other["rain"][:, 0] / 2
    with torch.no_grad():
        one, two = model(other), model(spread)
    assert (one[:, 2] - two[:, 2]).abs().max() > 1e-4


def test_an_untrained_lead_cnn_keeps_the_depth():
    torch.manual_seed(0)
    model = make_model(LEAD).eval()
    inputs = random_inputs(LEAD, frames=5)
    with torch.no_grad():
        found = model(inputs)
    expected = inputs["start"][:, None].expand_as(found)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_a_lead_cnn_steps_from_its_own_depth():
    """Frames 2 and 3 are what the model makes of frame 1 and the rain since."""
    model, inputs = shaken(LEAD), random_inputs(LEAD, frames=4)
    with torch.no_grad():
        whole = model(inputs)
        rest = {
            **inputs,
            "rain": inputs["rain"][:, 2:],
            "before": inputs["before"] + inputs["rain"][:, :2].sum(1),
            "start": whole[:, 1],
        }
        torch.testing.assert_close(model(rest), whole[:, 2:], atol=1e-5, rtol=1e-5)


def test_no_model_has_weights_of_a_place_or_too_many(settings):
    """The published sizes: as shipped, 2 M weights at most, whatever the raster's size."""
    shipped = EmulatorSettings(model=settings.model, tail=settings.tail)
    model = make_model(shipped)
    assert sum(p.numel() for p in model.parameters()) <= 2_000_000


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind, settings in KINDS.items()
        for name in random_inputs(settings)
        if name != "interval" and (name != "heights" or kind in ("mode_h", "lead_cnn"))
    ],
)
def test_inputs_of_a_wrong_shape_are_named(kind, name):
    settings = KINDS[kind]
    inputs = random_inputs(settings)
    inputs[name] = {
        "terrain": lambda values: values[:, :-1],
        "state": lambda values: values[:, :, :-1],
    }.get(name, lambda values: values[..., :-4])(inputs[name])
    with pytest.raises(DataError, match=rf"{name} \(1, .*expected") as caught:
        make_model(settings)(inputs)
    assert settings.model in str(caught.value)


def test_an_absent_input_is_named(settings):
    inputs = random_inputs(settings)
    del inputs["terrain"]
    with pytest.raises(DataError, match=f"{settings.model}: input 'terrain' is missing"):
        make_model(settings)(inputs)


def test_settings_that_a_model_does_not_read_are_refused():
    with pytest.raises(ConfigError, match="it does not read shift_m, factors"):
        make_model(CNN.model_copy(update={"factors": (8,), "shift_m": 2.0}))
    with pytest.raises(ConfigError, match="it does not read tail"):
        make_model(MODE_H.model_copy(update={"tail": "vae"}))
    with pytest.raises(ConfigError, match="block 8, expected 4"):
        make_model(MODE_H.model_copy(update={"block": 8}))
    with pytest.raises(ConfigError, match=r"crop_cells 36 is not a multiple of 8") as caught:
        make_model(MODE_H.model_copy(update={"crop_cells": 36}))
    assert "32" in caught.value.hint
    with pytest.raises(ConfigError, match="it does not read crop_cells"):
        EmulatorSettings(model="lookup", crop_cells=64).check()


def test_more_memory_than_levels_is_refused():
    with pytest.raises(ConfigError, match="memory_levels 3, expected at most its 2 levels"):
        make_model(GRU.model_copy(update={"memory_levels": 3}))


def test_models_that_are_no_networks_are_named():
    assert set(NETWORKS) <= set(FAMILY_OF)
    assert not {"lookup", "boosted"} & set(FAMILY_OF)
    with pytest.raises(ConfigError, match="building lookup: it is no network; networks are mode_h"):
        make_model(EmulatorSettings(model="lookup"))
