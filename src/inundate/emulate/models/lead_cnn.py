"""Temporal CNN with a state: a rain window and the present depth give the depth at a lead time.

It is rolled out from dry ground. From a depth it gives the next ``lead_frames`` frames, each from
the rain since and from nothing later; the last of them is the depth that the next step starts from.
It predicts the change of the stretched depth, so that untrained it keeps the depth as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import BlockUNet, reach_cells
from inundate.emulate.heads import depth_from_raw, to_stretched
from inundate.emulate.models.temporal_cnn import RainWindow
from inundate.emulate.settings import LeadCNNSettings
from inundate.emulate.shapes import check_inputs

__all__ = ["LeadCNN"]

_TOLD = 2  # rain before the window, and the lead


class LeadCNN(nn.Module):
    """Step from depth to depth with a Temporal CNN.

    Parameters
    ----------
    static_channels : int
        Channels of the terrain inputs.
    settings : LeadCNNSettings
    """

    input_names = ("terrain", "heights", "rain", "before", "start")
    family = "series"

    def __init__(self, static_channels: int, settings: LeadCNNSettings) -> None:
        super().__init__()
        self.settings = settings
        self.static_channels = static_channels
        width, cells = settings.width, settings.block**2
        self.terrain = nn.Conv2d(static_channels * cells, width, 1)
        self.rain = RainWindow(settings.lead_frames, settings.rain_width, width)
        self.told = nn.Conv2d(_TOLD, width, 1)
        # depth twice: stretched, and the slope of its surface that moves it
        self.state = nn.Conv2d(3 * cells, width, 1)
        self.net = BlockUNet(width, settings.levels, settings.depth)
        self.head = nn.Conv2d(width, cells, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    @property
    def align(self) -> int:
        """Cells that a raster's sides must be a multiple of."""
        return int(self.settings.block * 2 ** (self.settings.levels - 1))

    @property
    def reach(self) -> int:
        """Cells over which an input can move an output of the first step."""
        s = self.settings
        reach = reach_cells(s.levels, s.depth, s.block) + s.block  # and the neighbour's level
        return -(-reach // self.align) * self.align

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give the depth of consecutive frames, in m.

        Parameters
        ----------
        inputs : mapping
            ``terrain`` (B, C, H, W), ``heights`` (B, H, W) in m, ``rain``
            (B, K, H / block, W / block) in mm a frame, ``before`` (B, H / block, W / block) in mm,
            ``start`` (B, H, W) in m.

        Returns
        -------
        Tensor (B, K, H, W), m

        Raises
        ------
        DataError
            If a shape does not fit.
        """
        block = self.settings.block
        check_inputs("lead_cnn", inputs, {
            "terrain": ("B", self.static_channels, "H", "W"),
            "heights": ("B", "H", "W"),
            "rain": ("B", "K", f"H/{block}", f"W/{block}"),
            "before": ("B", f"H/{block}", f"W/{block}"),
            "start": ("B", "H", "W"),
        })  # fmt: skip
        rain, before, depth = inputs["rain"], inputs["before"], inputs["start"]
        ground = self.terrain(functional.pixel_unshuffle(inputs["terrain"], block))
        found = []
        for first in range(0, rain.shape[1], self.settings.lead_frames):
            fallen = rain[:, first : first + self.settings.lead_frames]
            piece = self._step(ground, inputs["heights"], depth, fallen, before)
            found.append(piece)
            depth, before = torch.relu(piece[:, -1]), before + fallen.sum(dim=1)
        return torch.cat(found, dim=1)

    def _step(
        self, ground: Tensor, heights: Tensor, depth: Tensor, rain: Tensor, before: Tensor
    ) -> Tensor:
        """Give the frames (B, L, H, W) that follow a depth (B, H, W) under rain (B, L, h, w)."""
        batch, leads = rain.shape[:2]
        state = ground + self.state(self._seen(depth, heights))
        windows, told = self._windows(rain, before)
        hidden = self.rain(windows) + self.told(told) + state.repeat_interleave(leads, dim=0)
        change = functional.pixel_shuffle(self.head(self.net(hidden)), self.settings.block)
        change = change.reshape(batch, leads, *depth.shape[-2:])
        return depth_from_raw(to_stretched(depth)[:, None] + change, training=self.training)

    def _seen(self, depth: Tensor, heights: Tensor) -> Tensor:
        """Show a depth as (B, 3 * block ** 2, h, w): itself, and its surface's fall both ways."""
        level = depth + heights
        south = functional.pad(level[:, 1:] - level[:, :-1], (0, 0, 0, 1))
        east = functional.pad(level[:, :, 1:] - level[:, :, :-1], (0, 1))
        # a step to missing ground is a wall, whatever number stands for it
        steps = [torch.asinh(fall.clamp(-100.0, 100.0) / 0.05) / 3.0 for fall in (south, east)]
        shown = torch.stack([to_stretched(depth) / 3.0, *steps], dim=1)  # (B, 3, H, W)
        return functional.pixel_unshuffle(shown, self.settings.block)

    def _windows(self, rain: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """Give the window (B * L, lead_frames, h, w) of each lead, and what is told beside it."""
        length, leads = self.settings.lead_frames, rain.shape[1]
        windows, told = [], []
        for lead in range(1, leads + 1):
            empty = rain.new_zeros((rain.shape[0], length - lead, *rain.shape[2:]))
            windows.append(torch.log1p(torch.cat([empty, rain[:, :lead]], dim=1)))
            share = torch.full_like(before, lead / length)
            told.append(torch.stack([torch.log1p(before) / 4.0, share], dim=1))
        return torch.stack(windows, dim=1).flatten(0, 1), torch.stack(told, dim=1).flatten(0, 1)
