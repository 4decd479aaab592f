"""Steps in order: called for the kept rows, explained for all rows, run into a folder."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from tamis import notation, recipe, relative, rowwise
from tamis.dedup.removal import explain_duplicates
from tamis.errors import SettingError
from tamis.outcome import LEDGER
from tamis.rehearsal import plan
from tamis.run import carry_out
from tamis.segments import Named, segments, unique_names
from tamis.steps import Step

P = ParamSpec("P")
T = TypeVar("T")


def _method(
    name: str, function: Callable[Concatenate[Named, P], T]
) -> Callable[Concatenate[Pipeline, P], T]:
    """A function of named steps as a method of pipelines, with its settings and its words."""

    @wraps(function)
    def method(self: Pipeline, *given: P.args, **settings: P.kwargs) -> T:
        return function(self.named, *given, **settings)

    told = inspect.signature(function)
    first, *others = told.parameters.values()
    method.__signature__ = told.replace(  # type: ignore[attr-defined]
        parameters=[first.replace(name="self", annotation="Pipeline"), *others]
    )
    method.__module__, method.__name__, method.__qualname__ = __name__, name, f"Pipeline.{name}"
    return method


@dataclass(frozen=True, init=False)
class Pipeline:
    """A tuple of steps, itself a step; nested pipelines are laid out flat.

    >>> import pandas as pd, tamis
    >>> docs = pd.DataFrame({"text": ["one two", "three", "a b c"]})
    >>> Pipeline([tamis.Filter(tamis.text.word_count, min=2)])(docs).text.tolist()
    ['one two', 'a b c']
    """

    steps: tuple[Step, ...]

    def __init__(self, steps: Iterable[Step | Pipeline]):
        given = (steps,) if isinstance(steps, Step) else steps
        object.__setattr__(self, "steps", tuple(_flat(given)))

    @property
    def named(self) -> tuple[tuple[str, Step], ...]:
        """The steps with their names; a name met again gets `_2`, `_3`, …"""
        return unique_names(self.steps)

    def __call__(self, frame: Any) -> Any:
        """The rows that every step keeps; lazily for a Dask frame. Nothing is written."""
        explained = self.explain(frame)
        added = {name for part in segments(self.named) for name in rowwise.hidden(part.steps)}
        added |= {c for p in segments(self.named) if p.dedup for c in p.dedup[1].hidden(p.dedup[0])}
        gone = added | {*LEDGER, *(explained.columns.intersection(_EVIDENCE))}
        kept = explained[explained["dropped_by"].isna()]
        return kept.drop(columns=[c for c in explained.columns if c in gone])

    def explain(self, frame: Any) -> Any:
        """Every row with its scores, `dropped_by` and `dropped_why`; lazily for a Dask frame.

        After a deduplication also `duplicate_of` and `similarity`.
        """
        for part in segments(self.named):
            frame = rowwise.explain(frame, part.rowwise)
            if part.dedup is not None:
                frame = explain_duplicates(frame, *part.dedup)
            if part.bound is not None:
                frame = relative.explain(frame, *part.bound)
        return frame

    run = _method("run", carry_out)
    plan = _method("plan", plan)

    def check(self, frame: Any) -> None:
        """Raise where a step cannot work on this frame's columns; computes nothing."""
        meta = frame._meta if hasattr(frame, "_meta") else frame
        columns = dict(meta.dtypes)
        for part in segments(self.named):
            columns = part.plan(columns)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain data."""
        return {"steps": [step.to_dict() for step in self.steps]}

    def to_yaml(self) -> str:
        """The recipe as YAML."""
        return notation.dump(self.to_dict())

    @classmethod
    def from_yaml(
        cls, source: str | os.PathLike[str], settings: Mapping[str, Any] | None = None
    ) -> Pipeline:
        """The pipeline of a recipe: YAML text, a file, or the name of a packaged recipe.

        `settings` are changes such as `{"word_count.min": 100}`: of a step by its name or, where no
        step is called so, of all of a kind (`{"prompt.model": "small"}`), as `--set` makes them.
        """
        return cls(recipe.load(source, settings))

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)


_EVIDENCE = ("duplicate_of", "similarity")


def _flat(steps: Iterable[Step | Pipeline]) -> Iterator[Step]:
    if not isinstance(steps, Iterable) or isinstance(steps, str):
        raise SettingError(f"a pipeline is made of a list of steps, not {steps!r}")
    for step in steps:
        if isinstance(step, Pipeline):
            yield from step.steps
        elif isinstance(step, Step):
            yield step
        else:
            raise SettingError(
                f"a pipeline is made of steps such as Filter(tamis.text.word_count, min=50), "
                f"not {step!r}"
            )
