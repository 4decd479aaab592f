"""Words of a list in texts: how many, the first, how much of a text they are."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import SettingError
from tamis.frame import Texts, strings, text_buffers
from tamis.kernels import wordlist
from tamis.kernels.letters import letters
from tamis.op import measure, view
from tamis.resources import resource
from tamis.text.entries import Stamp, read, stamped
from tamis.text.views import Characters, arrays, share


class WordList(NamedTuple):
    """The entries as compared, sorted, as they were written, and the trie of them."""

    names: pa.Array
    trie: wordlist.Trie


class Listed(NamedTuple):
    """Per text: entries found, characters that they cover, and the first entry (null: none)."""

    counts: np.ndarray
    covered: np.ndarray
    first: pa.Array


@resource
def word_list(words: tuple[str, ...], files: Stamp, ignore_case: bool) -> WordList:
    """The list of these words and those in these files."""
    given = [*words, *(entry for name, _, _ in files for entry in read(name))]
    known: dict[str, str] = {}
    for key, name in zip(_compared(given, ignore_case), given, strict=True):
        known.setdefault(key, name)
    known.pop("", None)
    if not known:
        raise SettingError("the list has no words; give words=(…) or files=(…)")
    entries = sorted(known)  # code points sort as their bytes do
    utf8 = text_buffers(pa.array(entries, pa.large_string()))
    names = pa.array([known[entry] for entry in entries], pa.large_string())
    return WordList(names, wordlist.trie(*_prepared(utf8, False)))


@view
def listed(
    utf8: Texts,
    *,
    words: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    ignore_case: bool = True,
    whole_words: bool = True,
) -> Listed:
    """Where words of a list stand in each text."""
    known = word_list(words, stamped(files, "files"), ignore_case)
    data, inside, offsets = _prepared(utf8, ignore_case)
    counts = np.empty((len(utf8.valid), 2), np.int64)
    firsts = np.empty(len(utf8.valid), np.int64)
    wordlist.find(data, inside, offsets, *known.trie, whole_words, counts, firsts)
    return Listed(counts[:, 0], counts[:, 1], known.names.take(pa.array(firsts, mask=firsts < 0)))


@measure(dtype="Int64", range=(0, float("inf")), null_where="blank")
def word_list_count(
    listed: Listed,
    *,
    words: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    ignore_case: bool = True,
    whole_words: bool = True,
) -> np.ndarray:
    """How many times entries of a list stand in a text.

    The list is `words` and what stands in `files`: one entry a line, UTF-8, plain or `.gz`, `.bz2`,
    `.xz`; entries may have several words. All are looked for in one pass, from left to right, the
    longest at each place, without overlap. With `whole_words` an entry is not found within a longer
    word; in scripts written without spaces between words (Chinese, Japanese, Thai, Khmer, …) it is
    found anywhere. `ignore_case` compares lower case, character by character. A list that changes
    should get another name: a run that is resumed knows it by that.

    >>> word_list_count("Damn fine coffee, and damned hot", words=("damn", "coffee"))
    2
    """
    return listed.counts


@measure(dtype="string", null_where="blank")
def word_list_first(
    text: pd.Series,
    listed: Listed,
    *,
    words: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    ignore_case: bool = True,
    whole_words: bool = True,
) -> pd.Series:
    """The first entry of a list that stands in a text, as the list writes it; null if none does.

    Settings as for `text.word_list_count`.

    >>> word_list_first("a fine COFFEE", words=("Damn", "Coffee"))
    'Coffee'
    """
    return strings(listed.first, text.index, text.name)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def word_list_ratio(
    listed: Listed,
    characters: Characters,
    *,
    words: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    ignore_case: bool = True,
    whole_words: bool = True,
) -> np.ndarray:
    """Share of a text's characters that belong to entries of a list.

    Settings as for `text.word_list_count`.

    >>> word_list_ratio("tea or coffee", words=("tea",))
    0.23076923076923078
    """
    return share(listed.covered, characters.length)


def _prepared(utf8: Texts, lower: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The bytes as they are compared, whether each is part of a word, and the offsets."""
    data, offsets = arrays(utf8)
    table = letters()
    out, inside = np.empty((2, int(offsets[-1] - offsets[0])), np.uint8)
    wordlist.prepare(data, offsets, table.pages, table.entries, lower, out, inside)
    return out, inside, offsets


def _compared(words: list[str], lower: bool) -> list[str]:
    utf8 = text_buffers(pa.array(words, pa.large_string()))
    whole = _prepared(utf8, lower)[0].tobytes()
    return [whole[a:b].decode() for a, b in itertools.pairwise(utf8.offsets.tolist())]
