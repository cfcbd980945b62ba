"""Words in the order of how common they are, for what is written without blanks."""

from __future__ import annotations

import gzip
import hashlib
import math
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

__all__ = ["Vocabulary", "english"]

LONGEST = 20  # letters of a word that is looked for within another
_UNKNOWN_LETTER = 3.2  # nats: near the entropy of letters at random, ln 26 = 3.26

# Places and weather as tags abbreviate them, and the words for floods, storms and earthquakes in
# languages of which the list has few: all states and provinces, airports of large towns.
_PLACES = (
    "abc ab bc mb nb nl ns nt nu on pe qc sk yt nsw qld vic tas act wa nt uk usa nz nyc dc "
    "ak ar az ca co ct fl ga hi ia id il in ks ky la ma md me mi mn mo ms mt nc nd ne nh nj nm nv "
    "ny oh ok or pa ri sc sd tn tx ut va vt wi wv wy "
    "ph sg hk my pk bd lk np jp mx cl cr gt pr br "
    "yyc yeg yvr yyz yul yow yhz yqr yxe ywg yql yxh yyj lhr jfk lax sfo sea bos atl dfw iah phx "
    "den msp ord dtw phl bwi syd mel bne per adl akl mnl sin kul cgk hkg bkk del bom maa ccu dac "
    "ktm khi"
)
_WORDS = (
    "wx snowmageddon tsunami selfie retweet hashtag livestream hazmat nws noaa fema usgs redcross "
    "floodwater floodwaters floodplain floodgate stormwater sandbag sandbags flashflood "
    "inundacion inundación inundaciones inundado lluvia lluvias tormenta terremoto temblor sismo "
    "huracan huracán incendio incendios ayuda emergencia fuerza chile mexico colombia enchente "
    "enchentes alagamento chuva chuvas desastre alluvione alluvioni maltempo allerta allertameteo "
    "sardegna emilia inondation inondations crue crues tempete tempête orage secours hochwasser "
    "flut unwetter sturm überschwemmung erdbeben banjir gempa baha ulan bagyo lindol habagat "
    "pray strong prayers"
)
_EXTRA_RANK = 3_000  # as common as words that everybody knows


class Vocabulary:
    """Words and how surprising each is.

    Parameters
    ----------
    words : iterable of str
        In lower case, the commonest first, such as the words of an embedding.
    extra : iterable of str
        Further words, taken as common.

    Notes
    -----
    The cost of a word is the negative logarithm of its probability by Zipf's law, which needs
    its rank alone.
    """

    def __init__(self, words: Iterable[str], extra: Iterable[str] = ()) -> None:
        ranks: dict[str, int] = {}
        for word in words:
            ranks.setdefault(word, len(ranks))
        for word in extra:
            ranks[word] = min(ranks.get(word, _EXTRA_RANK), _EXTRA_RANK)
        total = math.log(len(ranks) + 2)
        self.costs = {word: math.log((rank + 1) * total) for word, rank in ranks.items()}
        self._unknown = math.log((len(ranks) + 1) * total)

    @property
    def digest(self) -> str:
        """Hash of the words and their order."""
        text = "\n".join(f"{word} {cost:.6f}" for word, cost in self.costs.items())
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def __contains__(self, word: str) -> bool:
        return word in self.costs

    def cost(self, word: str) -> float:
        """Give the cost of a word; one that is not known costs more with each letter."""
        found = self.costs.get(word)
        return self._unknown + _UNKNOWN_LETTER * len(word) if found is None else found


@lru_cache(maxsize=1)
def english() -> Vocabulary:
    """Give the list that comes with the package: English, and words of crises.

    The words are those of GloVe 6B in its order (public domain, PDDL 1.0).

    Examples
    --------
    >>> "floodwaters" in english(), "yycflood" in english()
    (True, False)
    """
    packed = (files("inundate.posts.text") / "words.txt.gz").read_bytes()
    return Vocabulary(gzip.decompress(packed).decode().split("\n"), f"{_PLACES} {_WORDS}".split())
