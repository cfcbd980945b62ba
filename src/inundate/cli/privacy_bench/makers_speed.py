"""How fast the chain and the scrubber are, beside peers, and in how much memory."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from inundate.cli.privacy_bench import chain, peers, precision
from inundate.cli.privacy_bench.context import SEED, Context
from inundate.cli.solver_bench.figures import Made, figure

__all__ = ["memory", "speed"]


def speed(context: Context) -> Made:
    """Time the chain, and the scrubber beside its peers."""
    context.work.mkdir(parents=True, exist_ok=True)
    texts = precision.real_posts(context.data, 10_000)
    if not texts:
        texts = peers.planted_texts(SEED)[0] * 20
    figures = [
        _chain(context, texts, "posts-per-second", "reposts",
               "as in an archive with its reposts, half of the texts that are looked at together "
               "repeat another"),
        _chain(context, texts, "posts-per-second-different", "different",
               "all texts are different, which is the worst case"),
    ]  # fmt: skip
    if not context.quick:
        figures += _beside_peers(context, texts)
    return Made(figures, [_table(context)] if not context.quick else [])


def _chain(context: Context, texts: list[str], name: str, kind: str, how: str) -> dict[str, Any]:
    """Time the chain over an archive whose texts are all different, or not."""
    source = context.work / f"pages-{kind}.jsonl"
    number = 2_000 if context.quick else 200_000
    context.say(f"{number:,} posts from file to store, texts: {kind}")
    chain.write_pages(source, texts, number, different=kind == "different")
    runs = [chain.run_chain_of(source, context.work) for _ in range(1 if context.quick else 3)]
    source.unlink()
    rates = [_rate(one) for one in runs]
    parts = runs[rates.index(sorted(rates)[len(rates) // 2])]
    return figure(
        name, "Speed", median(rates), "posts/s", ">= 25000", low=min(rates), high=max(rates),
        note=f"{number:,} posts of X API v2 from file to pseudonymised store, CPU time of "
        f"one process; import {1e6 * parts['import_s'] / parts['posts']:.1f} us a post, "
        f"pseudonymisation {1e6 * parts['anonymise_s'] / parts['posts']:.1f} us; {how}",
    )  # fmt: skip


_found: dict[str, dict[str, float]] = {}


def _beside_peers(context: Context, texts: list[str]) -> Iterator[dict[str, object]]:
    planted, kinds, secrets = peers.planted_texts(SEED)
    own = peers.run_own(texts, planted)
    _found["inundate"] = peers.survivors(own.planted, kinds, secrets)
    yield figure("texts-per-second", "Speed", own.texts_per_s, "texts/s", "",
                 note="scrubbing alone, posts of CrisisLex, CPU time")  # fmt: skip
    for name, (label, goal, number) in peers.PEERS.items():
        context.say(f"{label}: {number} texts")
        found = peers.run_peer(name, context.work, texts, planted)
        if isinstance(found, str):
            yield figure(f"ratio-to-{name}", "Speed", None, "ratio", goal, note=found)
            continue
        _found[name] = peers.survivors(found.planted, kinds, secrets)
        yield figure(f"ratio-to-{name}", "Speed", own.texts_per_s / found.texts_per_s, "ratio",
                     goal, baseline=(label, found.texts_per_s),
                     note=f"{found.texts_per_s:,.0f} texts/s on the same texts")  # fmt: skip


def _table(context: Context) -> dict[str, object]:
    """Say of each kind how often something of it survives."""
    names = list(_found)
    kinds = list(next(iter(_found.values()), {}))
    rows = [[kind, *(f"{_found[name][kind]:.0%}" for name in names)] for kind in kinds]
    return {
        "title": "What each scrubber leaves",
        "note": "Share of texts with one planted identifier of which four characters survive. "
        "scrubadub and Presidio are run as they come; neither is made for handles.",
        "columns": ["kind", *names],
        "rows": rows,
    }


def _rate(run: dict[str, float]) -> float:
    return run["posts"] / (run["import_s"] + run["anonymise_s"])


def memory(context: Context) -> Made:
    """Run a large archive through, and look at the memory that it took."""
    context.work.mkdir(parents=True, exist_ok=True)
    number = 20_000 if context.quick else 5_000_000
    source = context.work / "archive.jsonl"
    texts = precision.real_posts(context.data, 10_000) or ["the river is up again"]
    size = chain.write_pages(source, texts, number)
    context.say(f"an archive of {size / 1e9:.2f} GB")
    found = chain.run_chain_of(source, context.work)
    source.unlink()
    return Made([
        figure("memory", "Memory", found["memory_mb"], "MB", "< 300",
               note=f"greatest of a process that imports and pseudonymises {number:,} posts, "
               f"{size / 1e9:.2f} GB of JSON; {_rate(found):,.0f} posts/s"),
    ])  # fmt: skip
