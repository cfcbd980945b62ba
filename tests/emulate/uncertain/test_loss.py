"""The losses of the latent grid against what they should be."""

import math

import numpy as np
import pytest
import torch

from inundate.emulate.models.mode_h_vae import Gaussian
from inundate.emulate.settings import ModeHVAESettings
from inundate.emulate.uncertain.loss import censored, censored_loss, fair_crps, phase_of
from inundate.score.probability import crps_of_members

RNG = np.random.default_rng(0)


def test_the_fair_crps_is_that_of_the_scores():
    members = RNG.exponential(0.3, (7, 4, 5)).astype(np.float32)
    truth = RNG.exponential(0.3, (4, 5)).astype(np.float32)
    found = fair_crps(torch.from_numpy(members), torch.from_numpy(truth)).numpy()
    assert found == pytest.approx(crps_of_members(members, truth), abs=1e-6)


def test_the_fair_crps_is_the_mean_over_pairs():
    members = torch.tensor([0.0, 0.5, 2.0])
    pairs = sum(abs(a - b) for a in members for b in members) / (2 * 3 * 2)
    wanted = (members - 0.4).abs().mean() - pairs
    assert fair_crps(members, torch.tensor(0.4)).item() == pytest.approx(wanted.item())


def test_the_fair_crps_is_least_for_the_right_spread_whatever_the_number_of_members():
    truth = torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(3, 20_000, generator=torch.Generator().manual_seed(1))
    scores = {sd: fair_crps(sd * noise, truth).mean().item() for sd in (0.6, 1.0, 1.6)}
    assert min(scores, key=scores.get) == 1.0


def test_a_censored_depth_is_never_negative_and_keeps_its_gradient():
    depth = torch.tensor([-0.05, 0.3], requires_grad=True)
    found = censored(depth)
    found.sum().backward()
    assert found.tolist() == pytest.approx([0.0, 0.3])
    assert depth.grad.tolist() == [1.0, 1.0]


def test_the_censored_likelihood_is_that_of_the_normal_law():
    log_sd = torch.log(torch.tensor([0.5]))
    wet = censored_loss(torch.tensor([1.2]), torch.tensor([1.0]), log_sd)
    density = math.exp(-0.5 * (0.2 / 0.5) ** 2) / (0.5 * math.sqrt(2 * math.pi))
    assert wet.item() == pytest.approx(-math.log(density), rel=1e-5)
    dry = censored_loss(torch.tensor([0.3]), torch.tensor([0.0]), log_sd)
    assert dry.item() == pytest.approx(-math.log(0.5 * math.erfc(0.6 / math.sqrt(2))), rel=1e-4)


def test_the_divergence_is_zero_for_one_law_and_known_for_two():
    one = Gaussian(torch.tensor([0.5]), torch.tensor([0.1]))
    assert one.divergence(one).item() == 0.0
    other = Gaussian(torch.tensor([0.0]), torch.tensor([0.0]))
    wanted = 0.5 * (math.exp(0.2) + 0.25 - 1.0) - 0.1
    assert one.divergence(other).item() == pytest.approx(wanted, rel=1e-5)


def test_phases_follow_each_other_by_epochs():
    settings = ModeHVAESettings(mean_epochs=2, elbo_epochs=3)
    assert [phase_of(settings, epoch) for epoch in range(7)] == [
        "mean", "mean", "elbo", "elbo", "elbo", "crps", "crps",
    ]  # fmt: skip
