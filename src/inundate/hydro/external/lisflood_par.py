"""The parameter file of LISFLOOD-FP: a keyword a line, some with a value, in any order and case."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inundate.core.errors import DataError, nearest
from inundate.hydro.external.remarks import Remarks
from inundate.hydro.external.textfile import Line, read_lines

__all__ = ["NO_COUNTERPART", "Parameters", "read_parameters"]

_OUTPUT = "results are written otherwise here"
_CHANNEL = "no channels below the size of a cell here: their water is missing"
_STRUCTURE = "no weirs, bridges or dams here"
_SOLVER = "belongs to a solver that is not here"
_STEP = "the step follows from the depths alone here"

# keywords of the format that this package has nothing for, and why
NO_COUNTERPART: dict[str, str] = {
    **dict.fromkeys(
        (
            "massint", "overpass", "overpassfile", "elevoff", "depthoff", "vtkoff", "chainageoff",
            "qoutput", "maxdepthonly", "voutput", "voutput_max", "voutput_stage", "hazard",
            "profiles", "debug", "comp_out", "standard_extensions_out", "netcdf_out", "ascii_out",
            "mint_hk", "toutput", "qloutput", "ascheader", "calcarea", "calcmeandepth",
            "calcvolume", "stagefile", "gaugefile", "checkpoint", "loadcheck", "resettimeinit",
            "gzip", "log", "saveint_max", "maxint", "output_precision", "kill", "v", "cuda",
        ),
        _OUTPUT,
    ),
    **dict.fromkeys(
        (
            "riverfile", "multiriverfile", "qfile", "ch_start_h", "startq", "ch_dynamic", "dynsw",
            "diffusive", "ts_multiple", "nch", "sgcwidth", "sgcbed", "sgcbank", "sgcp", "sgcr",
            "sgcm", "sgcchan", "sgcs", "sgc2", "sgcn", "sgca", "sgcbfh_mode", "sgca_mode",
            "sgcvoutput", "sgcmanningfile", "sgcdirnfile", "sgccat_area", "sgcchangroup",
            "sgcchanprams", "sgcd8", "chanmask", "linklist",
        ),
        _CHANNEL,
    ),
    **dict.fromkeys(("weirfile", "weir", "damfile", "dammask", "porfile"), _STRUCTURE),
    **dict.fromkeys(
        (
            "routing", "routing_mass_check", "routingspeed", "routesfthresh", "dist_routing",
            "diffusive_froude_thresh", "dg2depththresh", "dg2thindepth_tstep", "momentumthresh",
            "limitslopes", "krivodonovathresh", "epsilon", "l", "dhlin", "1dfriction", "htol",
            "drycheckoff", "startq2d",
        ),
        _SOLVER,
    ),
    **dict.fromkeys(("adaptoff", "qlimfact", "steady", "steadytol"), _STEP),
    "rainfallmask": "the rain mask is not read: rain falls everywhere here",
    "gravity": "g is 9.80665 m s-2 here",
    "tstart": "a run starts at 0 here",
    "nodata_elevation": "cells without a height are no ground here",
}  # fmt: skip

_ALIASES = {
    "simtime": "sim_time", "dir": "dirroot", "nfp": "fpfric", "inf": "infiltration",
    "rainfallrouting": "rainfall",
}  # fmt: skip


@dataclass(frozen=True)
class Parameters:
    """A parameter file.

    Attributes
    ----------
    path : Path
    entries : dict
        Line and value (empty for a switch) of each keyword in lower case; of one that comes
        twice the last, as LISFLOOD-FP takes it.
    """

    path: Path
    entries: dict[str, tuple[Line, str]]

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def entry(self, key: str) -> tuple[Line, str]:
        """Give the line and the value of a keyword.

        Raises
        ------
        DataError
            If the file lacks it, or it has no value.
        """
        if key not in self.entries:
            raise DataError(
                f"reading {self.path}: found no {key!r}, expected a line '{key} VALUE'",
                hint="a line that starts with '#' is a comment",
            )
        line, text = self.entries[key]
        if not text:
            raise line.fault(f"{key!r} without a value", "one")
        return line, text

    def text(self, key: str, default: str | None = None) -> str:
        """Give the value of a keyword; without a default it has to be there."""
        if default is not None and key not in self.entries:
            return default
        return self.entry(key)[1]

    def number(self, key: str) -> float:
        """Give the value of a keyword as a number."""
        line, text = self.entry(key)
        return line.number_of(text, f"a number for {key!r}")


def read_parameters(path: Path, remarks: Remarks) -> Parameters:
    """Read a parameter file.

    Parameters
    ----------
    path : Path
    remarks : Remarks
        Receives keywords that a later line sets again.

    Raises
    ------
    DataError
        If it is no such file.
    """
    entries: dict[str, tuple[Line, str]] = {}
    for line in read_lines(path):
        if not line.text or line.text.startswith("#"):
            continue
        words = line.words
        key = _ALIASES.get(words[0].lower(), words[0].lower())
        if key in entries:
            before, text = entries[key]
            remarks.add(
                before.place, f"{key} {text}".strip(), "ignored", f"set again in {line.place}"
            )
        # what follows the value is a remark to LISFLOOD-FP too
        entries[key] = (line, words[1] if len(words) > 1 else "")
    if "demfile" not in entries:
        close = nearest("demfile", entries)
        raise DataError(
            f"reading {path}: found no 'DEMfile', expected a LISFLOOD-FP parameter file",
            hint=f"did you mean {close!r} to be DEMfile?" if close else None,
        )
    return Parameters(Path(path), entries)
