"""Personal data taken out of texts: found here, or told by a column."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import DataError
from tamis.frame import strings
from tamis.op import edit
from tamis.text.editing import arrow
from tamis.text.personal import finders as found
from tamis.text.personal.finders import LABELS, REGIONS, Entities, Finders
from tamis.text.personal.redacting import Action, Actions, Scope, check_actions, how, redacted
from tamis.text.personal.spans import Spans, read, resolved

log = logging.getLogger(__name__)
_HOW = ("action", "actions", "placeholder", "numbered", "mask", "keep_last", "key_file", "scope")


def _checked(settings: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """No packages; what is wrong with the settings is told before anything runs."""
    how(*(settings[name] for name in _HOW))
    check_actions(settings["actions"], settings["entities"])
    return {}


def _needs(settings: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    _checked(settings)
    given = (settings[name] for name in ("entities", "finders", "labels"))
    check_actions(settings["actions"], found.asked(*given))
    return found.needs(settings)


@edit(needs=_needs)
def redact(
    text: pd.Series, personal: list[Spans], *, action: Action = "replace", actions: Actions = (),
    placeholder: str = "<{entity}>", numbered: bool = False, mask: str = "*", keep_last: int = 0,
    key_file: str | None = None, scope: Scope = "dataset", entities: Entities = None,
    min_score: float = 0.5, finders: Finders = ("patterns",), regions: tuple[str, ...] = REGIONS,
    labels: tuple[str, ...] = LABELS,
) -> pd.Series:  # fmt: skip
    """Take personal data out of texts: names, numbers, addresses, keys.

    `action` is "replace" (by `placeholder`; with `numbered` equal values of a text get one number:
    `<PERSON_1>`), "redact" (nothing is left), "mask" (letters and digits become `mask`, all but
    `keep_last`), "hash" (keyed, so that equal values stay equal) or "surrogate" (something made up
    of the same form: reserved addresses, wrong check digits). `actions` are others for some
    entities, such as `(("CREDIT_CARD", "mask"),)`. Hashes and surrogates follow from the secret
    in `key_file`: the same in the whole data set, or with `scope="record"` within one text only.
    What is found is said by `entities`, `min_score`, `finders`, `regions` and `labels`, as for
    `text.personal_spans`.

    >>> redact("write to jane@example.org", entities=("EMAIL_ADDRESS",))
    'write to <EMAIL_ADDRESS>'
    """
    told = how(action, actions, placeholder, numbered, mask, keep_last, key_file, scope)
    if actions:
        check_actions(actions, found.sought(entities, finders, labels))
    rows = np.array([bool(spans) for spans in personal], bool)
    if not rows.any():
        return text
    column = arrow(text)
    values = column.filter(pa.array(rows)).to_pylist()
    some = [spans for spans in personal if spans]
    changed = [redacted(value, spans, told) for value, spans in zip(values, some, strict=True)]
    return _put(text, column, rows, changed)


@edit(needs=_checked)
def redact_spans(
    text: pd.Series, spans: pd.Series, *, action: Action = "replace", actions: Actions = (),
    placeholder: str = "<{entity}>", numbered: bool = False, mask: str = "*", keep_last: int = 0,
    key_file: str | None = None, scope: Scope = "dataset", entities: Entities = None,
    min_score: float = 0.0,
) -> pd.Series:  # fmt: skip
    """Take out of texts what a column of spans names: `text.personal_spans`, a model, a person.

    Spans are JSON: a list of objects with `entity`, with `start` and `end` in characters or with
    `text`, of which every occurrence as words of their own is meant, and with a `score` (1 unless
    given); those of other `entities` or under `min_score` stay. A text becomes null, so that
    nothing slips through, if its spans are missing or cannot be read, or if one's `text` does not
    stand in it in exactly that way: a filter drops it. Other settings as for `text.redact`.

    >>> redact_spans("Jane came. I saw Jane.", '[{"entity": "PERSON", "text": "Jane"}]')
    '<PERSON> came. I saw <PERSON>.'
    """
    told = how(action, actions, placeholder, numbered, mask, keep_last, key_file, scope)
    check_actions(actions, entities)
    column = arrow(text)
    changed: list[str | None] = []
    unread = 0
    for value, given in zip(column.to_pylist(), arrow(spans).to_pylist(), strict=True):
        if value is None or not value.strip():
            changed.append(value)
            continue
        try:
            listed = read(given, value, entities, min_score) if given is not None else None
        except DataError:
            listed = None
        if listed is None:
            unread += 1
            changed.append(None)
            continue
        changed.append(redacted(value, resolved(listed), told))
    if unread:
        log.warning(
            "redact_spans: %d texts have no spans, or some that cannot be read or match nothing: "
            "null now",
            unread,
        )
    return strings(pa.array(changed, pa.large_string()), text.index, text.name)


def _put(text: pd.Series, column: pa.Array, rows: np.ndarray, changed: list[str]) -> pd.Series:
    """The column with other values in some rows."""
    replaced = pc.replace_with_mask(column, pa.array(rows), pa.array(changed, pa.large_string()))
    return strings(replaced, text.index, text.name)
