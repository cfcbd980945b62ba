"""Parts of the benchmark that are timed: from JSON to a probability, and vectors beside gensim."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inundate.cli.emulator_bench.figures import figure, shown
from inundate.cli.emulator_bench.marks import mark_of, source_mark
from inundate.cli.text_bench.entrants import Entrant
from inundate.cli.text_bench.questions import QUESTIONS
from inundate.cli.text_bench.trials import NOT_KEPT, Bench
from inundate.core.errors import InundateError, MissingExtraError, RunError
from inundate.core.files import write_text
from inundate.learn.device import cpu_threads

__all__ = ["MEASURED", "Made"]

_SERVED = {"tfidf_words": ">= 15000", "tfidf_characters": "", "bilstm": ">= 10000",
           "bert_frozen": ">= 300"}  # fmt: skip
"""Posts a second that are asked of a classifier; "" where none are."""
_TEXTS = 4000
_GROUPS = ("Serving posts", "Vectors of words")


@dataclass(frozen=True)
class Made:
    """Figures and tables of a part."""

    figures: list[dict[str, Any]]
    tables: list[dict[str, Any]]


def _kept(
    bench: Bench, name: str, depends: Mapping[str, Any], make: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    path = bench.folder / "measured" / f"{name}-{mark_of(depends)}.json"
    if not path.is_file() and bench.kept:
        raise RunError(f"benchmark text, {name}: {NOT_KEPT}")
    if not path.is_file():
        bench.say(f"measuring {name}")
        found = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(found, indent=1))
    stored: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return stored


def serving(bench: Bench, entrants: Sequence[Entrant]) -> Made:
    """Time classifiers, trained on the balanced flood, on posts of the other events."""
    asked = [one for one in entrants if one.plain == one.spec and one.name in _SERVED]
    depends = {
        "models": [one.spec for one in asked],
        "quick": bench.sources.quick,
        "source": source_mark("inundate.cli.text_bench.serving", *_modules()),
    }
    found = _kept(bench, "serving", depends, lambda: _served(bench, asked))
    figures, rows = [], []
    for name, one in found["models"].items():
        rows.append([name, f"{one['posts_per_s']:,.0f}", *(
            shown(one[key], 1)
            for key in ("parse_us", "classify_us", "latency_p50_ms", "latency_p99_ms")
        )])  # fmt: skip
        figures += [
            figure(f"serving-{name}-rate", _GROUPS[0], one["posts_per_s"], "posts/s",
                   _SERVED[name.partition("@")[0]], note="of processor time, one core, batches of "
                   "256, from JSON to probability", split=found["split"]),
            figure(f"serving-{name}-p99", _GROUPS[0], one["latency_p99_ms"], "ms", "< 20",
                   note="of the clock, one post at a time", split=found["split"]),
        ]  # fmt: skip
    figures += [
        figure(f"serving-{name}-rate", _GROUPS[0], None, "posts/s", _SERVED[name.partition("@")[0]],
               note=why)
        for name, why in found["failed"].items()
    ]  # fmt: skip
    table = {
        "title": _GROUPS[0],
        "note": f"{found['split']}; from JSON to probability.",
        "columns": ["classifier", "posts/s", "parse (us)", "classify (us)", "p50 (ms)", "p99 (ms)"],
        "rows": rows,
    }
    return Made(figures, [table] if rows else [])


def _modules() -> list[str]:
    from inundate.posts.classify.zoo import CLASSIFIERS

    return sorted({CLASSIFIERS[name][0] for name in _SERVED if name in CLASSIFIERS})


def _served(bench: Bench, asked: Sequence[Entrant]) -> dict[str, Any]:
    from inundate.cli.text_bench.serving import measure_serving

    (unit,) = QUESTIONS["balanced"].make(bench.sources)
    (problem,) = unit.problems
    t6 = bench.sources.t6()
    known = set(problem.posts.texts)
    texts = [text for text in t6.texts if text not in known][:_TEXTS]
    models, failed = {}, {}
    with cpu_threads(1):
        for one in asked:
            try:
                models[one.spec] = one.make(bench.sources.data)
                models[one.spec].fit(problem.part("train"), problem.part("valid"), seed=0)
            except (InundateError, ImportError) as error:
                models.pop(one.spec, None)
                failed[one.spec] = str(error)
        found = measure_serving(models, texts) if models else {}
    split = f"{len(texts):,} posts of other events than the one trained on"
    return {"models": found, "failed": failed, "split": split}


def vectors(bench: Bench, entrants: Sequence[Entrant]) -> Made:
    """Time reading, opening and training of vectors beside gensim; classifiers have no part."""
    from inundate.cli.text_bench.embeddings import measure_embeddings

    small = {"words": 2000, "width": 10, "made_up": 1500, "seeds": range(2)}
    size: dict[str, Any] = small if bench.sources.quick else {}
    depends = {
        "quick": bench.sources.quick,
        "source": source_mark("inundate.cli.text_bench.embeddings"),
    }
    try:
        found = _kept(
            bench, "vectors", depends,
            lambda: measure_embeddings(bench.sources.data, bench.folder / "scratch", **size),
        )  # fmt: skip
    except MissingExtraError as error:
        return Made([figure("vectors-open", _GROUPS[1], None, "ms", "<= 50", note=str(error))], [])
    return Made([*_file_figures(found["files"]), *_training_figures(found["training"])], [])


def _file_figures(files: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = [
        ("open", files["cached"]["wall_ms"], "ms", "<= 50", "opening the cache; of the clock"),
        ("open-memory", files["cached"]["grown_mb"], "MB", "<= 20", "growth of resident memory"),
        ("parse", files["parse"]["cpu_s"], "s", "<= 3", "processor time"),
    ]
    rows = [
        figure(f"vectors-{name}", _GROUPS[1], value, unit, goal, note=note, split=files["file"])
        for name, value, unit, goal, note in told
    ]
    return rows + [
        figure(f"vectors-ratio-{name.replace('_', '-')}", _GROUPS[1], value, "ratio",
               note="of the other's time to ours", split=files["file"])
        for name, value in files["ratios"].items()
    ]  # fmt: skip


def _training_figures(training: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for corpus, methods in training.items():
        for method, one in methods.items():
            name = f"vectors-{corpus.replace(' ', '-')}-{method}".lower()
            split = f"{corpus}: {one['words']:,} words, {one['epochs']} epochs"
            rows.append(
                figure(f"{name}-speed", _GROUPS[1], one["speed_ratio"], "ratio", ">= 1",
                       note="words a processor second, ours to gensim's", split=split)
            )  # fmt: skip
            for score, apart in one["difference"].items():
                half = apart["half_width"]
                ends = (None, None) if half is None else (apart["mean"] - half,
                                                          apart["mean"] + half)  # fmt: skip
                rows.append(
                    figure(f"{name}-{score.replace('_', '-')}", _GROUPS[1], apart["mean"], "1",
                           low=ends[0], high=ends[1], split=split,
                           note=f"ours less gensim's; as good: {apart['as_good']}")
                )  # fmt: skip
    return rows


MEASURED: dict[str, Callable[[Bench, Sequence[Entrant]], Made]] = {
    "serving": serving,
    "vectors": vectors,
}
"""By the name that ``--part`` takes."""
