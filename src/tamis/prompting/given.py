"""Settings of a prompt, checked at the call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tamis.errors import SettingError
from tamis.io.download_settings import whole
from tamis.prompting.columns import ENDINGS


def field_columns(given: Any, name: str) -> tuple[tuple[str, str], ...]:
    """Properties of the answer and the columns that they become."""
    pairs = dict(given) if isinstance(given, Mapping) else {}
    if not isinstance(given, Mapping):
        if isinstance(given, str) or not isinstance(given, Sequence):
            raise SettingError("fields= are names of properties, or map them to columns")
        pairs = {field: field for field in given}
    if not all(isinstance(one, str) and one for pair in pairs.items() for one in pair):
        raise SettingError("fields= are names of properties, or map them to columns")
    made = [*pairs.values(), name, *(f"{name}_{e}" for e in ENDINGS)]
    twice = next((column for column in made if made.count(column) > 1), None)
    if twice is not None:
        raise SettingError(f"the column {twice!r} would stand twice; map the field to another name")
    return tuple(pairs.items())


def sampling(
    temperature: Any, top_p: Any, max_tokens: Any, stop: Any, seed: Any, extra: Any
) -> str:
    """What else stands in a request, as JSON."""
    for name, value in (("temperature", temperature), ("top_p", top_p)):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and 0 <= value < 100):
            raise SettingError(f"{name}={value!r} is no number from 0 on")
    if max_tokens is not None:
        whole("max_tokens", max_tokens, 1)
    if seed is not None:
        whole("seed", seed, 0)
    stop = [stop] if isinstance(stop, str) else list(stop)
    if not all(isinstance(one, str) and one for one in stop):
        raise SettingError("stop= are texts")
    taken = {"model", "messages", "prompt", "n", "stream", "response_format", "seed"}
    if extra is not None and (not isinstance(extra, Mapping) or taken & set(extra)):
        raise SettingError(f"extra= maps names of the request to values; not {', '.join(taken)}")
    found = {"temperature": temperature, "top_p": top_p, "max_tokens": max_tokens, "stop": stop,
             "seed": seed, "extra": dict(extra) if extra else None}  # fmt: skip
    try:
        return json.dumps(found, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SettingError(f"extra= is not JSON: {error}") from None


def price_pair(given: Any) -> tuple[float, float] | None:
    """Prices of a million tokens in and out."""
    if given is None:
        return None
    good = isinstance(given, Sequence) and len(given) == 2
    if not good or not all(isinstance(p, int | float) and 0 <= p < 1e9 for p in given):
        raise SettingError(f"prices={given!r}: two numbers, for a million tokens in and out")
    return float(given[0]), float(given[1])
