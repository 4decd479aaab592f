"""Answers on disk by a hash of what was asked: shared by partitions, runs and processes.

One small file for each answer, put in place whole (`tamis.io.store`): who reads it has all of it or
nothing, whoever was killed. A file that is damaged is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from tamis.io.store import Store, writing
from tamis.prompting.reply import Reply


def cache_folder(given: str | bool) -> str:
    """The folder that `cache=` names; True is `tamis/prompts` in the user's folder for caches."""
    if isinstance(given, str):
        return given
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(Path.home(), ".cache")
    return os.path.join(base, "tamis", "prompts")


def written(body: dict[str, Any]) -> bytes:
    """The body of a request as it is sent: the same for equal ones."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")


def request_key(path: str, endpoint: str | None, body: bytes, sample: int) -> str:
    """The hash of a whole request, and of which sample of several alike it is."""
    head = json.dumps([1, path, endpoint, sample])
    return hashlib.sha256(head.encode() + b"\n" + body).hexdigest()


class Cache:
    """A folder of answers; a local one that is made is for its owner alone."""

    def __init__(self, folder: str) -> None:
        self.store = Store(folder)
        if self.store.local:
            with writing(self.store.root):
                os.makedirs(self.store.root, mode=0o700, exist_ok=True)

    def get(self, key: str) -> Any:
        """What was put under a key; None where nothing was, or what stands is damaged."""
        try:
            found = json.loads(self.store.read(_name(key)))
            if found["key"] != key:
                return None
            return found["reply"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def reply(self, key: str) -> Reply | None:
        """A reply that was put under a key."""
        found = self.get(key)
        try:
            return None if found is None else Reply(**found)
        except TypeError:
            return None

    def put(self, key: str, reply: Any) -> None:
        """Put plain data under a key."""
        data = json.dumps({"key": key, "reply": reply}, ensure_ascii=False).encode()
        self.store.put(_name(key), data, sync=False, digest=False)


def _name(key: str) -> str:
    return f"{key[:2]}/{key[2:]}.json"
