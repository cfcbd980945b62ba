"""How good drawn images are, and how many kinds there are, without a trained judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["SampleQuality", "nearest_labels", "sample_quality"]

_NEIGHBOURS = 3  # as in the paper
_REAL = 2000  # real images compared with; more change little and cost a matrix


@dataclass(frozen=True)
class SampleQuality:
    """Quality of drawn images.

    Parameters
    ----------
    precise : array (N,), 0 or 1
        Whether an image lies among the real ones; the mean is the precision.
    recall : float
        Share of real images that lie among those drawn.
    found : array (10,), 0 or 1
        Whether at least 1 % of the images are of a class.
    """

    precise: NDArray[np.float64]
    recall: float
    found: NDArray[np.float64]


def sample_quality(drawn: Tensor, real: Tensor, labels: Tensor) -> SampleQuality:
    """Judge drawn images (N, 1, H, W) beside real ones (M, 1, H, W) with labels (M,).

    Distances are those of the pixels, which is enough for digits of one size and place.

    Source
    ------
    Kynkäänniemi et al. (2019), Improved Precision and Recall Metric for Assessing Generative
    Models, arXiv:1904.06991, eq. 1 and 2.
    """
    found = drawn.flatten(1)
    known, known_labels = real[:_REAL].flatten(1), labels[:_REAL]
    between = torch.cdist(found, known)  # (N, M)
    precise = (between <= _radius(known)[None]).any(dim=1)
    recalled = (_radius(found)[None] >= between.T).any(dim=1)
    shares = torch.bincount(known_labels[between.argmin(dim=1)], minlength=10) / len(found)
    return SampleQuality(
        precise.double().numpy(),
        float(recalled.float().mean()),
        (shares >= 0.01).double().numpy(),
    )


def nearest_labels(images: Tensor, real: Tensor, labels: Tensor) -> Tensor:
    """Give each image (N, 1, H, W) the class (N,) of the real image that is nearest."""
    return labels[torch.cdist(images.flatten(1), real.flatten(1)).argmin(dim=1)]


def _radius(images: Tensor) -> Tensor:
    """Distance (N,) of each image to its third nearest neighbour."""
    distances = torch.cdist(images, images)
    return distances.kthvalue(_NEIGHBOURS + 1, dim=1).values  # the nearest is itself
