"""The settings of a deduplication as an index notes them, and where two differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tamis.errors import SettingError

_OWN = ("name", "against")  # of a step in a pipeline, not of what is compared
_MEANT = ("on", "keep", "threshold")  # whoever asks an index may choose these again


def noted(step: Any) -> dict[str, Any]:
    """All settings, those left to the family or to the threshold filled in; plain data."""
    found: dict[str, Any] = {"dedup": step.kind}
    for setting in dataclasses.fields(step):
        if setting.name not in _OWN:
            value = getattr(step, setting.name)
            found[setting.name] = list(value) if isinstance(value, tuple) else value
    if step.kind == "fuzzy":
        scheme = step.scheme
        bands, rows = step.cut
        found |= {"ngram": scheme.ngram, "unit": scheme.unit, "hashes": scheme.hashes}
        found |= {"bands": bands, "rows": rows}
    return found


def restored(settings: Mapping[str, Any], name: str | None = None) -> Any:
    """The step of such settings."""
    from tamis.dedup import DEDUPS

    given = dict(settings)
    step = DEDUPS[given.pop("dedup")](**given)
    return dataclasses.replace(step, name=name) if name else step


def check_kind(step: Any) -> None:
    """Raise `SettingError` for a deduplication that an index cannot serve."""
    if getattr(step, "kind", None) not in ("exact", "fuzzy"):
        raise SettingError(f"an index serves ExactDedup and FuzzyDedup, not {step!r}")
    if getattr(step, "against", None) is not None:
        raise SettingError("the step of an index has no against=; the index is what it stands in")


def agree(path: str, settings: Mapping[str, Any], step: Any, asking: bool = False) -> None:
    """Raise `SettingError` where a step differs from the settings of an index, naming the setting.

    A step that only asks (`against=`) may read another column, keep others and set another
    threshold.
    """
    mine = noted(step)
    for key, value in mine.items():
        if asking and key in _MEANT:
            continue
        if key in settings and settings[key] != value:
            raise SettingError(
                f"the index {path} was made with {key}={settings[key]!r}, this is {key}={value!r}; "
                "use the same setting, or build an index of another folder with this one"
            )
