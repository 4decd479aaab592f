"""What this machine, its packages and its GPUs are good for: figures, and what is wrong."""

from __future__ import annotations

from typing import Any

from tamis.doctor import cards, machine, packages
from tamis.version import VERSION


def examine() -> dict[str, Any]:
    """Everything that `tamis doctor` tells, as plain data.

    `machine`, `gpu` (`driver`, `why`, `devices`, `libraries`), `media`, `extras`, `work` (what runs
    where), `problems`.

    >>> sorted(examine())
    ['extras', 'gpu', 'machine', 'media', 'problems', 'tamis', 'work']
    """
    found: dict[str, Any] = {
        "tamis": VERSION,
        "machine": machine.figures(),
        "gpu": cards.figures(),
        "media": packages.media(),
        "extras": packages.extras(),
    }
    found["work"] = cards.work(found["gpu"], found["machine"])
    found["problems"] = [*machine.problems(found["machine"]), *cards.problems(found["gpu"])]
    return found
