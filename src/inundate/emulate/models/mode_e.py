"""Mode E: a learnt time-stepper that decides how water flows, with its volume kept exactly.

The state is the volume of water in each block of cells, the flow between blocks and what the soil
has taken. In each network step the network sees that state, the terrain and the rain of the
present, and steers the flux passes of :mod:`inundate.emulate.fluxes`: conveyance and sills of the
faces between blocks, a free exchange, what soil and open edges take. Nothing it can say makes or
loses water. At the end of a frame it tilts and shifts the ground within each block, and the
block's volume is poured on to it, which gives the depth of cells. With both heads at zero nothing
is changed: an untrained model is the plain flux scheme, poured flat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from inundate.core.errors import DataError
from inundate.emulate.backbone import BlockUNet, ResidualBlock, reach_cells
from inundate.emulate.flux_compile import compiled_advance
from inundate.emulate.flux_ground import BlockGround, make_ground
from inundate.emulate.flux_look import LOOK_NUMBERS, face_means, look
from inundate.emulate.fluxes import (
    FREE_SHARE,
    Steering,
    VolumeAccount,
    Water,
    advance,
    start_water,
)
from inundate.emulate.heads import pour_heights
from inundate.emulate.settings import ModeESettings

__all__ = ["ModeE", "closure"]

_SIDES = 4  # east, south, west, north
_STEER = 3 * _SIDES + 2  # conveyance, sill, exchange of each side; soil; edge
_MOST = 3.0  # largest logarithm of a factor
_LEAK = 0.05  # slope below zero while training: a dry cell still gets a gradient


class ModeE(nn.Module):
    """Step through consecutive frames.

    Parameters
    ----------
    static_channels : int
        Channels of the terrain inputs.
    settings : ModeESettings
    """

    input_names = ("terrain", "heights", "rain", "before", "start", "interval")
    family = "series"

    def __init__(self, static_channels: int, settings: ModeESettings) -> None:
        super().__init__()
        self.settings = settings
        self.static_channels = static_channels
        width, cells = settings.width, settings.block**2
        self.terrain = nn.Conv2d(static_channels * cells, width, 1)
        self.state = nn.Conv2d(2 * cells + LOOK_NUMBERS, width, 1)
        self.net = BlockUNet(width, settings.levels, settings.depth)
        self.head = nn.Conv2d(width, _STEER, 1)
        self.after = nn.Conv2d(2 * cells + LOOK_NUMBERS, width, 1)
        self.lay = ResidualBlock(width)
        self.pour_head = nn.Conv2d(width, 2 * cells, 1)
        self._compiled = compiled_advance() if settings.compiled else None
        for head in (self.head, self.pour_head):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    @property
    def align(self) -> int:
        """Cells that a raster's sides must be a multiple of."""
        return int(self.settings.block * 2 ** (self.settings.levels - 1))

    @property
    def reach(self) -> int:
        """Cells over which an input can move the first frame."""
        s = self.settings
        step = reach_cells(s.levels, s.depth, s.block) + (s.passes + 1) * s.block
        return -(-(s.substeps * step + 2 * s.block) // self.align) * self.align

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Give the depth of all frames.

        Parameters
        ----------
        inputs : mapping
            ``terrain`` (B, C, H, W), ``heights`` (B, H, W) in m, ``rain`` (B, K, h, w) in mm a
            frame, ``before`` (B, h, w) in mm, ``start`` (B, H, W) in m, ``interval`` (B, 1, 1)
            in s; see :class:`inundate.emulate.scene.Scene`.

        Returns
        -------
        Tensor (B, K, H, W), m
        """
        return torch.stack([depth for depth, _ in self.frames(inputs)], dim=1)

    def frames(self, inputs: Mapping[str, Tensor]) -> Iterator[tuple[Tensor, Water]]:
        """Give depth (B, H, W) in m and the state at the end of each frame."""
        self._check(inputs)
        ground = make_ground(inputs["terrain"], inputs["heights"], self.settings.block)
        seen = self.terrain(functional.pixel_unshuffle(inputs["terrain"], self.settings.block))
        water = self._begin(inputs, ground)
        rain, total = inputs["rain"] * ground.known, inputs["before"]
        ahead = self._ahead(rain.shape[1])
        for frame in range(rain.shape[1]):
            with torch.set_grad_enabled(torch.is_grad_enabled() and frame >= ahead):
                found = self._frame(
                    water, ground, seen, (rain[:, frame], total), inputs["interval"]
                )
            yield found
            water, total = found[1], total + rain[:, frame]

    def _begin(self, inputs: Mapping[str, Tensor], ground: BlockGround) -> Water:
        volume = functional.pixel_unshuffle(
            inputs["start"][:, None].double(), self.settings.block
        ).mean(dim=1)
        if self.training and self.settings.state_noise > 0:
            noise = torch.randn(volume.shape, device=volume.device)
            volume = volume * (1.0 + self.settings.state_noise * noise).clamp(min=0.0)
        # what the soil has taken before a start in mid-storm is not known: the rain at most
        soaked = torch.where(ground.soil_rate > 0, inputs["before"] * 1.0e-3 * ground.share, 0.0)
        return start_water(volume, soaked)

    def _ahead(self, frames: int) -> int:
        """Draw how many frames are rolled out without gradient (pushforward)."""
        most = min(self.settings.warmup_frames, frames - 1)
        if not (self.training and most):
            return 0
        return int(torch.randint(most + 1, ()))

    def _frame(
        self,
        water: Water,
        ground: BlockGround,
        seen: Tensor,
        rain: tuple[Tensor, Tensor],
        interval: Tensor,
    ) -> tuple[Tensor, Water]:
        """Step to the end of a frame, and pour.

        Parameters
        ----------
        rain : tuple of Tensor (B, h, w), mm
            Of this frame, and before it.
        """
        fallen, before = rain
        steps, passes = self.settings.substeps, self.settings.passes
        rate = fallen * (3600.0 / interval)  # mm h-1
        # what a prediction gives must not depend on whether a compiler is at hand
        move = self._compiled if self._compiled is not None and self.training else advance
        hidden = seen
        for step in range(steps):
            total = before + fallen * (step / steps)
            state = self.state(look(water, ground, rate, total, interval / steps))
            hidden = self.net(seen + state, ground.known)
            steering = self._steering(self.head(hidden), ground)
            for _ in range(passes):
                water = move(
                    water,
                    ground,
                    fallen.double() * (1.0e-3 / (steps * passes)),
                    interval / (steps * passes),
                    steering,
                )
        state = self.after(look(water, ground, rate, before + fallen, interval / steps))
        raw = self.pour_head(self.lay((hidden + state) * ground.known))
        return self._poured(raw, water.volume.float(), ground), water

    def _steering(self, raw: Tensor, ground: BlockGround) -> Steering:
        """Give each face the mean of what both its blocks say."""
        conduct, sill, free, rest = torch.split(raw, [_SIDES, _SIDES, _SIDES, 2], dim=1)
        soak, edge = _factor(rest).unbind(dim=1)
        shift = self.settings.shift_m
        return Steering(
            conduct=_factor(face_means(conduct, 1.0)),
            sill=shift * torch.tanh(face_means(sill, 1.0) / shift),
            free=FREE_SHARE * torch.tanh(face_means(free, -1.0)) * ground.open,
            soak=soak,
            edge=edge,
        )

    def _poured(self, raw: Tensor, volume: Tensor, ground: BlockGround) -> Tensor:
        """Pour each block's volume on its cells, tilted and shifted; give (B, H, W), m."""
        tilt, shift = torch.tanh(raw).chunk(2, dim=1)
        cells = ground.cells
        lying = cells * (1.0 - tilt) + self.settings.shift_m * shift
        lying = torch.where(cells < 1.0e5, lying, cells)
        level = pour_heights(volume[:, None], lying[:, None])  # (B, 1, h, w)
        above = level - lying
        if self.training:
            depth = functional.leaky_relu(above.clamp(min=-2.0), _LEAK)
        else:
            depth = torch.relu(above)
            total = depth.sum(dim=1, keepdim=True)
            share = volume[:, None].clamp(min=0.0) * depth.shape[1] / total.clamp(min=1e-12)
            depth = depth * share
        return functional.pixel_shuffle(depth, self.settings.block).squeeze(1)

    def _check(self, inputs: Mapping[str, Tensor]) -> None:
        if torch.compiler.is_compiling():
            return
        terrain, rain, block = inputs["terrain"], inputs["rain"], self.settings.block
        height, width = terrain.shape[-2:]
        wanted = (height // block, width // block)
        fits = terrain.shape[1] == self.static_channels and not height % block and not width % block
        if not fits or tuple(rain.shape[-2:]) != wanted:
            raise DataError(
                f"Mode E: terrain {tuple(terrain.shape)} and rain {tuple(rain.shape)}, expected "
                f"(B, {self.static_channels}, H, W) and (B, K, H/{block}, W/{block})"
            )


def closure(model: ModeE, inputs: Mapping[str, Tensor]) -> VolumeAccount:
    """Roll a model out and say where the water went.

    What is stored is the sum of the depths that the model gives for the last frame, so that the
    pour is part of the account.

    Parameters
    ----------
    model : ModeE
        Not in training mode.
    inputs : mapping
        As for :meth:`ModeE.forward`; the account is that of all samples together.

    Raises
    ------
    DataError
        If the model is in training mode, which lets dry cells go below zero.
    """
    if model.training:
        raise DataError("closing the volume of Mode E: the model is in training mode")
    with torch.inference_mode():
        ground = make_ground(inputs["terrain"], inputs["heights"], model.settings.block)
        begun = model._begin(inputs, ground)
        depth, water = inputs["start"], begun
        for depth, water in model.frames(inputs):  # noqa: B007  the last is wanted
            pass
        area = ground.side_m.double() ** 2  # (B, 1, 1), m2
        fine = area / model.settings.block**2
        rain = (inputs["rain"] * ground.known).double().sum(dim=1) * 1.0e-3
        return VolumeAccount(
            initial_m3=float((begun.volume * area).sum()),
            rain_m3=float((rain * area).sum()),
            stored_m3=float((depth.double() * fine).sum()),
            outflow_m3=float((water.left * area).sum()),
            infiltrated_m3=float(((water.soaked - begun.soaked) * area).sum()),
        )


def _factor(raw: Tensor) -> Tensor:
    """Give a factor from 1 / e^3 to e^3; 1 at 0."""
    return torch.exp(_MOST * torch.tanh(raw / _MOST))
