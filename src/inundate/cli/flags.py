"""Flags that many commands share, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

__all__ = ["Json", "Output", "Overwrite"]

Json = Annotated[bool, Parameter(help="Print one JSON object.", negative=())]
Output = Annotated[Path, Parameter(name=["--output", "-o"])]
Overwrite = Annotated[bool, Parameter(help="Replace the output if it is there.", negative=())]
