"""Finders that ask a model: names of people, places, organisations, whatever it was trained for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tamis.media.memory import room_of
from tamis.text.personal.models import gliner_model, presidio_analyzer, spacy_model
from tamis.text.personal.pieces import pieces
from tamis.text.personal.spans import Span, Spans

SPACY_SCORE = 0.85  # spaCy gives none; Presidio's figure
_NAMES = {
    "PER": "PERSON",
    "PRS": "PERSON",
    "PERSNAME": "PERSON",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "FAC": "LOCATION",
    "PLACENAME": "LOCATION",
    "ORG": "ORGANIZATION",
    "ORGNAME": "ORGANIZATION",
    "NORP": "NRP",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
}
_SPACY_SIZE, _GLINER_SIZE = 20_000, 1_200  # characters of a piece
_PART = 32  # texts that go through GLiNER together
_WORD = re.compile(r"\W+")


def entity_name(label: str) -> str:
    """A label of a model as the name of an entity: spaCy's as Presidio has them.

    >>> entity_name("GPE"), entity_name("phone number")
    ('LOCATION', 'PHONE_NUMBER')
    """
    name = _WORD.sub("_", label.strip()).strip("_").upper()
    return _NAMES.get(name, name)


def by_spacy(texts: Sequence[str], name: str) -> list[Spans]:
    """The entities of each text by a spaCy model, of any language."""
    model = spacy_model(name)
    parts = [
        (part, (row, start))
        for row, text in enumerate(texts)
        for start, part in pieces(text, _SPACY_SIZE)
    ]
    found: list[Spans] = [[] for _ in texts]
    for document, (row, start) in model.pipe(parts, as_tuples=True, batch_size=64):
        for entity in document.ents:
            found[row].append(
                Span(
                    entity_name(entity.label_),
                    start + entity.start_char,
                    start + entity.end_char,
                    SPACY_SCORE,
                )
            )
    return found


def spacy_entities(name: str) -> set[str]:
    """The entities that a spaCy model tells."""
    model = spacy_model(name)
    found: set[str] = set()
    for part in model.pipe_names:
        found |= {entity_name(label) for label in getattr(model.get_pipe(part), "labels", ())}
    return found


def presidio_entities(name: str) -> set[str]:
    """The entities that the recognisers of a Presidio analyser tell."""
    analyzer: Any = presidio_analyzer(name)
    return set(analyzer.get_supported_entities(analyzer.supported_languages[0]))


def by_gliner(
    texts: Sequence[str], name: str, labels: Sequence[str], threshold: float
) -> list[Spans]:
    """What a GLiNER model finds of the labels in each text."""
    model = gliner_model(name)
    parts = [
        (row, start, part)
        for row, text in enumerate(texts)
        for start, part in pieces(text, _GLINER_SIZE)
        if part.strip()
    ]
    parts.sort(key=lambda part: len(part[2]))  # those of a length together: less is padded
    found: list[Spans] = [[] for _ in texts]
    for at in range(0, len(parts), _PART):
        some = parts[at : at + _PART]
        words = [part for _, _, part in some]

        def told_of(part: slice, words: list[str] = words) -> Any:
            return model.inference(words[part], list(labels), threshold=threshold)

        told = room_of(model).run(len(some), told_of, "texts for GLiNER", lambda _: "one text")
        for (row, start, _), entities in zip(some, told, strict=True):
            for one in entities:
                found[row].append(
                    Span(
                        entity_name(one["label"]),
                        start + int(one["start"]),
                        start + int(one["end"]),
                        round(float(one["score"]), 4),
                    )
                )
    return [sorted(spans, key=lambda span: (span.start, span.end)) for spans in found]


def by_presidio(texts: Sequence[str], name: str, threshold: float) -> list[Spans]:
    """What a Presidio analyser finds in each text, with the recognisers its registry has."""
    analyzer: Any = presidio_analyzer(name)
    language = analyzer.supported_languages[0]
    parts = [
        (part, (row, start))
        for row, text in enumerate(texts)
        for start, part in pieces(text, _SPACY_SIZE)
    ]
    found: list[Spans] = [[] for _ in texts]
    batch = analyzer.nlp_engine.process_batch(parts, language, batch_size=64, as_tuples=True)
    for part, artifacts, (row, start) in batch:
        told = analyzer.analyze(part, language, nlp_artifacts=artifacts, score_threshold=threshold)
        for one in told:
            found[row].append(
                Span(one.entity_type, start + one.start, start + one.end, float(one.score))
            )
    return found
