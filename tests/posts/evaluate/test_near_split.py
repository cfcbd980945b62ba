"""Copies are found, merged by a vote, and kept on one side of every split."""

from itertools import pairwise

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError
from inundate.posts.evaluate.merge import join_posts, merge_duplicates
from inundate.posts.evaluate.near import join_groups, near_duplicates, normalise
from inundate.posts.evaluate.split import grouped_split, hold_out, leakage, leave_one_event_out
from inundate.posts.evaluate.subset import by_language, by_year, has_keyword
from inundate.posts.labelled.table import LabelledPosts

WORDS = [f"w{number}" for number in range(400)]


def sentence(rng, length=12):
    return " ".join(rng.choice(WORDS, length))


def posts_of(texts, labels, *, events=None, authors=None, languages=None, classes=("no", "yes")):
    number = len(texts)
    return LabelledPosts(
        tuple(texts), np.array(labels, np.int64), classes, tuple(events or [""] * number),
        tuple(authors or [""] * number), tuple(str(i) for i in range(number)),
        tuple(languages or [""] * number), {},
    )  # fmt: skip


def jaccard(one, other):
    def shingles(text):
        words = normalise(text)
        return {*words, *pairwise(words)}

    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def test_clusters_are_those_of_a_search_over_all_pairs():
    rng = np.random.default_rng(0)
    texts = []
    for _ in range(40):
        words = sentence(rng, 14).split()
        texts.append(" ".join(words))
        for _ in range(int(rng.integers(0, 4))):
            copy = list(words)
            for place in rng.choice(14, int(rng.integers(0, 4)), replace=False):
                copy[place] = str(rng.choice(WORDS))
            texts.append(" ".join(copy))
    linked = [
        (i, j) for i in range(len(texts)) for j in range(i) if jaccard(texts[i], texts[j]) >= 0.6
    ]
    parent = list(range(len(texts)))

    def root(i):
        return i if parent[i] == i else root(parent[i])

    for i, j in linked:
        parent[root(i)] = root(j)
    wanted = [root(i) for i in range(len(texts))]
    found = near_duplicates(texts, similarity=0.6)
    assert len(linked) > 10
    assert [
        len({f for f, w in zip(found, wanted, strict=True) if w == v}) for v in set(wanted)
    ] == [1] * len(set(wanted))
    assert len(set(found)) == len(set(wanted))


def test_links_mentions_and_retweets_do_not_make_posts_differ():
    texts = [
        "Water is over the road at the mill",
        "RT @someone: water is over the road at the mill http://t.co/abc",
        "“@other.one: Water is over the road at the mill” #flood",
        "RT @a RT @b: Water is over the road at the mill",
        "quite something else",
        "http://t.co/1",
        "http://t.co/2",
        "http://t.co/1",
        "",
    ]
    found = near_duplicates(texts)
    assert found.tolist() == [0, 0, 0, 0, 1, 2, 3, 2, 4]


def test_many_copies_that_differ_a_little_are_one_cluster():
    texts = [f"river level at the old bridge is now {i} cm and rising says the agency" for i in
             range(800)]  # fmt: skip
    assert len(set(near_duplicates(texts).tolist())) == 1


def test_no_posts_and_a_wrong_similarity():
    assert near_duplicates([]).shape == (0,)
    with pytest.raises(ConfigError, match="similarity 0"):
        near_duplicates(["a"], similarity=0)


def test_groups_join_over_several_kinds():
    assert join_groups([0, 1, 2, 3], [7, -1, 7, -1], [-1, 4, 4, -1]).tolist() == [0, 0, 0, 1]


def test_copies_vote_and_ties_are_dropped_and_counted():
    texts = ["a b c d e f", "RT @x: a b c d e f", "a b c d e f", "g h i j", "g h i j", "k l", "m n"]
    posts = posts_of(texts, [1, 0, 1, 0, 1, -1, 0], events=["u", "v", "v", "u", "u", "u", "u"])
    merged = merge_duplicates(posts)
    assert merged.posts.texts == ("a b c d e f", "m n")
    assert merged.posts.labels.tolist() == [1, 0]
    assert merged.posts.events == ("v", "u")
    assert merged.copies.tolist() == [3, 1]
    assert merged.report == {
        "posts": 7, "clusters": 4, "merged": 3, "disputed": 1, "disputed_posts": 2, "unjudged": 1,
    }  # fmt: skip
    with pytest.raises(DataError, match="none of 2 posts"):
        merge_duplicates(posts_of(["a b", "a b"], [0, 1]))


def crowd(number=400, seed=0):
    rng = np.random.default_rng(seed)
    texts = [sentence(rng) for _ in range(number)]
    texts += ["RT @z: " + texts[i] for i in rng.integers(0, number, number // 4)]
    total = len(texts)
    labels = (rng.random(total) < 0.2).astype(int)
    authors = [f"a{i}" if i < 60 else "" for i in rng.integers(0, 200, total)]
    events = [f"{2012 + i}_e{i}" for i in rng.integers(0, 4, total)]
    return posts_of(texts, labels, events=events, authors=authors)


def test_a_grouped_split_leaks_nothing_and_a_random_one_does():
    posts = crowd()
    parts = grouped_split(posts, seed=3)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(len(posts)))
    told = leakage(posts, parts)
    assert told["train"]["copy"] == told["valid"]["copy"] == 0
    assert told["train"]["author"] == told["valid"]["author"] == 0
    random = np.array_split(np.random.default_rng(0).permutation(len(posts)), [350, 400])
    leaky = leakage(posts, dict(zip(("train", "valid", "test"), random, strict=True)))
    assert leaky["train"]["copy"] > 0.1
    assert leaky["train"]["author"] > 0.1
    shares = [posts.labels[rows].mean() for rows in parts.values()]
    assert max(shares) - min(shares) < 0.08
    assert abs(len(parts["test"]) / len(posts) - 0.2) < 0.03
    again = grouped_split(posts, seed=3)
    other = grouped_split(posts, seed=4)
    assert all((parts[name] == again[name]).all() for name in parts)
    assert not np.array_equal(parts["test"], other["test"])


def test_whole_events_stay_together_when_asked():
    posts = crowd()
    parts = grouped_split(posts, parts={"train": 0.6, "test": 0.4}, by=("event",))
    assert leakage(posts, parts)["train"]["event"] == 0


def test_a_split_refuses_what_it_cannot_do():
    posts = crowd(20)
    with pytest.raises(ConfigError, match="add up to 1"):
        grouped_split(posts, parts={"train": 0.5})
    with pytest.raises(ConfigError, match="'copies'"):
        grouped_split(posts, by=("copies",))
    with pytest.raises(DataError, match="no post for part"):
        grouped_split(posts_of(["a b", "a b"], [0, 0]))


def test_both_label_sets_of_an_event_are_left_out_with_copies_elsewhere():
    rng = np.random.default_rng(1)
    texts = [sentence(rng) for _ in range(60)]
    texts[50] = "RT @q: " + texts[0]  # of another event
    events = ["2013_Alberta_Floods"] * 10 + ["2013_alberta_floods"] * 10 + ["2012_x"] * 40
    authors = [""] * 60
    authors[51] = authors[12] = "ann"
    labels = rng.integers(0, 2, 60)
    labels[15] = -1
    parts = leave_one_event_out(
        posts_of(texts, labels, events=events, authors=authors), "2013_ALBERTA_floods"
    )
    assert parts["test"].tolist() == [*range(15), *range(16, 20)]
    assert parts["leaking"].tolist() == [50, 51]
    rest = sorted([*parts["train"], *parts["valid"]])
    assert rest == [i for i in range(20, 60) if i not in (50, 51)]
    with pytest.raises(DataError, match="did you mean '2012_x'"):
        leave_one_event_out(posts_of(texts, labels, events=events), "2012_y")
    with pytest.raises(DataError, match="0 others to train on"):
        hold_out(posts_of(["a"], [1]), np.array([True]))


def test_subsets():
    posts = posts_of(["Flooded!", "dry"], [1, 0], events=["2013_a", "b 2012"], languages=["EN", ""])
    assert has_keyword(posts.texts).tolist() == [True, False]
    assert has_keyword(posts.texts, ()).tolist() == [False, False]
    assert {k: v.tolist() for k, v in by_year(posts).items()} == {
        "2012": [False, True], "2013": [True, False],
    }  # fmt: skip
    assert list(by_language(posts)) == ["en"]


def test_tables_join_only_with_the_same_classes():
    one = posts_of(["a"], [0])
    assert len(join_posts([one, one])) == 2
    with pytest.raises(DataError, match="classes x, y"):
        join_posts([one, posts_of(["a"], [0], classes=("x", "y"))])
    with pytest.raises(DataError, match="none was given"):
        join_posts([])
