"""Errors of a run that redacts: they say where a step failed, and nothing that it was given."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Iterable, Iterator
from typing import Any

from tamis.errors import StepError, TamisError

REDACTING = frozenset({"text.redact", "text.redact_spans"})
"""The edits that take personal data out."""


def redacts(steps: Iterable[Any]) -> bool:
    """Whether one of the steps takes personal data out."""
    return any(_entry(step).get("edit") in REDACTING for step in steps)


@contextlib.contextmanager
def unsaid(redacted: bool) -> Iterator[None]:
    """Of a run that redacts, an error within as a `StepError` without its words.

    They may quote a text, and an error stands in logs, those of workers among them. Errors of
    tamis and of the system stay as they are.
    """
    try:
        yield
    except (TamisError, OSError, MemoryError):
        raise
    except Exception as error:
        if not redacted:
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(last.filename)}, line {last.lineno}, in {last.name}"
        told = (
            f"{type(error).__name__} at {place}; what it says is not shown, since this run redacts"
        )
        hint = "call the pipeline on a frame of these rows to see it"
        raise StepError(f"{told}: {hint}").with_traceback(error.__traceback__) from None


def _entry(step: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = step.to_dict()
    except Exception:  # a step of somebody's own need not write itself
        return {}
    return found
