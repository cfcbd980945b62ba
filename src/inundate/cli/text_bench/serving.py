"""How fast posts are classified: from the JSON that a platform gives to a probability."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from inundate.core.errors import DataError
from inundate.posts.importers.x_v2 import XTwarc
from inundate.posts.schema import Post
from inundate.posts.shift.model import Model

__all__ = ["measure_serving", "to_raw_lines"]

_BEGIN_S = 1_371_800_000  # 2013-06-21: any time does


def to_raw_lines(texts: Sequence[str]) -> list[bytes]:
    """Give texts as lines of JSON in the form of twarc2, each by a made-up author."""
    return [
        msgspec.json.encode(
            {
                "id": str(347_000_000_000_000_000 + number),
                "text": text,
                "created_at": time.strftime(
                    "%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(_BEGIN_S + number)
                ),
                "author_id": str(1000 + number % 997),
                "conversation_id": str(347_000_000_000_000_000 + number),
                "lang": "en",
                "possibly_sensitive": False,
                "public_metrics": {
                    "retweet_count": number % 7,
                    "reply_count": 0,
                    "like_count": number % 11,
                    "quote_count": 0,
                },
                "entities": {"hashtags": [], "urls": [], "mentions": []},
                "author": {
                    "id": str(1000 + number % 997),
                    "username": f"made_up_{number % 997}",
                    "name": "Made Up",
                    "created_at": "2010-01-01T00:00:00.000Z",
                    "public_metrics": {"followers_count": number % 5000},
                },
            }
        )
        for number, text in enumerate(texts)
    ]


def measure_serving(
    models: Mapping[str, Model],
    texts: Sequence[str],
    *,
    batch: int = 256,
    singles: int = 300,
    repeats: int = 3,
) -> dict[str, dict[str, float]]:
    """Measure rates and latencies of models side by side, in this process.

    The rate is of processor time, so that other work on the machine does not count, and it is one
    core's where the caller has seen to it that libraries use one thread. Latencies are of the
    clock, of one post at a time.

    Parameters
    ----------
    models : mapping of str to Model
        Fitted.
    texts : sequence of str
        Made-up, or read in place; nothing of them is in the result. No model is asked about one
        twice, since tokenisers remember what they have seen.
    batch : int
        Posts that are classified at once.
    singles : int
        Posts whose latency is taken.
    repeats : int
        Rounds over all models, each on posts of its own; of each model the fastest counts.

    Raises
    ------
    DataError
        If there are too few texts.

    Returns
    -------
    dict of str to dict
        ``posts_per_s``: from JSON to probability; ``parse_us``, ``classify_us``: processor time
        of a post, microseconds; ``latency_p50_ms``, ``latency_p99_ms``.
    """
    if len(texts) < batch + singles + repeats:
        raise DataError(
            f"measuring how fast posts are classified: {len(texts)} texts, expected at least "
            f"{batch + singles + repeats}"
        )
    lines = to_raw_lines(texts)
    for model in models.values():  # what is loaded or compiled at the first call is not serving
        model.probabilities([_text(line) for line in lines[:batch]])
    found: dict[str, dict[str, float]] = {}
    for part in np.array_split(np.arange(batch, len(lines) - singles), repeats):
        some = lines[part[0] : part[-1] + 1]
        for name, model in models.items():
            parse_s, classify_s = _round(model, some, batch)
            rate = len(some) / (parse_s + classify_s)
            if name not in found or rate > found[name]["posts_per_s"]:
                found[name] = {
                    "posts_per_s": rate,
                    "parse_us": 1e6 * parse_s / len(some),
                    "classify_us": 1e6 * classify_s / len(some),
                }
    for name, model in models.items():
        found[name] |= _latencies(model, lines[len(lines) - singles :])
    return found


def _text(line: bytes) -> str:
    [post] = (item for item in _importer.parse(line) if isinstance(item, Post))
    return post.text


_importer: Any = XTwarc()


def _round(model: Model, lines: Sequence[bytes], batch: int) -> tuple[float, float]:
    parse_s = classify_s = 0.0
    for start in range(0, len(lines), batch):
        begun = time.process_time()
        texts = [_text(line) for line in lines[start : start + batch]]
        parsed = time.process_time()
        model.probabilities(texts)
        parse_s += parsed - begun
        classify_s += time.process_time() - parsed
    return parse_s, classify_s


def _latencies(model: Model, lines: Sequence[bytes]) -> dict[str, float]:
    taken = []
    for line in lines:
        begun = time.perf_counter()
        model.probabilities([_text(line)])
        taken.append(time.perf_counter() - begun)
    p50, p99 = np.percentile(taken, [50, 99]) * 1000
    return {"latency_p50_ms": float(p50), "latency_p99_ms": float(p99)}
