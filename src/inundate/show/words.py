"""Words that readers see in the place of the names that files use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["METRIC_WORDS", "MODEL_WORDS", "fixed", "metric_words", "model_words", "number"]

MODEL_WORDS: dict[str, str] = {
    "truth": "Solver (truth)",
    "observed": "Observed",
    "mode_h": "Mode H",
    "mode_h_vae": "Mode H with a latent grid",
    "mode_e": "Mode E",
    "hybrid": "Untrained hybrid",
    "temporal_cnn": "Temporal CNN",
    "temporal_cnn_vae": "Temporal CNN, VAE tail",
    "all_dry": "All dry",
    "fill_spill": "Fill–spill",
    "bathtub": "Bathtub",
    "climatology": "Climatology",
    "persistence": "Persistence",
    "persistence_30min": "Persistence, 30 min",
}

METRIC_WORDS: dict[str, str] = {
    "loss": "Loss",
    "error": "Error on watched samples",
    "skill": "Skill over a baseline (0: no better)",
    "ratio": "Predicted over true",
    "shuffle_rise": "Rise of the error when an input is shuffled",
    "spread": "Spread over that of the truth",
    "size": "Size over that of the truth",
    "dead": "Largest share of dead units",
    "gradient": "Gradient norm",
    "learning_rate": "Learning rate",
    "rmse_wet": "RMSE, wet cells",
    "mae_wet": "MAE, wet cells",
    "nse": "Nash–Sutcliffe efficiency",
    "crps": "CRPS",
}


def model_words(name: str) -> str:
    """Give the name of a model as readers see it.

    Examples
    --------
    >>> model_words("mode_h"), model_words("my_model")
    ('Mode H', 'my model')
    """
    return MODEL_WORDS.get(name, name.replace("_", " "))


def metric_words(name: str, about: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """Give the name of a score as readers see it.

    Parameters
    ----------
    name : str
        Name in the evaluation, a threshold in metres behind it.
    about : mapping, optional
        The evaluation's own ``metrics``, whose ``label`` goes first.

    Examples
    --------
    >>> metric_words("csi_0.05"), metric_words("rmse_wet"), metric_words("volume_error")
    ('CSI at 0.05 m', 'RMSE, wet cells', 'volume error')
    >>> metric_words("csi_0.3", {"csi_0.3": {"label": "CSI 0.30 m"}})
    'CSI 0.30 m'
    """
    label = (about or {}).get(name, {}).get("label")
    if label or name in METRIC_WORDS:
        return str(label or METRIC_WORDS[name])
    base, _, threshold = name.rpartition("_")
    if base and threshold.replace(".", "", 1).isdigit():
        words = base.upper() if len(base) <= 4 else base.replace("_", " ")
        return f"{words} at {threshold} m"
    return name.replace("_", " ")


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with so many significant digits, or a dash where there is none.

    Examples
    --------
    >>> number(0.012345), number(1234567.0), number(None), number(float("nan"))
    ('0.0123', '1,234,567', '–', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.1e}"


def fixed(value: float | None, *, sign: bool = False) -> str:
    """Write a number for a column of scores: like many decimals for like sizes.

    Examples
    --------
    >>> fixed(0.6), fixed(-1.4e-17), fixed(12.345), fixed(None), fixed(-0.0123, sign=True)
    ('0.600', '0.000', '12.3', '–', '−0.012')
    >>> fixed(0.0004, sign=True)
    '+0.0004'
    """
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    digits = (
        4 if 5e-5 <= size < 0.01 else 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    )
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")
