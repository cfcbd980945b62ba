import pytest

from inundate.posts.locate.gazetteer import Place, build_gazetteer

PLACES = (
    Place("Oakford", 51.5, -1.2, 2764, "town", 24_000, "Middleshire", "", ("Oakford-on-Wend",)),
    Place("Hope", 51.54, -1.15, 2000, "village", 9_000, "Middleshire"),
    Place("Mill Lane", 51.503, -1.196, 500, "street", 0, "", "Oakford"),
    Place("Newbridge", 51.47, -1.26, 2000, "village", 21_000, "Middleshire"),
    Place("Newbridge", 54.9, -2.1, 2000, "village", 19_000, "Northshire"),
    Place("Middleshire", 51.6, -1.3, 120_000, "region", 400_000, "Landia", "", (), ("MS",)),
    Place("Northshire", 54.8, -2.2, 40_000, "region", 300_000, "Landia"),
    Place("Landia", 53.0, -1.5, 500_000, "country", 5_000_000, "", "", (), ("LA", "LND")),
    Place("Port Karl", 40.0, 10.0, 20_000, "city", 2_000_000, "Farland", "", ("PKL",)),
    Place("Valle", 51.52, -1.22, 2000, "village", 4_000, "Middleshire"),
)
BOX = (-1.6, 51.3, -0.9, 51.8)


@pytest.fixture(scope="session")
def gazetteer():
    return build_gazetteer(PLACES, {"source": "made up", "licence": "none"})
