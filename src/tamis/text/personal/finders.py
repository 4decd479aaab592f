"""Who finds what is personal: patterns, and models by name; each gives the spans of texts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa

from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.op import view
from tamis.spelling import meant
from tamis.text.editing import column_of
from tamis.text.personal import matching, ner, plans
from tamis.text.personal.spans import Spans, resolved
from tamis.text.views import arrays

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "IN", "BR")
"""Whose telephone numbers are known without the prefix of the country."""
LABELS = (
    "person", "address", "email", "phone number", "date of birth", "passport number",
    "social security number", "credit card number", "bank account number", "username", "password",
    "medical record number", "license plate",
)  # fmt: skip
"""What a GLiNER model is asked for."""
OMITTED = frozenset({"URL", "DATE_TIME", "ORGANIZATION"})
"""What is not looked for unless it is named: by itself it is nobody's."""
_SPACY = frozenset({"PERSON", "LOCATION", "NRP"})
_MODELS: dict[str, dict[str, tuple[str, ...]]] = {
    "spacy": {"pii": ("spacy",)},
    "gliner": {"text-models": ("torch", "transformers")},  # gliner itself has no extra: its own
    "presidio": {"presidio": ("presidio_analyzer",)},
}

Finders = tuple[str, ...]
Entities = tuple[str, ...] | None


@view
def personal(
    utf8: Texts, *, entities: Entities = None, min_score: float = 0.5,
    finders: Finders = ("patterns",), regions: tuple[str, ...] = REGIONS,
    labels: tuple[str, ...] = LABELS,
) -> list[Spans]:  # fmt: skip
    """The spans of each text by all `finders`; where they overlap the surer has it all."""
    kinds = [_parted(finder) for finder in finders]
    _check(entities, min_score, kinds, labels)
    if entities is not None:
        check_known("entities", entities, told(finders, labels))
    found: list[Spans] = [[] for _ in utf8.valid]
    texts: list[str] | None = None
    for kind, name in kinds:
        if kind == "patterns":
            wanted = plans.Wanted(_by_form(entities), float(min_score), regions)
            more = matching.find(utf8, wanted) if wanted.entities else []
        else:
            texts = _strings(utf8) if texts is None else texts
            more = _by_model(texts, kind, name, labels, float(min_score))
            more = [[s for s in some if _asked(s.entity, entities, kind)] for some in more]
        for spans, others in zip(found, more, strict=False):
            spans += [span for span in others if span.score >= min_score]
    return [resolved(spans) if len(spans) > 1 else spans for spans in found]


def needs(settings: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """The packages that the finders need under these settings."""
    found: dict[str, tuple[str, ...]] = {}
    for finder in settings["finders"]:
        kind, _ = _parted(finder)
        if kind != "patterns":
            found |= _MODELS[kind]
        elif plans.PHONE in _by_form(settings["entities"]):
            found["pii"] = (*found.get("pii", ()), "phonenumbers")
    return found


def asked(entities: Entities, finders: Finders, labels: tuple[str, ...]) -> Entities:
    """What may be found under these settings; None if only the models know."""
    if entities is not None:
        return entities
    kinds = {_parted(finder)[0] for finder in finders}
    if kinds & {"spacy", "presidio"}:
        return None
    by_form = _by_form(None) if "patterns" in kinds else ()
    named = map(ner.entity_name, labels) if "gliner" in kinds else ()
    return (*by_form, *named) or None  # none at all: `_check` says so


def told(finders: Finders, labels: tuple[str, ...]) -> frozenset[str]:
    """All that the finders can tell; their models are loaded."""
    found: set[str] = set()
    for kind, name in map(_parted, finders):
        if kind == "patterns":
            found |= {*plans.ENTITIES}
        elif kind == "gliner":
            found |= set(map(ner.entity_name, labels))
        else:
            found |= ner.spacy_entities(name) if kind == "spacy" else ner.presidio_entities(name)
    return frozenset(found)


def sought(entities: Entities, finders: Finders, labels: tuple[str, ...]) -> Collection[str]:
    """What may be found under these settings; where only models know, they are loaded."""
    listed = asked(entities, finders, labels)
    if listed is not None:
        return listed
    return {
        entity
        for finder in finders
        for entity in told((finder,), labels)
        if _asked(entity, None, _parted(finder)[0])
    }


def check_known(setting: str, entities: Collection[str], known: Collection[str]) -> None:
    """Raise `SettingError` for an entity that no finder tells."""
    for entity in entities:
        if entity not in known:
            raise SettingError(
                f"{setting}: no finder tells {entity!r} (known: {', '.join(sorted(known))})"
                f"{meant(entity, known)}"
            )


def _parted(finder: str) -> tuple[str, str]:
    kind, _, name = finder.partition(":")
    if (kind == "patterns") != (not name) or (kind != "patterns" and kind not in _MODELS):
        raise SettingError(
            f"finders: {finder!r} is none; give 'patterns', 'spacy:<package or folder>', "
            "'gliner:<folder>' or 'presidio:<YAML file or module:name>'"
        )
    return kind, name


def _by_form(entities: Entities) -> tuple[str, ...]:
    """Those entities that patterns find."""
    if entities is None:
        return tuple(entity for entity in plans.ENTITIES if entity not in OMITTED)
    return matching.known(entities)


def _check(
    entities: Entities, min_score: float, kinds: list[tuple[str, str]], labels: tuple[str, ...]
) -> None:
    if not kinds:
        raise SettingError("finders is empty: nothing could be found")
    if entities is not None and not entities:
        raise SettingError("entities is empty: nothing would be looked for; leave it out for all")
    if not 0 <= min_score <= 1:
        raise SettingError(f"min_score={min_score!r} must lie between 0 and 1")
    if any(kind == "gliner" for kind, _ in kinds) and not labels:
        raise SettingError("labels is empty: a GLiNER model would be asked for nothing")


def _by_model(
    texts: list[str], kind: str, name: str, labels: tuple[str, ...], threshold: float
) -> list[Spans]:
    if kind == "spacy":
        return ner.by_spacy(texts, name)
    if kind == "gliner":
        return ner.by_gliner(texts, name, labels, threshold)
    return ner.by_presidio(texts, name, threshold)


def _asked(entity: str, entities: Entities, kind: str) -> bool:
    """Whether what a model found was asked for."""
    if entities is not None:
        return entity in entities
    return entity in _SPACY if kind == "spacy" else entity not in OMITTED


def _strings(utf8: Texts) -> list[str]:
    """The texts; of null an empty one."""
    data, offsets = arrays(utf8)
    based = offsets - offsets[0] if len(offsets) else offsets
    column: pa.Array = column_of(utf8, data[offsets[0] : offsets[-1]], based)
    return [text or "" for text in column.to_pylist()]
