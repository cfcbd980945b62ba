"""Three models that no one here wrote, healthy and with one fault each."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from inundate.cli.doctor_bench import bodies as b
from inundate.cli.doctor_bench.fault import Fault, Healthy, body
from inundate.cli.doctor_bench.parts import Parts, Samples, add, pick
from inundate.prove.cause import Cause

__all__ = ["PACKAGES", "STRANGERS", "STRANGER_FAULTS", "bert", "mlp", "unet"]

#: What must be installed; they come with the extra ``test``.
PACKAGES = ("skorch", "transformers", "monai")


def mlp(seed: int) -> Parts:
    """Tell two clouds apart by the toy network of skorch."""
    from skorch.toy import MLPModule  # type: ignore[import-untyped]

    p = b.table_classes(seed, features=20, classes=2)
    return pick(p, model=MLPModule(hidden_units=24, num_hidden=2))


def bert(seed: int) -> Parts:
    """Find keywords by a BERT of two layers."""
    from transformers import BertConfig, BertForSequenceClassification

    p = b.keyword(seed)
    config = BertConfig(
        vocab_size=40, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=16, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )  # fmt: skip

    def named(samples: Samples) -> Samples:
        tokens = samples.inputs["input"]
        inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
        return Samples(inputs, samples.target)

    return pick(
        p, model=BertForSequenceClassification(config), train=named(p.train),
        valid=named(p.valid), optimiser=b.optimiser(2e-3),
    )  # fmt: skip


def unet(seed: int) -> Parts:
    """Take the noise off maps by a U-Net."""
    from monai.networks.nets import UNet  # type: ignore[attr-defined]

    p = b.denoiser(seed)
    model = UNet(2, in_channels=1, out_channels=1, channels=(8, 16, 32), strides=(2, 2))
    return pick(p, model=model)


def _old_head(p: Parts) -> Parts:
    """Make the optimiser, then replace the head: the tutorial's order turned round."""

    def make(model: Any) -> torch.optim.Optimizer:
        optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
        model.classifier = nn.Linear(32, 2)
        return optimiser

    return pick(p, optimiser=make)


def _transposed(p: Parts) -> Parts:
    def of(samples: Samples) -> Samples:
        return add(samples, {}, samples.target.transpose(-2, -1))

    return pick(p, train=of(p.train), valid=of(p.valid))


def _softmax(p: Parts) -> Parts:
    return pick(p, model=nn.Sequential(p.model, nn.Softmax(-1)), criterion=functional.cross_entropy)


STRANGERS: tuple[Healthy, ...] = (
    Healthy("skorch: MLPModule", body(mlp), 81),
    Healthy("transformers: BERT of two layers", body(bert), 82),
    Healthy("monai: UNet", body(unet), 83),
)
STRANGER_FAULTS: tuple[Fault, ...] = (
    Fault("skorch: softmax twice", body(mlp), _softmax, Cause.LOSS_OUTPUT_MISMATCH, 84),
    Fault(
        "transformers: optimiser made before the head", body(bert), _old_head,
        Cause.OPTIMISER_MISSES, 85,
    ),
    Fault("monai: targets transposed", body(unet), _transposed, Cause.AXES_MIXED, 86),
)  # fmt: skip
