"""How much of a text is personal, and where: what there is before anything is taken out."""

from __future__ import annotations

import json

import numpy as np

from tamis.op import measure
from tamis.text.personal.finders import LABELS, REGIONS, Entities, Finders, needs
from tamis.text.personal.spans import Spans, counts, written
from tamis.text.views import Characters

_INFINITE = float("inf")


@measure(dtype="string", null_where="blank", heavy=True, needs=needs)
def personal_spans(
    personal: list[Spans], *, entities: Entities = None, min_score: float = 0.5,
    finders: Finders = ("patterns",), regions: tuple[str, ...] = REGIONS,
    labels: tuple[str, ...] = LABELS,
) -> np.ndarray:  # fmt: skip
    """Where personal data stands in a text, as JSON: entity, start, end (in characters), score.

    What stands there is not quoted. `entities` are the kinds looked for, by Presidio's names
    (`EMAIL_ADDRESS`, `US_SSN`, `PERSON` …); by default all that the `finders` know but URL,
    DATE_TIME and ORGANIZATION. Finders: `"patterns"` (70 kinds by form, check digits and
    words nearby), `"spacy:<package or folder>"` (PERSON, LOCATION, NRP), `"gliner:<folder>"` with
    its `labels`, `"presidio:<YAML file or module:name>"` with the recognisers that are registered
    there. What scores under `min_score` does not count; spans that overlap are one, of the surer's
    kind, then the longer's. `regions`: whose telephone numbers are known without the prefix of the
    country.
    Needs `pip install 'tamis[pii]'` for telephone numbers and spaCy.

    >>> personal_spans("write to jane@example.org", entities=("EMAIL_ADDRESS",))
    '[{"entity": "EMAIL_ADDRESS", "start": 9, "end": 25, "score": 1.0}]'
    """
    return np.array([written(spans) for spans in personal], object)


@measure(dtype="Int64", range=(0, _INFINITE), null_where="blank", heavy=True, needs=needs)
def personal_count(
    personal: list[Spans], *, entities: Entities = None, min_score: float = 0.5,
    finders: Finders = ("patterns",), regions: tuple[str, ...] = REGIONS,
    labels: tuple[str, ...] = LABELS,
) -> np.ndarray:  # fmt: skip
    """How many pieces of personal data a text has. Settings as for `text.personal_spans`.

    >>> personal_count("a@example.org, b@example.org", entities=("EMAIL_ADDRESS",))
    2
    """
    return np.array([len(spans) for spans in personal], np.int64)


@measure(dtype="string", null_where="blank", heavy=True, needs=needs)
def personal_counts(
    personal: list[Spans], *, entities: Entities = None, min_score: float = 0.5,
    finders: Finders = ("patterns",), regions: tuple[str, ...] = REGIONS,
    labels: tuple[str, ...] = LABELS,
) -> np.ndarray:  # fmt: skip
    """How many pieces of personal data a text has of each kind, as JSON.

    Settings as for `text.personal_spans`.

    >>> personal_counts("a@example.org, b@example.org", entities=("EMAIL_ADDRESS", "URL"))
    '{"EMAIL_ADDRESS": 2}'
    """
    return np.array([json.dumps(counts(spans)) for spans in personal], object)


@measure(dtype="float64", range=(0, 1), null_where="blank", heavy=True, needs=needs)
def personal_ratio(
    personal: list[Spans], characters: Characters, *, entities: Entities = None,
    min_score: float = 0.5, finders: Finders = ("patterns",), regions: tuple[str, ...] = REGIONS,
    labels: tuple[str, ...] = LABELS,
) -> np.ndarray:  # fmt: skip
    """Share of a text's characters that are personal data. Settings as for `text.personal_spans`.

    >>> personal_ratio("a@b.org, a@b.org", entities=("EMAIL_ADDRESS",))
    0.875
    """
    sizes = np.array([sum(s.end - s.start for s in spans) for spans in personal], np.float64)
    return sizes / np.maximum(characters.length, 1)
