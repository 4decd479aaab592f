"""Progress of long work, on a terminal or in a notebook, through rich."""

from __future__ import annotations

import importlib.util
import logging
import time
from types import TracebackType
from typing import Any

_COMPILING = logging.getLogger("tamis.kernels.compiling")  # which says once that it takes a while


class Progress:
    """Partitions done, rows and rows per second of the stage at hand; silent where nobody looks."""

    def __init__(self, shown: bool | None = None) -> None:
        from rich.console import Console

        console = Console(stderr=True)
        if shown is None:
            # without ipywidgets rich warns at every step that a notebook cannot show a bar
            notebook = console.is_jupyter and importlib.util.find_spec("ipywidgets") is not None
            shown = notebook or (console.is_terminal and not console.is_jupyter)
        self._shown = shown
        self._console = console
        self._bar: Any = None
        self._task: Any = None
        self._rows, self._start = 0, 0.0
        self._told = _Line(console)

    def __enter__(self) -> Progress:
        if self._shown:
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), console=self._console,
            ).__enter__()  # fmt: skip
            _COMPILING.addHandler(self._told)
            _COMPILING.setLevel(logging.INFO)
        return self

    def begin(self, label: str, total: int, done: int) -> None:
        """A new stage of `total` partitions, `done` of which stand already."""
        self.end()
        self._rows, self._start = 0, time.perf_counter()
        if self._bar is not None and total:
            self._task = self._bar.add_task(label, total=total, completed=done, rate="")

    def advance(self, rows: int) -> None:
        """One more partition, of so many rows."""
        self._rows += rows
        if self._bar is not None and self._task is not None:
            rate = self._rows / max(1e-9, time.perf_counter() - self._start)
            self._bar.update(self._task, advance=1, rate=f"{self._rows:,} rows, {rate:,.0f}/s")

    def end(self) -> None:
        """The stage at hand is over."""
        if self._bar is not None and self._task is not None:
            total = next(task.total for task in self._bar.tasks if task.id == self._task)
            self._bar.update(self._task, completed=total)
            self._bar.stop_task(self._task)
            self._task = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.end()
        if self._bar is not None:
            _COMPILING.removeHandler(self._told)
            self._bar.__exit__(kind, error, trace)


class _Line(logging.Handler):
    """Shows what is logged as a line above the bar."""

    def __init__(self, console: Any) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(record.getMessage())
