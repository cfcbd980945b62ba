"""Whose an error is: that of the model, loss or data under examination, or of the doctor."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

__all__ = ["of_model", "of_user"]

_OWN = Path(__file__).parent
_INSTALLED = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib"))
#: Functions of the doctor that do nothing but call what they were given.
_CALLS = {
    "_by_names", "_by_table", "_first", "_step", "as_batch", "batches", "call_model",
    "call_with_table", "calling", "loss_of", "of", "of_answer", "pair", "plain_step", "run",
    "usual_loss",
}  # fmt: skip


def of_model(error: BaseException) -> bool:
    """Say whether an error was raised while a model was called.

    Parameters
    ----------
    error : BaseException
        With its trace.
    """
    return any(frame.name == "_call_impl" for frame in traceback.extract_tb(error.__traceback__))


def of_user(error: BaseException) -> bool:
    """Say whether an error was raised in what the user gave.

    It was if its trace goes through a file that is neither the doctor's nor installed, or if the
    doctor's last word was a call of the model, loss or step.

    Parameters
    ----------
    error : BaseException
        With its trace.
    """
    last = ""
    for frame in traceback.extract_tb(error.__traceback__):
        file = Path(frame.filename)
        if file.is_relative_to(_OWN):
            last = frame.name
        elif last and not any(file.is_relative_to(place) for place in _INSTALLED):
            return True
    return last in _CALLS
