"""A live view whose time of day can be set from outside: what the soak runs and kills.

``python -m inundate.cli.live_bench.faulty FOLDER PORT OFFSET`` adds the seconds that the file
OFFSET holds to the time of day.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

__all__ = ["main"]


def main(folder: Path, port: int, offset: Path) -> None:
    """Serve until killed.

    Parameters
    ----------
    folder : Path
    port : int
    offset : Path
        File with seconds that are added to the time of day.
    """
    from inundate.show.serve.live import LiveView, serve
    from inundate.show.serve.settings import LiveSettings

    def wall() -> float:
        return time.time() + float(offset.read_text(encoding="ascii"))

    with LiveView(folder, settings=LiveSettings(poll_s=0.2), wall=wall) as view:
        serve(view, port=port, ready=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
