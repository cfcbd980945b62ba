"""What every command shares: results on standard output, errors as one clear message."""

from __future__ import annotations

import json as jsonlib
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["emit"]


def emit(
    result: Mapping[str, Any], *, json: bool = False, text: str | Callable[[], str] = ""
) -> None:
    """Print a result: one JSON object, or the text for people.

    Parameters
    ----------
    result : mapping
        The same figures that the text shows; NaN becomes null.
    json : bool
        Print JSON.
    text : str or callable
        Text for people, made only when needed.
    """
    if json:
        print(jsonlib.dumps(_plain(result), default=str))
    else:
        print(text() if callable(text) else text)
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    return value
