"""Every storm on every terrain: what is to be simulated, where it goes, what is done already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from inundate.core.errors import ConfigError
from inundate.core.files import check_input, check_not_input, check_output
from inundate.hydro.case import Case, Hashes, is_finished
from inundate.hydro.case_files import CaseFiles
from inundate.hydro.settings import SimulateSettings

__all__ = ["Pair", "plan_pairs"]


@dataclass(frozen=True)
class Pair:
    """One storm on one terrain.

    Attributes
    ----------
    case : Case
        What to simulate.
    is_done : bool
        The output is there, whole and made of the same.
    """

    case: Case
    is_done: bool = False


def plan_pairs(
    rains: Sequence[Path],
    terrains: Sequence[Path],
    output: Path,
    settings: SimulateSettings,
    *,
    files: CaseFiles | None = None,
    overwrite: bool = False,
    in_folder: bool = False,
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
    files : CaseFiles, optional
        The other inputs.
    overwrite : bool
        Make finished ones again.
    in_folder : bool
        The output is a folder even for one pair.

    Raises
    ------
    ConfigError
        If two inputs have the same name, or the output does not fit their number.
    MissingFileError
        If an input does not exist.
    RunError
        If an output exists and may not be replaced, or was made of something else.
    """
    for path in (*rains, *terrains):
        check_input(path, what="simulating")
    files = files or CaseFiles()
    storm_names, terrain_names = _names(rains, "rain"), _names(terrains, "terrain")
    is_one = len(rains) * len(terrains) == 1 and not in_folder
    _check_place(output, is_one, len(rains) * len(terrains), overwrite)
    hashes, others = Hashes(), files.paths()
    pairs = []
    for rain, terrain in product(rains, terrains):
        names = storm_names[rain], terrain_names[terrain]
        target = output if is_one else output / f"{names[1]}__{names[0]}.zarr"
        check_not_input(target, (*rains, *terrains, *others))
        case = Case(
            rain, terrain, target, *names, settings, files, hashes.of(rain, terrain, *others)
        )
        pairs.append(Pair(case, not (is_one or overwrite) and is_finished(case)))
    return pairs


def _check_place(output: Path, is_one: bool, count: int, overwrite: bool) -> None:
    if is_one:
        if output.suffix != ".zarr":
            raise ConfigError(
                f"writing {output}: suffix {output.suffix!r}, expected .zarr for one simulation",
                hint=f"try -o {output.with_suffix('.zarr')}",
            )
        check_output(output, overwrite)
        return
    if output.suffix == ".zarr" or output.is_file():
        raise ConfigError(
            f"writing {output}: {count} simulations need a folder, not one file",
            hint=f"try -o {output.with_suffix('')}",
        )
    check_output(output / "any", overwrite=True)  # makes the folder


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
