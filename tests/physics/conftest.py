import numpy as np
import pytest


@pytest.fixture(scope="session")
def hills():
    """Rough ground of 40 x 56 cells: relief of 30 m, pits, no symmetry."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[0:40, 0:56]
    ground = 8 * np.sin(rows / 9.0) * np.cos(columns / 13.0) + 0.35 * columns
    return ground + rng.normal(0, 0.4, ground.shape)


@pytest.fixture(scope="session")
def jacksboro():
    """The real sample heightmap of matplotlib, 344 x 403 cells of 90 m."""
    from matplotlib.cbook import get_sample_data

    with get_sample_data("jacksboro_fault_dem.npz") as stored:
        return stored["elevation"].astype(np.float64)
