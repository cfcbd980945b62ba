"""``inundate weights list``, ``card`` and ``export``."""

from __future__ import annotations

from typing import Any, Literal

from inundate.cli.flags import Json, Output, Overwrite
from inundate.cli.shell import emit

__all__ = ["card", "export", "list_weights"]


def list_weights(*, json: Json = False) -> None:
    """List the weights that come with the package.

    Examples
    --------
    ``inundate weights list``
    """
    from inundate.core.run import Run
    from inundate.emulate.export import DEFAULT, find_weights, shipped_names

    found: list[dict[str, Any]] = []
    for name in shipped_names():
        manifest = Run(find_weights(name)).manifest
        found.append(
            {
                "name": name,
                "default": name == DEFAULT,
                "model": manifest["model"],
                "parameters": manifest["parameters"],
                "trained_on": manifest["trained_on"],
            }
        )

    def text() -> str:
        if not found:
            return "this package ships no weights; inundate train makes some"
        return "\n".join(
            f"{row['name']:<14} {row['model']}, {row['parameters']:,} parameters"
            f"{'; taken when predict names none' if row['default'] else ''}"
            for row in found
        )

    emit({"weights": found}, json=json, text=text)


def card(name: str | None = None, *, json: Json = False) -> None:
    """Show a model card: data, split, scores, limits, the commands that made it.

    Parameters
    ----------
    name
        Shipped weights; by default those that predict takes.

    Examples
    --------
    ``inundate weights card mode_h``
    """
    from inundate.core.errors import MissingFileError
    from inundate.core.run import Run
    from inundate.emulate.export import find_weights

    folder = find_weights(name)
    path = folder / "card.md"
    if not path.is_file():
        raise MissingFileError(
            f"showing the card of {folder.name}: it has no card.md",
            hint="weights that ship have one; a run has a report.html instead",
        )
    text = path.read_text(encoding="utf-8")
    figures = {"name": folder.name, "card": text, "manifest": Run(folder).manifest}
    emit(figures, json=json, text=lambda: text.rstrip())


def export(
    run: str,
    *,
    output: Output,
    which: Literal["best", "last"] = "best",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write what a prediction needs of a run: weights, settings, range of training.

    Parameters
    ----------
    run
        A trained run, exported weights, or the name of weights that ship.
    output
        Folder to make; predict and evaluate take it like a run.
    which
        Checkpoint.

    Examples
    --------
    ``inundate weights export runs/first -o mine``

    ``inundate weights export mode_h -o mine``
    """
    from inundate.emulate.export import export_weights

    target = export_weights(run, output, which=which, overwrite=overwrite)
    size = sum(path.stat().st_size for path in target.iterdir())
    emit(
        {"output": str(target), "bytes": size},
        json=json,
        text=lambda: f"{target}: {size / 1e6:.1f} MB",
    )
