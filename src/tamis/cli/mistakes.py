"""Errors as one clear message."""

from __future__ import annotations

from tamis.errors import TamisError

MISTAKE, STOPPED = 2, 1  # exit codes


class StoppedRun(Exception):
    """What had begun and could not end; its cause is the `__cause__`.

    `what` stopped; `rest` says what stands, and what to do.
    """

    def __init__(self, folder: str, what: str = "The run stopped", rest: str = "") -> None:
        super().__init__(folder)
        self.what = what
        self.rest = rest or (
            f"What is done stays in {folder}; give the same command again to go on from there."
        )


def explained(error: BaseException) -> tuple[str, int]:
    """What to tell about an error, and the exit code."""
    if isinstance(error, StoppedRun):
        told = _told(error.__cause__ or error)
        return f"{error.what}: {told}\n{error.rest}", STOPPED
    expected = isinstance(error, TamisError | OSError)
    return f"Error: {_told(error)}", MISTAKE if expected else STOPPED


def _told(error: BaseException) -> str:
    if isinstance(error, OSError) and not isinstance(error, TamisError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    if isinstance(error, TamisError | OSError):
        return str(error) + _where(error)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"unexpected {what} (a defect in tamis, or in an op; --debug shows where)"


def _where(error: BaseException) -> str:
    """The step that an error was met in, as a note of it says, unless the error names it."""
    for note in getattr(error, "__notes__", ()):
        step = note.removeprefix("in the step ").partition(", on a partition")[0]
        if step != note and step.strip("'") not in str(error):
            return f" (in the step {step})"
    return ""
