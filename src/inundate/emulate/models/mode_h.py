"""Mode H: the hybrid's water, moved a little and poured again by a small network.

The coarse solver with its sub-grid tables knows how much water each block of cells holds. What
it does not know is how the water lies within a block, and small errors of the volume itself.
The network gives both: a change of the volume, bounded by the water of the block and its eight
neighbours, and a virtual change of the ground's height on to which the volume is poured. With
the last layer at zero nothing changes, so an untrained model is the hybrid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.emulate.backbone import BlockUNet, reach_cells
from inundate.emulate.heads import pour_heights
from inundate.emulate.inputs import POSITION, STATE_CHANNELS
from inundate.emulate.pour_positions import DEEP_M, pour_positions
from inundate.emulate.settings import ModeHSettings
from inundate.emulate.shapes import check_inputs
from inundate.emulate.trust import trust

__all__ = ["ModeH", "joined", "parted"]

_CELLS = POSITION**2
_QUARTERS = 4  # parts of a position whose volumes may change apart, for a coarse solver of factor 2
_LEAK = 0.05  # slope below zero while training: a dry cell still gets a gradient
_SHALLOW_M, _DEEP_M = 0.05, 1.0  # scales at which the network sees the distance to the level


class ModeH(nn.Module):
    """Correct the untrained hybrid; untrained, it equals the hybrid.

    Parameters
    ----------
    static_channels : int
        Channels of the terrain inputs.
    settings : ModeHSettings
    """

    input_names = ("terrain", "heights", "level", "state")
    family = "hybrid"

    def __init__(self, static_channels: int, settings: ModeHSettings) -> None:
        super().__init__()
        self.settings = settings
        self.gate = 1.0  # share of the correction that is made; below 1 outside of the training
        self.inner_bfloat16 = False  # inner layers in bfloat16 while predicting
        self.static_channels = static_channels
        width = settings.width
        self.terrain = nn.Conv2d(static_channels * _CELLS, width, 1)
        self.state = nn.Conv2d(2 * _CELLS + len(STATE_CHANNELS) + 1, width, 1)
        self.net = BlockUNet(width, settings.levels, settings.depth)
        self.head = nn.Conv2d(width, 2 * _CELLS + _QUARTERS, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    @property
    def align(self) -> int:
        """Cells that a raster's sides must be a multiple of."""
        return int(max(POSITION * 2 ** (self.settings.levels - 1), *self.settings.factors))

    @property
    def reach(self) -> int:
        """Cells over which an input can move an output."""
        reach = reach_cells(self.settings.levels, self.settings.depth, POSITION)
        return -(-(reach + POSITION) // self.align) * self.align

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give depth in m.

        Parameters
        ----------
        inputs : mapping
            ``terrain`` (B, C, H, W), ``heights`` (B, H, W) in m, ``level``
            (B, K, H / factor, W / factor) in m, ``state`` (B, K, S, H / 4, W / 4); see
            :class:`inundate.emulate.scene.Scene`. ``embedded``, when given, is what
            :meth:`embed` made of the terrain.

        Returns
        -------
        Tensor (B, K, H, W), m
        """
        signed, ground = self.signed(inputs)
        raw = self.head(self.hidden(inputs, signed))
        frames = inputs["state"].shape[1]
        quarters = self._factor(inputs) < POSITION
        on_processor = signed.device.type == "cpu" and ground.shape[0] == 1
        if on_processor and not (self.training or torch.is_grad_enabled()):
            return self._predicted(raw, signed, ground, quarters, self.trust(inputs))
        ground = ground.repeat_interleave(frames, dim=0)
        share = self.trust(inputs).repeat_interleave(frames, dim=0)
        depth = self.poured(raw, signed, ground, quarters, share)
        return self.as_map(depth, frames)

    def trust(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give the share of the correction that is made, (B, 2, h, w): shallow and deep water."""
        return trust(inputs["terrain"], inputs["heights"], self._factor(inputs))

    def corrections(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give what the network makes of the frames of one scene, for :meth:`corrected`.

        Parameters
        ----------
        inputs : mapping
            As for :meth:`forward`, of one scene.

        Returns
        -------
        Tensor (K, 36, h, w), -1 to 1
        """
        signed, _ = self.signed(inputs)
        return torch.tanh(self.head(self.hidden(inputs, signed)))

    def corrected(
        self,
        inputs: Mapping[str, Tensor],
        corrections: Tensor,
        between: Sequence[tuple[int, int, float]],
    ) -> Tensor:
        """Pour the water of each frame by corrections of the same or of other frames.

        Parameters
        ----------
        inputs : mapping
            ``terrain``, ``heights`` and ``level`` of one scene, on the processor.
        corrections : Tensor (N, 36, h, w)
            Of :meth:`corrections`.
        between : sequence of (int, int, float) (K,)
            For each frame the two corrections between which it lies, and how far from the first.

        Returns
        -------
        Tensor (1, K, H, W), m
        """
        signed, ground = self.signed(inputs)
        quarters = self._factor(inputs) < POSITION
        return self._compiled(corrections, between, signed, ground, quarters, self.trust(inputs))

    def _predicted(
        self, raw: Tensor, signed: Tensor, ground: Tensor, quarters: bool, trust: Tensor
    ) -> Tensor:
        """Give the depth of one scene, each frame by its own correction, as (1, K, H, W)."""
        own = [(frame, frame, 0.0) for frame in range(raw.shape[0])]
        return self._compiled(torch.tanh(raw), own, signed, ground, quarters, trust)

    def _compiled(
        self,
        bounded: Tensor,
        between: Sequence[tuple[int, int, float]],
        signed: Tensor,
        ground: Tensor,
        quarters: bool,
        trust: Tensor,
    ) -> Tensor:
        """Give the depth of one scene (1, K, H, W) on the processor, without a gradient."""
        depth = pour_positions(
            bounded.contiguous().numpy(),
            between,
            signed.numpy(),
            ground[0].numpy(),
            quarters=quarters,
            gate=self.gate,
            trust=trust[0].contiguous().numpy(),
            shift_m=self.settings.shift_m,
            threads=torch.get_num_threads(),
        )
        return torch.from_numpy(depth)[None]

    def as_map(self, depth: Tensor, frames: int) -> Tensor:
        """Unfold (B * K, 16, h, w) to (B, K, H, W)."""
        found = functional.pixel_shuffle(depth, POSITION).squeeze(1)
        return found.reshape(-1, frames, *found.shape[-2:])

    def _factor(self, inputs: Mapping[str, Tensor]) -> int:
        return int(inputs["heights"].shape[-2] // inputs["level"].shape[-2])

    def signed(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Give the hybrid's level above each cell, and the cells' height above their position.

        Returns
        -------
        signed : Tensor (B * K, 16, h, w), m
            Negative where the cell is dry.
        ground : Tensor (B, 16, h, w), m
        """
        self._check(inputs)
        heights, level = inputs["heights"], inputs["level"]
        cells = functional.pixel_unshuffle(heights[:, None], POSITION)  # (B, 16, h, w)
        base = cells.amin(dim=1, keepdim=True)
        ground = cells - base
        factor = self._factor(inputs)
        flat = level.flatten(0, 1)[:, None]  # (B * K, 1, H / f, W / f)
        if factor >= POSITION:
            lifted = _repeat(flat, factor // POSITION)  # (B * K, 1, h, w)
        else:
            lifted = functional.pixel_unshuffle(_repeat(flat, factor), POSITION)
        frames = level.shape[1]
        low = base.repeat_interleave(frames, dim=0)
        return (lifted - low) - ground.repeat_interleave(frames, dim=0), ground

    def embed(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give the features (B, width, h, w) of the terrain, the same for all frames."""
        found: Tensor = self.terrain(functional.pixel_unshuffle(inputs["terrain"], POSITION))
        return found

    def hidden(self, inputs: Mapping[str, Tensor], signed: Tensor) -> Tensor:
        """Give the features (B * K, width, h, w) from which the correction is made."""
        state = inputs["state"].flatten(0, 1)
        frames = inputs["state"].shape[1]
        # what is said of cells without ground must not depend on MISSING_M
        seen = signed.clamp(min=-100.0)
        near, far = seen / (_SHALLOW_M + seen.abs()), seen / (_DEEP_M + seen.abs())
        mean = torch.asinh(seen.mean(dim=1, keepdim=True) / 0.25) / 3.0
        moving = self.state(torch.cat([near, far, mean, state], dim=1))
        ground = inputs["embedded"] if "embedded" in inputs else self.embed(inputs)
        both = moving + ground.repeat_interleave(frames, dim=0)
        # channels side by side: a third less time on a processor
        both = both.contiguous(memory_format=torch.channels_last)
        half = self.settings.precision == "bfloat16" if self.training else self.inner_bfloat16
        with torch.autocast(both.device.type, torch.bfloat16, enabled=half):
            found: Tensor = self.net(both)
        return found.float()

    def poured(
        self, raw: Tensor, signed: Tensor, ground: Tensor, quarters: bool, trust: Tensor
    ) -> Tensor:
        """Change volume and heights as the network says, and pour.

        Parameters
        ----------
        raw : Tensor (N, 36, h, w)
            Tilt and shift of each of 16 cells, change of the volume of each quarter.
        signed, ground : Tensor (N, 16, h, w), m
        quarters : bool
            Whether each quarter of a position has a level of its own.
        trust : Tensor (N, 2, h, w)
            Of :meth:`trust`.

        Returns
        -------
        Tensor (N, 16, h, w), m
        """
        bounded = torch.tanh(raw)
        parts = _QUARTERS if quarters else 1
        tilt = parted(bounded[:, :_CELLS], parts)  # (N, parts, cells, h, w)
        shift = parted(bounded[:, _CELLS : 2 * _CELLS], parts)
        change = bounded[:, 2 * _CELLS :]
        ground = parted(ground, parts)
        known = ground < 1.0e5
        held = parted(torch.relu(signed), parts)
        volume = held.mean(dim=2)  # (N, parts, h, w)
        gate = self.made_share(volume, trust)
        # tilt scales the heights within a position, so that water may lie along a slope
        share = gate.unsqueeze(2)
        lying = torch.where(known, ground * (1.0 - share * tilt), ground)
        lying = torch.where(known, lying + share * self.settings.shift_m * shift, lying)
        around = functional.max_pool2d(volume.amax(dim=1, keepdim=True), 3, 1, 1)
        moved = change if quarters else change.mean(dim=1, keepdim=True)
        # no water comes to where there is no ground at all
        land = known.any(dim=2)
        volume = volume + gate * moved * torch.maximum(volume, around) * land
        volume = functional.leaky_relu(volume, _LEAK) if self.training else torch.relu(volume)
        level = pour_heights(volume, lying)
        above = level.unsqueeze(2) - lying
        if not self.training:
            depth = torch.relu(above)
            total = depth.sum(dim=2, keepdim=True)
            share = volume.unsqueeze(2) * depth.shape[2] / total.clamp(min=1e-9)
            depth = torch.where(total > 0, depth * share, depth)
        else:
            depth = functional.leaky_relu(above.clamp(min=-2.0), _LEAK)
        return joined(depth)

    def made_share(self, volume: Tensor, trust: Tensor) -> Tensor:
        """Give the share of the correction that is made, (N, parts, h, w), by depth of water.

        Parameters
        ----------
        volume : Tensor (N, parts, h, w), m
            The hybrid's mean depth over the parts of a position.
        trust : Tensor (N, 2, h, w)
            Of :meth:`trust`.
        """
        deep = ((volume - DEEP_M[0]) / (DEEP_M[1] - DEEP_M[0])).clamp(0.0, 1.0)
        return self.gate * torch.lerp(trust[:, :1], trust[:, 1:], deep)

    def _check(self, inputs: Mapping[str, Tensor]) -> None:
        factor = self._factor(inputs) if "level" in inputs and "heights" in inputs else POSITION
        check_inputs("mode_h", inputs, {
            "terrain": ("B", self.static_channels, "H", "W"),
            "heights": ("B", "H", "W"),
            "level": ("B", "K", f"H/{factor}", f"W/{factor}"),
            "state": ("B", "K", len(STATE_CHANNELS), f"H/{POSITION}", f"W/{POSITION}"),
        })  # fmt: skip


def _repeat(values: Tensor, times: int) -> Tensor:
    if times == 1:
        return values
    return values.repeat_interleave(times, dim=-2).repeat_interleave(times, dim=-1)


def parted(values: Tensor, parts: int) -> Tensor:
    """Group the cells of a position by the parts that have a level of their own.

    Parameters
    ----------
    values : Tensor (N, 16, h, w)
    parts : int
        1, or 4 quarters.

    Returns
    -------
    Tensor (N, parts, 16 / parts, h, w)
    """
    if parts == 1:
        return values.unsqueeze(1)
    count, _, rows, cols = values.shape
    quarters = values.reshape(count, 2, 2, 2, 2, rows, cols)  # row half, row, column half, column
    return quarters.transpose(2, 3).reshape(count, parts, 4, rows, cols)


def joined(values: Tensor) -> Tensor:
    """Undo :func:`parted`.

    Parameters
    ----------
    values : Tensor (N, parts, 16 / parts, h, w)

    Returns
    -------
    Tensor (N, 16, h, w)
    """
    if values.shape[1] == 1:
        return values.squeeze(1)
    count, _, _, rows, cols = values.shape
    halves = values.reshape(count, 2, 2, 2, 2, rows, cols).transpose(2, 3)
    return halves.reshape(count, _CELLS, rows, cols)
