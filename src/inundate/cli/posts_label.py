"""``inundate posts label``: ask people about posts, in the terminal or in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from inundate.cli.flags import Json
from inundate.cli.shell import emit

__all__ = ["label"]

_HELP = "number = class, 0 or Enter = not decided, b = back, q = enough"


def label(
    pool: Path | None = None,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    by: str | None = None,
    classes: Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=True)] = (),
    task: str | None = None,
    model: Path | None = None,
    double: float = 0.2,
    most: int | None = None,
    web: Annotated[bool, Parameter(negative=())] = False,
    port: int = 0,
    seed: int = 0,
    agreed: Path | None = None,
    json: Json = False,
) -> None:
    """Label posts: those that a model doubts first, no two alike, some by two people.

    Each answer is written at once, and a session goes on where the last one stopped. At the end,
    or without a pool, it tells how far people agree: Cohen's kappa with a 95 % interval.

    Parameters
    ----------
    pool
        Pseudonymised store, or JSON lines with the columns of one; raw posts are refused. Without
        it, nothing is asked, and the judgements so far are summed up.
    output
        File of judgements, JSON lines that are only added to; inundate posts train reads it.
    by
        Who judges, such as anna.
    classes
        What may be answered.
    task
        Take the classes of a task, such as relevance.
    model
        Model whose doubts tell what to ask; without one posts come by chance.
    double
        Share of posts that are put to two people.
    most
        Most posts to ask for in this session.
    web
        Ask in a browser on this machine instead of the terminal.
    port
        Of the browser's address; 0 takes a free one.
    seed
        Of the order.
    agreed
        Also write one line a post with the label that most gave, to train on.

    Examples
    --------
    ``inundate posts label safe -o labels.jsonl --task relevance --by anna --web``
    ``inundate posts label -o labels.jsonl --agreed train.jsonl``
    """
    _require()
    from inundate.posts.active.judgements import Judgements, write_agreed
    from inundate.posts.active.session import agreement

    judgements = Judgements(output)
    done = 0
    if pool is not None:
        session = _session(pool, judgements, by, classes, task, model, double, seed)
        done = _in_browser(session, port) if web else _in_terminal(session, most)
    else:
        _check_no_pool(output, by, classes, task, model, web)
    figures: dict[str, Any] = {"output": str(output), "answered": done, **agreement(judgements)}
    if agreed is not None:
        told = write_agreed(judgements, agreed)
        figures["agreed"] = {
            "output": str(agreed), "posts": told.posts, "labels": dict(told.labels),
            "disputed": told.disputed, "undecided": told.undecided,
        }  # fmt: skip
    emit(figures, json=json, text=lambda: _text(figures))


def _session(
    pool: Path,
    judgements: Any,
    by: str | None,
    classes: tuple[str, ...],
    task: str | None,
    model: Path | None,
    double: float,
    seed: int,
) -> Any:
    from inundate.core.errors import ConfigError
    from inundate.posts.active.pool import read_pool
    from inundate.posts.active.session import Session
    from inundate.posts.labelled.tasks import find_task
    from inundate.posts.shift.opening import open_for_texts

    if by is None:
        raise ConfigError("labelling: nobody judges, expected --by with a name")
    opened = None if model is None else open_for_texts(model, what="labelling")
    if classes and task:
        raise ConfigError("labelling: --classes and --task, expected one of them")
    if task:
        classes = find_task(task).classes
    elif not classes and opened is not None:
        classes = opened.classes
    return Session(read_pool(pool), judgements, classes, by, model=opened, double=double, seed=seed)


def _check_no_pool(
    output: Path, by: str | None, classes: Any, task: str | None, model: Path | None, web: bool
) -> None:
    from inundate.core.errors import ConfigError
    from inundate.core.files import check_input

    given = {"--by": by, "--classes": classes, "--task": task, "--model": model, "--web": web}
    for name, value in given.items():
        if value:
            raise ConfigError(f"{name}: of no use without posts to label, expected a pool")
    check_input(output, what="reading judgements of")


def _in_terminal(session: Any, most: int | None) -> int:
    import sys

    stream = sys.stderr  # the figures at the end are what standard output is for
    print(_HELP, file=stream)
    answered = 0
    while (post := session.current()) is not None and (most is None or answered < most):
        choices = "  ".join(f"{place}={name}" for place, name in enumerate(session.classes, 1))
        print(f"\n{_plain(post.text)}\n[{session.left} left] {choices}", file=stream)
        try:
            print("> ", end="", file=stream, flush=True)
            said = input().strip().lower()
        except (EOFError, KeyboardInterrupt):
            break
        if said == "q":
            break
        if said == "b":
            answered = max(answered - 1, 0)
            session.back()
        elif said in ("", "0"):
            session.say(post.id, "")
            answered += 1
        elif said.isdigit() and int(said) <= len(session.classes):
            session.say(post.id, session.classes[int(said) - 1])
            answered += 1
        else:
            print(_HELP, file=stream)
    return answered


def _plain(text: str) -> str:
    """Take out what would steer the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def _in_browser(session: Any, port: int) -> int:
    import contextlib
    import sys

    from inundate.posts.active.web import open_server

    server, address = open_server(session, port=port, on_end=lambda: server.shutdown())
    with server:
        print(f"open {address}  (Ctrl-C ends)", file=sys.stderr, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever(poll_interval=0.1)
    return int(session.done)


def _text(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['output']}: {figures['posts']:,} posts judged, {figures['twice']:,} of them by "
        "two or more"
    ]
    lines += [f"  {name:<24} {number:>7,}" for name, number in figures["people"].items()]
    for pair, found in figures["kappa"].items():
        lines.append(
            f"  kappa of {pair}: {found['kappa']:.2f} ({found['low']:.2f} to "
            f"{found['high']:.2f}) on {found['posts']:,} posts, {found['agreement']:.0%} the same"
        )
    if "agreed" in figures:
        told = figures["agreed"]
        lines.append(
            f"{told['output']}: {told['posts']:,} posts, left out {told['disputed']:,} disputed "
            f"and {told['undecided']:,} undecided"
        )
    return "\n".join(lines)


def _require() -> None:
    from inundate.core.errors import require_extra

    for module in ("pyarrow", "msgspec", "zstandard"):
        require_extra("posts", module, what="labelling posts")
    require_extra("text", "regex", what="labelling posts")
