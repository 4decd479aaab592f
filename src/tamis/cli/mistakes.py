"""Errors as one clear message."""

from __future__ import annotations

from tamis.errors import DataError, TamisError

MISTAKE, STOPPED = 2, 1  # exit codes


class StoppedRun(Exception):
    """A run that had begun and could not end; its cause is the `__cause__`."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder


def explained(error: BaseException) -> tuple[str, int]:
    """What to tell about an error, and the exit code."""
    if isinstance(error, StoppedRun):
        told = _told(error.__cause__ or error)
        if isinstance(error.__cause__, DataError):
            return (
                f"The run stopped: {told}\nThe same command alone would stop there again. Once "
                f"that is mended it goes on from what is done, which stays in {error.folder}.",
                STOPPED,
            )
        return (
            f"The run stopped: {told}\nWhat is done stays in {error.folder}; "
            "give the same command again to go on from there.",
            STOPPED,
        )
    expected = isinstance(error, TamisError | OSError)
    return f"Error: {_told(error)}", MISTAKE if expected else STOPPED


def _told(error: BaseException) -> str:
    if isinstance(error, OSError) and not isinstance(error, TamisError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    if isinstance(error, TamisError | OSError):
        return str(error)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"unexpected {what} (a defect in tamis, or in an op; --debug shows where)"
