"""Mode H with a latent grid: it learns, hangs together, joins at tiles, and alarms ring."""

from types import MethodType

import numpy as np
import pytest
import torch

from inundate.emulate.batches import FloodBatches
from inundate.emulate.loss import LossSettings
from inundate.emulate.train import load_emulator, train_emulator
from inundate.emulate.uncertain.case import case_of_sample
from inundate.emulate.uncertain.collapse import SpreadWatch, spread_faults
from inundate.emulate.uncertain.draw import ensembles_of
from inundate.emulate.uncertain.latent import LatentEnsemble
from inundate.emulate.uncertain.loss import SpreadLoss
from inundate.emulate.zoo import make_model
from inundate.learn.alarm import Cause
from inundate.learn.probes import evaluating

from .small_world import TRAINING, VAE


@pytest.fixture(scope="module")
def batches(ensembles):
    return FloodBatches(ensembles, "train", VAE, batch_size=2, seed=0, members=True)


@pytest.fixture(scope="module")
def drawn(runs):
    _, settings, model = load_emulator(runs["mode_h_vae"].path)
    return settings, model


@pytest.fixture(scope="module")
def case(ensembles, drawn):
    settings, model = drawn
    one = ensembles_of(ensembles, "test")[0]
    return case_of_sample(model, settings, ensembles.read(one.base))


def losses(model, batches, steps, epoch):
    """Loss of members before and after some steps on one batch."""
    loss = SpreadLoss(LossSettings(), VAE.own())
    batch = {**batches.batch(0, 0), "epoch": epoch}
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    found = []
    for _ in range(steps):
        optimiser.zero_grad()
        parts = loss(model, batch)
        parts["loss"].backward()
        optimiser.step()
        found.append({name: float(value.detach()) for name, value in parts.items()})
    return found


@pytest.mark.parametrize("epoch", [0, 5], ids=["elbo", "crps"])
def test_each_phase_lowers_its_loss_and_reaches_every_weight(batches, epoch):
    torch.manual_seed(0)
    model = make_model(VAE).train()
    found = losses(model, batches, 25, epoch)
    first, last = (np.mean([f["loss"] for f in part]) for part in (found[:5], found[-5:]))
    assert last < 0.95 * first
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


def test_untrained_the_mean_path_is_mode_h_and_members_lie_round_it(batches):
    torch.manual_seed(1)
    model = make_model(VAE).eval()
    inputs = batches.batch(0, 0)["inputs"]
    noise = torch.randn(6, 2, inputs["state"].shape[1], 4, 2, 2)
    with torch.inference_mode():
        members, mean = model.members(inputs, noise), model(inputs)
        again = model.members(inputs, noise)
    assert members.shape == (6, *mean.shape)
    assert torch.equal(members, again)
    assert float(members.std(dim=0).mean()) > 0.0
    assert float((members.mean(dim=0) - mean).abs().mean()) < 0.2 * float(mean.mean())


def test_a_member_keeps_the_volume_that_its_position_was_given(batches):
    """The pour gives a natural point mass at dry: members are 0, not a little, on dry ground."""
    model = make_model(VAE).eval()
    inputs = batches.batch(0, 0)["inputs"]
    noise = torch.randn(4, 2, inputs["state"].shape[1], 4, 2, 2)
    with torch.inference_mode():
        members = model.members(inputs, noise)
    assert float((members == 0).float().mean()) > 0.3
    assert float(members.min()) == 0.0


def test_batches_draw_the_members_as_truths_of_the_same_inputs(batches, ensembles):
    truths = {}
    for epoch in range(8):
        batch = batches.batch(epoch, 0)
        assert batch["epoch"] == epoch
        for name, target in zip(batch["sample_id"], batch["target"], strict=True):
            truths.setdefault(name, []).append(float(target.mean()))
    assert len(batches.numbers) == len(ensembles_of(ensembles, "train"))
    assert all(len(set(values)) > 2 for values in truths.values())


def test_members_hang_together_and_do_not_depend_on_tiles(case, drawn):
    settings, model = drawn
    whole = LatentEnsemble(model, settings, members=5, seed=1)
    tiled = LatentEnsemble(model, settings, members=5, seed=1, tile_cells=16)
    one, other = list(whole.laws(case)), list(tiled.laws(case))
    assert len(one) == case.frames
    for law, same in zip(one, other, strict=True):
        assert law.points.shape == (5, *case.elevation.shape)
        assert np.abs(law.points - same.points).max() < 1e-5
    volume = one[-1].points.reshape(5, 8, 4, 8, 4).mean(axis=(2, 4))  # of each position
    off = volume - volume.mean(axis=0)
    off /= off.std(axis=0) + 1e-9
    moving = np.broadcast_to(volume.mean(axis=0) > 0.005, off.shape)
    near = moving[:, :, 1:] & moving[:, :, :-1]
    pairs = np.corrcoef(off[:, :, 1:][near], off[:, :, :-1][near])[0, 1]
    shuffled = np.random.default_rng(0).permuted(off, axis=0)
    apart = np.corrcoef(shuffled[:, :, 1:][near], shuffled[:, :, :-1][near])[0, 1]
    assert pairs > abs(apart) + 0.3


def test_noise_goes_on_from_frame_to_frame():
    model = make_model(VAE)
    generator = torch.Generator().manual_seed(0)
    first = model.latent_noise(200, (64, 64), generator)
    second = model.latent_noise(200, (64, 64), generator, before=first)
    correlation = torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1]
    assert float(correlation) == pytest.approx(0.95, abs=0.02)
    assert float(second.std()) == pytest.approx(1.0, abs=0.02)


def test_outside_its_range_the_model_is_no_surer(batches):
    torch.manual_seed(2)
    model = make_model(VAE).eval()
    inputs = batches.batch(0, 0)["inputs"]
    noise = torch.randn(6, 2, inputs["state"].shape[1], 4, 2, 2)
    with torch.inference_mode():
        inside = model.members(inputs, noise).std(dim=0).mean()
        model.gate = 0.0
        outside = model.members(inputs, noise).std(dim=0).mean()
    assert model.gate == 0.0
    assert float(outside) == pytest.approx(float(inside), rel=1e-3)


def test_a_posterior_that_is_ignored_rings_the_alarm(batches):
    torch.manual_seed(3)
    model = make_model(VAE)
    loss = SpreadLoss(LossSettings(), VAE.own())
    watch = SpreadWatch(batches, must_use=(), must_beat=())
    watch.record(watch.look(model, loss, step=0))
    healthy = {alarm.cause for alarm in spread_faults(watch.figures)}
    assert Cause.COLLAPSED_LATENT not in healthy
    model.posterior_of = MethodType(lambda self, paths, mean, target: paths.prior, model)
    look = watch.look(model, loss, step=1)
    record = watch.record(look)
    assert record["spread"]["nats"] == 0.0
    assert "the latent grid says nothing of the truth" in record["spread_alarms"]
    assert Cause.COLLAPSED_LATENT in {alarm.cause for alarm in watch.faults(look)}
    late = watch.look(model, loss, step=10_000)
    assert all(a.cause is not Cause.COLLAPSED_LATENT for a in watch.alarms(late))


def test_spread_and_mean_path_are_judged():
    fine = {"nats": 0.1, "spread_skill": 1.0, "gap": 0.1}
    assert spread_faults(fine) == []
    wrong = {"nats": 0.01, "spread_skill": 1.4, "gap": 0.9}
    assert [alarm.cause for alarm in spread_faults(wrong)] == [
        Cause.COLLAPSED_LATENT, Cause.WRONG_SPREAD, Cause.MEAN_OFF,
    ]  # fmt: skip
    assert spread_faults({**fine, "spread_skill": float("nan")})


def test_the_run_starts_from_mode_h_and_reports_its_spread(runs, world, tmp_path):
    run = runs["mode_h_vae"]
    assert run.config["init"]["run"].endswith("mode_h")
    spreads = [line["spread"] for line in run.read_metrics() if "spread" in line]
    assert len(spreads) >= 2
    assert all(np.isfinite(list(one.values())).all() for one in spreads)
    valid = [line["valid"] for line in run.read_metrics() if "valid" in line]
    assert {"crps", "divergence", "member_variance", "mean_gap"} <= valid[-1].keys()
    start, _ = train_emulator(
        world, tmp_path / "start", settings=VAE, init=runs["mode_h"].path, progress=False,
        training=TRAINING.model_copy(update={"max_steps": 1, "learning_rate": 1e-9}),
    )  # fmt: skip
    _, _, mode_h = load_emulator(runs["mode_h"].path)
    _, _, vae = load_emulator(start.path)
    theirs = mode_h.state_dict()
    assert all(torch.allclose(vae.state_dict()[k], v, atol=1e-6) for k, v in theirs.items())


def test_validation_is_the_crps_of_members_in_every_phase(batches):
    torch.manual_seed(4)
    model = make_model(VAE)
    loss = SpreadLoss(LossSettings(), VAE.own())
    with evaluating(model), torch.random.fork_rng():
        found = []
        for epoch in (0, 9):
            torch.manual_seed(0)
            found.append(float(loss(model, {**batches.batch(0, 0), "epoch": epoch})["loss"]))
    assert found[0] == found[1]
