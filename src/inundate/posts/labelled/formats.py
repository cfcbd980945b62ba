"""Tables of labelled posts that are known by their header, and what stands in their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["FORMATS", "ID_COLUMNS", "LABEL_COLUMNS", "TEXT_COLUMNS", "Format", "find_format"]


@dataclass(frozen=True)
class Format:
    """A known table.

    Parameters
    ----------
    name : str
    header : tuple of str
        Columns that tell it, in lower case; all of them are there.
    text : str
    labels : mapping
        Task to the column with its labels.
    task : str
        The one that is read where none is asked for.
    event : str
        Column with the event; empty where the file's name tells it.
    """

    name: str
    header: tuple[str, ...]
    text: str
    labels: Mapping[str, str]
    task: str
    id: str = ""
    event: str = ""
    source: str = field(default="", compare=False)


FORMATS = (
    Format(
        "crisislex-t6",
        ("tweet id", "tweet", "label"),
        "tweet",
        {"relevance": "label"},
        "relevance",
        id="tweet id",
        source="Olteanu et al. (2014), CrisisLexT6",
    ),
    Format(
        "crisislex-t26",
        ("tweet id", "tweet text", "information source", "information type", "informativeness"),
        "tweet text",
        {
            "informativeness": "informativeness",
            "relevance": "informativeness",
            "information-type": "information type",
            "information-source": "information source",
        },
        "informativeness",
        id="tweet id",
        source="Olteanu et al. (2015), CrisisLexT26",
    ),
    Format(
        "crisismmd",
        ("tweet_id", "text_info", "text_human", "tweet_text"),
        "tweet_text",
        {
            "informativeness": "text_info",
            "relevance": "text_human",
            "information-type": "text_human",
            "severity": "image_damage",
        },
        "informativeness",
        id="tweet_id",
        event="event_name",
        source="Alam et al. (2018), CrisisMMD",
    ),
    Format(
        "humaid",
        ("tweet_id", "tweet_text", "class_label"),
        "tweet_text",
        {"information-type": "class_label", "relevance": "class_label"},
        "information-type",
        id="tweet_id",
        source="Alam et al. (2021), HumAID",
    ),
    Format(
        "crisisnlp",
        ("tweet_id", "tweet_text", "label"),
        "tweet_text",
        {"information-type": "label", "relevance": "label"},
        "information-type",
        id="tweet_id",
        source="Imran et al. (2016), CrisisNLP",
    ),
    Format(
        "crisisbench",
        ("id", "event", "source", "text", "lang", "class_label"),
        "text",
        {"informativeness": "class_label", "information-type": "class_label"},
        "informativeness",
        id="id",
        event="event",
        source="Alam et al. (2021), CrisisBench",
    ),
    Format(
        "kaggle-disasters",
        ("id", "keyword", "location", "text", "target"),
        "text",
        {"relevance": "target"},
        "relevance",
        id="id",
        source="Kaggle, Natural Language Processing with Disaster Tweets",
    ),
)

# names of columns in tables of any user, the likeliest first
TEXT_COLUMNS = (
    "text", "tweet_text", "tweet text", "tweet", "full_text", "text_masked", "body", "content",
    "message", "post", "sentence", "words", "description", "comment", "document", "raw_text",
)  # fmt: skip
LABEL_COLUMNS = (
    "label", "class_label", "class", "target", "labels", "category", "relevance", "relevant",
    "informativeness", "informative", "information type", "information_type", "sentiment",
    "severity", "flood", "flooded", "water", "on_topic", "ontopic", "is_relevant", "related",
    "annotation", "gold", "truth", "y", "text_info", "choose_one",
)  # fmt: skip
ID_COLUMNS = ("tweet id", "tweet_id", "id", "post", "post_id", "id_str", "number", "row")
EVENT_COLUMNS = ("event", "event_name", "crisis", "crisis_name", "event_id", "disaster", "storm")
AUTHOR_COLUMNS = ("author", "author_token", "author_pseudonym", "user", "user_id", "author_id")
LANGUAGE_COLUMNS = ("lang", "language", "tweet_lang")


def find_format(header: Sequence[str]) -> Format | None:
    """Give the known table that has these columns, or None.

    Examples
    --------
    >>> find_format(["tweet id", "tweet", "label"]).name
    'crisislex-t6'
    """
    names = {name.strip().lower() for name in header}
    return next((one for one in FORMATS if names.issuperset(one.header)), None)
