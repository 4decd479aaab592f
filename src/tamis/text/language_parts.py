"""Languages of the paragraphs of a text."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tamis.frame import Texts, text_buffers
from tamis.op import measure, view
from tamis.text.fasttext import classifier
from tamis.text.language import needs_model
from tamis.text.models import language_file

_LEAST = 20  # characters that a paragraph needs for its language to be told


class Mix(NamedTuple):
    """Per text the languages of its paragraphs, and the characters in each, most first."""

    names: list[tuple[str, ...]]
    sizes: list[tuple[int, ...]]


@view
def language_mix(
    utf8: Texts, *, min_length: int = _LEAST, min_score: float = 0.0, model: str | None = None
) -> Mix:
    """How many characters of each text are in paragraphs of which language."""
    whole = utf8.data.tobytes()
    parts: list[str] = []
    owners: list[int] = []
    for row, start in enumerate(utf8.offsets[:-1].tolist()):
        for part in whole[start : int(utf8.offsets[row + 1])].decode().split("\n"):
            if len(part.strip()) >= min_length:
                parts.append(part.strip())
                owners.append(row)
    tallies: list[dict[str, int]] = [{} for _ in utf8.valid]
    if parts:
        seen = classifier(model or language_file()).see(
            text_buffers(pa.array(parts, pa.large_string()))
        )
        for row, part, name, score in zip(owners, parts, *seen.top(), strict=True):
            if name is not None and score >= min_score:
                tallies[row][name] = tallies[row].get(name, 0) + len(part)
    ordered = [sorted(tally.items(), key=lambda item: (-item[1], item[0])) for tally in tallies]
    return Mix(
        [tuple(name for name, _ in tally) for tally in ordered],
        [tuple(size for _, size in tally) for tally in ordered],
    )


@measure(dtype="float64", range=(0, 1), null_where="blank", heavy=True, needs=needs_model)
def main_language_ratio(
    language_mix: Mix,
    *,
    min_length: int = _LEAST,
    min_score: float = 0.0,
    model: str | None = None,
) -> np.ndarray:
    """Share of a text's characters that are in its main language, judged paragraph by paragraph.

    Paragraphs end at `\\n`. Those under `min_length` characters, and those whose language is less
    likely than `min_score`, do not count; null where none is left. `model` as for `text.language`.

    >>> main_language_ratio("This is an ordinary sentence.\\nDas ist ein gewöhnlicher Satz.")
    0.5084745762711864
    """
    return np.array([size[0] / sum(size) if size else np.nan for size in language_mix.sizes])


@measure(dtype="string", null_where="blank", heavy=True, needs=needs_model)
def paragraph_languages(
    language_mix: Mix,
    *,
    min_length: int = _LEAST,
    min_score: float = 0.0,
    min_ratio: float = 0.0,
    model: str | None = None,
) -> np.ndarray:
    """The languages of a text's paragraphs, that of the most characters first, blanks between.

    Those with a share of at least `min_ratio`. Settings as for `text.main_language_ratio`; null
    where no paragraph counts.

    >>> paragraph_languages("This is an ordinary sentence.\\nDas ist ein gewöhnlicher Satz.")
    'de en'
    """
    found = np.full(len(language_mix.names), None, object)
    for row, (names, sizes) in enumerate(zip(*language_mix, strict=True)):
        if names:
            least = min_ratio * sum(sizes)
            found[row] = " ".join(n for n, s in zip(names, sizes, strict=True) if s >= least)
    return found
