"""The models of the tasks, against what is known of them."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from inundate.core.errors import DataError
from inundate.prove.digits import load_digits
from inundate.prove.measure import image_grid, measure_hits, nearest_scores, skill_of
from inundate.prove.measure_samples import sample_quality
from inundate.prove.models.gan import GAN
from inundate.prove.models.image import Decoder
from inundate.prove.models.lifted import LiftedTemporalCNN
from inundate.prove.models.original import OriginalDesign
from inundate.prove.models.vae import VAE, binarise, log_bernoulli
from inundate.prove.montage import montage, write_pictures
from inundate.prove.task import Data, Part
from inundate.prove.tasks import lifted, overfit, vae
from inundate.prove.train_task import run_task


def test_the_mnist_vae_has_at_most_a_million_parameters():
    assert sum(p.numel() for p in VAE(28, hidden=384, latent=40).parameters()) <= 1_000_000


def test_log_likelihood_of_independent_pixels():
    logits = torch.zeros(2, 1, 4, 4)
    images = torch.bernoulli(torch.full((2, 1, 4, 4), 0.5))
    torch.testing.assert_close(log_bernoulli(logits, images), torch.full((2,), -16 * math.log(2.0)))


def test_divergence_against_monte_carlo():
    torch.manual_seed(0)
    model = VAE(4, hidden=8, latent=3)
    images = binarise(torch.rand(1, 1, 4, 4))
    with torch.no_grad():
        mean, log_variance = model.encode(images)
        _, divergence = model(images)
        noise = torch.randn(200_000, 3)
        latent = mean + noise * torch.exp(0.5 * log_variance)
        estimate = 0.5 * (latent**2 - noise**2 - log_variance).mean(dim=0)
    torch.testing.assert_close(divergence[0], estimate, atol=0.01, rtol=0.02)


def test_the_weighted_bound_is_the_elbo_for_one_draw_and_rises():
    torch.manual_seed(0)
    model = VAE(4, hidden=8, latent=3)
    images = binarise(torch.rand(200, 1, 4, 4))
    with torch.no_grad():
        elbo = [(lambda a, b: a - b.sum(dim=1))(*model(images)).mean() for _ in range(20)]
        one = [model.importance_weighted(images, draws=1).mean() for _ in range(20)]
        many = model.importance_weighted(images, draws=200).mean()
    mean, spread = torch.stack(one).mean(), torch.stack(one).std()
    assert abs(float(mean - torch.stack(elbo).mean())) < 3 * float(spread)
    assert float(many) > float(mean)


def test_a_collapsed_vae_is_called_one():
    digits = load_digits()
    task = vae.make_task(digits)
    data = task.make_data(np.random.default_rng(0), "quick")
    model = task.make_model(data)
    nn.init.zeros_(model.encoder.out.weight)  # the posterior is the prior, whatever comes in
    nn.init.zeros_(model.encoder.out.bias)
    with torch.no_grad():
        figures = task.measure(model, data).figures
    assert figures["collapsed"] == 1.0
    assert figures["active_dimensions"] == 0.0
    assert figures["divergence"] == pytest.approx(0.0, abs=1e-5)


def test_the_lifted_decoder_is_that_of_a_trained_vae():
    digits = load_digits()
    task = lifted.make_task(digits)
    data = task.make_data(np.random.default_rng(0), "quick")
    torch.manual_seed(0)
    decoder = lifted.trained_decoder(digits, data, steps=60)
    model = LiftedTemporalCNN(lifted.HISTORY, digits.side, decoder=decoder)
    mean = torch.from_numpy(digits.train_images).mean(0)

    def away(decoder):
        with torch.no_grad():
            drawn = torch.sigmoid(decoder(torch.randn(200, 32))).mean(0)[0]
        return float((drawn - mean).square().mean())

    # a trained decoder draws digits on average, one of random weights draws grey
    assert away(model.decoder) < 0.4 * away(Decoder(32, digits.side))
    assert model.decoder is not decoder
    assert all(weight.requires_grad for weight in model.parameters())


def test_a_decoder_of_another_size_is_not_lifted():
    with pytest.raises(ValueError, match="side 8 and 16 latent dimensions; expected 8 and 32"):
        LiftedTemporalCNN(6, 8, decoder=Decoder(16, 8))


def test_each_loss_of_the_gan_reaches_its_own_half():
    model = GAN(4, hidden=8, latent=2)
    critic, generator, penalty = model(torch.rand(5, 1, 4, 4))
    (critic + penalty).backward(retain_graph=True)
    assert all(p.grad is None for p in model.generator.parameters())
    assert any(p.grad.any() for p in model.critic.parameters() if p.grad is not None)
    model.zero_grad(set_to_none=True)
    generator.backward()
    assert all(p.grad is None for p in model.critic.parameters())
    assert all(p.grad is not None for p in model.generator.parameters())


def test_the_original_paints_the_same_in_every_cell_of_its_grid():
    torch.manual_seed(0)
    picture = OriginalDesign(3, 8)(torch.rand(2, 3, 8, 8))[:, 0]
    tiles = picture.unfold(1, 2, 2).unfold(2, 2, 2)  # (B, 4, 4, 2, 2)
    first = tiles[:, :1, :1].expand_as(tiles)
    # but for what padding tells the blocks, scaled by 1e-6
    torch.testing.assert_close(tiles, first, atol=1e-3, rtol=0)


def test_sample_quality_of_real_noise_and_copies():
    digits = load_digits()
    images = torch.from_numpy(digits.train_images)[:, None]
    labels = torch.from_numpy(digits.train_labels)
    good = sample_quality(images[600:1200], images[:600], labels[:600])
    assert good.precise.mean() > 0.6
    assert good.recall > 0.6
    assert good.found.sum() == 10
    noise = sample_quality(torch.rand(300, 1, 8, 8), images[:600], labels[:600])
    assert noise.precise.mean() < 0.02
    one = images[:1].expand(300, 1, 8, 8)
    copies = sample_quality(one, images[:600], labels[:600])
    assert copies.precise.mean() == 1.0
    assert copies.recall < 0.01
    assert copies.found.sum() == 1


def test_nearest_and_skill_tell_a_blur_from_a_picture():
    pictures = torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)])
    labels = torch.tensor([0, 1, 1, 0])
    part = Part(torch.zeros(4, 1, 2, 2), pictures[labels], labels)
    data = Data(part, part, {"images": pictures})
    blur = torch.full((4, 1, 2, 2), 0.5) + 0.01 * (pictures[labels] - 0.5)
    scores = nearest_scores(blur, data)
    assert scores.values["nearest_target"].mean() == 1.0
    assert scores.values["skill"].mean() < 0.05
    assert scores.baseline["nearest_target"].mean() == 0.5
    assert skill_of(pictures[labels], part.target, part.target.mean(dim=0))[0].mean() == 1.0


def test_balanced_hits_see_a_majority_collapse():
    target = torch.tensor([0] * 9 + [1])
    part = Part(torch.zeros(10, 1), target)

    class Majority(nn.Module):
        def forward(self, inputs):
            return torch.tensor([[1.0, 0.0]]).expand(len(inputs), 2)

    scores = measure_hits(Majority(), Data(part, part))
    assert scores.values["hit_rate"].mean() == pytest.approx(0.9)
    assert scores.values["balanced_hit_rate"].mean() == pytest.approx(0.5)


def test_samples_without_labels_are_refused_where_needed():
    part = Part(torch.zeros(4, 1, 2, 2), torch.zeros(4, 1, 2, 2))
    with pytest.raises(DataError, match="its samples have no labels"):
        nearest_scores(part.target, Data(part, part, {"images": torch.zeros(2, 1, 2, 2)}))


def test_pictures_are_written_as_they_are(tmp_path):
    from PIL import Image

    grid = image_grid(torch.zeros(3, 1, 8, 8), torch.ones(3, 1, 8, 8), columns=3)
    assert grid.shape == (2, 3, 8, 8)
    flat = montage(grid)
    assert flat.shape == (22, 32)
    assert flat[3, 3] == 0
    assert flat[13, 3] == 255
    assert flat[0, 0] == 128
    result = run_task(overfit.make_task(), steps=2)
    (path,) = write_pictures(result, tmp_path / "new")
    assert path.name == "overfit-inputs-targets-outputs.png"
    with Image.open(path) as picture:
        assert picture.size == ((8 * 10 + 2) * 7, (3 * 10 + 2) * 7)
