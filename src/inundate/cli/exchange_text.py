"""What ``inundate exchange`` prints for people."""

from __future__ import annotations

from typing import Any

__all__ = ["describe_text", "export_text", "import_text"]


def _remarks_text(remarks: list[dict[str, str]]) -> str:
    from inundate.hydro.external.remarks import Remarks

    counts = {
        fate: sum(remark["fate"] == fate for remark in remarks)
        for fate in ("taken", "approximate", "ignored", "unknown")
    }
    table = Remarks.table(remarks)
    head = "  ".join(f"{count} {fate}" for fate, count in counts.items())
    return f"lines and settings: {head}" + (f"\n{table}" if table else "")


def describe_text(result: dict[str, Any]) -> str:
    """Lay out what a path holds."""
    lines = [
        f"{item['path']}: {item['kind']} of {item['model']}, {item['holds']}"
        for item in result["found"]
    ]
    if "case" in result:
        lines += _case_lines(result["case"])
    return "\n".join(lines)


def _case_lines(case: dict[str, Any]) -> list[str]:
    shown = ", ".join(f"{key} {value}" for key, value in case["settings"].items())
    return [
        f"  grid          {case['grid']}",
        f"  rain          {case['rain_steps']} steps of {case['rain_step_s']:g} s, "
        f"at most {case['rain_most_mm_h']:g} mm h-1",
        f"  edges         {case['boundaries']} parts, {case['sources']} sources",
        f"  settings      {shown}",
        _remarks_text(case["remarks"]),
    ]


def import_text(result: dict[str, Any]) -> str:
    """Lay out what was brought in."""
    if "files" in result:
        names = ", ".join(result["files"].values())
        head = [f"{result['output']}: {result['model']} case {result['name']} ({names})"]
        return "\n".join([*head, *_case_lines(result), f"next: {result['command']}"])
    return "\n".join([
        f"{result['output']}: {result['model']}, {result['terrain']} under {result['storm']}, "
        f"{result['frames']} frames of {result['cells']:,} cells, "
        f"deepest {result['water_depth_max_m']:.2f} m",
        _remarks_text(result["remarks"]),
    ])  # fmt: skip


def export_text(result: dict[str, Any]) -> str:
    """Lay out what was written."""
    return "\n".join([
        f"{result['output']}: {result['model']}, {', '.join(result['files'])}",
        _remarks_text(result["remarks"]),
    ])  # fmt: skip
