"""Every command that README and docs show exists with these flags; marked blocks are run.

A page marks a ``console`` or ``python`` block by a comment on the line above it::

    <!-- runs -->                        in the default suite, on small input
    <!-- runs slowly -->                 the page is run only with ``-m slow``
    <!-- runs with shared data -->       with a folder ``data`` of real files, if there is one

The marked blocks of a page run one after the other in one empty folder, as a reader would.
Of a console block the lines that start with ``$ inundate`` are run.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARKS = {None, "", "slowly", "with shared data", "slowly, with shared data"}
_BLOCK = re.compile(
    r"(?:<!-- runs(?P<how>[^>]*?) -->\n+)?```(?P<kind>console|python)\n(?P<body>.*?)```",
    flags=re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of code; ``how`` is the mark above it, None where it is only shown."""

    page: Path
    line: int
    how: str | None
    kind: str
    body: str

    @property
    def name(self):
        return f"{self.page.name}:{self.line}"

    @property
    def commands(self):
        """Words of each command of a console block; a backslash continues a line."""
        lines = re.sub(r"\\\n\s*", "", self.body).splitlines()
        return [shlex.split(line[2:], comments=True) for line in lines if line.startswith("$ ")]

    @property
    def runs(self):
        """What to give to the interpreter, one item a process."""
        if self.kind == "python":
            return [["-c", self.body]]
        return [["-m", *words] for words in self.commands if words[0] == "inundate"]


def blocks(page):
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page=page,
            line=text.count("\n", 0, found.start()) + 1,
            how=None if found["how"] is None else found["how"].strip(),
            kind=found["kind"],
            body=found["body"],
        )
        for found in _BLOCK.finditer(text)
    ]


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = [block for page in PAGES for block in blocks(page) if block.kind == "console"]
MARKED = {
    page: [block for block in blocks(page) if block.how is not None]
    for page in PAGES
    if any(block.how is not None for block in blocks(page))
}
RUN = [
    pytest.param(
        page,
        id=page.name,
        marks=[pytest.mark.slow] if any("slowly" in block.how for block in marked) else [],
    )
    for page, marked in MARKED.items()
]


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.name)
def test_shown_commands_can_be_parsed(block):
    from inundate.cli.app import app

    for words in block.commands:
        if words[0] == "inundate" and not {"--help", "--version"} & set(words):
            app.parse_args(words[1:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.name)
def test_shown_make_targets_exist(block):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for words in block.commands:
        if words[0] == "make":
            targets = [word for word in words[1:] if "=" not in word]
            assert all(f"\n{target}:" in makefile for target in targets)


@pytest.mark.parametrize("page", RUN)
def test_marked_blocks_run(page, tmp_path, request):
    if any("shared data" in block.how for block in MARKED[page]):
        (tmp_path / "data").symlink_to(request.getfixturevalue("shared_data"))
    for block in MARKED[page]:
        assert block.how in MARKS, f"{block.name}: unknown mark {block.how!r}"
        assert block.runs, f"{block.name}: nothing to run"
        for arguments in block.runs:
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=tmp_path, capture_output=True, text=True, check=False,
                env={**os.environ, "COLUMNS": "200"},
            )  # fmt: skip
            assert done.returncode == 0, f"{block.name}: {' '.join(arguments)}\n{done.stderr}"
            assert "Traceback" not in done.stderr


def test_there_is_something_to_check():
    assert len(SHOWN) >= 5
    assert ROOT / "docs" / "own-data.md" in MARKED
