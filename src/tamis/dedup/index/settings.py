"""The settings of a deduplication as an index notes them, and where two differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tamis.errors import SettingError

_OWN = ("name", "against", "missed", "where", "max_cluster", "min_survivors")
"""Of a step in a pipeline; `missed` is in bands and rows."""
_CUT = ("bands", "rows")
_VECTORS = ("on", "threshold", "keep", "seed", "text")
"""Of semantic deduplication: an index compares all vectors with all, so it has no clusters."""
_MEANT = (
    "on",
    "text",
    "seed",
    "keep",
    "threshold",
    "measure",
)  # whoever asks an index may choose these again


def noted(step: Any) -> dict[str, Any]:
    """All settings, those left to the family or to the threshold filled in; plain data."""
    found: dict[str, Any] = {"dedup": step.kind}
    for setting in dataclasses.fields(step):
        if setting.name not in _OWN and (step.kind != "semantic" or setting.name in _VECTORS):
            value = getattr(step, setting.name)
            found[setting.name] = list(value) if isinstance(value, tuple) else value
    if step.kind == "fuzzy":
        scheme = step.scheme
        bands, rows = step.cut
        found |= {"ngram": scheme.ngram, "unit": scheme.unit, "hashes": scheme.hashes}
        found |= {"bands": bands, "rows": rows} | scheme.normal._asdict()
        if scheme.curator:
            found["bits"] = scheme.bits
    return found


def restored(settings: Mapping[str, Any], name: str | None = None) -> Any:
    """The step of such settings."""
    from tamis.dedup import DEDUPS

    given = dict(settings)
    kind = given.pop("dedup")
    step = DEDUPS[kind](**given, **({"clusters": 1} if kind == "semantic" else {}))
    return dataclasses.replace(step, name=name) if name else step


def check_kind(step: Any) -> None:
    """Raise `SettingError` for a deduplication that an index cannot serve."""
    if getattr(step, "kind", None) not in ("exact", "fuzzy", "url", "perceptual", "semantic"):
        served = "ExactDedup, FuzzyDedup, UrlDedup, PerceptualDedup and SemanticDedup"
        raise SettingError(f"an index serves {served}, not {step!r}")
    if step.kind == "semantic" and step.keep in ("hard", "easy"):
        raise SettingError(
            f"keep={step.keep!r} asks for the centre of a cluster, which every delivery moves; an "
            "index keeps the first, a random one, or as another policy says"
        )
    if step.rule.columns:
        raise SettingError(
            "the step of an index has no where=: an index holds all that comes to it; filter the "
            "delivery, or deduplicate some of its rows with against= and where="
        )
    if step.against is not None:
        raise SettingError("the step of an index has no against=; the index is what it stands in")


def agree(path: str, settings: Mapping[str, Any], step: Any, asking: bool = False) -> None:
    """Raise `SettingError` where a step differs from the settings of an index, naming the setting.

    A step that only asks (`against=`) may read another column, keep others and set another
    threshold.
    """
    mine = noted(step)
    other = {
        key: value
        for key, value in mine.items()
        if not (asking and key in _MEANT) and key in settings and settings[key] != value
    }
    if not other:
        return
    key = next(iter(other))
    says = f"the index {path} was made with {key}={settings[key]!r}, this is {key}={other[key]!r}"
    if key in _CUT and step.bands is None and step.rows is None:
        asked = f"threshold={step.threshold!r}"
        if step.missed is not None:
            asked += f", missed={step.missed!r}"
        mine_cut, its_cut = (f"bands={s['bands']}, rows={s['rows']}" for s in (mine, settings))
        raise SettingError(
            f"{says}; where bands and rows are not written they follow from the threshold and "
            f"`missed`, here {mine_cut} from {asked}: write those of the index, {its_cut}, beside "
            f"threshold={step.threshold!r}"
        )
    raise SettingError(
        f"{says}; use the same setting, or build an index of another folder with this one"
    )
