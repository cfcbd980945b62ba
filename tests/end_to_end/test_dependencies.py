"""What the package imports is what it declares: nothing that only a developer has."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

# declared, and used without an import statement
# upper bounds, each for a break that was seen; never one that users get
KNOWN_BREAKS = {"xxhash<4"}
BY_NAME = {
    "h5netcdf",  # engine of xarray
    "rasterio",  # core.errors.require_extra
    "pyogrio",  # the same
    "scikit-learn",  # the same
}


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def imported(repository):
    """Distributions that the package imports anywhere, by name."""
    distributions = packages_distributions()
    found = {}
    for file in (repository / "src").rglob("*.py"):
        for name in top_level_imports(file):
            if name in sys.stdlib_module_names or name == "inundate":
                continue
            for distribution in distributions.get(name, [name]):
                found.setdefault(normal(distribution), set()).add(file.name)
    return found


def top_level_imports(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def normal(requirement):
    """Name of a distribution in one spelling, without extras and bounds."""
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")


def test_every_import_is_declared(project, imported):
    extras = project["optional-dependencies"]
    declared = {normal(item) for item in project["dependencies"]}
    declared |= {
        normal(item)
        for name, items in extras.items()
        if name not in ("test", "docs")
        for item in items
    }
    undeclared = {name: files for name, files in imported.items() if name not in declared}
    assert undeclared == {}


def test_every_dependency_is_used(project, imported):
    unused = {normal(item) for item in project["dependencies"]} - set(imported) - BY_NAME
    assert unused == set()


def test_bounds_are_lower_bounds(project):
    extras = project["optional-dependencies"].values()
    items = [*project["dependencies"], *(item for extra in extras for item in extra)]
    assert {item for item in items if "<" in item or "==" in item} == KNOWN_BREAKS
    assert [item for item in project["dependencies"] if ">=" not in item] == []


def test_all_holds_every_extra_for_users(project):
    extras = project["optional-dependencies"]
    named = set(re.search(r"\[(.*)\]", extras["all"][0])[1].split(","))
    assert named == set(extras) - {"all", "test", "docs", "strangers"}  # those of developers
