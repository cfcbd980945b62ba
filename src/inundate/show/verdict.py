"""The verdict of an evaluation in words: what was not beaten comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inundate.core.errors import DataError
from inundate.show.template import Html, render, unordered_list
from inundate.show.words import fixed, metric_words, model_words

__all__ = ["check_evaluation", "gap_words", "told_lines", "verdict_html", "verdict_lines"]

_Failure = tuple[str, str, str, Mapping[str, Any]]  # regime, metric, rival, difference

_NEEDED = ("models", "reference", "regimes", "verdict", "split")


def check_evaluation(evaluation: Mapping[str, Any]) -> None:
    """Check that a mapping is an evaluation that a report can show.

    Raises
    ------
    DataError
        If it is something else, or a part is missing.
    """
    missing = [key for key in _NEEDED if key not in evaluation]
    if evaluation.get("kind") != "evaluation" or missing:
        raise DataError(
            f"writing a report: kind {evaluation.get('kind')!r}, without {missing}, expected "
            "kind 'evaluation' with its models, regimes, split and verdict",
            hint="it is what inundate evaluate RUN --json gives",
        )


def verdict_lines(evaluation: Mapping[str, Any]) -> list[str]:
    """Say for each baseline where the model does not beat it; empty when it beats all.

    Parameters
    ----------
    evaluation : mapping
        Result of an evaluation.

    Returns
    -------
    list of str
        Such as ``"Mode H does NOT beat Untrained hybrid on CSI 0.05 m (steep: +0.01 [−0.02,
        +0.04])"``, one a baseline; failures that are told as text only come as they are.
    """
    if not evaluation["verdict"]["fails"]:
        return []
    failures = _failures(evaluation)
    lines = _lines(evaluation, failures)
    told_all = len(failures) == len(evaluation["verdict"]["fails"])
    return lines if told_all else lines + [_plain(fail) for fail in evaluation["verdict"]["fails"]]


def _lines(evaluation: Mapping[str, Any], failures: Sequence[_Failure]) -> list[str]:
    """Write one line a rival."""
    ours, about = model_words(str(evaluation["reference"])), evaluation.get("metrics")
    found: dict[str, dict[str, list[str]]] = {}
    for regime, metric, rival, told in failures:
        places = found.setdefault(rival, {}).setdefault(metric, [])
        places.append(f"{regime}: {gap_words(told)}")
    lines = []
    for rival, metrics in found.items():
        where = "; ".join(
            f"{metric_words(metric, about)} ({', '.join(places)})"
            for metric, places in metrics.items()
        )
        lines.append(f"{ours} does NOT beat {model_words(rival)} on {where}")
    return lines


def told_lines(evaluation: Mapping[str, Any]) -> list[str]:
    """Say where a rival that is told part of the truth, and so is not judged, is not beaten.

    Parameters
    ----------
    evaluation : mapping
        Result of an evaluation.

    Returns
    -------
    list of str
        One a rival; empty when all are beaten or there are none.
    """
    rivals = evaluation.get("advantages") or {}
    failures = _failures(evaluation, list(rivals)) if rivals else []
    told = {name: f"which is {words} and so is not judged" for name, words in rivals.items()}
    lines = []
    for name in dict.fromkeys(rival for _, _, rival, _ in failures):
        line = _lines(evaluation, [failure for failure in failures if failure[2] == name])[0]
        lines.append(line.replace(" on ", f", {told[name]}, on ", 1))
    return lines


def verdict_html(evaluation: Mapping[str, Any] | None) -> Html:
    """Give the box at the top of a report.

    Parameters
    ----------
    evaluation : mapping or None
        None where the run was not evaluated, which the box then says.
    """
    if evaluation is None:
        return render(
            '<div class="verdict open"><p>Not evaluated: this report shows no score.</p>'
            "<p>Run <code>inundate evaluate RUN</code>, then write the report again.</p></div>"
        )
    ours = model_words(str(evaluation["reference"]))
    verdict = evaluation["verdict"]
    rivals = ", ".join(map(model_words, verdict.get("against", evaluation.get("baselines", []))))
    asked = ", ".join(metric_words(m, evaluation.get("metrics")) for m in _required(evaluation))
    lines, told = verdict_lines(evaluation), told_lines(evaluation)
    if not lines and verdict["beats_all"]:
        return render(
            '<div class="verdict good"><p>{{ours}} beats every baseline ({{rivals}}).</p>'
            "<p>On {{asked}}, in every regime, with the whole interval of the paired "
            "difference.</p>{{told}}</div>",
            ours=ours, rivals=rivals, asked=asked, told=unordered_list(told) if told else "",
        )  # fmt: skip
    return render(
        '<div class="verdict bad"><p>{{head}}</p>{{list}}<p class="quiet">Required on '
        "{{asked}}: better than {{rivals}}, in every regime, with the whole interval of the "
        "paired difference.</p></div>",
        head=_headline(evaluation), list=unordered_list(lines + told), asked=asked,
        rivals=rivals or "each baseline",
    )  # fmt: skip


def _headline(evaluation: Mapping[str, Any]) -> str:
    ours = model_words(str(evaluation["reference"]))
    beaten_by = dict.fromkeys(model_words(rival) for _, _, rival, _ in _failures(evaluation))
    if not evaluation["verdict"]["fails"]:
        return f"{ours} was compared with no baseline"
    return f"{ours} does NOT beat {', '.join(beaten_by) or 'every baseline'}"


def gap_words(told: Mapping[str, Any]) -> str:
    """Write a difference with its interval.

    Examples
    --------
    >>> gap_words({"value": -0.0123, "low": -0.02, "high": 0.001, "better": False})
    '−0.012 [−0.020, +0.0010]'
    """
    if told.get("value") is None:
        return "undefined"
    ends = (told.get("low"), told.get("high"))
    if None in ends:
        return f"{fixed(told['value'], sign=True)}, no interval"
    low, high = (fixed(end, sign=True) for end in ends)
    return f"{fixed(told['value'], sign=True)} [{low}, {high}]"


def _failures(evaluation: Mapping[str, Any], rivals: Sequence[str] | None = None) -> list[_Failure]:
    """List regime, metric, baseline and difference of each required win that is missing."""
    if rivals is None:
        rivals = evaluation["verdict"].get("against") or evaluation.get("baselines") or []
    return [
        (regime, metric, rival, told[metric])
        for regime, scores in evaluation["regimes"].items()
        for rival, told in scores.get("difference", {}).items()
        if not rivals or rival in rivals
        for metric in _required(evaluation)
        if metric in told and not told[metric]["better"]
    ]


def _required(evaluation: Mapping[str, Any]) -> list[str]:
    return [str(metric) for metric in evaluation["verdict"].get("required", [])]


def _plain(fail: object) -> str:
    if isinstance(fail, Mapping):
        return ", ".join(f"{key} {value}" for key, value in fail.items())
    return str(fail)
