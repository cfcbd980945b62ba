"""Make networks.json: what each network gives for fixed weights and fixed inputs.

Run ``python tests/golden/make.py`` after a change that is meant to move outputs, and say so in
the commit. Weights are set by a formula and inputs drawn by NumPy: no default of torch is in it.
"""

import json
from pathlib import Path

import numpy as np
import torch

from inundate.emulate.inputs import RAIN_WINDOW, STATE_CHANNELS
from inundate.emulate.scene import FAMILY_OF
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.zoo import NETWORKS, STATIC_CHANNELS, make_model

FILE = Path(__file__).parent / "networks.json"
SIDE, FRAMES = 32, 3
CELLS = [(0, 0), (3, 17), (12, 12), (20, 5), (31, 31)]
SMALL = {"width": 8, "levels": 2, "crop_cells": 32}
CASES = {name: {"model": name, **SMALL} for name in NETWORKS} | {
    "temporal_cnn-vae": {"model": "temporal_cnn", "tail": "vae", **SMALL},
    "mode_h-x2": {"model": "mode_h", "factors": (2,), **SMALL},
    "mode_h-x8": {"model": "mode_h", "factors": (8,), **SMALL},
}
CASES["convgru_unet"]["memory_levels"] = 1


def inputs(settings):
    """Inputs of the model's family, one sample."""
    rng = np.random.default_rng(20_07)

    def values(*shape):
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32))

    found = {
        "terrain": 0.5 * values(1, STATIC_CHANNELS, SIDE, SIDE),
        "heights": 0.3 * values(1, SIDE, SIDE).abs(),
    }
    small = SIDE // settings.block
    family = FAMILY_OF[settings.model]
    if family == "hybrid":
        coarse = SIDE // settings.factors[0]
        found["level"] = 0.4 * values(1, FRAMES, coarse, coarse).abs()
        found["state"] = values(1, FRAMES, len(STATE_CHANNELS), SIDE // 4, SIDE // 4)
    elif family == "window":
        found["rain"] = values(1, FRAMES, RAIN_WINDOW, small, small).relu()
    else:
        found["rain"] = 5 * values(1, FRAMES, small, small).relu()
        found["before"] = 20 * values(1, small, small).relu()
        found["start"] = 0.2 * values(1, SIDE, SIDE).relu()
        found["interval"] = torch.full((1, 1, 1), 600.0)
    return found


def set_weights(model):
    """Fill weights with waves, as large as fresh ones would be; none is zero."""
    with torch.no_grad():
        for number, (_, weight) in enumerate(sorted(model.named_parameters())):
            count = weight.numel()
            wave = np.sin(0.7 * np.arange(count) + number) * (1.4 / (count / len(weight)) ** 0.5)
            offset = (
                1.0 if weight.ndim == 1 and bool((weight == 1).all()) else 0.0
            )  # a norm's scale
            if weight.ndim == 1:
                wave *= 0.1
            weight.copy_(torch.from_numpy((wave + offset).astype(np.float32)).reshape(weight.shape))


def summary(name):
    """Numbers of a network's output that a change would move."""
    settings = EmulatorSettings(**CASES[name])
    model = make_model(settings)
    set_weights(model)
    with torch.no_grad():
        depth = model.eval()(inputs(settings))[0].double()
    return {
        "mean": depth.mean(dim=(1, 2)).tolist(),
        "spread": depth.std(dim=(1, 2)).tolist(),
        "wet": (depth > 0.05).double().mean(dim=(1, 2)).tolist(),
        "cells": [[float(depth[k, row, col]) for row, col in CELLS] for k in range(FRAMES)],
        "parameters": sum(p.numel() for p in model.parameters()),
    }


if __name__ == "__main__":
    found = {name: summary(name) for name in CASES}
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{FILE}: {len(found)} networks")  # noqa: T201
