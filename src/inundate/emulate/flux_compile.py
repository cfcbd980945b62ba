"""The flux pass of Mode E, compiled: many small operations become a few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from inundate.core.errors import ConfigError
from inundate.emulate.flux_ground import BlockGround
from inundate.emulate.fluxes import Steering, Water, advance

__all__ = ["compiled_advance"]

_Pass = Callable[[Water, BlockGround, Tensor, Tensor, Steering], Water]


def compiled_advance() -> _Pass:
    """Give :func:`inundate.emulate.fluxes.advance`, compiled when it is first called.

    Its results differ from those of the plain function by rounding. Compiling takes from half a
    minute to a few minutes, and again for the first other sizes.
    """
    fast = torch.compile(advance)

    def move(
        water: Water, ground: BlockGround, rain: Tensor, seconds: Tensor, steering: Steering
    ) -> Water:
        # always with the soil: one variant less to compile, and where it takes none no difference
        ground = replace(ground, takes_water=True)
        try:
            return fast(water, ground, rain, seconds, steering)
        except torch._dynamo.exc.BackendCompilerFailed as error:
            raise ConfigError(
                f"compiling the flux passes of mode_e failed: {str(error).splitlines()[0]}",
                hint="install a C++ compiler, or train with --no-compiled",
            ) from error

    return move
