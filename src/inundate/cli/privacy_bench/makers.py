"""The parts of the benchmark ``privacy``; each gives rows of the result file."""

from __future__ import annotations

import contextlib
import io
import shutil
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inundate.cli.privacy_bench import attacks, precision, utility
from inundate.cli.privacy_bench.archives import Archives
from inundate.cli.privacy_bench.context import SEED, Context
from inundate.cli.privacy_bench.formats import FORMATS, write_archives
from inundate.cli.privacy_bench.hunt import Hunt
from inundate.cli.privacy_bench.makers_speed import memory, speed
from inundate.cli.solver_bench.figures import Made, figure
from inundate.core.errors import InundateError
from inundate.posts.anonymise.key import Key, open_key
from inundate.posts.anonymise.run import anonymise_posts
from inundate.posts.anonymise.scrub import Scrubber
from inundate.posts.ingest import import_posts

__all__ = ["MAKERS"]

_TRIED = 1_000_000  # ids that an attacker tries


@dataclass(frozen=True)
class _Field:
    """Planted archives, imported and pseudonymised through the commands, and what these said."""

    archives: Archives
    folder: Path
    key: Key
    said: str
    faults: str


_fields: dict[Path, _Field] = {}


def _field(context: Context) -> _Field:
    """Make the archives and stores once a process."""
    folder = (context.work / ("red-team-quick" if context.quick else "red-team")).resolve()
    if folder in _fields and folder.is_dir():
        return _fields[folder]
    shutil.rmtree(folder, ignore_errors=True)
    made = Archives(SEED)
    paths = write_archives(made, folder / "in", context.posts)
    context.say(f"{context.posts:,} posts of {len(paths)} formats")
    said = _commands(folder, paths)
    key = open_key(folder / "keys" / "first.key")
    found = _Field(made, folder, key, said, _faults(folder, key))
    _fields[folder] = found
    return found


def _commands(folder: Path, paths: list[Path]) -> str:
    from inundate.cli.app import main

    key = folder / "keys" / "first.key"
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for words in (
            ["posts", "anonymise", folder / "raw", "-o", folder / "safe", "--key", key],
            ["posts", "verify", folder / "safe", "--key", key, "--raw", folder / "raw"],
            ["posts", "describe", folder / "safe"],
            ["posts", "anonymise", folder / "raw", "-o", folder / "other", "--key",
             folder / "keys" / "second.key", "--text", "paraphrase-safe"],
        ):  # fmt: skip
            if words[1] == "anonymise" and not (folder / "raw").exists():
                # what an import says names its own inputs, which are the user's
                import_posts(paths, folder / "raw")
            code = main([str(word) for word in words])
            out.write(f"exit {code}\n")
    return out.getvalue() + err.getvalue()


def _faults(folder: Path, key: Key) -> str:
    """Break a copy of the raw store in several ways, and keep all that the errors say."""
    said = []
    for number, how in enumerate((b"", b"x" * 40, b"PAR1" + b"\0" * 60)):
        raw = folder / f"broken-{number}"
        shutil.copytree(folder / "raw", raw)
        part = sorted(raw.glob("source=*/*/*.parquet"))[number]
        content = part.read_bytes()
        part.write_bytes(content[: len(content) // 2] + how)
        try:
            anonymise_posts(raw, folder / "never", key)
        except Exception as error:  # noqa: BLE001  its text is what is looked at
            said.append("".join(traceback.format_exception(error)))
        shutil.rmtree(raw)
    for raw, output in ((folder / "in", folder / "never"), (folder / "safe", folder / "never")):
        try:
            anonymise_posts(raw, output, key)
        except InundateError as error:
            said.append("".join(traceback.format_exception(error)))
    shutil.rmtree(folder / ".never.part-anonymise", ignore_errors=True)
    return "\n".join(said)


def red_team(context: Context) -> Made:
    """Look for planted identifiers in whatever was left behind."""
    field = _field(context)
    secrets = field.archives.secrets
    hunt = Hunt(secrets)
    hunt.store(field.folder / "safe")
    hunt.store(field.folder / "other")
    hunt.words("output of the commands", field.said)
    hunt.words("exception texts", field.faults)
    control = Hunt(secrets)
    control.store(field.folder / "raw")
    raw_kinds = {name.partition(": ")[2] for name in control.found}
    kinds = len(secrets.kinds)
    number = sum(map(len, secrets.kinds.values()))
    left = "; ".join(f"{name} ({count})" for name, count in hunt.found.most_common(10))
    searched = ", ".join(sorted(hunt.searched))
    return Made([
        figure("planted-kinds", "Red team", kinds, "1", ">= 40",
               note=f"{number:,} identifiers in {context.posts:,} posts of "
               f"{len(FORMATS)} formats"),
        figure("survivors", "Red team", sum(hunt.found.values()), "1", "<= 0",
               note=f"four letters or digits in a row count. Searched: {searched}"
               + (f". Left: {left}" if left else "")),
        figure("survivors-control", "Red team", len(raw_kinds), "1", "",
               note="kinds that the same search finds in the raw store: it would have seen them"),
        figure("commands-that-failed", "Red team",
               sum(f"exit {code}" in field.said for code in range(1, 7)), "1", "<= 0",
               note="of import, anonymise, verify and describe"),
    ])  # fmt: skip


def attack(context: Context) -> Made:
    """Try to find people in a stolen output."""
    field = _field(context)
    safe, other = field.folder / "safe", field.folder / "other"
    own = [truth.author_id for truth in field.archives.truths if truth.source == "x"]
    tried = 20_000 if context.quick else _TRIED
    start = 10**9
    ids = [*dict.fromkeys(own), *(str(start + number) for number in range(tried))]
    context.say(f"{len(ids):,} ids are tried")
    known = 600 if context.quick else 6_000
    shutil.rmtree(field.folder / "hour", ignore_errors=True)
    right, chance = attacks.order_told(field.folder / "hour", field.key, known)
    return Made([
        figure("ids-enumerated", "Attacks", attacks.count_enumerated(safe, ids), "1", "<= 0",
               note=f"{len(ids):,} ids, the true ones among them, hashed in every way that the "
               "output lets one think of, without the key"),
        figure("ids-enumerated-with-key", "Attacks",
               attacks.count_enumerated(safe, ids, field.key), "1", "",
               note="the control: who has the key finds authors"),
        figure("linked-across-keys", "Attacks", attacks.count_linked(safe, other), "1", "<= 0",
               note="pseudonyms that two outputs of the same posts share"),
        figure("linked-under-one-key", "Attacks", attacks.count_linked(safe, safe), "1", "",
               note="the control"),
        figure("order-within-a-bin", "Attacks", right - chance, "1", "<= 0.01",
               note=f"share of {known:,} posts of one hour told apart by the order of rows, from "
               f"exact times, {right:.4f}, over what guessing gives, {chance:.4f}"),
        figure("lengths-told", "Attacks", _lengths_told(), "1", "<= 0",
               note="texts that differ when only the length of a handle does"),
    ])  # fmt: skip


def _lengths_told() -> int:
    scrubber = Scrubber()
    made = {scrubber.scrub(f"hi @{'q' * length}, all well?").text for length in range(1, 40)}
    return len(made) - 1


def precise(context: Context) -> Made:
    """Count the words that scrubbing should have left alone."""
    texts = precision.real_posts(context.data, 10_000)
    if not texts:
        why = "data/text is not here"
        return Made([figure("damaged-words", "Precision", None, "1", "< 0.01", note=why)])
    scrubber = Scrubber()
    marked = precision.measure_marked(texts, scrubber, precision.read_marks())
    changed, plain = precision.damaged_beside_obvious(texts, scrubber)
    return Made([
        figure("damaged-words", "Precision", marked.damaged / marked.plain, "1", "< 0.01",
               note=f"{marked.damaged} of {marked.plain:,} words that lead to nobody, in "
               f"{marked.posts} posts of CrisisLex that were marked by hand"),
        figure("missed-words", "Precision", marked.missed / max(marked.marked, 1), "1", "<= 0",
               note=f"of {marked.marked} marked handles, links and private phones; names of "
               "persons are not marked, and not found without a model"),
        figure("changed-beside-handles-and-links", "Precision", changed / plain, "1", "< 0.01",
               note=f"{changed} of {plain:,} words without @ and link in {len(texts):,} posts: "
               "phones and the like among them, so a bound from above"),
    ])  # fmt: skip


def useful(context: Context) -> Made:
    """Train the same classifier on texts as they are and as they are left."""
    posts = utility.labelled_posts(context.data)
    if not posts:
        why = "data/text is not here"
        return Made([figure("score-lost", "Utility", None, "1", "<= 0.005", note=why)])
    before, after = utility.scores_before_and_after(posts)
    return Made([
        figure("score-lost", "Utility", before - after, "1", "<= 0.005",
               note=f"macro-F1 {before:.4f} on texts as they are, {after:.4f} on scrubbed ones: "
               f"TF-IDF and logistic regression on {len(posts):,} posts of the Alberta floods"),
    ])  # fmt: skip


MAKERS: dict[str, Callable[[Context], Made]] = {
    "red-team": red_team,
    "attacks": attack,
    "precision": precise,
    "utility": useful,
    "speed": speed,
    "memory": memory,
}
"""Parts by name."""
