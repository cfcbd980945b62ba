import pytest

from inundate.emulate.probes.cases import World, make_cases


@pytest.fixture(scope="session")
def world():
    """Maps small enough for the default suite; all bounds hold on them as well."""
    return World(shape=(48, 64))


@pytest.fixture(scope="session")
def cases(world):
    """A flat, walled and a steep, open place, each under a storm of its own and a common one."""
    return [
        *make_cases(world, terrains=("urban",), storms=("burst", "cell")),
        *make_cases(world, terrains=("valley",), storms=("burst", "double")),
    ]
