"""Tables of scores: each model with its interval beside every baseline, by regime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inundate.show.template import Html, render, table
from inundate.show.verdict import gap_words
from inundate.show.words import fixed, metric_words, model_words

__all__ = ["all_scores", "regime_sections"]

_MOST_COLUMNS = 6
_USUAL = ("far_0.3", "nse", "volume_error", "peak_depth_error")  # shown beside the required


def regime_sections(evaluation: Mapping[str, Any]) -> Html:
    """Give for each regime the table of the main scores and of the differences.

    Parameters
    ----------
    evaluation : mapping
        Result of an evaluation.
    """
    parts = [_legend(evaluation)]
    for name, regime in evaluation["regimes"].items():
        parts.append(render("<h3>{{name}}</h3>", name=_heading(name, regime)))
        if regime.get("note"):
            parts.append(render('<p class="quiet">{{note}}</p>', note=str(regime["note"])))
        parts.append(_scores(evaluation, regime, _main(evaluation)))
        parts.append(_differences(evaluation, regime))
    return Html("".join(parts))


def all_scores(evaluation: Mapping[str, Any]) -> Html:
    """Give every score of every model, folded away, a score a row, with what it means.

    Parameters
    ----------
    evaluation : mapping
        Result of an evaluation.
    """
    about = evaluation.get("metrics") or {}
    models = evaluation["models"]
    parts = []
    for name, regime in evaluation["regimes"].items():
        rows = []
        for metric in _metrics(regime):
            cells = [_score(regime["scores"].get(model, {}).get(metric)) for model in models]
            meaning = str(about.get(metric, {}).get("meaning", ""))
            label = render(
                "{{words}}<small>{{meaning}}</small>",
                words=_column(metric, regime, about), meaning=meaning,
            )  # fmt: skip
            rows.append([label, *cells])
        body = table(["Score", *map(model_words, models)], rows)
        parts.append(
            render(
                '<details><summary>{{name}}</summary><div class="scroll">{{body}}</div></details>',
                name=_heading(name, regime), body=body,
            )
        )  # fmt: skip
    return Html("".join(parts))


def _main(evaluation: Mapping[str, Any]) -> list[str]:
    present = _metrics(next(iter(evaluation["regimes"].values())))
    wanted = [*evaluation["verdict"].get("required", []), *_USUAL, *present]
    return [m for m in dict.fromkeys(wanted) if m in present][:_MOST_COLUMNS]


def _metrics(regime: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(m for scores in regime["scores"].values() for m in scores))


def _heading(name: str, regime: Mapping[str, Any]) -> str:
    counts = [
        f"{regime[key]} {key if regime[key] != 1 else key[:-1]}"
        for key in ("samples", "terrains", "blocks", "storms")
        if key in regime
    ]
    words = "All regimes" if name == "all" else f"{name.capitalize()} terrain"
    return f"{words}: {', '.join(counts)}" if counts else words


def _scores(
    evaluation: Mapping[str, Any], regime: Mapping[str, Any], metrics: Sequence[str]
) -> Html:
    about = evaluation.get("metrics") or {}
    header = ["Model", *(_column(metric, regime, about) for metric in metrics)]
    rows = [
        [model_words(model), *(_score(regime["scores"].get(model, {}).get(m)) for m in metrics)]
        for model in evaluation["models"]
    ]
    body = table(header, rows, caption="Scores with intervals")
    first = evaluation["models"].index(evaluation["reference"])
    pieces = body.split("<tr>")
    marked = (
        "<tr>".join(pieces[: first + 2]) + '<tr class="ours">' + "<tr>".join(pieces[first + 2 :])
    )
    return Html(f'<div class="scroll">{marked}</div>')


def _differences(evaluation: Mapping[str, Any], regime: Mapping[str, Any]) -> Html:
    """Give reference minus baseline for the required scores, and in words if it is better."""
    required = list(evaluation["verdict"].get("required", []))
    if not required or not regime.get("difference"):
        return Html("")
    about = evaluation.get("metrics") or {}
    ours = model_words(str(evaluation["reference"]))
    rows = [
        [model_words(model), *(_gap(told.get(metric)) for metric in required)]
        for model, told in regime["difference"].items()
    ]
    body = table(
        ["Compared with", *(_column(metric, regime, about) for metric in required)], rows,
        caption=f"{ours} minus the other, paired; better only if the whole interval is",
    )  # fmt: skip
    return render('<div class="scroll">{{body}}</div>', body=body)


def _column(metric: str, regime: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    entry: Mapping[str, Any] = next(
        (s[metric] for s in regime["scores"].values() if metric in s), {}
    )
    unit = entry.get("unit")
    arrow = {"lower": " ↓", "higher": " ↑"}.get(str(entry.get("best")), "")
    return (
        metric_words(metric, about) + (f" ({unit})" if unit not in (None, "", "1") else "") + arrow
    )


def _score(score: Mapping[str, Any] | None) -> Html:
    if score is None:
        return Html("–")
    if score.get("value") is None:
        return Html("undefined")
    interval = ""
    if score.get("low") is not None and score.get("high") is not None:
        interval = f"{fixed(score['low'])} to {fixed(score['high'])}"
    return render(
        "{{value}}<small>{{interval}}</small>", value=fixed(score["value"]), interval=interval
    )


def _gap(told: Mapping[str, Any] | None) -> Html:
    if told is None:
        return Html("–")
    mark = Html('<span class="yes">better</span>')
    if not told.get("better"):
        mark = Html('<span class="no">NOT better</span>')
    return render("{{mark}}<small>{{gap}}</small>", mark=mark, gap=gap_words(told))


def _legend(evaluation: Mapping[str, Any]) -> Html:
    boot = evaluation.get("bootstrap")
    words = "↓ lower is better, ↑ higher is better; undefined: 0/0 everywhere."
    if boot:
        words += (
            f" Intervals: {boot['level']:.0%} bootstrap, {boot['draws']} draws of "
            f"{str(boot['cluster']).replace('+', ' and ')}."
        )
    for name, told in (evaluation.get("advantages") or {}).items():
        words += f" {model_words(name)} is {told}."
    return render('<p class="quiet">{{words}}</p>', words=words)
