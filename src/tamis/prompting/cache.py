"""Answers on disk by a hash of what was asked: shared by partitions, runs and processes.

A local folder has logs that only grow (`answer_log`), any other a file for each answer
(`answer_files`). Either way what is damaged is as good as none, and a kill loses at most the answer
that is being written.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from tamis.io.store import Store, writing
from tamis.prompting.answer_files import AnswerFiles
from tamis.prompting.answer_log import answer_log
from tamis.prompting.reply import Reply

_SORTED, _PLAIN = (json.JSONEncoder(ensure_ascii=False, sort_keys=sort) for sort in (True, False))


def cache_folder(given: str | bool) -> str:
    """The folder that `cache=` names; True is `tamis/prompts` in the user's folder for caches."""
    if isinstance(given, str):
        return given
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(Path.home(), ".cache")
    return os.path.join(base, "tamis", "prompts")


def written(body: dict[str, Any]) -> bytes:
    """The body of a request as it is sent: the same for equal ones."""
    return _SORTED.encode(body).encode("utf-8", "replace")


def request_key(path: str, endpoint: str | None, body: bytes, sample: int) -> str:
    """The hash of a whole request, and of which sample of several alike it is."""
    head = json.dumps([1, path, endpoint, sample])
    return hashlib.sha256(head.encode() + b"\n" + body).hexdigest()


class Cache:
    """A folder of answers; a local one that is made is for its owner alone."""

    def __init__(self, folder: str) -> None:
        store = Store(folder)
        self.files, self.log = AnswerFiles(store), None
        if store.local:
            with writing(store.root):
                os.makedirs(store.root, mode=0o700, exist_ok=True)
            self.log = answer_log(store.root)
            self.old = self.files.there()

    @property
    def quick(self) -> bool:
        """Whether it takes microseconds, so that an event loop need not hand it to a thread."""
        return self.log is not None

    def get(self, key: str) -> Any:
        """What was put under a key; None where nothing was, or what stands is damaged."""
        if self.log is None:
            return _of(key, self.files.get(key))
        found = _of(key, self.log.get(bytes.fromhex(key)))
        return _of(key, self.files.get(key)) if found is None and self.old else found

    def reply(self, key: str) -> Reply | None:
        """A reply that was put under a key."""
        found = self.get(key)
        try:
            return None if found is None else Reply(**found)
        except TypeError:
            return None

    def put(self, key: str, reply: Any) -> None:
        """Put plain data under a key."""
        data = _PLAIN.encode({"key": key, "reply": reply}).encode()
        if self.log is None:
            self.files.put(key, data)
        else:
            self.log.put(bytes.fromhex(key), data + b"\n")


def _of(key: str, lines: list[bytes]) -> Any:
    """What the first line that is one of this key holds."""
    for line in lines:
        try:
            found = json.loads(line)
            if found["key"] == key:
                return found["reply"]
        except (ValueError, KeyError, TypeError):
            continue
    return None
