"""The reference pages: complete, generated, not stale."""

import inspect
from importlib import import_module

import pytest

from inundate.cli import reference
from inundate.cli.app import COMMANDS, GROUPS
from inundate.core.errors import EXIT_CODES
from inundate.core.names import VARIABLES

PATHS = sorted(COMMANDS)


@pytest.mark.parametrize("path", PATHS)
def test_command_is_documented(path):
    module, _, function = COMMANDS[path][0].partition(":")
    doc = inspect.getdoc(getattr(import_module(module), function))
    found = reference.command(path)
    assert found.summary.endswith("."), "the docstring's first line is a sentence"
    assert len(doc.splitlines()[0]) <= 80
    assert f"``inundate {path} " in f"{found.examples} ".replace("``\n", " ``\n").replace(
        f"``inundate {path}``", f"``inundate {path} ``"
    ), "the docstring has an example"
    assert any("--json" in names for names, *_ in found.arguments)
    missing = [names for names, _, _, meaning in found.arguments if not meaning]
    assert missing == [], "every argument says what it means"


@pytest.mark.parametrize("path", PATHS)
def test_registered_help_is_one_sentence(path):
    text = COMMANDS[path][1]
    assert text.endswith(".")
    assert len(text) <= 60


def test_groups_have_commands_and_commands_a_group():
    used = {path.rpartition(" ")[0] for path in COMMANDS if " " in path}
    assert used == set(GROUPS)


@pytest.mark.parametrize("name", ["cli.md", "variables.md", "errors.md", "results.md"])
def test_generated_pages_are_not_stale(repository, name):
    written = (repository / "docs" / name).read_text(encoding="utf-8")
    found = reference.pages(repository / "bench" / "results")[name]
    assert written == found, "run `make reference` and commit the change"


def test_pages_name_everything(tmp_path):
    pages = reference.pages(tmp_path)
    assert all(f"# inundate {path}\n" in pages["cli.md"] for path in COMMANDS)
    assert all(f"`{name}`" in pages["variables.md"] for name in VARIABLES)
    assert all(f"`{name}`" in pages["errors.md"] for name in EXIT_CODES)


def test_pages_are_written(tmp_path):
    written = reference.write_pages(tmp_path, tmp_path / "none")
    names = sorted(path.name for path in written)
    assert names == ["cli.md", "errors.md", "results.md", "variables.md"]


def test_every_guide_is_in_the_table_of_contents(repository):
    """Pages that no pattern of the index names would be orphans."""
    index = (repository / "docs" / "index.md").read_text(encoding="utf-8")
    patterns = [line.strip() for line in index.split("```{toctree}")[1:] for line in line.split()]
    for page in (repository / "docs").glob("*.md"):
        assert page.stem == "index" or any(page.match(f"{p}.md") for p in patterns), page.name
