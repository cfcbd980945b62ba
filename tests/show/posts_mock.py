"""Made-up posts for the tests of the map; every text is invented."""

import numpy as np
from pyproj import Transformer

from inundate.core.grid import grid_of
from inundate.posts.locate.located import Gap, Located

HOSTILE = (
    "<img src=x onerror=window.hacked=3></script><script>window.hacked=4</script>",
    "water \u202ereversed\u202c {{data}} ${1} \u0000 {count}",
    "W" * 3000,
    "]]>'\"--><svg onload=window.hacked=5>",
    "ماء في الشارع &amp; <b>bold</b>",
)
TEXTS = (
    "The lane by the mill is under water, up to the knee",
    "Road closed at the bridge, cars floating",
    "All dry up here on the hill",
    "Anyone know if the bus runs tonight?",
)


def make_posts(data, count=80, seed=0, texts=TEXTS, gaps=True):
    """Posts near the deepest water and at random, from an hour before the map to its end.

    The last three are without a place, outside the map and after its time.
    """
    rng = np.random.default_rng(seed)
    grid = grid_of(data)
    peak = np.nan_to_num(data["water_depth"].max("time").values)
    wet = np.argwhere(peak > 0.3)
    picks = wet[rng.integers(len(wet), size=count)]
    x = grid.x[picks[:, 1]] + rng.normal(0, 60, count)
    y = grid.y[picks[:, 0]] + rng.normal(0, 60, count)
    lon, lat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
    first, last = (data["time"].values[i].astype("datetime64[us]") for i in (0, -1))
    time = first + (np.sort(rng.random(count)) * (last - first).astype(int)).astype(
        "timedelta64[us]"
    )
    lon, lat, radius = np.array(lon), np.array(lat), rng.choice([50.0, 250.0, 1200.0], count)
    lon[-3], lat[-3], radius[-3] = np.nan, np.nan, np.nan
    lat[-2] += 3
    time[-1] = last + np.timedelta64(3, "h")
    stories = rng.integers(2**60, size=max(1, count // 2))
    kinds = rng.integers(len(texts), size=count)
    water = np.array([1, 1, -1, 0])[kinds % 4].astype(np.int8)
    classed = water != 0
    return Located(
        post=tuple(f"p{i}" for i in range(count)),
        time=time,
        text=tuple(texts[kind] for kind in kinds),
        language=("en",) * count,
        latitude=lat,
        longitude=lon,
        radius_m=radius,
        place=tuple("Mill Lane" if kind == 0 else "" for kind in kinds),
        method=tuple("none" if np.isnan(value) else "gazetteer" for value in lat),
        why=tuple("matched a street of the gazetteer" for _ in kinds),
        story=stories[rng.integers(len(stories), size=count)],
        water=water,
        probability=np.where(classed, 0.5 + rng.random(count) / 2, np.nan),
        label=tuple("" if kind == 3 else "flooded street" for kind in kinds),
        severity_m=np.where(kinds == 0, 0.45, np.nan),
        gaps=(Gap(first + np.timedelta64(25, "m"), first + np.timedelta64(50, "m"), "stream lost"),)
        if gaps else (),
        origin={"read": count, "gazetteer": {"name": "made up", "licence": "CC0"}},
    )  # fmt: skip
