"""A U-Net that remembers: gated recurrent memory at its coarsest levels.

It steps through the frames from dry ground. What it remembers of earlier rain lies at the coarse
levels only, where a position is many cells wide, so that memory costs little.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.errors import ConfigError
from inundate.emulate.backbone import BlockUNet, reach_cells
from inundate.emulate.heads import depth_from_raw
from inundate.emulate.settings import ConvGRUSettings
from inundate.emulate.shapes import check_inputs

__all__ = ["ConvGRU", "ConvGRUUNet"]

_RAIN = 2  # rain of the frame and so far


class ConvGRU(nn.Module):
    """A gated recurrent unit whose products are separable 3 x 3 convolutions.

    Parameters
    ----------
    channels : int
        Channels of what comes in and of the memory.

    Source
    ------
    Ballas et al. (2016), arXiv:1511.06432, eqs. 5 to 8.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = _separable(2 * channels, 2 * channels)
        self.change = _separable(2 * channels, channels)

    def forward(self, seen: Tensor, memory: Tensor) -> Tensor:
        """Give the new memory (B, C, H, W) from what is seen and the old one."""
        update, reset = torch.sigmoid(self.gates(torch.cat([seen, memory], dim=1))).chunk(2, dim=1)
        new = torch.tanh(self.change(torch.cat([seen, reset * memory], dim=1)))
        return memory + update * (new - memory)


def _separable(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels), nn.Conv2d(channels, out, 1)
    )


class ConvGRUUNet(nn.Module):
    """Step through the frames of a storm with a U-Net that remembers.

    Parameters
    ----------
    static_channels : int
        Channels of the terrain inputs.
    settings : ConvGRUSettings

    Raises
    ------
    ConfigError
        If more levels remember than there are.
    """

    input_names = ("terrain", "rain")
    family = "series"

    def __init__(self, static_channels: int, settings: ConvGRUSettings) -> None:
        super().__init__()
        if settings.memory_levels > settings.levels:
            raise ConfigError(
                f"building convgru_unet: memory_levels {settings.memory_levels}, expected at most "
                f"its {settings.levels} levels"
            )
        self.settings = settings
        self.static_channels = static_channels
        width, cells = settings.width, settings.block**2
        self.terrain = nn.Conv2d(static_channels * cells, width, 1)
        self.rain = nn.Conv2d(_RAIN, width, 1)
        self.net = BlockUNet(width, settings.levels, settings.depth)
        widths = [width, *(int(layer.out_channels) for layer in self.net.widen)]  # type: ignore[arg-type]
        self._first = settings.levels - settings.memory_levels  # finest level that remembers
        self.memory = nn.ModuleList(ConvGRU(w) for w in widths[self._first :])
        self.head = nn.Conv2d(width, cells, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    @property
    def align(self) -> int:
        """Cells that a raster's sides must be a multiple of."""
        return int(self.settings.block * 2 ** (self.settings.levels - 1))

    @property
    def reach(self) -> int:
        """Cells over which an input can move an output of the same frame."""
        s = self.settings
        reach: int = reach_cells(s.levels, s.depth, s.block)
        # two convolutions in a row in each memory: its gates', and the one that they gate
        reach += sum(2 * s.block * 2**level for level in range(self._first, s.levels))
        return -(-reach // self.align) * self.align

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give the depth of consecutive frames from dry ground, in m.

        Parameters
        ----------
        inputs : mapping
            ``terrain`` (B, C, H, W) and ``rain`` (B, K, H / block, W / block) in mm a frame, from
            the first frame of the storm on.

        Returns
        -------
        Tensor (B, K, H, W), m

        Raises
        ------
        DataError
            If a shape does not fit.
        """
        block = self.settings.block
        check_inputs("convgru_unet", inputs, {
            "terrain": ("B", self.static_channels, "H", "W"),
            "rain": ("B", "K", f"H/{block}", f"W/{block}"),
            "before": ("B", f"H/{block}", f"W/{block}"),
            "start": ("B", "H", "W"),
        })  # fmt: skip
        rain = inputs["rain"]
        ground = self.terrain(functional.pixel_unshuffle(inputs["terrain"], block))
        total = torch.zeros_like(rain[:, 0])
        memories: list[Tensor | None] = [None] * len(self.memory)
        frames = []
        for k in range(rain.shape[1]):
            total = total + rain[:, k]
            fallen = torch.stack([torch.log1p(rain[:, k]), torch.log1p(total) / 2.0], dim=1)
            hidden = self._step(ground + self.rain(fallen), memories)
            raw = functional.pixel_shuffle(self.head(hidden), block).squeeze(1)
            frames.append(depth_from_raw(raw, training=self.training))
        return torch.stack(frames, dim=1)

    def _step(self, values: Tensor, memories: list[Tensor | None]) -> Tensor:
        """Run the U-Net for one frame; the memories are renewed in place."""
        net, skips = self.net, []
        for level in range(net.levels):
            values = net.down[level](values)
            if level >= self._first:
                slot = level - self._first
                held = memories[slot]
                held = torch.zeros_like(values) if held is None else held
                held = self.memory[slot](values, held)
                memories[slot] = held
                values = values + held
            if level < net.levels - 1:
                skips.append(values)
                values = net.widen[level](functional.avg_pool2d(values, 2))
        for level in reversed(range(net.levels - 1)):
            lifted = functional.interpolate(net.narrow[level](values), scale_factor=2.0)
            values = net.up[level](skips[level] + lifted)
        return values
