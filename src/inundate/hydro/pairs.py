"""Every storm on every terrain: what is to be simulated, where it goes, what is done already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from inundate.core.errors import ConfigError, RunError
from inundate.core.files import check_input, check_output
from inundate.core.store import read_dataset
from inundate.hydro.settings import SimulateSettings

__all__ = ["Pair", "plan_pairs"]


@dataclass(frozen=True)
class Pair:
    """One storm on one terrain.

    Attributes
    ----------
    rain, terrain, output : Path
        Inputs and the Zarr store.
    storm_name, terrain_name : str
        Names, from the files.
    is_done : bool
        The output is there, whole and with the same settings.
    """

    rain: Path
    terrain: Path
    output: Path
    storm_name: str
    terrain_name: str
    is_done: bool = False


def plan_pairs(
    rains: Sequence[Path],
    terrains: Sequence[Path],
    output: Path,
    settings: SimulateSettings,
    *,
    overwrite: bool = False,
) -> list[Pair]:
    """List the simulations to make.

    Parameters
    ----------
    rains, terrains : sequence of Path
        Inputs; all pairs are made.
    output : Path
        A ``.zarr`` for one pair, a folder for several.
    settings : SimulateSettings
        Finished outputs must have been made with the same.
    overwrite : bool
        Make finished ones again.

    Raises
    ------
    ConfigError
        If two inputs have the same name, or the output does not fit their number.
    MissingFileError
        If an input does not exist.
    RunError
        If an output exists and may not be replaced, or was made with other settings.
    """
    for path in (*rains, *terrains):
        check_input(path, what="simulating")
    storm_names, terrain_names = _names(rains, "rain"), _names(terrains, "terrain")
    pairs = [
        Pair(r, t, output, storm_names[r], terrain_names[t]) for r, t in product(rains, terrains)
    ]
    if len(pairs) == 1:
        if output.suffix != ".zarr":
            raise ConfigError(
                f"writing {output}: suffix {output.suffix!r}, expected .zarr for one simulation",
                hint=f"try -o {output.with_suffix('.zarr')}",
            )
        check_output(output, overwrite)
        return pairs
    if output.suffix == ".zarr" or output.is_file():
        raise ConfigError(
            f"writing {output}: {len(pairs)} simulations need a folder, not one file",
            hint=f"try -o {output.with_suffix('')}",
        )
    return [_in_folder(pair, output, settings, overwrite) for pair in pairs]


def _names(paths: Iterable[Path], what: str) -> dict[Path, str]:
    names = {path: _name(path) for path in paths}
    doubled = [name for name, count in Counter(names.values()).items() if count > 1]
    if doubled:
        raise ConfigError(
            f"simulating: several {what} inputs are called {doubled[0]!r}, "
            "expected names that tell them apart",
            hint="outputs are named TERRAIN__STORM.zarr; rename one of them",
        )
    return names


def _name(path: Path) -> str:
    """Name of a file without its endings, or of a folder as it is."""
    name = path.resolve().name
    if path.is_dir() and path.suffix != ".zarr":
        return name
    return Path(name.removesuffix(".gz")).stem


def _in_folder(pair: Pair, folder: Path, settings: SimulateSettings, overwrite: bool) -> Pair:
    target = folder / f"{pair.terrain_name}__{pair.storm_name}.zarr"
    check_output(target, overwrite=True)  # makes the folder
    is_done = target.exists() and not overwrite
    if is_done:
        with read_dataset(target, kind="simulation") as ds:
            stored = ds.attrs.get("settings")
        if stored != settings.model_dump_json():
            raise RunError(
                f"writing {target}: it exists and was made with other settings",
                hint="give another -o, or --overwrite to replace it",
            )
    return Pair(pair.rain, pair.terrain, target, pair.storm_name, pair.terrain_name, is_done)
