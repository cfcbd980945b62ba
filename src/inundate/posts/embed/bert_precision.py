"""Whether an encoder may run in bfloat16 on this machine: tested first, never assumed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch

from inundate.posts.embed.contextual import Floats

__all__ = [
    "LEAST_COSINE",
    "SENTENCES",
    "Precision",
    "PrecisionCheck",
    "check_bf16",
    "inference",
    "smallest_cosine",
]

Precision = Literal["fp32", "bf16"]

LEAST_COSINE = 0.9995  # of the worst sentence; dynamic int8 was measured at 0.93 and is useless
LEAST_GAIN = 1.2  # below it, rounding would buy nothing
_REPEATS = 3

#: Made-up posts of several kinds and lengths that every check runs over.
SENTENCES = (
    "The river has come over the wall by the old mill and the lane is under water",
    "Road closed at the bridge, please turn around",
    "anyone know if the trains are running?",
    "Power is back on in the east part of town, thank you to the crews!!",
    "Sandbags at the fire station until 6 pm, bring a shovel",
    "lol my cat slept through the whole storm",
    "Water up to the second step. We moved everything upstairs.",
    "Donate blankets and dry socks at the school hall #flood #help",
    "<user> are you safe? call me <url>",
    "Level 3.2 m at the gauge, up 40 cm since midnight",
    "So grateful for the neighbours who came with a boat",
    "Der Keller steht unter Wasser, wir brauchen eine Pumpe",
    "El río sigue subiendo, cuidado en la carretera vieja",
    "nothing to see here",
    "Evacuation of the low streets starts now. Take medicine, papers and warm clothes, leave the "
    "car if the water is deeper than a hand, and do not go back for anything until you are told.",
    "photo of the flooded park 😢🌊",
)


@dataclass(frozen=True)
class PrecisionCheck:
    """What a check found.

    Parameters
    ----------
    used : str
        ``"fp32"`` or ``"bf16"``.
    cosine : float
        Smallest cosine between the two vectors of a sentence.
    gain : float
        CPU seconds of fp32 over those of bf16, over the same sentences.
    reason : str
        Why it is used or not.
    """

    used: Precision
    cosine: float
    gain: float
    reason: str

    def record(self) -> dict[str, Any]:
        """Give the findings as JSON."""
        return asdict(self)


def check_bf16(
    sentences: Callable[[Precision], Floats],
    *,
    clock: Callable[[], float] = time.process_time,
) -> PrecisionCheck:
    """Compare vectors of :data:`SENTENCES` in both precisions, and the time that they take.

    Parameters
    ----------
    sentences : callable
        Gives the vectors (N, E) of :data:`SENTENCES` in a precision.
    clock : callable
        Seconds; by default of the processor, so that other programs do not matter.

    Returns
    -------
    PrecisionCheck
        ``used`` is ``"bf16"`` only if it is both right and faster.
    """
    exact, slow = _timed(sentences, "fp32", clock)
    rounded, fast = _timed(sentences, "bf16", clock)
    cosine = smallest_cosine(exact, rounded)
    gain = slow / max(fast, 1e-9)
    if not cosine >= LEAST_COSINE:
        reason = f"bf16 changes vectors: cosine {cosine:.5f}, expected at least {LEAST_COSINE}"
        return PrecisionCheck("fp32", cosine, gain, reason)
    if gain < LEAST_GAIN:
        reason = f"bf16 is not worth it here: {gain:.2f} times as fast, expected {LEAST_GAIN}"
        return PrecisionCheck("fp32", cosine, gain, reason)
    return PrecisionCheck("bf16", cosine, gain, f"bf16 agrees and is {gain:.2f} times as fast")


def _timed(
    sentences: Callable[[Precision], Floats], precision: Precision, clock: Callable[[], float]
) -> tuple[Floats, float]:
    found = sentences(precision)  # the first call prepares weights and kernels
    spans = []
    for _ in range(_REPEATS):
        start = clock()
        sentences(precision)
        spans.append(clock() - start)
    return found, min(spans)


def smallest_cosine(one: Floats, other: Floats) -> float:
    """Give the cosine of the two rows of (N, E) that agree least; NaN where any is."""
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / np.maximum(norms, 1e-12)).min())


@contextlib.contextmanager
def inference(precision: Precision) -> Iterator[None]:
    """Run without gradients in a precision; hold it over many batches, since it casts weights."""
    rounded = torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")
    with torch.inference_mode(), rounded:
        yield
