"""Code that models bring along: run only where a step says so by name."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tamis.errors import DataError

log = logging.getLogger(__name__)
SETTING = "trust_remote_code"
_FILES = (
    "config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json",
    "modules.json",
)  # fmt: skip


def allowed(name: str, revision: str | None, trusted: bool) -> bool:
    """Whether libraries may run the code in a model's folder or repository: if `trusted`.

    A `DataError` where it is not and sentence-transformers would run some (before 6.0 it asks
    nobody about folders), or where it is and some lies in another repository, which `revision` does
    not pin.
    """
    found = [(file, told) for file in _FILES for told in _told(name, revision, file, trusted)]
    for file, told in found:
        if trusted and "--" in told:
            raise DataError(
                f"the model {name!r} takes code from another repository, {told.partition('--')[0]} "
                f"({file}), which no revision pins: put the code into a folder with the model"
            )
        if not trusted and file == "modules.json":
            raise refused(name)
    if trusted and found:
        log.warning("%s: code that the model %r brings along is run", SETTING, name)
    return trusted


def refused(name: str) -> DataError:
    """What to say of a model that cannot do without its code."""
    return DataError(
        f"the model {name!r} brings code of its own along, which is not run; read it, and where "
        f"you trust it say {SETTING}=True"
    )


def trusting(named: Iterable[tuple[str, Any]]) -> list[str]:
    """What to warn of in a plan: the steps that let a model's code run."""
    found = []
    for name, step in named:
        given = getattr(step, "settings", None) or getattr(
            getattr(step, "score", None), "settings", ()
        )
        told = dict(given) if given else {}
        if told.get(SETTING):
            found.append(
                f"{name}: code that the model {told.get('model')!r} brings along is run "
                f"({SETTING}), with all that this process may do"
            )
    return found


def _told(name: str, revision: str | None, file: str, fetch: bool) -> Iterable[str]:
    """The classes of its own that a file of a model names."""
    place = Path(name) / file
    if not Path(name).is_dir():
        if not fetch:  # libraries refuse what lies on the hub
            return []
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError

        try:
            place = Path(hf_hub_download(name, file, revision=revision))
        except EntryNotFoundError:
            return []
    try:
        found: Any = json.loads(place.read_bytes())
    except (OSError, ValueError):  # there is none, or loading says what is wrong with it
        return []
    if isinstance(found, list):
        kinds = [str(one.get("type", "")) for one in found if isinstance(one, dict)]
        return [kind for kind in kinds if not kind.startswith("sentence_transformers.")]
    own = found.get("auto_map", {}) if isinstance(found, dict) else {}
    values = own.values() if isinstance(own, dict) else [own]
    flat = [v for value in values for v in (value if isinstance(value, list) else [value])]
    return [value for value in flat if isinstance(value, str)]
