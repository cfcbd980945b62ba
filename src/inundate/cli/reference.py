"""The generated pages of the documentation: commands, variables, errors, results.

``python -m inundate.cli.reference docs`` writes them; a test fails when they are stale.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from cyclopts import App

from inundate.cli.app import COMMANDS, GROUPS, app
from inundate.cli.results import results_page
from inundate.core import errors
from inundate.core.files import write_text
from inundate.core.names import VARIABLES, Variable

__all__ = ["Command", "command", "pages", "write_pages"]

_NOTE = "<!-- Written by `make reference`; do not edit. -->\n"

_WORDS = {Path: "path", str: "text", int: "integer", float: "number", bool: "flag"}
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


@dataclass(frozen=True)
class Command:
    """What the reference says of one command.

    Attributes
    ----------
    path : str
        Words after ``inundate``.
    summary, details, examples : str
        Parts of the docstring.
    arguments : list of tuple
        Names, type, default, meaning.
    """

    path: str
    summary: str
    details: str
    examples: str
    arguments: list[tuple[str, str, str, str]]


def command(path: str) -> Command:
    """Describe a registered command; imports its module.

    Parameters
    ----------
    path : str
        Such as ``"rain describe"``.
    """
    node: App = app
    for word in path.split():
        node = node[word]
    doc = inspect.cleandoc(inspect.getdoc(node.default_command) or "")
    body, _, examples = doc.partition("\nExamples\n--------\n")
    text = re.split(r"\n\w[\w ]*\n-{3,}\n", body, maxsplit=1)[0].strip()
    summary, _, details = text.partition("\n\n")
    return Command(
        path=path,
        summary=" ".join(summary.split()),
        details=_markdown(details),
        examples=examples.strip(),
        arguments=[
            (_names(argument), _type(argument.field_info.annotation), _default(argument),
             _markdown(" ".join((argument.parameter.help or "").split())))
            for argument in node.assemble_argument_collection(parse_docstring=True)
            if argument.show
        ],
    )  # fmt: skip


def _names(argument: Any) -> str:
    names = [name for name in argument.names if not name.startswith("--no-")]
    if argument.index is not None:
        names = [argument.names[0].removeprefix("--").replace("-", "_").upper(), *names]
    return ", ".join(f"`{name}`" for name in names)


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        found = _type(inner)
        limits = [
            f"{sign} {getattr(item, name):g}"
            for item in _constraints(metadata)
            for name, sign in _BOUNDS.items()
            if getattr(item, name, None) is not None
        ]
        return f"{found} {', '.join(limits)}".strip()
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(_type(part) for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is tuple:
        parts = [part for part in get_args(annotation) if part is not Ellipsis]
        same = len(set(parts)) == 1 and len(parts) > 1
        return f"{len(parts)} {_type(parts[0])}s" if same else ", ".join(map(_type, parts))
    if get_origin(annotation) in (list, Sequence):
        return f"{_type(get_args(annotation)[0])}s"
    return _WORDS.get(annotation, str(getattr(annotation, "__name__", annotation)))


def _constraints(metadata: list[Any]) -> Iterator[Any]:
    """Walk through constraints; those of a pydantic field are one level down."""
    for item in metadata:
        yield item
        yield from getattr(item, "metadata", [])


def _default(argument: Any) -> str:
    if argument.required:
        return "required"
    default = argument.field_info.default
    if default is None or default is False or default == () or default is inspect.Parameter.empty:
        return ""
    if isinstance(default, (tuple, list)):
        return " ".join(f"`{item}`" for item in default)
    return f"`{default}`"


def _markdown(text: str) -> str:
    return text.replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cli_page() -> str:
    parts = [
        "# Commands\n",
        _NOTE,
        "Results go to standard output, progress and errors to standard error. Every command has "
        "`--help` and `--json`,\nwhich prints the same figures as one JSON object. "
        "Exit codes are on the page of [errors](errors.md).\n",
        _table(
            ("command", "does"),
            [(f"[`inundate {path}`](#{_anchor(path)})", text) for path, (_, text) in _ordered()],
        ),
    ]
    group = ""
    for path, _ in _ordered():
        first, _, rest = path.partition(" ")
        if rest and first != group:
            group = first
            parts.append(f"## inundate {group} …\n\n{GROUPS[group]}\n")
        parts.append(_section(command(path), level=3 if rest else 2))
    return "\n".join(parts)


def _ordered() -> list[tuple[str, tuple[str, str]]]:
    return list(COMMANDS.items())


def _anchor(path: str) -> str:
    return f"inundate-{path.replace(' ', '-')}"


def _section(found: Command, *, level: int) -> str:
    parts = [f"{'#' * level} inundate {found.path}\n", f"{found.summary}\n"]
    if found.details:
        parts.append(f"{found.details}\n")
    parts.append(f"```console\n{_console(found.examples)}\n```\n")
    parts.append(_table(("argument", "value", "default", "meaning"), [*found.arguments]))
    return "\n".join(parts)


def _console(examples: str) -> str:
    commands = re.findall(r"``(.+?)``", examples, flags=re.DOTALL)
    return "\n".join(f"$ {' '.join(text.split())}" for text in commands)


def _variables_page() -> str:
    return "\n".join(
        [
            "# Variables\n",
            _NOTE,
            "Short name in code and files, CF name and unit in the attributes; the registry is "
            "{py:mod}`inundate.core.names`.\nMissing is NaN, never 0. `time` is the end of an "
            "interval, in UTC. Row 0 of `y` is the northern edge.\n",
            _table(
                ("name", "CF name", "unit", "dimensions", "range", "note"),
                [_variable_row(variable) for variable in VARIABLES.values()],
            ),
            "CF names in italics are `long_name`: the CF table has no standard name for them.\n",
        ]
    )


def _variable_row(variable: Variable) -> tuple[str, ...]:
    name = f"`{variable.standard_name}`" if variable.standard_name else f"*{variable.long_name}*"
    dims = ", ".join(variable.dims)
    return (f"`{variable.name}`", name, variable.unit, dims, _range(variable), variable.doc)


def _range(variable: Variable) -> str:
    low, high = variable.valid_min, variable.valid_max
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"≥ {low:g}"
    return "" if high is None else f"≤ {high:g}"


def _errors_page() -> str:
    rows = [_error_row(getattr(errors, name), code) for name, code in errors.EXIT_CODES.items()]
    rows += [
        (
            "anything else",
            "",
            "1",
            "A fault of the package: the message names a file with details.",
        ),
        (
            "Ctrl-C, SIGTERM",
            "`KeyboardInterrupt`",
            "130",
            "Interrupted; a training prints how to resume it.",
        ),
    ]
    return "\n".join(
        [
            "# Errors and exit codes\n",
            _NOTE,
            "A message says what was being done and where, what was found and what was expected; "
            "a hint says what to do.\nNothing half-written stays behind. In Python all of them "
            "are subclasses of {py:class}`inundate.core.errors.InundateError`.\n",
            _table(("class", "also is", "exit code", "when"), rows),
            "For instance:\n",
            f"```text\n{_example()}\n```\n",
        ]
    )


def _error_row(cls: type[errors.InundateError], code: int) -> tuple[str, ...]:
    base = next(base for base in reversed(cls.__bases__))
    doc = (inspect.getdoc(cls) or "").split("\n\n")[0]
    return (f"`{cls.__name__}`", f"`{base.__name__}`", str(code), doc)


def _example() -> str:
    from inundate.core.grid import Grid, check_same_grid

    rain = Grid("EPSG:27700", -405000, 1550000, 1000, 1000, 1725, 2175)
    terrain = Grid("EPSG:27700", 460000, 460000, 50, 50, 1600, 1200)
    hint = "inundate rain regrid storm.nc --like humber.tif -o rain.zarr"
    try:
        check_same_grid(rain, terrain, "storm.nc", "humber.tif", hint=hint)
    except errors.GridError as error:
        return errors.format_error(error)
    raise AssertionError("the two grids of the example differ")


def pages(results: Path) -> dict[str, str]:
    """Give the text of every generated page by file name.

    Parameters
    ----------
    results : Path
        Folder of what the benchmarks wrote.
    """
    return {
        "cli.md": _cli_page(),
        "variables.md": _variables_page(),
        "errors.md": _errors_page(),
        "results.md": results_page(results),
    }


def write_pages(folder: Path, results: Path) -> list[Path]:
    """Write the generated pages into a folder, each atomically.

    Parameters
    ----------
    folder : Path
        Of the documentation.
    results : Path
        Folder of what the benchmarks wrote.
    """
    return [write_text(folder / name, text) for name, text in pages(results).items()]


if __name__ == "__main__":
    docs = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    for written in write_pages(docs, docs.parent / "bench" / "results"):
        print(written)
