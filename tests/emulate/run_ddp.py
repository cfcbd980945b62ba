"""Run commands as one of several ranks: ``python -m emulate.run_ddp DATASET FOLDER``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from torch import nn

from inundate.cli.app import main
from inundate.emulate.loss import DepthLoss
from inundate.learn.distributed import join_ranks


def run(dataset: str, folder: str) -> None:
    """Train whole, interrupted and resumed; fail once where the folder is taken."""
    with join_ranks("cpu"):
        train = ["train", dataset, "--config", f"{folder}/two.toml", "-o"]
        assert main([*train, f"{folder}/two", "--json"]) == 0
        assert main([*train, f"{folder}/two"]) == 6  # it exists, for every rank alike

        loss = DepthLoss.__call__
        if os.environ["RANK"] == "1":
            DepthLoss.__call__ = pressing(loss)  # type: ignore[method-assign]
        assert main([*train, f"{folder}/again"]) == 130
        DepthLoss.__call__ = loss  # type: ignore[method-assign]
        assert main(["resume", f"{folder}/again", "--json"]) == 0


def pressing(loss: Any) -> Any:
    """Make a loss in whose third step this rank, and no other, gets Ctrl-C."""
    made = 0

    def press(self: DepthLoss, model: nn.Module, batch: Mapping[str, Any]) -> Any:
        nonlocal made
        made += model.training
        if model.training and made == 3:
            signal.raise_signal(signal.SIGINT)
        return loss(self, model, batch)

    return press


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2])
