"""The parameter file of HAIL-CAESAR: ``key: value`` lines, and what each key means here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from inundate.core.errors import DataError
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.external.textfile import Line, read_lines

__all__ = ["NO_COUNTERPART", "Params", "params_text", "read_params"]

_SOIL = "the ground is fixed here"
_RUNOFF = "rain falls on the cells here, no runoff model lies between"
_GROUNDWATER = "no groundwater here"
_OUTPUT = "results are written otherwise here"
_OFF = "not implemented in HAIL-CAESAR either"

# keys of the format that this package has nothing for, and why
NO_COUNTERPART: dict[str, str] = {
    **dict.fromkeys(
        (
            "grain_data_file", "bedrock_data_file", "transport_law", "max_tau_velocity",
            "active_layer_thickness", "chann_lateral_erosion", "erode_limit",
            "suspended_sediment_on", "read_in_graindata_from_file", "bedrock_layer_on",
            "lateral_erosion_on", "lateral_erosion_const", "edge_smoothing_passes",
            "downstream_cell_shift", "lateral_cross_chan_smoothing",
            "water_depth_erosion_threshold", "creep_rate", "slope_failure_thresh",
            "soil_erosion_rate", "soil_j_mean_depends", "call_muddpile_model", "hydro_model_only",
            "vegetation_on", "grass_grow_rate", "vegetation_crit_shear", "veg_erosion_prop",
        ),
        _SOIL,
    ),
    **dict.fromkeys(
        ("topmodel_m_value", "min_q_for_depth_calc", "max_q_for_depth_calc", "in_out_difference"),
        _RUNOFF,
    ),
    **dict.fromkeys(
        (
            "groundwater_on", "groundwater_basic", "groundwater_slim", "recharge_rate",
            "initial_groundwater_file", "groundwater_boundary_file", "specific_yield_file",
            "hydraulic_conductivity_file",
        ),
        _GROUNDWATER,
    ),
    **dict.fromkeys(
        (
            "dem_write_extension", "write_waterdepth_file", "write_elev_file",
            "write_elevation_file", "write_grainsize_file", "grainsize_file",
            "write_elevdiff_file", "elevdiff_outfile_name", "raingrid_fname_out",
            "debug_print_cycle", "debug_write_raingrid",
        ),
        _OUTPUT,
    ),
    **dict.fromkeys(
        (
            "memory_limit", "spatially_complex_rainfall_on", "interpolation_method",
            "generate_artificial_rainfall", "evaporation_rate",
        ),
        _OFF,
    ),
    "min_time_step": "the step follows from the depths alone here",
    "run_time_start": "a run starts with its rain here",
}  # fmt: skip


@dataclass(frozen=True)
class Params:
    """A parameter file.

    Attributes
    ----------
    path : Path
    entries : dict
        Line and value of each key that has a value, in lower case; of a key that comes twice the
        last, as HAIL-CAESAR takes it.
    """

    path: Path
    entries: dict[str, tuple[Line, str]]

    def entry(self, key: str) -> tuple[Line, str]:
        """Give the line and the value of a key.

        Raises
        ------
        DataError
            If the file lacks it.
        """
        if key not in self.entries:
            raise DataError(
                f"reading {self.path}: found no {key!r}, expected a line '{key}: VALUE'",
                hint="what stands behind a '#' is a comment",
            )
        return self.entries[key]

    def text(self, key: str, default: str | None = None) -> str:
        """Give the value of a key; without a default it has to be there."""
        if default is not None and key not in self.entries:
            return default
        return self.entry(key)[1]

    def number(self, key: str, default: float | None = None) -> float:
        """Give the value of a key as a number."""
        text = self.text(key, None if default is None else str(default))
        if key not in self.entries:
            return float(text)
        return self.entries[key][0].number_of(text, f"a number for {key!r}")

    def is_on(self, key: str, default: bool = False) -> bool:
        """Tell whether a switch is ``yes``.

        Raises
        ------
        DataError
            If it is neither ``yes`` nor ``no``.
        """
        text = self.text(key, "yes" if default else "no").lower()
        if text not in ("yes", "no"):
            raise self.entries[key][0].fault(f"{text!r} for {key!r}", "yes or no")
        return text == "yes"


def read_params(path: Path, remarks: Remarks) -> Params:
    """Read a parameter file.

    Parameters
    ----------
    path : Path
    remarks : Remarks
        Receives lines that are no parameter, and values that a later line replaces.

    Raises
    ------
    DataError
        If it is no such file.
    """
    entries: dict[str, tuple[Line, str]] = {}
    for line in read_lines(path):
        content = line.text.partition("#")[0].strip()
        if not content:
            continue
        key, colon, value = (part.strip() for part in content.partition(":"))
        if not colon:
            remarks.add(
                line.place, content, "unknown", "there is no ':' in it, HAIL-CAESAR skips it too"
            )
            continue
        if key.lower() in entries:
            before, text = entries[key.lower()]
            remarks.add(before.place, f"{key}: {text}", "ignored", f"set again in {line.place}")
        if value:
            entries[key.lower()] = (line, value)
        else:
            remarks.add(line.place, f"{key}:", "ignored", "it has no value")
    if not {"read_fname", "write_fname", "rainfall_data_file", "mannings_n"} & set(entries):
        raise DataError(
            f"reading {path}: found none of the keys of a HAIL-CAESAR parameter file, "
            "expected lines such as 'read_fname: NAME'"
        )
    return Params(Path(path), entries)


def params_text(sections: Iterable[tuple[str, dict[str, str]]]) -> str:
    """Give the text of a parameter file, by sections of keys and values."""
    lines: list[str] = []
    for title, values in sections:
        lines += ["", f"# {title}", *(f"{key + ':':<32}{text}" for key, text in values.items())]
    return "\n".join(lines).lstrip("\n") + "\n"
