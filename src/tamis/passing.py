"""Files that serve until the verdicts of a comparison stand, each made by one task, whole.

A run that was cut off goes on from the last task that ended: files that stand are not made again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tamis.execute import execute
from tamis.io.blocks import Numbered
from tamis.io.store import Store
from tamis.progress import Progress

PASSING = "passing-"  # how the names of files begin that have served once the verdicts stand
SHARD = "shard-"  # … and of those that another bound can be decided on


@dataclass(frozen=True)
class Passing:
    """Where the files of one comparison stand, and who is told of their progress."""

    store: Store
    stem: str  # of all their names: the stage, and the token of all that goes into them
    whom: str  # name of the step
    bar: Progress

    def name(self, kind: str) -> str:
        """A file of this work."""
        return f"{self.stem}-{kind}"

    def each(
        self, label: str, kind: str, function: Callable[..., str], count: int,
        call: Callable[[int, str], tuple[Any, ...]],
    ) -> Sequence[str]:  # fmt: skip
        """The files of one task each, `function(store, *call(number, name))`."""
        names = Numbered(self.name(f"{kind}-{{:05d}}.arrow"), count)
        missing = [k for k in range(count) if self.store.size(names[k]) is None]
        self.bar.begin(f"{label} for {self.whom}", count, count - len(missing))
        calls = [(self.store, *call(k, names[k])) for k in missing]
        execute(function, calls, lambda *_: self.bar.advance(0))
        return names


def stem_of(number: int, token: str, begins: str = PASSING) -> str:
    """How the names of a comparison's files begin."""
    return f"stages/{number}/{begins}{token}"
