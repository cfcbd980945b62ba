"""Classifiers that enter, by name: what is expected, what there is, how one is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inundate.core.errors import ConfigError, nearest
from inundate.posts.evaluate.references import REFERENCES

__all__ = [
    "DEAR",
    "DETERMINISTIC",
    "EXPECTED",
    "Entrant",
    "choose_entrants",
    "members_of",
    "modules_of",
]

EXPECTED = (
    "majority", "keyword", "lexicon", "sentiment", "tfidf_words", "tfidf_characters", "fasttext",
    "vector_mean", "lstm", "bilstm", "bilstm_characters", "original_lstm", "transformer",
    "elmo_bilstm", "bert_frozen", "bert_finetuned_bf16", "stack", "stack_signs",
    "stack_signs_tuned", "bert_finetuned_bf16+calibrated",
    "blend", "blend_floods", "blend_minilm", "blend+taught", "blend_floods+taught",
    "blend_minilm+taught", "vote", "vote_tuned", "vote_tuned_thrice",
    "mpnet_frozen", "mpnet_finetuned", "stack_mpnet", "blend_mpnet", "blend_mpnet+taught",
    "vote_mpnet", "vote_mpnet_tuned", "vote_mpnet_finetuned", "vote_mpnet_finetuned+calibrated",
)  # fmt: skip
"""Names that a full run enters; those that this version does not know are told and left out."""
DETERMINISTIC = frozenset(
    ("majority", "keyword", "lexicon", "sentiment", "tfidf_words", "tfidf_characters",
     "vector_mean", "bert_frozen", "mpnet_frozen")
)  # fmt: skip
"""Of these every seed gives the same."""
DEAR = frozenset(("transformer", "bilstm_characters", "elmo_bilstm"))
"""Trained once unless the user says how often."""
_TUNED = ("informativeness", "informativeness-floods", "type")
_NETWORKS = (
    "balanced", "balanced-both", "labels", "no-keyword", "type-floods", *_TUNED
)  # fmt: skip
_NEW_EVENT = ("alberta", "alberta-t6")
_LARGE = ("informativeness-floods", "type")  # where a large encoder is trained in minutes
ONLY_IN = {
    "original_lstm": ("balanced",),
    "lstm": ("balanced", "balanced-both"),
    "bilstm_characters": ("balanced",),
    "transformer": ("balanced",),
    "elmo_bilstm": ("balanced",),
    "sentiment": ("balanced", "no-keyword", "informativeness"),
    "fasttext": ("balanced", "balanced-both", "type"),
    "bilstm": _NETWORKS,
    "vote": _NETWORKS,
    "bert_finetuned_bf16": _TUNED,
    "vote_tuned": _TUNED,
    "vote_tuned_thrice": _LARGE,
    "mpnet_finetuned": _LARGE,
    "vote_mpnet": ("balanced", "no-keyword", "alberta-own", "type-floods", *_TUNED),
    "vote_mpnet_tuned": _TUNED,
    "vote_mpnet_finetuned": _LARGE,
    "blend": _NEW_EVENT,
    "blend_floods": _NEW_EVENT,
    "blend_minilm": _NEW_EVENT,
    "blend_mpnet": _NEW_EVENT,
    "stack": ("type",),
    "stack_signs": ("no-keyword",),
    "stack_signs_tuned": ("no-keyword",),
    "stack_mpnet": ("no-keyword", "alberta-own"),
}
"""Parts in which a dear classifier takes part; the others take part in all."""
_SOURCES = ("embedding", "elmo", "encoder", "lexicon")  # settings that NAME@SOURCE may mean
_SHOWN = {name: shown for shown, name in REFERENCES.items()}


@dataclass(frozen=True)
class Entrant:
    """A classifier as it is asked for.

    ``NAME``, ``NAME@SOURCE`` with another embedding, either with ``+calibrated`` behind (a
    temperature from validation posts), ``+events`` (a temperature from events left out) or
    ``+taught`` (it teaches another model the event, of its posts without labels).

    Attributes
    ----------
    spec : str
    """

    spec: str

    @property
    def name(self) -> str:
        """Name of the classifier or its configuration."""
        return self.plain.partition("@")[0]

    @property
    def plain(self) -> str:
        """Without what is around the classifier."""
        return self.spec.partition("+")[0]

    def enters(self, part: str) -> bool:
        """Say whether it takes part in a part of the benchmark."""
        return part in ONLY_IN.get(self.name, (part,))

    @property
    def shown(self) -> str:
        """Name in tables."""
        return _SHOWN.get(self.spec, self.spec)

    @property
    def is_cooled(self) -> bool:
        """Whether it is given a temperature from validation posts."""
        return self.spec.endswith("+calibrated")

    @property
    def is_taught(self) -> bool:
        """Whether it answers by a model that was taught the event."""
        return self.spec.endswith("+taught")

    def seeds(self, number: int) -> range:
        """Give the seeds that are worth a training each."""
        return range(1 if self.deterministic else number)

    @property
    def deterministic(self) -> bool:
        """Whether every seed gives the same."""
        return self.name in DETERMINISTIC

    def make(self, data: Path) -> Any:
        """Make the classifier, with what is around it.

        Parameters
        ----------
        data : Path
            Folder with ``text/CrisisLexLexicon``, of which the lexicon is read in place.

        Raises
        ------
        ConfigError
            If it has no setting for another source, or is not known.
        """
        around = self.spec.partition("+")[2]
        if not around:
            return self._make(data)
        from inundate.cli.text_bench.around import AROUND

        return AROUND[around](lambda: self._make(data))

    def _make(self, data: Path) -> Any:
        from inundate.posts.classify.zoo import make_classifier

        name, _, source = self.plain.partition("@")
        plain = make_classifier(name)
        fields = type(plain.settings).model_fields
        if not source and name == "lexicon":
            found = sorted((data / "text" / "CrisisLexLexicon").glob("*.txt"))
            source = str(found[0]) if found else ""
        if not source and name == "elmo_bilstm":  # tiny, all but random: shows that it is read
            source = str(data / "text" / "elmo-tiny-fixture")
        if not source:
            return plain
        for field in _SOURCES:
            if field in fields:
                return make_classifier(name, **{field: source})
        raise ConfigError(
            f"benchmark text: --models {self.spec}: {name} takes no other source",
            hint="NAME@SOURCE sets the embedding, ELMo, encoder or lexicon of a classifier",
        )


def modules_of(model: Any) -> list[str]:
    """Give the modules that decide what a classifier answers, those of its members included.

    Members are named in settings and imported by name, which looking at imports does not find.
    """
    from inundate.posts.classify.zoo import make_classifier

    own: list[str] = list(getattr(model, "modules", [type(model).__module__]))
    for member in getattr(model.settings, "members", ()):
        own += modules_of(make_classifier(member))
    return sorted(set(own))


def members_of(model: Any) -> dict[str, Any]:
    """Give the settings of the members of a classifier, by name; they may be kept in files."""
    from inundate.posts.classify.zoo import make_classifier

    names = getattr(model.settings, "members", ())
    return {name: make_classifier(name).settings.model_dump(mode="json") for name in names}


def choose_entrants(asked: str | None) -> tuple[list[Entrant], list[str]]:
    """Give those that enter, and expected ones that this version does not have.

    Parameters
    ----------
    asked : str, optional
        Names with commas between; majority, keyword rule and TF-IDF enter always. By default all
        that are expected.

    Raises
    ------
    ConfigError
        If one that is asked for is not known.
    """
    from inundate.posts.classify.configs import shipped_configs

    known = {*shipped_configs()}
    from inundate.cli.text_bench.around import AROUND

    specs = [one.strip() for one in asked.split(",") if one.strip()] if asked else list(EXPECTED)
    lacking = [one for one in specs if Entrant(one).name not in known]
    if asked and lacking:
        close = nearest(lacking[0], known)
        raise ConfigError(
            f"benchmark text: --models {lacking[0]!r} is not known; there are "
            + ", ".join(sorted(known)),
            hint=f"did you mean {close!r}?" if close else None,
        )
    for one in specs:
        around = one.partition("+")[2]
        if around and around not in AROUND:
            raise ConfigError(
                f"benchmark text: --models {one}: +{around} is not known; expected one of "
                + ", ".join(f"+{name}" for name in AROUND)
            )
    specs = [*REFERENCES.values(), *(one for one in specs if one not in lacking)]
    return [Entrant(one) for one in dict.fromkeys(specs)], lacking
