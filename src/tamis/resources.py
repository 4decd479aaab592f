"""Heavy objects (models, tokenizers, lexicons), loaded at most once per process."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from tamis.settings import plain

Loader = TypeVar("Loader", bound=Callable[..., Any])
_GUARD = threading.Lock()


def resource(loader: Loader) -> Loader:
    """Let a loading function run once per process and arguments, however many threads ask.

    `functools.cache` would let every thread that arrives before the first has finished load again.
    The decorated function must live in an importable module, so that workers share one cache.
    """
    loaded: dict[Any, Any] = {}
    locks: dict[Any, threading.Lock] = {}

    @functools.wraps(loader)
    def load(*args: Any, **settings: Any) -> Any:
        key = (plain(args), tuple(sorted((k, plain(v)) for k, v in settings.items())))
        if key in loaded:
            return loaded[key]
        with _GUARD:
            lock = locks.setdefault(key, threading.Lock())
        with lock:
            if key not in loaded:
                loaded[key] = loader(*args, **settings)
        return loaded[key]

    return load  # type: ignore[return-value]
