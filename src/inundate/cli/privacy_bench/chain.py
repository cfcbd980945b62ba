"""How fast posts go from a file to a pseudonymised store, and in how much memory."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

__all__ = ["run_chain_of", "write_pages"]

_PER_PAGE = 100
_RUN = """
import contextlib, io, json, re, sys, time
from inundate.cli.app import main
source, raw, safe, key = sys.argv[1:]
def run(*words):
    out = io.StringIO()
    began = time.process_time()
    with contextlib.redirect_stdout(out):
        code = main(["posts", *words, "--json"])
    if code:
        sys.exit(code)
    return time.process_time() - began, json.loads(out.getvalue())
import_s, _ = run("import", source, "-o", raw)
anonymise_s, done = run("anonymise", raw, "-o", safe, "--key", key)
# not ru_maxrss: that of a child begins with its parent's
status = open("/proc/self/status").read()
memory_mb = int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024
print(json.dumps({"import_s": import_s, "anonymise_s": anonymise_s, "posts": done["posts"],
    "memory_mb": memory_mb}))
"""


def write_pages(
    path: Path, texts: Sequence[str], number: int, *, seed: int = 0, different: bool = False
) -> int:
    """Write made-up pages of X API v2 around texts.

    Parameters
    ----------
    path : Path
    texts : sequence of str
        Each post's text is drawn from these.
    number : int
        Of posts.
    seed : int
    different : bool
        Whether a word is put behind each text that no other has.

    Returns
    -------
    int
        Bytes.
    """
    source = random.Random(seed)
    with path.open("w", encoding="utf-8") as stream:
        for start in range(0, number, _PER_PAGE):
            count = range(start, min(start + _PER_PAGE, number))
            drawn = [source.choice(texts) + (_word(place) if different else "") for place in count]
            made = [_post(*one) for one in zip(count, repeat(number), drawn, strict=False)]
            page = {
                "data": [post for post, _ in made],
                "includes": {"users": [user for _, user in made]},
                "meta": {"result_count": len(made)},
            }
            stream.write(json.dumps(page) + "\n")
    return path.stat().st_size


def _word(place: int) -> str:
    return " " + "".join(chr(97 + place // 26**power % 26) for power in range(6))


def _post(place: int, number: int, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    author = str(10**9 + place * 7919 % (number // 3 + 1))
    made = str(1_204_084_171_334_832_128 + place * 7919)
    day = 1 + place * 28 // number
    counts = {"retweet_count": place % 7, "reply_count": 0, "like_count": place % 30,
              "quote_count": 0, "impression_count": place % 1000}  # fmt: skip
    other = place % 1000
    post = {
        "id": made, "text": text, "author_id": author, "conversation_id": made, "lang": "en",
        "created_at": f"2020-02-{day:02d}T{place % 24:02d}:{place % 60:02d}:{place % 59:02d}.000Z",
        "source": "Twitter for iPhone", "possibly_sensitive": False,
        "reply_settings": "everyone", "edit_history_tweet_ids": [made], "public_metrics": counts,
        "entities": {
            "urls": [{"start": 5, "end": 28, "url": f"https://t.co/{place}",
                      "expanded_url": f"https://www.example.org/news/{place}"}],
            "hashtags": [{"start": 1, "end": 7, "tag": "flood"}],
            "mentions": [{"start": 0, "end": 9, "username": f"somebody{other}",
                          "id": str(5 * 10**8 + other)}],
        },
    }  # fmt: skip
    user = {
        "id": author, "username": f"nobody{author}", "name": "Nobody", "location": "Nowhere",
        "created_at": "2012-01-01T00:00:00.000Z", "description": "Nobody at all",
        "public_metrics": {"followers_count": place % 5000, "following_count": 3},
    }  # fmt: skip
    return post, user


def run_chain_of(source: Path, work: Path) -> dict[str, float]:
    """Import and pseudonymise a file in a process of its own, on one core.

    Returns
    -------
    dict
        CPU seconds ``import_s`` and ``anonymise_s``, ``posts``, greatest ``memory_mb``.
    """
    places = [work / "chain-raw", work / "chain-safe"]
    key = work / "chain.key"
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
    key.unlink(missing_ok=True)
    command = [sys.executable, "-c", _RUN, str(source), *map(str, places), str(key)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_one_thread())
    for place in places:
        shutil.rmtree(place)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _one_thread() -> dict[str, str]:
    import os

    return {**os.environ, "OMP_NUM_THREADS": "1"}
