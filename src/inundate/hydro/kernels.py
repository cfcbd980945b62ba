"""Choose the kernel that the settings ask for."""

from __future__ import annotations

from importlib import import_module

from inundate.core.errors import ConfigError
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.state import Kernel

__all__ = ["make_kernel"]

# (equations, backend): the module, loaded only when asked for, and its class
_KERNELS = {
    ("inertial", "numba"): ("inundate.hydro.inertial", "InertialKernel"),
    ("inertial", "torch"): ("inundate.hydro.gpu.torch_kernel", "TorchKernel"),
    ("inertial", "triton"): ("inundate.hydro.gpu.triton_kernel", "TritonKernel"),
    ("full", "numba"): ("inundate.hydro.full", "FullKernel"),
}


def make_kernel(settings: SimulateSettings) -> Kernel:
    """Give the kernel for the equations and the backend of the settings.

    Parameters
    ----------
    settings : SimulateSettings
        ``equations`` and ``backend``.

    Raises
    ------
    ConfigError
        If that backend does not solve those equations.
    """
    key = (settings.equations, settings.backend)
    if key not in _KERNELS:
        raise ConfigError(
            f"simulating: equations {key[0]!r} on backend {key[1]!r}, expected one of "
            + ", ".join(f"{e!r} on {b!r}" for e, b in _KERNELS)
        )
    module, name = _KERNELS[key]
    kernel: Kernel = getattr(import_module(module), name)()
    return kernel
