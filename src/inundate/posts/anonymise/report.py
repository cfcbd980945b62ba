"""The report for an ethics board: what was seen, what became of it, what risk is left."""

from __future__ import annotations

import html
import json
from typing import Any

from inundate.core.errors import DataError
from inundate.core.files import write_text
from inundate.posts.anonymise.risk import crowd_sizes
from inundate.posts.anonymise.settings import AnonymiseSettings
from inundate.posts.schema import FIELDS, NEVER_STORED
from inundate.posts.store import PostStore

__all__ = ["REPORTS", "refresh_report", "write_report"]

REPORTS = ("report.json", "report.md", "report.html")
_POLICY = {
    "keep": "Texts are verbatim but for what was replaced. **Whoever has a sentence of a text can "
    "find the post by a search engine, and with it the author.** Do not publish texts, and quote "
    "none without consent; --text paraphrase-safe or hash removes this risk.",
    "hash": "Each word of a text is a keyed token. Texts cannot be searched; who knows how often "
    "words occur may guess the most frequent ones.",
    "paraphrase-safe": "Texts are the words that at least k authors use, in an order that only the "
    "key knows. No run of more than four words is left as it was. A topic can still be read "
    "from them.",
}
_RISKS = (
    "The output is **pseudonymised, not anonymous**: it stays personal data (GDPR, recital 26) for "
    "as long as the key exists, and for whoever can find a post by its content after that.",
    "All posts of an author carry one token, so that conversations and repeated authors can be "
    "studied. Many posts of one author together say more than each alone, by their style too.",
    "Names of persons who are written without @ stand in the texts unless names were looked for, "
    "and even then some stay.",
    "What the community does to a famous post is known: rounded counts of a post with millions of "
    "views, or a rare combination in the table above, may single it out.",
    "Events, labels and the day of a post are kept as they are.",
)


def write_report(made: PostStore, raw: PostStore, settings: AnonymiseSettings) -> dict[str, Any]:
    """Write ``report.json``, ``report.md`` and ``report.html`` into an output.

    Parameters
    ----------
    made : PostStore
        The output.
    raw : PostStore
        What it was made of.
    settings : AnonymiseSettings

    Returns
    -------
    dict
        Content of ``report.json``.
    """
    counts = raw.counts()
    facts: dict[str, Any] = {
        "read": counts.read,
        "duplicate": counts.duplicate,
        "dropped": sum(counts.dropped.values()),
        "broken": sum(counts.broken.values()),
        "posts": made.counts().kept,
        "forgotten": sum(made.counts().dropped.values()),
        "settings": settings.told(),
        "fields": [
            {
                "field": name,
                "fate": field.fate,
                "becomes": [column for column, _ in field.becomes],
                "what": field.doc,
            }
            for name, field in FIELDS.items()
        ],
        "never_stored": [{"what": what, "why": why} for what, why in NEVER_STORED],
        "crowds": crowd_sizes(made, settings.k),
        "policy": _POLICY[settings.text],
        "risks": list(_RISKS),
    }
    _write(made, facts)
    return facts


def refresh_report(made: PostStore) -> None:
    """Write the report anew after posts were taken out; what was read stays as it was told.

    Raises
    ------
    DataError
        If the report that is there cannot be read.
    """
    path = made.path / "report.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        k = int(facts["settings"]["k"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"reading {path}: {type(error).__name__}; expected the report of this store",
            hint="make the store again with inundate posts anonymise",
        ) from error
    counts = made.counts()
    facts |= {"posts": counts.kept, "forgotten": sum(counts.dropped.values())}
    _write(made, facts | {"crowds": crowd_sizes(made, k)})


def _write(made: PostStore, facts: dict[str, Any]) -> None:
    write_text(made.path / "report.json", json.dumps(facts, indent=1, sort_keys=True) + "\n")
    blocks = _blocks(facts)
    write_text(made.path / "report.md", _markdown(blocks))
    write_text(made.path / "report.html", _html(blocks))


Block = tuple[str, Any]


def _blocks(facts: dict[str, Any]) -> list[Block]:
    """Give the report as headings, paragraphs and tables."""
    told = facts["settings"]
    days = told["retention_days"]
    kept = (
        f"Delete this output {days} days after it was made."
        if days
        else "**No time of deletion was set** (--retention-days)."
    )
    return [
        ("title", "Pseudonymised posts: report for an ethics board"),
        (
            "text",
            f"{facts['posts']:,} posts of {facts['read']:,} records read; {facts['duplicate']:,} "
            f"duplicates, {facts['dropped']:,} left out, {facts['broken']:,} unreadable, "
            f"{facts['forgotten']:,} forgotten on request.",
        ),
        ("heading", "Risk that is left"),
        *(("item", risk) for risk in facts["risks"]),
        ("heading", "Texts"),
        ("text", facts["policy"]),
        ("heading", "Who hides among how many"),
        (
            "text",
            f"Somebody who knows these facts of a post finds it among so many authors. Places, "
            f"tags, languages, clients, domains and communities that fewer than {told['k']} "
            "authors share are not shown one by one; their combinations are, and this table counts "
            "them. Where an author is unknown, each post counts as an author of its own.",
        ),
        (
            "table",
            [
                ("known", "posts", "alone", f"fewer than {told['k']}", "fewest authors"),
                *(
                    (row["known"], f"{row['posts']:,}", f"{row['alone']:.1%}",
                     f"{row['below_k']:.1%}", str(row["least"]))
                    for row in facts["crowds"]
                ),
            ],
        ),
        ("heading", "What became of each field"),
        (
            "table",
            [
                ("field", "fate", "becomes", "what it is"),
                *(
                    (one["field"], one["fate"], ", ".join(one["becomes"]), one["what"])
                    for one in facts["fields"]
                ),
            ],
        ),
        ("heading", "What is never stored"),
        ("table", [("what", "why"), *((one["what"], one["why"]) for one in facts["never_stored"])]),
        ("heading", "How long it is kept"),
        ("text", kept),
        (
            "text",
            "Destroying the key (inundate posts forget --destroy-key) cuts the link from "
            "pseudonyms to accounts; copies of the key, and the raw store, must go too.",
        ),
        ("heading", "Settings"),
        ("table", [("setting", "value"), *((name, str(value)) for name, value in told.items())]),
    ]  # fmt: skip


def _markdown(blocks: list[Block]) -> str:
    lines = []
    for kind, content in blocks:
        if kind == "table":
            head, *rows = content
            lines.append("\n".join("| " + " | ".join(row) + " |"
                                   for row in [head, ["---"] * len(head), *rows]))  # fmt: skip
        else:
            mark = {"title": "# ", "heading": "## ", "item": "- ", "text": ""}[kind]
            lines.append(mark + content)
    return "\n\n".join(lines).replace("\n\n- ", "\n- ") + "\n"


def _html(blocks: list[Block]) -> str:
    out = []
    for kind, content in blocks:
        if kind == "table":
            head, *rows = content
            cells = ["".join(f"<th>{_escaped(cell)}</th>" for cell in head)]
            cells += ["".join(f"<td>{_escaped(cell)}</td>" for cell in row) for row in rows]
            out.append("<table>" + "".join(f"<tr>{row}</tr>\n" for row in cells) + "</table>")
        else:
            tag = {"title": "h1", "heading": "h2", "item": "li", "text": "p"}[kind]
            out.append(f"<{tag}>{_escaped(content)}</{tag}>")
    style = (
        "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.2em .6em;"
        "text-align:left;vertical-align:top}"
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Pseudonymised posts</title><style>{style}</style>\n" + "\n".join(out) + "</html>\n"
    )


def _escaped(text: str) -> str:
    parts = html.escape(text).split("**")
    return "".join(f"<b>{part}</b>" if place % 2 else part for place, part in enumerate(parts))
