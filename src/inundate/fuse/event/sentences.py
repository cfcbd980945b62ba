"""What made-up people write: sentences from templates in four languages.

Every sentence was made up here. Some reports of water have no word for a flood in them, so that a
rule of keywords misses them, and some chatter has one, so that the rule is wrong about it.
"""

from __future__ import annotations

import numpy as np

__all__ = ["HOSTILE", "LANGUAGES", "SENTENCES", "STREETS", "write_sentence"]

LANGUAGES = ("en", "de", "es", "it")
STREETS = (
    "Alder Row", "Bellfoundry Lane", "Candle Yard", "Damson Street", "Elver Bank",
    "Fuller's Green", "Gosling Way", "Harrow Steps",
)  # fmt: skip
"""Made-up names of places, one to each part of the town."""

SENTENCES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "deep": (
            "{place} is flooded, the water is up to my waist",
            "cars are floating past the door in {place}",
            "fire brigade is fetching people by boat from {place}",
        ),
        "shallow": (
            "flood in {place}, water over the kerb now",
            "the car park behind {place} is a lake, up to my ankles",
            "my cellar in {place} is filling up, bring buckets",
        ),
        "dry": (
            "no flood here in {place}, all dry",
            "walked the dog through {place}, streets are fine",
        ),
        "nothing": (
            "what a flood of e-mails today",
            "who won the match last night?",
            "new bread at the bakery, try the rye",
        ),
    },
    "de": {
        "deep": (
            "Hochwasser in {place}, das Wasser steht mir bis zur Hüfte",
            "in {place} schwimmen die Autos weg",
        ),
        "shallow": (
            "{place} ist überschwemmt, knöcheltief",
            "der Keller in {place} läuft voll",
        ),
        "dry": (
            "hier in {place} alles trocken, kein Hochwasser",
            "war gerade in {place}, Straße frei",
        ),
        "nothing": ("wer hat morgen Zeit für Kaffee?", "die Bahn kommt heute pünktlich"),
    },
    "es": {
        "deep": (
            "{place} está inundada, el agua llega a la cintura",
            "el agua se lleva los coches en {place}",
        ),
        "shallow": (
            "inundación en {place}, el agua cubre la acera",
            "entra agua por la puerta en {place}",
        ),
        "dry": ("en {place} todo seco, sin inundación", "calles tranquilas y secas en {place}"),
        "nothing": ("hoy hay paella en casa", "qué buena película anoche"),
    },
    "it": {
        "deep": (
            "alluvione in {place}, acqua alla vita",
            "in {place} le macchine galleggiano",
        ),
        "shallow": (
            "{place} allagata, acqua alle caviglie e alluvione in arrivo",
            "entra acqua in cantina in {place}",
        ),
        "dry": (
            "a {place} tutto asciutto, niente alluvione",
            "passeggiata in {place}, si sta bene",
        ),
        "nothing": ("stasera pizza con gli amici", "treno in orario, incredibile"),
    },
}  # fmt: skip
"""Templates by language and by what a person saw; ``{place}`` is a street."""

HOSTILE = (
    '<img src=x onerror="document.title=1"> flood in {place}',
    "</script><script>document.title=1</script> water in {place}",
    "\u202etxet desrever\u202c flood {place} " + "w" * 120,
)
"""Posts that try to do something to the page that shows them."""

_ANKLE_M = 0.4


def write_sentence(
    rng: np.random.Generator, language: str, water: int, depth_m: float, place: str
) -> str:
    """Write what somebody says of a place.

    Parameters
    ----------
    rng : Generator
    language : str
        One of :data:`LANGUAGES`.
    water : int
        1 says water, -1 says none, 0 says nothing about it.
    depth_m : float, m
        How deep it is said to be; from 0.4 m on the sentence is one about deep water.
    place : str

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> "Alder Row" in write_sentence(rng, "de", 1, 0.7, "Alder Row")
    True
    """
    kind = {-1: "dry", 0: "nothing"}.get(water, "deep" if depth_m >= _ANKLE_M else "shallow")
    choices = SENTENCES[language][kind]
    return choices[int(rng.integers(len(choices)))].format(place=place)
