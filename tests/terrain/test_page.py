from inundate.terrain.derive import FEATURES, features_table

START = "<!-- features: written by inundate.terrain.derive.features_table -->\n"
END = "<!-- end of features -->"


def test_the_page_holds_the_table_of_features(repository):
    page = (repository / "docs" / "terrain.md").read_text(encoding="utf-8")
    written = page.partition(START)[2].partition(END)[0]
    assert written.strip() == features_table().strip(), "put features_table() between the marks"
    assert all(f"`{name}`" in written for name in FEATURES)
