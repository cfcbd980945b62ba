"""What a person would look at, as PNG: the pictures of a task's result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inundate.core.files import atomic_file
from inundate.prove.task import TaskResult

__all__ = ["montage", "write_pictures"]

_GAP = 2  # pixels between images
_BETWEEN = 128  # grey of the gap, so that black and white images both end somewhere
_WANTED = 56  # pixels along the side of one image, about


def montage(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay images side by side on grey.

    Parameters
    ----------
    images : array (rows, columns, H, W), 0 to 1

    Returns
    -------
    array (height, width), uint8
    """
    rows, columns, height, width = images.shape
    found = np.full(
        (rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP), _BETWEEN, np.uint8
    )
    grey = np.rint(np.clip(images, 0.0, 1.0) * 255).astype(np.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = _GAP + row * (height + _GAP), _GAP + column * (width + _GAP)
            found[top : top + height, left : left + width] = grey[row, column]
    return found


def write_pictures(result: TaskResult, folder: Path | str) -> list[Path]:
    """Write the pictures of a result as PNG, enlarged by a whole number.

    Parameters
    ----------
    result : TaskResult
    folder : Path
        Made if it is not there; files are named after task and picture.

    Returns
    -------
    list of Path
    """
    from PIL import Image

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    found = []
    for name, images in result.pictures.items():
        picture = Image.fromarray(montage(images))
        times = max(1, round(_WANTED / images.shape[-1]))
        size = (picture.width * times, picture.height * times)
        words = name.replace(",", "").replace(" ", "-")
        path = target / f"{result.name}-{words}.png"
        with atomic_file(path) as temporary:
            picture.resize(size, Image.Resampling.NEAREST).save(temporary, format="PNG")
        found.append(path)
    return found
