"""The solver on a CUDA device with Triton, behind the interface of the compiled kernel."""

from __future__ import annotations

from inundate.hydro.gpu.tensors import choose_device
from inundate.hydro.gpu.torch_kernel import EngineKernel
from inundate.hydro.gpu.triton_engine import TritonEngine

__all__ = ["TritonKernel"]


class TritonKernel(EngineKernel):
    """The local inertial equations in Triton.

    Raises
    ------
    ConfigError
        If there is no CUDA device, or no Triton.
    """

    def __init__(self) -> None:
        super().__init__(TritonEngine(), choose_device())
