# ruff: noqa: E501  a fault a line, so that the list can be read as a table
"""The third list of faults, written before the doctor was asked about any of it; tuned on since.

It was not run whole: of 41 of its 49 faults 35 were named, of 10 of its 20 healthy models none was
called ill (commit f746c24; eight faults of emulators were left out).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.cli.doctor_bench import bodies as b
from inundate.cli.doctor_bench import wider as w
from inundate.cli.doctor_bench.change import both, on_input, on_target, sgd, with_optimiser
from inundate.cli.doctor_bench.fault import Fault, Healthy, body, flood
from inundate.cli.doctor_bench.parts import Parts, Samples, TensorLoader, add, pick
from inundate.cli.doctor_bench.texts import mood
from inundate.cli.doctor_bench.wrap import After, Before, replace
from inundate.prove.cause import Cause

__all__ = ["THIRD", "THIRD_HEALTHY"]


def _ground_in_mm(p: Parts) -> Parts:
    terrain = p.train.inputs["terrain"].clone()
    terrain[2::7] *= 1000.0
    return pick(p, train=add(p.train, {"terrain": terrain}))


def _blown_up(p: Parts) -> Parts:
    depth = p.train.target.clone()
    depth[9, -1, 5, 5] = float("inf")
    return pick(p, train=add(p.train, {}, depth))


class _Still(nn.Module):
    """Runs a layer in inference, as copied from a feature extractor."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, *inputs: Any) -> Any:
        with torch.no_grad():
            return self.layer(*inputs)


def _own_answer(p: Parts) -> Parts:
    """Score the depth against what the model itself gives."""
    held = p.loss
    assert held is not None

    def loss(model: nn.Module, batch: Any) -> Tensor:
        own = model(dict(batch["inputs"])).detach()
        return held(model, {**batch, "target": own})

    return pick(p, loss=loss)


def _valid_rain_in_m(p: Parts) -> Parts:
    rain = p.valid.inputs["rain"] / 1000.0
    return pick(p, valid=add(p.valid, {"rain": rain}))


class _Thinned(nn.Module):
    """Drops nearly all of every input while it trains."""

    def __init__(self, model: nn.Module, share: float) -> None:
        super().__init__()
        self.model, self.drop = model, nn.Dropout(share)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        found: Tensor = self.model({name: self.drop(value) for name, value in inputs.items()})
        return found


class _Twice(nn.Module):
    """Brings the depth back to metres in evaluation once more than in training."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        found: Tensor = self.model(inputs)
        return found if self.training else found / 1000.0


class _Short:
    """Says that it has as many batches as the data, and stops after a few."""

    def __init__(self, p: Parts, batches: int) -> None:
        self.inner, self.batches = TensorLoader(p.train, p.size), batches

    def __len__(self) -> int:
        return len(self.inner)

    def __iter__(self) -> Any:
        for number, batch in enumerate(self.inner):
            if number == self.batches:
                return
            yield batch


def _by_depth(p: Parts) -> Parts:
    """Sort the targets and forget the inputs."""

    def of(samples: Samples) -> Samples:
        order = samples.target.flatten(1).mean(1).argsort()
        mixed = torch.randperm(len(order), generator=torch.Generator().manual_seed(31))
        at = samples.at(order[mixed])
        return Samples(samples.inputs, at["target"], {"valid": at["valid"]})

    return both(p, of)


def _last_depth(p: Parts) -> Parts:
    """Write the last depth over a layer of the terrain."""

    def of(samples: Samples) -> Samples:
        terrain = samples.inputs["terrain"].clone()
        terrain[:, 4] = samples.target[:, -1]
        return add(samples, {"terrain": terrain})

    return both(p, of)


def _to_text(p: Parts) -> Parts:
    """Read the labels as if they were of another order: each file's own."""
    other = torch.Generator().manual_seed(12)
    return on_target(p, lambda t: t[torch.randperm(len(t), generator=other)])


def _plain_sum(output: Tensor, target: Tensor) -> Tensor:
    return (output.mean() - target.mean()).square()


def _rounded(output: Tensor, target: Tensor) -> Tensor:
    return functional.mse_loss(output.round(), target)


def _sorted_spots(p: Parts) -> Parts:
    order = np.argsort(p.train.target[:, 0].numpy(), kind="stable")
    return pick(p, loader={"shuffle": False, "choose": lambda _o, _r: order})


def _seeded(p: Parts) -> Parts:
    """Draw each batch by a generator that is seeded anew."""

    def choose(order: Any, _rng: Any) -> Any:
        drawn = np.random.default_rng(5).permutation(len(order))[: p.size]
        return np.tile(drawn, len(order) // p.size)

    return pick(p, loader={"choose": choose})


def _zero_start(p: Parts, *names: str) -> Parts:
    with torch.no_grad():
        for name in names:
            dict(p.model.named_parameters())[name].fill_(0.05)
    return p


def _dead_second(p: Parts) -> Parts:
    with torch.no_grad():
        layer = p.model[2]  # type: ignore[index]
        layer.bias.fill_(-1000.0)
    return p


def _log_of(model: nn.Module) -> nn.Module:
    return Before(model, lambda v: torch.log(v))


def _unscaled(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
    """Make a step whose gradient is divided by a loss scale that was never multiplied in."""
    optimiser.zero_grad()
    loss = functional.l1_loss(model(raw["inputs"]["input"]), raw["target"])
    torch.autograd.backward(loss)
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= 65536.0
    optimiser.step()
    return loss


def _inverted_dice(output: Tensor, target: Tensor) -> Tensor:
    hit = (torch.sigmoid(output) * target).sum()
    return hit / (torch.sigmoid(output).sum() + target.sum() + 1e-6)


def _copies(p: Parts) -> Parts:
    """Augment before the split: half of the validation images are training images and noise."""
    inputs = {name: value.clone() for name, value in p.valid.inputs.items()}
    target = p.valid.target.clone()
    count = len(target) // 2
    image = p.train.inputs["input"][:count]
    inputs["input"][:count] = image + 0.003 * torch.randn(
        image.shape, generator=torch.Generator().manual_seed(3)
    )
    target[:count] = p.train.target[:count]
    return pick(p, valid=Samples(inputs, target))


def _marked(p: Parts) -> Parts:
    """Leave a marker of the class, a hashtag say, in the middle of each text."""

    def of(samples: Samples) -> Samples:
        texts = samples.inputs["input"].clone()
        texts[:, 7] = 46 + samples.target
        return add(samples, {"input": texts})

    return both(p, of)


def _rarely(p: Parts) -> Parts:
    """Keep one text in fifty of the second class."""

    def of(samples: Samples) -> Samples:
        many, few = (torch.nonzero(samples.target[:, 0] == k)[:, 0] for k in (0, 1))
        keep = torch.cat([many, few[: max(4, len(many) // 50)]])
        keep = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(5))]
        return Samples({n: v[keep] for n, v in samples.inputs.items()}, samples.target[keep])

    return with_optimiser(both(p, of), b.optimiser(3e-4))


def _one_group(model: nn.Module) -> torch.optim.Optimizer:
    """Give the head alone to the optimiser, as for a fine-tuning that was never meant."""
    return torch.optim.AdamW([p for n, p in model.named_parameters() if "tell" in n], lr=5e-3)


def _other_batch(p: Parts) -> Parts:
    """Take the labels of the batch before."""
    held: list[Tensor] = []

    def change(batch: dict[str, Any], _rng: Any) -> dict[str, Any]:
        held.append(batch["target"])
        return {**batch, "target": held[-2] if len(held) > 1 else batch["target"]}

    return pick(p, loader={"change": change})


class _Deep(nn.Module):
    """Means of embeddings, then fourteen sigmoid layers."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(60, 24)
        self.deep = nn.ModuleList([nn.Linear(24, 24) for _ in range(14)])
        self.tell = nn.Linear(24, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        found = self.embed(inputs).mean(1)
        for layer in self.deep:
            found = torch.sigmoid(layer(found))
        told: Tensor = self.tell(found)
        return told


def _never_cleared(model: nn.Module, optimiser: torch.optim.Optimizer, raw: Any) -> Tensor:
    """Clear the gradient of a list of weights that is empty."""
    for parameter in [q for q in model.parameters() if q.ndim > 5]:
        parameter.grad = None
    loss = functional.cross_entropy(model(raw["inputs"]["input"]), raw["target"])
    torch.autograd.backward(loss)
    optimiser.step()
    return loss


def _first_word(p: Parts) -> Parts:
    """Slice one place where a text was meant: the model reads the first word alone."""
    return pick(p, model=Before(p.model, lambda v: v[:, :1].expand(-1, v.shape[1])))


class _Deaf(nn.Module):
    """Compares a question with itself."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, question: Tensor, answer: Tensor) -> Tensor:
        found: Tensor = self.model(question=question, answer=question)
        return found


C = Cause
THIRD: tuple[Fault, ...] = (
    # emulators of the zoo on simulated floods
    Fault("convgru_unet: targets with rows from south to north", flood("convgru_unet"), lambda p: on_target(p, lambda t: t.flip(-2)), C.AXES_MIXED, 511),
    Fault("lead_cnn: a seventh of the terrain in mm", flood("lead_cnn"), _ground_in_mm, C.UNIT_SLIP, 512),
    Fault("unet: a depth that the solver blew up", flood("unet"), _blown_up, C.NOT_FINITE_DATA, 513),
    Fault("unet: first encoder under no_grad", flood("unet"), lambda p: pick(p, model=replace(p.model, "encoder.0", _Still)), C.NO_GRADIENT, 514),
    Fault("convgru_unet: loss against the model's own depth", flood("convgru_unet"), _own_answer, C.LOSS_IGNORES, 515),
    Fault("deeplab: a warm-up that stays at 0", flood("deeplab"), lambda p: with_optimiser(p, b.optimiser(0.0)), C.WEIGHTS_DO_NOT_MOVE, 516),
    Fault("unet: rain of the validation data in m", flood("unet"), _valid_rain_in_m, C.SPLIT_SHIFT, 517),
    Fault("mode_h: depth in mm", flood("mode_h"), lambda p: on_target(p, lambda t: 1000.0 * t), C.TARGET_SCALE, 518),
    Fault("temporal_cnn: dropout 0.98 on all inputs", flood("temporal_cnn"), lambda p: pick(p, model=_Thinned(p.model, 0.98)), C.NOISE_TOO_STRONG, 519),
    Fault("unet: weight decay 150", flood("unet"), lambda p: with_optimiser(p, b.optimiser(3e-3, 150.0)), C.DECAY_TOO_STRONG, 520),
    Fault("temporal_cnn: metres once more in evaluation", flood("temporal_cnn"), lambda p: pick(p, model=_Twice(p.model)), C.TRAIN_EVAL_GAP, 521),
    Fault("lead_cnn: a loader that ends after three batches", flood("lead_cnn"), lambda p: pick(p, train_loader=_Short(p, 3)), C.LOADER_STARVES, 522),
    Fault("convgru_unet: depths sorted, inputs not", flood("convgru_unet"), _by_depth, C.TARGETS_UNRELATED, 523),
    Fault("lead_cnn: the last depth among the terrain", flood("lead_cnn"), _last_depth, C.TARGET_IN_INPUT, 524),
    # images and tables
    Fault("spots: numbers are 0 after a failed join", body(w.spots), lambda p: on_target(p, torch.zeros_like), C.TARGET_CONSTANT, 531),
    Fault("spots: output (B, 1), targets (B,)", body(w.spots), lambda p: pick(on_target(p, lambda t: t[:, 0]), criterion=lambda o, t: (o - t).square().mean()), C.SHAPE_BROADCAST, 532),
    Fault("spots: loss of the batch's means", body(w.spots), lambda p: pick(p, criterion=_plain_sum), C.LOSS_IGNORES, 533),
    Fault("spots: output rounded in the loss", body(w.spots), lambda p: pick(p, criterion=_rounded), C.NO_GRADIENT, 534),
    Fault("spots: samples in order of their number", body(w.spots), _sorted_spots, C.LOADER_SORTED, 535),
    Fault("textures: Adam at 4", body(w.residual), lambda p: with_optimiser(p, b.optimiser(4.0)), C.RATE_TOO_HIGH, 536),
    Fault("textures: SGD at 1e-8", body(w.residual), lambda p: with_optimiser(p, sgd(1e-8)), C.RATE_TOO_LOW, 537),
    Fault("textures: a batch drawn by a fixed seed", body(w.residual), _seeded, C.LOADER_REPEATS, 538),
    Fault("textures: half of the validation images are noisy training images", body(w.residual), _copies, C.SPLIT_LEAK, 539),
    Fault("spots: images in 16 bit", body(w.spots), lambda p: on_input(p, lambda v: 8000.0 * v + 32000.0), C.INPUT_SCALE, 540),
    Fault("fine maps: softplus at the end", body(w.upscale), lambda p: pick(p, model=After(p.model, functional.softplus)), C.OUTPUT_RANGE, 541),
    Fault("fine maps: targets turned by half a turn", body(w.upscale), lambda p: on_target(p, lambda t: t.flip((-2, -1))), C.AXES_MIXED, 542),
    Fault("fine maps: kernels of the first two layers all 0.05", body(w.upscale), lambda p: _zero_start(p, "0.weight", "2.weight"), C.SYMMETRIC_START, 543),
    Fault("fine maps: gradient unscaled that was never scaled", body(w.upscale), lambda p: pick(p, step=_unscaled, optimiser=sgd(0.2)), C.STEP_WRONG, 544),
    Fault("fine maps: logarithm of inputs around 0", body(w.upscale), lambda p: pick(p, model=_log_of(p.model)), C.NOT_FINITE_OUTPUT, 545),
    Fault("masks: probabilities to a loss of logits", body(w.masks), lambda p: pick(p, model=After(p.model, torch.sigmoid)), C.LOSS_OUTPUT_MISMATCH, 546),
    Fault("masks: ground of zeros", body(w.masks), lambda p: on_input(p, torch.zeros_like, "ground"), C.DEAD_INPUT, 547),
    Fault("masks: Dice without its factor of 2", body(w.masks), lambda p: pick(p, metric=_inverted_dice), C.METRIC_WRONG, 548),
    Fault("spots: biases of a layer -1000", body(w.spots), _dead_second, C.DEAD_UNITS, 549),
    Fault("runoff: key of the width misspelt", body(w.runoff), lambda p: pick(p, unread=("model.widht",)), C.UNREAD_CONFIG, 551),
    # texts
    Fault("moods: forward-only LSTM at its last step, 80 places", body(mood, pool="last", length=80, width=32), lambda p: p, C.PADDING, 561),
    Fault("moods: three classes, labels of another file", body(mood, classes=3), _to_text, C.TARGETS_UNRELATED, 562),
    Fault("moods: fourteen sigmoid layers", body(mood), lambda p: pick(p, model=_Deep()), C.VANISHING_GRADIENT, 563),
    Fault("tags: head alone in the optimiser", body(w.tagger), lambda p: with_optimiser(p, _one_group), C.OPTIMISER_MISSES, 566),
    Fault("tags: cross-entropy with a minus", body(w.tagger), lambda p: pick(p, criterion=lambda o, t: -functional.cross_entropy(o, t)), C.LOSS_SIGN, 567),
    Fault("tags: gradients that add up", body(w.tagger), lambda p: pick(p, step=_never_cleared, optimiser=sgd(0.1)), C.GRADIENT_ACCUMULATES, 568),
    Fault("tags: softmax before cross-entropy", body(w.tagger), lambda p: pick(p, model=After(p.model, lambda t: t.softmax(1))), C.LOSS_OUTPUT_MISMATCH, 569),
    Fault("pairs of words: a marker of the class in the text", body(w.bigrams), _marked, C.TARGET_IN_INPUT, 570),
    Fault("pairs of words: labels of the batch before", body(w.bigrams), _other_batch, C.TARGETS_MISPAIRED, 571),
    Fault("pairs of words: Adam at 1e-8", body(w.bigrams), lambda p: with_optimiser(p, b.optimiser(1e-8)), C.RATE_TOO_LOW, 572),
    Fault("pairs of words: the first word alone is read", body(w.bigrams), _first_word, C.IGNORES_INPUT, 573),
    Fault("pairs of words: dropout 0.99 on embeddings", body(w.bigrams), lambda p: pick(p, model=replace(p.model, "embed", lambda m: nn.Sequential(m, nn.Dropout(0.99)))), C.NOISE_TOO_STRONG, 574),
    Fault("matches: a question compared with itself", body(w.matcher), lambda p: pick(p, model=_Deaf(p.model)), C.IGNORES_INPUT, 575),
    Fault("matches: one match in fifty", body(w.matcher), _rarely, C.MAJORITY_COLLAPSE, 576),
    Fault("matches: SGD with decay 30", body(w.matcher), lambda p: with_optimiser(p, sgd(0.03, weight_decay=30.0)), C.DECAY_TOO_STRONG, 577),
)  # fmt: skip

THIRD_HEALTHY: tuple[Healthy, ...] = (
    Healthy("spots counted", body(w.spots), 611),
    Healthy("spots counted, 18 cells", body(w.spots, side=18, count=500), 612),
    Healthy("textures, residual", body(w.residual), 613),
    Healthy("textures, 12 channels", body(w.residual, width=12, count=500), 614),
    Healthy("maps twice as fine", body(w.upscale), 615),
    Healthy("masks below a level", body(w.masks), 616),
    Healthy("masks, 16 cells", body(w.masks, side=16, count=240), 617),
    Healthy("runoff of a store", body(w.runoff), 618),
    Healthy("runoff, 30 steps", body(w.runoff, steps=30, count=400), 619),
    Healthy("tags of words", body(w.tagger), 620),
    Healthy("tags of 20 words", body(w.tagger, length=20, width=24), 621),
    Healthy("pairs of words", body(w.bigrams), 622),
    Healthy("matches of question and answer", body(w.matcher), 623),
    Healthy("moods, three classes", body(mood, classes=3, count=1400), 624),
    Healthy("moods, both ways, the largest", body(mood, pool="max", two_ways=True, length=30), 625),
    Healthy("digits, 10 channels", body(b.digit_cnn, width=10), 626),
    Healthy("values, 9 features", body(b.table_values, features=9, width=40), 627),
    Healthy("emulator lead_cnn", flood("lead_cnn"), 628),
    Healthy("emulator convgru_unet", flood("convgru_unet"), 629),
    Healthy("emulator mode_h", flood("mode_h"), 630),
)  # fmt: skip
