"""A place in a file that can be sought in, whether it is read or written."""

from __future__ import annotations

import os


class Seeking:
    """`_at`, the place of the next byte, and `_length`; places beyond the end may be sought."""

    _at: int
    _length: int

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; where that is."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The place of the next byte."""
        return self._at
