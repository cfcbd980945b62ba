"""``inundate posts topics``: what posts are about, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit

__all__ = ["topics"]


def topics(
    posts: Path,
    *,
    output: Output,
    number: int = 8,
    method: Literal["nmf", "lda"] = "nmf",
    hours: float = 24.0,
    labels: Path | None = None,
    model_id: str | None = None,
    format: Literal["html", "markdown"] = "html",
    seed: int = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Find topics, and report on each event: volume, topics, classes over time.

    No post is quoted, words that few authors use are left out, and times with few posts are not
    split. Gaps of the collection are shown.

    Parameters
    ----------
    posts
        Pseudonymised store, or JSON lines with the columns of one; raw posts are refused.
    output
        Folder for topics.json and the report.
    number
        Topics.
    method
        Factors of TF-IDF (nmf), or latent Dirichlet allocation (lda).
    hours
        Width of a time, h.
    labels
        Folder that inundate posts classify has made; of a store by default STORE-labels, where
        that is there.
    model_id
        Whose labels are shown where several models have answered.
    format
        Of the report.
    seed
        Of the method.

    Examples
    --------
    ``inundate posts topics safe -o about``
    ``inundate posts topics safe -o about --number 12 --hours 6 --format markdown``
    """
    _require()
    import json as jsonlib

    from inundate.core.config import resolve_settings
    from inundate.core.errors import ConfigError
    from inundate.core.files import atomic_folder, check_not_input, check_output, write_text
    from inundate.posts.serve.labels import beside
    from inundate.posts.topics.events import describe_events
    from inundate.posts.topics.model import TopicSettings, find_topics
    from inundate.posts.topics.posts import read_answers, read_timed
    from inundate.posts.topics.report import to_html, to_markdown

    given = {"topics": number, "method": method, "seed": seed}
    settings = resolve_settings(TopicSettings, flags=given)
    check_not_input(output, [posts])
    check_output(output, overwrite)
    found = read_timed(posts)
    place = labels or (beside(posts) if beside(posts).is_dir() else None)
    if place is None and model_id is not None:
        raise ConfigError("--model-id: no labels are there, expected --labels with a folder")
    told: dict[str, Any] = {}
    if place is not None:
        model, classes, answers = read_answers(place, found, model=model_id)
        told = {"classes": classes, "answers": answers, "model": model}
    authors = found.authors if any(found.authors) else ()
    made = find_topics(found.texts, settings, authors=authors)
    figures = describe_events(found, made, settings, hours=hours, **told)
    with atomic_folder(output) as temporary:
        write_text(temporary / "topics.json", jsonlib.dumps(figures, indent=2) + "\n")
        if format == "html":
            write_text(temporary / "report.html", to_html(figures))
        else:
            write_text(temporary / "report.md", to_markdown(figures))
    figures = {"output": str(output), **figures}
    emit(figures, json=json, text=lambda: _text(figures))


def _text(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['output']}: {figures['posts']:,} posts of {len(figures['events'])} events, "
        f"{figures['without_topic']:,} without a topic; mean coherence "
        f"{figures['coherence']:.2f} (NPMI)"
    ]
    if not figures["converged"]:
        lines.append("  the method had not converged when it stopped")
    lines += [
        f"  {one['posts']:>8,}  {one['coherence']:>5.2f}  {' '.join(one['words'])}"
        for one in figures["topics"]
    ]
    return "\n".join(lines)


def _require() -> None:
    from inundate.core.errors import require_extra

    for module in ("pyarrow", "msgspec", "zstandard"):
        require_extra("posts", module, what="reading posts")
    for module in ("regex", "sklearn"):
        require_extra("text", module, what="finding topics")
