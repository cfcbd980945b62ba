"""Where a grid lies, in metres and in degrees."""

import numpy as np
import pytest
from pyproj import Transformer

from inundate.core.grid import Grid
from inundate.show.place import (
    cell_metres,
    crs_name,
    nice_length,
    nodes_lonlat,
    place_words,
    unit_metres,
)

BRITISH = Grid("EPSG:27700", 400_000, 450_000, 50, 50, 1000, 1000)
DEGREES = Grid("EPSG:4326", -84.4, 36.7, 0.001, 0.001, 300, 200)
FEET = Grid("EPSG:2263", 980_000, 200_000, 100, 100, 50, 50)  # New York, US survey feet


def test_units():
    assert unit_metres(BRITISH) == 1.0
    assert unit_metres(FEET) == pytest.approx(0.3048006)
    assert unit_metres(DEGREES) is None
    assert cell_metres(FEET)[0] == pytest.approx(30.48006)


def test_degrees_are_narrower_away_from_the_equator():
    width, height = cell_metres(DEGREES)
    assert height == pytest.approx(111.2, abs=0.1)
    assert width / height == pytest.approx(np.cos(np.radians(36.6)), rel=1e-6)


def test_interpolated_longitude_and_latitude():
    nodes, error = nodes_lonlat(BRITISH)
    assert nodes.shape == (2, 17, 17)
    lon, lat = Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True).transform(
        [400_000, 450_000], [450_000, 400_000]
    )
    assert nodes[:, 0, 0] == pytest.approx([lon[0], lat[0]])
    assert nodes[:, -1, -1] == pytest.approx([lon[1], lat[1]])
    assert 0 < error < 1.0, "metres, over 50 km"
    assert nodes_lonlat(DEGREES)[1] < 1e-6


@pytest.mark.parametrize(("limit", "length"), [(999, 500), (1000, 1000), (2.5, 2), (0.07, 0.05)])
def test_nice_length(limit, length):
    assert nice_length(limit) == length


def test_words():
    assert place_words(BRITISH, 412_345.4, 431_000) == "E 412,345 m, N 431,000 m"
    assert place_words(DEGREES, -84.2, 36.5) == "longitude -84.20000°, latitude 36.50000°"
    assert crs_name(Grid(LOCAL, 0, 0, 1, 1, 2, 2).crs) == "somewhere"


LOCAL = (
    'PROJCRS["somewhere",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",'
    'ELLIPSOID["WGS 84",6378137,298.257223563]]],CONVERSION["c",METHOD["Transverse Mercator"],'
    'PARAMETER["Latitude of natural origin",51.5,ANGLEUNIT["degree",0.0174532925199433]],'
    'PARAMETER["Longitude of natural origin",-1.1,ANGLEUNIT["degree",0.0174532925199433]],'
    'PARAMETER["Scale factor at natural origin",1],PARAMETER["False easting",0],'
    'PARAMETER["False northing",0]],CS[Cartesian,2],AXIS["(E)",east],AXIS["(N)",north],'
    'LENGTHUNIT["metre",1]]'
)
