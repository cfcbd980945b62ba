"""``inundate posts adapt``: make a model for one event, of its posts without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit
from inundate.posts.shift.taught_settings import TaughtSettings

__all__ = ["adapt"]


def adapt(
    *,
    model: Path,
    from_: Annotated[Path, Parameter(name="--from")],
    output: Output,
    event: str | None = None,
    settings: Annotated[TaughtSettings | None, Parameter(name="*", consume_multiple=True)] = None,
    seed: int = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Let a model teach another one the words of a new event.

    No label is needed: the model answers about the event's posts, and a plain model of letters
    learns of these answers which words of the event go with which. It classifies posts of that
    event, not of others.

    Parameters
    ----------
    model
        Folder of a trained model that knows other events.
    from_
        Posts of the event: pseudonymised store, or JSON lines with the columns of one.
    output
        Folder for the new model, which inundate posts classify and evaluate take.
    event
        Take the posts of this event alone, where there are several.
    seed
        Of the training.

    Examples
    --------
    ``inundate posts adapt --model models/words --from safe -o models/elbe``
    """
    from inundate.core.config import resolve_settings
    from inundate.core.errors import DataError
    from inundate.core.files import check_input, check_not_input, check_output
    from inundate.posts.active.pool import read_pool
    from inundate.posts.shift.opening import model_id, open_for_texts
    from inundate.posts.shift.taught import Taught

    resolved = resolve_settings(TaughtSettings, flags=settings)
    check_input(model, what="opening a model")
    check_not_input(output, [model, from_])
    check_output(output, overwrite)
    taught = Taught(open_for_texts(model, what="adapting"), resolved)
    posts = read_pool(from_)
    events = sorted({post.event for post in posts})
    if event is not None:
        posts = [post for post in posts if post.event == event]
    if not posts or (event is None and len(events) > 1):
        named = ", ".join(name or "(no name)" for name in events)
        raise DataError(
            f"adapting to posts of {from_}: they are of the events {named}; expected "
            + ("one of these by --event" if event is None else f"one that is called {event}"),
        )
    teacher = taught.inner.name
    taught.learn([post.text for post in posts], seed=seed)
    taught.save(output, notes={"event": posts[0].event})
    figures: dict[str, Any] = {
        "output": str(output), "model": model_id(output), "name": taught.name,
        "event": posts[0].event, "posts": len(posts), "different": taught.posts,
        "answers": taught.answers, "changed": taught.changed,
    }  # fmt: skip
    emit(figures, json=json, text=lambda: _text(figures, teacher))


def _text(figures: dict[str, Any], teacher: str) -> str:
    answers = ", ".join(f"{name} {count:,}" for name, count in figures["answers"].items())
    return "\n".join([
        f"{figures['output']}: {figures['name']}, model {figures['model']}",
        f"  learnt from {figures['different']:,} different posts of "
        f"{figures['event'] or 'one event'}; {teacher} said {answers}",
        f"  {figures['changed']:.1%} of them are answered otherwise now; nobody has judged which "
        "is right: score it on labelled posts of the event by inundate posts evaluate",
    ])  # fmt: skip
