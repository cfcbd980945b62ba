"""The ways to a spread, by name."""

from __future__ import annotations

from collections.abc import Iterator

from inundate.core.errors import ConfigError
from inundate.dataset.world.perturb import PerturbSettings
from inundate.emulate.settings import EmulatorSettings
from inundate.emulate.uncertain.bins import cell_bins, slope_class
from inundate.emulate.uncertain.case import Spread, SpreadCase
from inundate.emulate.uncertain.conformal import Band
from inundate.emulate.uncertain.dressed import DressedEnsemble
from inundate.emulate.uncertain.ensemble import HybridEnsemble
from inundate.emulate.uncertain.latent import LatentEnsemble
from inundate.emulate.uncertain.law import Law
from inundate.emulate.uncertain.settings import METHODS, Method
from inundate.emulate.zoo import Emulator

__all__ = ["ConformalBand", "available", "check_methods", "make_way", "member_ways"]


class ConformalBand:
    """The way that puts a band of past errors around the emulator's depth.

    Parameters
    ----------
    band : Band
    """

    def __init__(self, band: Band) -> None:
        self.band = band

    def laws(self, case: SpreadCase) -> Iterator[Law]:
        """Give the quantiles of each frame, (K, H, W), m."""
        slopes = slope_class(case.elevation, case.grid.dx)
        for depth in case.depth:
            yield self.band.law(depth, cell_bins(depth, case.elevation, slopes))


def available(settings: EmulatorSettings) -> tuple[Method, ...]:
    """Give the ways that an emulator of these settings has."""
    has_latent = settings.model == "mode_h_vae"
    return tuple(name for name in METHODS if name != "vae" or has_latent)


def check_methods(methods: tuple[Method, ...], settings: EmulatorSettings) -> None:
    """Check that an emulator has some ways.

    Raises
    ------
    ConfigError
        If it lacks one.
    """
    known = available(settings)
    lacking = [name for name in methods if name not in known]
    if lacking:
        raise ConfigError(
            f"spread of {settings.model}: it has no {', '.join(lacking)}; expected some of "
            f"{', '.join(known)}",
            hint="only mode_h_vae draws from a latent grid",
        )


def member_ways(
    methods: tuple[Method, ...],
    model: Emulator,
    settings: EmulatorSettings,
    *,
    members: int,
    perturb: PerturbSettings,
    seed: int,
) -> dict[Method, Spread]:
    """Make those ways that give members, and the one that a dressed ensemble is made of.

    Raises
    ------
    ConfigError
        If the emulator lacks one.
    """
    check_methods(methods, settings)
    found: dict[Method, Spread] = {}
    if {"hybrid-ensemble", "dressed-ensemble"} & set(methods):
        found["hybrid-ensemble"] = HybridEnsemble(
            model, settings, members=members, perturb=perturb, seed=seed
        )
    if "vae" in methods:
        found["vae"] = LatentEnsemble(model, settings, members=members, seed=seed)
    return found


def make_way(
    name: Method,
    band: Band | None,
    model: Emulator,
    settings: EmulatorSettings,
    *,
    members: int,
    perturb: PerturbSettings,
    seed: int,
) -> Spread:
    """Make one way as it was fitted.

    Parameters
    ----------
    name : Method
    band : Band or None
        Of the conformal band and of the dressed ensemble.
    model, settings
        The emulator.
    members, seed : int
    perturb : PerturbSettings

    Raises
    ------
    ConfigError
        If the emulator lacks it.
    """
    if name == "conformal" and band is not None:
        return ConformalBand(band)
    made = member_ways((name,), model, settings, members=members, perturb=perturb, seed=seed)
    if name == "dressed-ensemble" and band is not None:
        return DressedEnsemble(band, made["hybrid-ensemble"])
    return made[name]
