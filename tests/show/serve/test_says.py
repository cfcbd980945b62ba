"""What a post is said to say: by a model that was given, else by the rule of keywords."""

import numpy as np
import pytest

from inundate.core.errors import ConfigError, MissingFileError
from inundate.posts.classify.zoo import make_classifier
from inundate.posts.labelled.table import LabelledPosts
from inundate.show.serve.says import open_says


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A keyword rule that was fitted, so that it is as sure as it is right."""
    texts = ("flood in town", "flood here", "flood of mail", "sunny", "lunch", "tea")
    blank = ("",) * len(texts)
    labels = np.array([1, 1, 0, 0, 0, 0])
    classes = ("off topic", "on topic")
    rule = make_classifier("keyword")
    rule.fit(LabelledPosts(texts, labels, classes, blank, blank, blank, blank, {}))
    folder = tmp_path_factory.mktemp("model") / "rule"
    rule.save(folder)
    return folder


def test_rule_says_water_or_nothing_and_is_not_sure():
    says = open_says(None)
    assert says.name == "keyword rule (no model was given)"
    found = says(["Hochwasser!", "no flood here", "all dry"])
    assert [one.water for one in found] == [1, 1, 0]
    assert {one.probability for one in found} == {None}


def test_model_answers_with_its_class_and_how_sure_it_is(model):
    says = open_says(model)
    wet, dry = says(["flood again", "picnic"])
    assert (wet.water, wet.label) == (1, "on topic")
    assert (dry.water, dry.label) == (0, "off topic")
    assert 0.5 < wet.probability <= 1
    assert "keyword" in says.name
    assert open_says(model, "off topic")(["picnic"])[0].water == 1


def test_class_that_the_model_has_not_is_told(model, tmp_path):
    with pytest.raises(ConfigError, match="found 'wet', expected the class that means water, one"):
        open_says(model, "wet")
    with pytest.raises(MissingFileError):
        open_says(tmp_path / "none")
