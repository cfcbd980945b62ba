"""Tables of labelled posts: known ones by their header, any other by names and content."""

import gzip
import json

import numpy as np
import pytest

from inundate.core.errors import ConfigError, DataError, MissingFileError
from inundate.posts.labelled.table import LabelledPosts, open_labelled
from inundate.posts.labelled.tasks import plain

T6 = (
    "tweet id,tweet,label\n"
    "'11',\"Water on Mill Lane, send boats\",on-topic\n"
    "'12',nice tea,off-topic\n"
)
T26 = (
    "Tweet ID, Tweet Text, Information Source, Information Type, Informativeness\n"
    '"21","river is over the wall",Media,Caution and advice,Related and informative\n'
    '"22","praying for the valley",Outsiders,Sympathy and support,Related - but not informative\n'
    '"23","new shoes",Not labeled,Not labeled,Not related\n'
    '"24","?!",Not applicable,Not applicable,Not applicable\n'
)


@pytest.fixture
def table(tmp_path):
    def write(text, name="mine.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def named(posts):
    return [posts.classes[label] if label >= 0 else None for label in posts.labels]


def test_t6(table):
    posts = open_labelled(table(T6, "2013_Mill_Floods-ontopic_offtopic.csv"))
    assert posts.texts == ("Water on Mill Lane, send boats", "nice tea")
    assert posts.classes == ("off-topic", "on-topic")
    assert posts.labels.tolist() == [1, 0]
    assert posts.labels.dtype == np.int64
    assert posts.ids == ("11", "12")  # without the apostrophes
    assert posts.events == ("2013_mill_floods", "2013_mill_floods")
    assert posts.origin["format"] == "crisislex-t6"
    assert posts.origin["assumed"] == ["a table of crisislex-t6 is read for the task relevance"]
    json.dumps(posts.origin)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (None, ["informative", "not informative", "not informative", "not informative"]),
        ("relevance", ["on-topic", "on-topic", "off-topic", None]),
        ("information-type", ["caution and advice", "sympathy and support", None, None]),
        ("information-source", ["media", "outsiders", None, None]),
    ],
)
def test_t26(table, task, expected):
    posts = open_labelled(table(T26, "2013_Mill_floods-tweets_labeled.csv"), task=task)
    assert named(posts) == expected
    assert posts.events[0] == "2013_mill_floods"  # as in T6
    assert posts.origin["not_judged"] == expected.count(None)


KNOWN = {
    "humaid": (
        "tweet_id\ttweet_text\tclass_label\n1\tbridge \"gone\tinfrastructure_and_utility_damage\n"
        "2\tgoals\tnot_humanitarian\n3\t\"send \"\"tents\"\"\"\trequests_or_urgent_needs\n",
        ["infrastructure and utilities", None, "donations and volunteering"],
        ["on-topic", "off-topic", "on-topic"],
    ),
    "crisisnlp": (
        "tweet_id\ttweet_text\tlabel\n1\tbridge gone\tInfrastructure and utilities damage\n"
        "2\tgoals\tNot related or irrelevant\n3\tsend tents\tDonation needs or offers or "
        "volunteering services\n",
        ["infrastructure and utilities", None, "donations and volunteering"],
        ["on-topic", "off-topic", "on-topic"],
    ),
    "crisismmd": (
        "event_name\ttweet_id\timage_id\ttext_info\ttext_human\ttweet_text\n"
        "e\t1\t1_0\tinformative\tinfrastructure_and_utility_damage\tbridge gone\n"
        "e\t1\t1_1\tinformative\tinfrastructure_and_utility_damage\tbridge gone\n"
        "e\t2\t2_0\tnot_informative\tnot_humanitarian\tgoals\n"
        "e\t3\t3_0\tinformative\trescue_volunteering_or_donation_effort\tsend tents\n",
        ["infrastructure and utilities", None, "donations and volunteering"],
        ["on-topic", "off-topic", "on-topic"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_types_of_information(table, name):
    text, types, relevance = KNOWN[name]
    path = table(text, "mill_floods_2018_train.tsv")
    posts = open_labelled(path, task="information-type")
    assert posts.origin["format"] == name
    assert named(posts) == types
    assert posts.events[0] == ("e" if name == "crisismmd" else "mill_floods_2018")
    assert named(open_labelled(path, task="relevance")) == relevance
    texts = tuple(text.removesuffix(" gone") for text in posts.texts)
    assert texts[0].startswith("bridge")
    if name == "humaid":
        assert posts.texts == ('bridge "gone', "goals", 'send "tents"')
    if name == "crisismmd":
        assert posts.origin["dropped"] == {"same post again, with another image": 1}


def test_kaggle(table):
    text = "id,keyword,location,text,target\n1,flood,Ghent,all is wet,1\n2,,,my mood is a flood,0\n"
    posts = open_labelled(table(text, "train.csv"))
    assert named(posts) == ["on-topic", "off-topic"]
    assert posts.events == ("", "")


def test_a_known_header_with_other_labels_is_any_table(table):
    text = "tweet_id,tweet_text,label\n1,water is coming,wet\n2,sun is shining,sunny\n"
    posts = open_labelled(table(text))
    assert named(posts) == ["wet", "sunny"]
    assert "labels are not: read as any other table" in posts.origin["assumed"][0]
    text = "tweet_id,tweet_text,label\n1,water is coming,negative\n2,sun is shining,positive\n"
    assert named(open_labelled(table(text), task="sentiment")) == ["negative", "positive"]


def test_a_task_that_a_known_table_has_not(table):
    with pytest.raises(DataError) as caught:
        open_labelled(table(T26), task="sentiment")
    assert caught.value.message == (
        "reading a table of crisislex-t26: it has no labels for 'sentiment'"
    )
    assert caught.value.hint == (
        "tasks that it has: informativeness, relevance, information-type, information-source"
    )


def test_any_table_by_names(table):
    text = (
        "nr;when;words;flood;storm;user;lang\n"
        "7;2020;water in the street;yes;Dennis;@made_up;en\n"
        "8;2020;tea and cake at home;no;Dennis;@other;en\n"
        "9;2020;no idea about the river;;Dennis;@made_up;\n"
    )
    posts = open_labelled(table(text))
    assert named(posts) == ["yes", "no", None]
    assert posts.classes == ("no", "yes")
    assert posts.events == ("Dennis",) * 3
    assert posts.languages == ("en", "en", "")
    assert posts.authors == ("author-1", "author-2", "author-1")  # a handle is not taken over
    assert posts.ids == ("mine:2", "mine:3", "mine:4")
    assert posts.origin["assumed"] == [
        "column 'words' holds the text (by its name)",
        "column 'flood' holds the label (by its name)",
        "label 'yes' is what is looked for",
    ]
    assert "made_up" not in json.dumps(posts.origin)


def test_any_table_by_content(table):
    rows = "".join(f"{n},{n * 7919 % 1013}.5,somebody wrote {n} long words here,{'ab'[n % 2]}\n"
                   for n in range(30))  # fmt: skip
    posts = open_labelled(table("k,v,was sie schrieb,urteil\n" + rows))
    assert posts.classes == ("a", "b")
    assert posts.origin["files"][0]["columns"]["text"] == "was sie schrieb"
    assert posts.origin["assumed"][0].endswith("(by its content, the longest texts)")
    assert posts.origin["assumed"][1].endswith("(by its content, few values that come back)")


def test_columns_and_event_may_be_named(table):
    text = "text,label,wrote,judged,place\nx,1,water is here,wet,A\ny,2,sun is here,dry,B\n"
    path = table(text)
    posts = open_labelled(path, text="wrote", label="JUDGED", event="place")
    assert posts.texts == ("water is here", "sun is here")
    assert named(posts) == ["wet", "dry"]
    assert posts.events == ("A", "B")
    assert open_labelled(path, text="wrote", label="judged", event="Ciara").events == ("Ciara",) * 2


def test_several_columns_that_would_do_are_named(table):
    text = (
        "body,message,relevant,severity\n"
        + "water is in the street,river is over the wall,1,2\n" * 3
    )
    with pytest.raises(DataError) as caught:
        open_labelled(table(text))
    assert caught.value.message.endswith("several columns could hold the text: body, message")
    assert caught.value.hint == "name the one that is meant: --text 'body'"
    with pytest.raises(DataError) as caught:
        open_labelled(table(text), text="body")
    assert caught.value.message.endswith("several columns could hold the label: relevant, severity")
    assert open_labelled(table(text), text="body", task="severity").classes[2] == "severe"


def test_the_longer_of_two_texts_is_taken(table):
    text = "text,description,label\n" + "water is in the street and over the wall,by hand,a\n" * 2
    assert open_labelled(table(text)).texts[0].startswith("water")


@pytest.mark.parametrize(
    ("text", "asked", "message"),
    [
        ("a,b\n1,2\n3,4\n", {}, "no column is known to hold the text of posts"),
        ("text,when\nwater is here,1.5\nsun is here,2.5\nit is dry,3.5\n", {},
         "no column is known to hold labels"),
        ("text,label\nwater,\nsun,n/a\n", {}, "none of 2 posts has a label"),
        ("text,label\nwater,1\n", {"label": "lable"}, "no column 'lable'; did you mean 'label'?"),
        ("text,label\n,1\n \t,0\n", {}, "no post has a text"),
        ("text,label\n", {}, "no rows of a table"),
        ("", {}, "no rows of a table"),
        ("text,label\nwater,often\nsun,never\n", {"task": "relevance"},
         "labels that the task relevance does not know: 'never' (1), 'often' (1)"),
        ("text,label\nwater,often\nsun,never\n", {"positive": ("oft",)},
         "no post has the label oft, which is looked for"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(table, text, asked, message):
    with pytest.raises(DataError) as caught:
        open_labelled(table(text), **asked)
    assert message in caught.value.message
    assert caught.value.hint


def test_faults_of_the_caller(tmp_path):
    with pytest.raises(MissingFileError):
        open_labelled(tmp_path / "absent.csv")
    with pytest.raises(ConfigError, match="'relevence' is not known; did you mean 'relevance'"):
        open_labelled(tmp_path / "absent.csv", task="relevence")


def test_too_many_labels_are_no_classes(table):
    text = "text,label\n" + "".join(f"water is here,c{n % 60}\n" for n in range(200))
    with pytest.raises(DataError, match="60 different labels, expected at most 50"):
        open_labelled(table(text), label="label")


def test_labels_that_are_looked_for(table):
    text = "text,kind\nwater,Deep water\nsun,dry\nwet,shallow-water\nwho,\n"
    posts = open_labelled(table(text), label="kind", positive=["deep water", "shallow water"])
    assert named(posts) == ["yes", "no", "yes", None]
    posts = open_labelled(table(text), label="kind", positive=["deep water"], task="water")
    assert named(posts) == ["water", "no water", "no water", None]


def test_spellings_of_a_label_are_one_class(table):
    text = "text,label\nwater,On-topic\nwet,on topic\nsun,OFF_TOPIC\nriver,on topic\n"
    posts = open_labelled(table(text))
    assert posts.classes == ("OFF_TOPIC", "on topic")
    assert posts.labels.tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ("1 0", ("0", "1")),
        ("yes no", ("no", "yes")),
        ("true FALSE", ("FALSE", "true")),
        ("flood not_flood", ("not_flood", "flood")),
        ("storm other", ("other", "storm")),
        ("relevant irrelevant", ("irrelevant", "relevant")),
        ("10 9 8", ("8", "9", "10")),
        ("wind rain", ("rain", "wind")),
    ],
)
def test_order_of_classes(table, labels, classes):
    rows = "".join(f"some text here {n},{label}\n" for n, label in enumerate(labels.split() * 3))
    assert open_labelled(table("text,label\n" + rows)).classes == classes


def test_encodings(table):
    text = "text,label\nÜberflutung – “naß”,1\nsonst nichts,0\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        posts = open_labelled(table(text.encode(encoding)))
        assert posts.texts[0] == "Überflutung – “naß”"
    posts = open_labelled(table(text.encode("cp1252")))
    assert posts.texts[0] == "Überflutung – “naß”"
    assert "mine.csv is not UTF-8; read as cp1252" in posts.origin["assumed"]
    posts = open_labelled(table(gzip.compress(text.encode()), "mine.csv.gz"))
    assert posts.texts[0] == "Überflutung – “naß”"
    with pytest.raises(DataError, match="packed by gzip, and broken"):
        open_labelled(table(gzip.compress(text.encode())[:30], "mine.csv.gz"))


def test_broken_lines_are_counted(table):
    text = (
        "text,label\n"
        "water,1\n"
        "one column\n"
        'a quote "that is never closed,0\n'
        '"two\nlines",1\n'
        "\n"
        "too,many,columns\n"
        '"a ""quoted"" word",0\n'
        "   ,1\n"
    )
    posts = open_labelled(table(text))
    assert posts.texts == ("water", "two\nlines", 'a "quoted" word')
    assert posts.origin["broken_lines"] == 3
    assert posts.origin["files"][0]["first_broken_lines"] == [3, 4, 8]
    assert posts.origin["dropped"] == {"empty text": 1}


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_ends_of_lines(table, end):
    assert len(open_labelled(table(T6.replace("\n", end)))) == 2


def test_json_lines(table):
    lines = [
        {"id": 1, "body": {"text": "water is here"}, "label": True},
        {"id": 2, "body": {"text": "sun is here"}, "label": False, "more": [1]},
    ]
    text = "\n".join([*map(json.dumps, lines), "{broken", '"no object"', ""])
    posts = open_labelled(table(text, "mine.jsonl"))
    assert posts.texts == ("water is here", "sun is here")
    assert posts.classes == ("false", "true")
    assert posts.ids == ("1", "2")
    assert posts.origin["broken_lines"] == 2
    posts = open_labelled(table(json.dumps(lines, indent=1), "mine.json"))
    assert posts.texts == ("water is here", "sun is here")


def test_fasttext(table):
    text = (
        "__label__on-topic water is here\n__label__off-topic tea\n"
        "__label__a __label__b both of them\nno label\n__label__on-topic \n\n"
    )
    posts = open_labelled(table(text, "mine.txt"))
    assert posts.texts == ("water is here", "tea")
    assert named(posts) == ["on-topic", "off-topic"]
    assert posts.origin["broken_lines"] == 2
    assert posts.origin["dropped"] == {"empty text": 1}


def test_a_table_without_a_header(table):
    text = "".join(f"{n % 2},{1000 + n},somebody wrote {n} long words here\n" for n in range(6))
    posts = open_labelled(table(text))
    assert len(posts) == 6
    assert posts.classes == ("0", "1")
    assert posts.ids[0] == "mine:1"
    assert posts.origin["assumed"][0] == (
        "the first line is a row, not a header: columns are numbered"
    )
    assert posts.origin["files"][0]["columns"] == {"text": "column 3", "label": "column 1"}


def test_numbers_are_labels(table):
    text = "text,label\nwater here,-1\nsun here,0\nrain here,1.0\nwind,-1.0\nsnow,+1\n"
    posts = open_labelled(table(text))
    assert posts.classes == ("-1", "0", "1.0")
    assert posts.labels.tolist() == [0, 1, 2, 0, 2]
    posts = open_labelled(table(text), task="sentiment")
    assert named(posts) == ["negative", "neutral", "positive", "negative", "positive"]


def test_a_folder_of_one_kind(table, tmp_path):
    table(T6, "a/2013_One-ontopic_offtopic.csv")
    table(T6, "b/2014_Two-ontopic_offtopic.csv")
    table('{"name": "One"}', "a/description.json")
    table("a reader", "README.md")
    posts = open_labelled(tmp_path)
    assert sorted(set(posts.events)) == ["2013_one", "2014_two"]
    assert len(posts.origin["files"]) == 2
    assert "1 files are no known tables: a/description.json" in posts.origin["assumed"]
    table(T26, "c/2013_Three-tweets_labeled.csv")
    with pytest.raises(DataError, match=r"one kind, found crisislex-t6 \(2 files\); crisislex-t26"):
        open_labelled(tmp_path)


def test_a_folder_of_own_tables(table, tmp_path):
    table("text,label\nwater here,1\nsun here,0\n", "ciara.csv")
    table("text,label\nriver here,1\ntea here,0\n", "dennis.csv")
    posts = open_labelled(tmp_path)
    assert posts.events == ("ciara", "ciara", "dennis", "dennis")
    with pytest.raises(DataError, match="found none"):
        open_labelled(table("x", "empty/notes.md").parent)


def test_the_real_ones(shared_data):
    posts = open_labelled(shared_data / "text" / "CrisisLexT6")
    assert len(posts) == 50_049
    assert posts.counts() == {"off-topic": 23_001, "on-topic": 27_048}
    posts = open_labelled(shared_data / "text" / "CrisisLexT26", task="information-type")
    assert len(posts) == 25_733
    assert len(posts.classes) == 6
    assert posts.origin["broken_lines"] == 0


def made(labels, classes):
    number = len(labels)
    blank = ("",) * number
    return LabelledPosts(
        tuple(f"text {n}" for n in range(number)), np.array(labels), tuple(classes), blank, blank,
        tuple(map(str, range(number))), blank, {},
    )  # fmt: skip


def test_take_and_judged():
    posts = made([0, 1, -1, 1], ["no", "yes"])
    assert posts.take([3, 0]).ids == ("3", "0")
    assert posts.take(np.array([True, False, True, False])).labels.tolist() == [0, -1]
    assert posts.take([]).labels.tolist() == []
    assert posts.judged().ids == ("0", "1", "3")
    assert posts.counts() == {"no": 1, "yes": 2}


@pytest.mark.parametrize(
    ("found", "wanted", "labels"),
    [
        (["a", "b", "c"], ["c", "a", "b", "d"], [1, 2, 0, -1]),
        (["0", "1"], ["off-topic", "on-topic"], [0, 1, -1]),
        (["yes", "no"], ["not informative", "informative"], [1, 0, -1]),
        (["not_flood", "flood"], ["off-topic", "on-topic"], [0, 1, -1]),
        (["on-topic"], ["no", "yes"], [1, -1]),
        (["informative", "not informative"], ["not informative", "informative"], [1, 0, -1]),
    ],
)
def test_classes_of_a_model(found, wanted, labels):
    posts = made([*range(len(found)), -1], found).with_classes(wanted)
    assert posts.labels.tolist() == labels
    assert posts.classes == tuple(wanted)


def test_classes_that_do_not_meet():
    with pytest.raises(DataError) as caught:
        made([0, 0, 1], ["wind", "rain"]).with_classes(["off-topic", "on-topic"])
    assert caught.value.message == (
        "matching labels: the posts have wind (2), rain (1), which is none of off-topic, on-topic"
    )


def test_broken_tables_are_refused():
    with pytest.raises(DataError, match="labels from 0 to 2, expected -1 to 1"):
        made([0, 2], ["a", "b"])
    with pytest.raises(DataError, match="2 texts, but columns of 1"):
        LabelledPosts(("a", "b"), np.array([0]), ("x",), ("",), ("",), ("1",), ("",), {})


def test_numbers_between_odd_blanks_are_numbers():
    assert plain("\x1c1") == plain(" 1.0\u2003") == "1"
