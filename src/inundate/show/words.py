"""Words that readers see in the place of the names that files use."""

from __future__ import annotations

import math

__all__ = ["METRIC_WORDS", "MODEL_WORDS", "metric_words", "model_words", "number"]

MODEL_WORDS: dict[str, str] = {
    "truth": "Solver (truth)",
    "observed": "Observed",
    "mode_h": "Mode H",
    "mode_e": "Mode E",
    "hybrid": "Untrained hybrid",
    "temporal_cnn": "Temporal CNN",
    "temporal_cnn_vae": "Temporal CNN, VAE tail",
    "all_dry": "All dry",
    "fill_spill": "Fill–spill",
    "bathtub": "Bathtub",
    "climatology": "Climatology",
    "persistence": "Persistence",
}

METRIC_WORDS: dict[str, str] = {
    "rmse_wet": "RMSE, wet cells",
    "mae_wet": "MAE, wet cells",
    "nash_sutcliffe": "Nash–Sutcliffe efficiency",
    "critical_success_index": "Critical success index (CSI)",
    "hit_rate": "Hit rate",
    "false_alarm_ratio": "False alarm ratio",
    "frequency_bias": "Frequency bias",
    "fractions_skill_score": "Fractions skill score",
    "crps": "CRPS",
    "brier_score": "Brier score",
}


def model_words(name: str) -> str:
    """Give the name of a model as readers see it.

    Examples
    --------
    >>> model_words("mode_h"), model_words("my_model")
    ('Mode H', 'my model')
    """
    return MODEL_WORDS.get(name, name.replace("_", " "))


def metric_words(name: str) -> str:
    """Give the name of a score as readers see it, a threshold after it in metres.

    Examples
    --------
    >>> metric_words("critical_success_index_0.3")
    'Critical success index (CSI) at 0.3 m'
    >>> metric_words("csi_0.05"), metric_words("volume_error")
    ('CSI at 0.05 m', 'volume error')
    """
    if name in METRIC_WORDS:
        return METRIC_WORDS[name]
    base, _, tail = name.rpartition("_")
    threshold = tail.removesuffix("m")
    if base and threshold.replace(".", "", 1).isdigit():
        words = METRIC_WORDS.get(base, base.upper() if len(base) <= 4 else base.replace("_", " "))
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
