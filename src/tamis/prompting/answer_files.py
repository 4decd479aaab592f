"""Answers as files, one for each: in object stores, where nothing can be appended to.

Each is put in place whole: who reads it has all of it or nothing, whoever was killed. So were
answers kept everywhere before there were logs (`answer_log`); what stands so is still read.
"""

from __future__ import annotations

import os

from tamis.io.store import Store


class AnswerFiles:
    """A folder of files, each named by its key in hexadecimal digits."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def there(self) -> bool:
        """Whether a local folder has any."""
        try:
            with os.scandir(self.store.root) as entries:
                return any(len(one.name) == 2 and one.is_dir() for one in entries)
        except OSError:
            return False

    def get(self, key: str) -> list[bytes]:
        """What stands under a key."""
        try:
            return [self.store.read(_name(key))]
        except OSError:
            return []

    def put(self, key: str, data: bytes) -> None:
        """Put data under a key; `WriteError` where the system refuses."""
        self.store.put(_name(key), data, sync=False, digest=False)


def _name(key: str) -> str:
    return f"{key[:2]}/{key[2:]}.json"
