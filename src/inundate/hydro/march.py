"""March a state through rain to the end, frame by frame, on plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inundate.core.errors import DataError, StabilityError
from inundate.core.grid import Grid
from inundate.hydro.drive import Drive
from inundate.hydro.ground import check_depth, check_rate, depth_limit, make_ground, place_of
from inundate.hydro.kernels import make_kernel
from inundate.hydro.mass import VolumeBudget, stored_volume
from inundate.hydro.settings import SimulateSettings
from inundate.hydro.site import Site
from inundate.hydro.state import Array, Ground, Kernel, Scheme, State, StepReport, Supply

__all__ = ["ArrayResult", "Frame", "March", "RainStep", "check_rate", "simulate_arrays"]

_MM_H = 1.0 / 3.6e6  # m s-1
SHORTEST_FRAME_S = 1e-6  # rounding of the clock makes no frame
_ROUNDING_S = 1e-7  # clocks of a year in float64 are exact to 4e-9 s
_ADAPTIVE_WEIGHT = 0.5  # theta falls to one half at most
_CELLS_A_THREAD = 16_384  # fewer cost more to wake a thread for than they save

RainStep = tuple[float, Array]  # seconds, mm h-1 (H, W)


@dataclass(frozen=True)
class Frame:
    """The water at the end of an output interval.

    Attributes
    ----------
    start_s, end_s : float
        Interval, seconds since the start.
    depth : array (H, W), m
        At the end; NaN where there is no ground.
    rain : array (H, W), mm h-1
        Mean over the interval.
    steps : int
        Steps taken so far.
    """

    start_s: float
    end_s: float
    depth: NDArray[np.float32] | NDArray[np.float64]
    rain: NDArray[np.float32]
    steps: int


@dataclass
class March:
    """A simulation under way.

    Parameters
    ----------
    elevation : array (H, W), m
        NaN where there is no ground.
    cell_size_m : float
        Side of a square cell.
    settings : SimulateSettings
        How the water is moved.
    roughness : array (H, W), s m-1/3, optional
        Manning's n; by default ``settings.manning`` everywhere.
    initial_depth : array (H, W), m, optional
        Water at the start; by default none.
    walls : array (H, W), bool, optional
        Cells that no water enters, such as buildings.
    grid : Grid, optional
        To name places in messages.
    kernel : Kernel, optional
        What advances the state; by default the one that the settings name.
    watch : callable, optional
        Called with this object every few seconds of work.
    on_sample : list of callable
        Called with this object every ``settings.sample_every_s`` and at the end.
    site : Site, optional
        Boundaries, sources, land cover, evaporation; by default the settings hold everywhere.

    Raises
    ------
    ConfigError
        If settings do not fit one another or the site.
    DataError
        If there is no ground, or roughness, initial depth or the site does not fit it.
    """

    elevation: Array
    cell_size_m: float
    settings: SimulateSettings
    roughness: Array | None = None
    initial_depth: Array | None = None
    walls: NDArray[np.bool_] | None = None
    grid: Grid | None = None
    kernel: Kernel | None = None
    watch: Callable[[March], None] | None = None
    on_sample: list[Callable[[March], None]] = field(default_factory=list)
    site: Site = field(default_factory=Site)
    steps: int = field(init=False, default=0)
    budget: VolumeBudget = field(init=False)
    ground: Ground = field(init=False)
    state: State = field(init=False)
    scheme: Scheme = field(init=False)
    drive: Drive = field(init=False)

    def __post_init__(self) -> None:
        self.settings.check()
        self.site.check(self.settings)
        self.cell_size_m = float(self.cell_size_m)
        self.ground, plan = make_ground(
            self.elevation, self.cell_size_m, self.settings, self.roughness, self.walls, self.site
        )
        self.drive = Drive(self.site, self.settings, self.ground, plan)
        self.scheme = _make_scheme(self.settings, self.ground.valid.size)
        if self.kernel is None:
            self.kernel = make_kernel(self.settings)
        depth = check_depth(self.initial_depth, self.ground)
        self.state = self.kernel.start(depth, self.ground)
        self.budget = VolumeBudget(initial_m3=stored_volume(self.state, self.ground))
        self._last_frame_s = 0.0
        self._samples = 0
        self._fallen = np.zeros(self.ground.valid.shape)  # mm h-1 times s since the last frame
        self._fallen_s = 0.0  # up to this time
        self._depth_limit_m = depth_limit(self.ground)

    def frames(self, rain: Iterable[RainStep]) -> Iterator[Frame]:
        """March through rain steps; give a frame at each output time and at the end.

        Parameters
        ----------
        rain : iterable of (seconds, array (H, W) in mm h-1)
            Consecutive; read one at a time. What a restored march has passed is left out.

        Raises
        ------
        StabilityError
            If a depth became absurd or not a number.
        """
        start = 0.0  # of the rain step
        for seconds, rate in rain:
            end = start + float(seconds)
            if end > self.state.time_s + _ROUNDING_S:
                yield from self._through(rate, end)
            start = end
        if self.state.time_s > self._last_frame_s + SHORTEST_FRAME_S:
            yield self._frame()
        if self.state.time_s > self._sampled_s + _ROUNDING_S:
            self._sample()
        self.finish()

    def _through(self, rate: Array, end: float) -> Iterator[Frame]:
        """Advance to the end of a rain step."""
        forcing = self._in_metres(rate)
        volume_rate = float(forcing.sum(dtype=np.float64)) * self.ground.cell_area_m2
        while end - self.state.time_s > _ROUNDING_S:
            start = self.state.time_s
            frame_s = self._last_frame_s + self.settings.output_every_s
            sample_s = self._sampled_s + self.settings.sample_every_s
            cut = min(end, frame_s, sample_s if self.on_sample else end)
            cut = self.drive.cut(start, cut)
            if abs(frame_s - cut) < _ROUNDING_S:
                cut = frame_s  # the clock of frames is exact, the sum of rain steps is not
            self._advance(forcing, cut)
            self.budget.rain_m3 += volume_rate * (cut - start)
            if cut >= frame_s - _ROUNDING_S or end - cut <= _ROUNDING_S:
                self._fall(rate, cut)
            if self.on_sample and cut >= sample_s - _ROUNDING_S:
                self._sample()
            if cut >= frame_s - _ROUNDING_S:
                yield self._frame()

    def _in_metres(self, rate: Array) -> Array:
        """Give rain in m s-1 in the working precision, 0 where there is no ground."""
        metres = np.multiply(rate, _MM_H, dtype=np.float64)
        metres[~self.ground.valid] = 0.0
        return metres.astype(self.ground.elevation.dtype, copy=False)

    def _fall(self, rate: Array, until: float) -> None:
        """Add up the rain since it was last added up."""
        self._fallen += np.multiply(rate, until - self._fallen_s, dtype=np.float64)
        self._fallen_s = until

    @property
    def _sampled_s(self) -> float:
        return self._samples * self.settings.sample_every_s

    def _sample(self) -> None:
        self._samples += 1
        for look in self.on_sample:
            look(self)

    def snapshot(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Give all that is needed to go on from here exactly.

        Returns
        -------
        arrays : dict of array
            Fields of the state, and the rain fallen since the last frame.
        numbers : dict
            Clock, counts and budget; JSON can hold it.
        """
        arrays = {name: value.copy() for name, value in self.state.arrays().items()}
        arrays["fallen"] = self._fallen.copy()
        numbers = {
            "time_s": self.state.time_s,
            "deepest_now_m": self.state.deepest_now_m,
            "steps": self.steps,
            "last_frame_s": self._last_frame_s,
            "fallen_s": self._fallen_s,
            "samples": self._samples,
            "budget": asdict(self.budget),
        }
        return arrays, numbers

    def restore(self, arrays: Mapping[str, Array], numbers: Mapping[str, Any]) -> None:
        """Go back to a snapshot of the same simulation.

        Raises
        ------
        DataError
            If an array is missing or of another shape or precision.
        """
        current = {**self.state.arrays(), "fallen": self._fallen}
        for name, value in current.items():
            found = arrays.get(name)
            if found is None or found.shape != value.shape or found.dtype != value.dtype:
                held = "nothing" if found is None else f"{found.dtype} {found.shape}"
                raise DataError(
                    f"restoring a simulation: {name} is {held}, "
                    f"expected {value.dtype} {value.shape}",
                    hint="a checkpoint goes on only with the terrain and settings that made it",
                )
            value[...] = found
        self.state.time_s = float(numbers["time_s"])
        self.state.deepest_now_m = float(numbers["deepest_now_m"])
        self.steps = int(numbers["steps"])
        self._last_frame_s = float(numbers["last_frame_s"])
        self._fallen_s = float(numbers["fallen_s"])
        self._samples = int(numbers["samples"])
        self.budget = VolumeBudget(**numbers["budget"])

    def finish(self) -> VolumeBudget:
        """Bring the budget up to date and give it."""
        self.budget.stored_m3 = stored_volume(self.state, self.ground)
        self.budget.infiltration_m3 = float(self.state.soaked.sum()) * self.ground.cell_area_m2
        return self.budget

    def deepest(self) -> Array:
        """Give the largest depth of each cell so far, NaN where there is no ground."""
        return self._masked(self.state.deepest)

    def supply(self, rain: Array) -> Supply:
        """Give what drives the water now under rain (H, W) in m s-1."""
        values = rain.astype(self.ground.elevation.dtype, copy=False)
        return self.drive.supply(values, self.state.time_s, self.state.time_s)[0]

    def step(self, rain: Array, seconds: float, scheme: Scheme | None = None) -> StepReport:
        """Call the kernel once, without frames or budget.

        Parameters
        ----------
        rain : array (H, W), m s-1
            0 on cells that hold no water.
        seconds : float
            Time to advance by at the most.
        scheme : Scheme, optional
            Other numbers than the settings'.
        """
        return self._call(self.supply(rain), seconds, scheme or self.scheme)

    def _call(self, supply: Supply, seconds: float, scheme: Scheme) -> StepReport:
        assert self.kernel is not None
        return self.kernel.advance(self.state, self.ground, supply, seconds, scheme)

    def _advance(self, forcing: Array, end: float) -> None:
        """Advance to a time under constant rain in m s-1."""
        begun = self.state.time_s
        supply, source_rate = self.drive.supply(forcing, begun, end)
        while self.state.time_s < end:
            left = end - self.state.time_s
            report = self._call(supply, left, self.scheme)
            if report.seconds >= left:
                self.state.time_s = end  # sums of steps must not drift from the clock
            self.steps += report.steps
            self.budget.outflow_m3 += report.outflow_m3
            self.budget.inflow_m3 += report.inflow_m3
            self.budget.drainage_m3 += report.drained_m3
            self.budget.evaporation_m3 += report.evaporated_m3
            if not (report.is_stable and self.state.deepest_now_m < self._depth_limit_m):
                raise self._breakdown()
            if self.watch is not None:
                self.watch(self)
        self.budget.source_m3 += source_rate * (end - begun)

    def _frame(self) -> Frame:
        start, end = self._last_frame_s, self.state.time_s
        self._last_frame_s = end
        rain = (self._fallen / (end - start)).astype(np.float32)
        self._fallen[...] = 0
        return Frame(start, end, self._masked(self.state.depth), rain, self.steps)

    def _masked(self, values: Array) -> Array:
        return np.where(self.ground.valid, values, values.dtype.type(np.nan))

    def _breakdown(self) -> StabilityError:
        depth, limit = self.state.depth, self._depth_limit_m
        absurd = ~(depth < limit)
        if not absurd.any():  # the fault lies in the flow: the deepest water is nearest to it
            absurd = depth == depth.max()
        return StabilityError(
            f"simulating: water depth {depth[absurd][0]:g} m at {place_of(absurd, self.grid)} "
            f"after {self.state.time_s:.1f} s, expected less than {limit:g} m; "
            f"last good frame at {self._last_frame_s:g} s",
            hint="look at rain and elevation there; a smaller courant or max_step_s may help",
            cause="solver_breakdown",
        )


def _make_scheme(settings: SimulateSettings, cells: int) -> Scheme:
    return Scheme(
        courant=settings.courant,
        froude_cap=settings.froude_cap,
        depth_min_m=settings.depth_min_m,
        max_step_s=settings.max_step_s,
        weight_cap=_ADAPTIVE_WEIGHT if settings.theta == "adaptive" else 0.0,
        threads=max(1, min(settings.threads, cells // _CELLS_A_THREAD)),
    )


@dataclass(frozen=True)
class ArrayResult:
    """A simulation on plain arrays.

    Attributes
    ----------
    depth : array (T, H, W), m
        At the end of each output interval; NaN where there is no ground.
    deepest : array (H, W), m
        Largest depth of the whole run.
    rain : array (T, H, W), mm h-1
        Mean over each output interval.
    end_s : array (T,), s
        End of each interval.
    budget : dict
        Volume budget, m3.
    steps : int
        Steps taken.
    """

    depth: Array
    deepest: Array
    rain: NDArray[np.float32]
    end_s: NDArray[np.float64]
    budget: dict[str, float]
    steps: int


def simulate_arrays(
    elevation: Array,
    rain: Array,
    *,
    rain_step_s: float,
    cell_size_m: float,
    settings: SimulateSettings | None = None,
    roughness: Array | None = None,
    initial_depth: Array | None = None,
    walls: NDArray[np.bool_] | None = None,
    site: Site | None = None,
) -> ArrayResult:
    """Simulate a flood on plain arrays, as for making many training samples.

    Parameters
    ----------
    elevation : array (H, W), m
        Row 0 in the north; NaN where there is no ground.
    rain : array (T, H, W) or (T,), mm h-1
        Mean rate of each step, everywhere the same if one-dimensional.
    rain_step_s : float
        Length of a rain step, s.
    cell_size_m : float
        Side of a cell, m.
    settings : SimulateSettings, optional
        How the water is moved.
    roughness, initial_depth : array (H, W), optional
        Manning's n and water at the start.
    walls : array (H, W), bool, optional
        Cells that no water enters.
    site : Site, optional
        Boundaries, sources, land cover, evaporation.

    Returns
    -------
    ArrayResult
        Frames every ``settings.output_every_s``.

    Raises
    ------
    DataError
        If shapes differ, rain is missing or negative on ground, or a series is too short.
    StabilityError
        If the computation broke down.

    Examples
    --------
    >>> import numpy as np
    >>> found = simulate_arrays(np.zeros((4, 4)), np.array([36.0]), rain_step_s=600, cell_size_m=10,
    ...                         settings=SimulateSettings(edges="closed", run_on_min=0))
    >>> round(float(found.depth[-1].mean()), 4)
    0.006
    """
    settings = settings or SimulateSettings()
    site = site or Site()
    march = March(
        np.asarray(elevation), cell_size_m, settings, roughness, initial_depth, walls, site=site
    )
    site.check_span(len(rain) * rain_step_s + settings.run_on_min * 60)
    steps = _rain_steps(np.asarray(rain), rain_step_s, march.ground.valid, settings)
    frames = list(march.frames(steps))
    shape = (0, *march.ground.valid.shape)
    return ArrayResult(
        depth=np.stack([frame.depth for frame in frames]) if frames else np.zeros(shape),
        deepest=march.deepest(),
        rain=np.stack([frame.rain for frame in frames]) if frames else np.zeros(shape, np.float32),
        end_s=np.array([frame.end_s for frame in frames]),
        budget=march.budget.to_dict(),
        steps=march.steps,
    )


def _rain_steps(
    rain: Array, step_s: float, valid: NDArray[np.bool_], settings: SimulateSettings
) -> Iterator[RainStep]:
    if rain.ndim == 1:
        rain = np.broadcast_to(rain[:, None, None], (rain.size, *valid.shape))
    if rain.ndim != 3 or rain.shape[1:] != valid.shape:
        raise DataError(
            f"simulating: rain of shape {rain.shape}, expected (time,) or (time, "
            f"{valid.shape[0]}, {valid.shape[1]}) as the terrain"
        )
    for rate in rain:
        yield step_s, check_rate(rate, valid, settings)
    if settings.run_on_min:
        yield settings.run_on_min * 60, np.zeros(valid.shape, dtype=np.float32)
