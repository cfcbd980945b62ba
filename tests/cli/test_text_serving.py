import msgspec
import pytest

from inundate.cli.text_bench.serving import _text, measure_serving, to_raw_lines
from inundate.core.errors import DataError


class Model:
    name = "spy"
    classes = ("a", "b")

    def __init__(self):
        self.asked = []

    def probabilities(self, texts):
        self.asked.append(list(texts))
        return [[0.5, 0.5]] * len(texts)


def test_lines_are_those_of_a_platform_and_read_again():
    lines = to_raw_lines(["water & mud", "lunch"])
    assert [_text(line) for line in lines] == ["water & mud", "lunch"]
    assert msgspec.json.decode(lines[1])["author"]["username"] == "made_up_1"


def test_no_post_is_asked_about_twice():
    texts = [f"post {number}" for number in range(77)]
    models = {"one": Model(), "two": Model()}
    found = measure_serving(models, texts, batch=20, singles=7, repeats=2)
    assert list(found) == ["one", "two"]
    for name, model in models.items():
        assert [text for some in model.asked for text in some] == texts
        assert [len(some) for some in model.asked] == [20, 20, 5, 20, 5] + [1] * 7
        told = found[name]
        per_post_s = (told["parse_us"] + told["classify_us"]) / 1e6
        assert abs(told["posts_per_s"] * per_post_s - 1) < 1e-9
        assert 0 < told["latency_p50_ms"] <= told["latency_p99_ms"]
    with pytest.raises(DataError, match="5 texts, expected at least 29"):
        measure_serving(models, texts[:5], batch=20, singles=7, repeats=2)
