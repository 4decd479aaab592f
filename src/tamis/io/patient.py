"""A remote file that is read on where a connection broke."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import BinaryIO

from tamis.errors import DataError

PAUSES = (0.5, 1.0, 2.0)  # seconds before each further try


class Patient:
    """A file that `start` opens, for reading; what fails is tried again, the file opened anew.

    What a file system raises at last, whatever that is, is an `OSError`.
    """

    def __init__(self, start: Callable[[], BinaryIO]) -> None:
        self._start, self._file, self._at = start, start(), 0

    def __enter__(self) -> Patient:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self._file.close()

    def tell(self) -> int:
        """The place of the next byte."""
        return self._at

    def seek(self, place: int) -> int:
        """Read on from there."""
        self._at = place
        return place

    def read(self, size: int) -> bytes:
        """At most `size` bytes, none at the end."""
        for pause in (*PAUSES, None):
            try:
                if self._file.tell() != self._at:
                    self._file.seek(self._at)
                data = self._file.read(size)
            except DataError:
                raise
            except Exception as error:
                if pause is None or isinstance(error, FileNotFoundError | PermissionError):
                    raise OSError(f"{type(error).__name__}: {error}"[:500]) from error
                time.sleep(pause)
                self._renew()
            else:
                self._at += len(data)
                return data
        raise AssertionError

    def _renew(self) -> None:
        with contextlib.suppress(Exception):
            self._file.close()
        with contextlib.suppress(Exception):  # told when it is read
            self._file = self._start()
