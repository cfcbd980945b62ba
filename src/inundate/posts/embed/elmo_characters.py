"""Words as rows of character numbers, as ELMo's files expect them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["BEGIN", "CHARACTERS", "END", "character_ids", "distinct_words"]

#: Boundaries of a sentence. No word can be equal to them: a space parts words.
BEGIN, END = " <S>", " </S>"
#: Rows of the table of character vectors in a file; row r belongs to number r + 1, and number 0
#: stands for "no word here" and has zeros.
CHARACTERS = 261
# bytes are 0 to 255; then: begin and end of sentence, begin and end of word, filling
# Source: Peters et al. (2018), arXiv:1802.05365, as released with weights of 262 characters
_SENTENCE = {BEGIN: 256, END: 257}
_WORD_BEGIN, _WORD_END, _FILL = 258, 259, 260

Ints = np.ndarray[Any, np.dtype[np.int64]]


def character_ids(words: Iterable[str], longest: int) -> Ints:
    """Give the character numbers of words.

    Parameters
    ----------
    words : iterable of str
        W words; :data:`BEGIN` and :data:`END` are the sentence's boundaries.
    longest : int
        Characters of a row, with one at each end for the word's boundaries; the UTF-8 bytes
        beyond are cut off.

    Returns
    -------
    array (W, longest) of int64
        Numbers 1 to 261.

    Examples
    --------
    >>> character_ids(["at"], 6).tolist()
    [[259, 98, 117, 260, 261, 261]]
    """
    rows = []
    for word in words:
        code = _SENTENCE.get(word)
        inner = [code] if code is not None else list(word.encode("utf-8", "replace"))[: longest - 2]
        row = [_WORD_BEGIN, *inner, _WORD_END]
        rows.append(row + [_FILL] * (longest - len(row)))
    return np.asarray(rows, np.int64).reshape(-1, longest) + 1


def distinct_words(sentences: Sequence[Sequence[str]]) -> tuple[list[str], Ints, Ints]:
    """Give the distinct words of sentences and where they stand, boundaries added.

    The network of characters is the dearest part of ELMo, and needs to see each word once.

    Parameters
    ----------
    sentences : sequence of sequences of str
        N token lists.

    Returns
    -------
    words : list of str
        W distinct words.
    places : array (N, L + 2) of int64
        Position in ``words``, with the boundaries; -1 behind the end.
    lengths : array (N,) of int64
        Words of each sentence with its boundaries.
    """
    index: dict[str, int] = {BEGIN: 0, END: 1}
    rows = [
        [0, *(index.setdefault(word, len(index)) for word in sentence), 1] for sentence in sentences
    ]
    lengths = np.asarray([len(row) for row in rows], np.int64)
    places = np.full((len(rows), int(lengths.max(initial=0))), -1, np.int64)
    for number, row in enumerate(rows):
        places[number, : len(row)] = row
    return list(index), places, lengths
