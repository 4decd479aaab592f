"""How an endpoint is asked: where it is, how fast, how patiently. Nothing here is secret."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tamis.errors import SettingError
from tamis.io.download_settings import seconds, whole

BASE, KEY = "OPENAI_BASE_URL", "OPENAI_API_KEY"
"""The variables that name the endpoint and hold its key where a step names none."""
MAX_BYTES = 64 << 20  # of one answer
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,79}")  # keys themselves have small letters or dashes


@dataclass(frozen=True)
class Limits:
    """The settings of `Prompt` of the same names."""

    endpoint: str | None = None
    key: str | None = None
    concurrency: int = 64
    rpm: float | None = None
    tpm: float | None = None
    retries: int = 4
    timeout: float = 120.0
    total_timeout: float = 600.0
    max_wait: float = 120.0
    max_errors: float = 0.1
    cache: str | bool = True
    asks: bool = True  # False for a plan, which has what is known already and guesses the rest
    supposed: int = 0  # tokens that a plan takes for what steps before would have asked for

    @property
    def connections(self) -> int:
        """Requests at once: twice as many answers may wait to be taken."""
        return self.concurrency

    def base(self) -> str:
        """The address of the endpoint, of the environment where the step names none."""
        if self.endpoint is not None:
            return self.endpoint
        found = os.environ.get(BASE)
        if not found:
            raise SettingError(
                f"no endpoint to ask: give endpoint='http://…/v1', or set {BASE} where steps work"
            )
        return address(found)

    def secret(self) -> str | None:
        """The key, which stays in the environment."""
        found = os.environ.get(self.key or KEY)
        if found is None and self.key is not None:
            raise SettingError(f"key={self.key!r}: there is no such variable in the environment")
        return found.strip() if found else None


def limits(
    *, endpoint: Any, key: Any, concurrency: Any, rpm: Any, tpm: Any, retries: Any, timeout: Any,
    total_timeout: Any, max_wait: Any, max_errors: Any, cache: Any,
) -> Limits:  # fmt: skip
    """Checked; a `SettingError` never shows what might be a key."""
    if key is not None and not (isinstance(key, str) and _VARIABLE.fullmatch(key)):
        raise SettingError(
            "key= is the NAME of an environment variable, in capitals; what was given is not shown "
            "here, since it may be the key itself"
        )
    for name, value in (("rpm", rpm), ("tpm", tpm)):
        if value is not None and not (_number(value) and value > 0):
            raise SettingError(f"{name}={value!r} is no number of a minute above 0")
    if not _number(max_errors) or not 0 <= max_errors <= 1:
        raise SettingError(f"max_errors={max_errors!r} is not a share between 0 and 1")
    if not isinstance(cache, bool | str | os.PathLike) or cache == "":
        raise SettingError(f"cache={cache!r}: a folder, True (the user's) or False (none)")
    return Limits(
        endpoint=None if endpoint is None else address(endpoint), key=key,
        concurrency=whole("concurrency", concurrency, 1),
        rpm=None if rpm is None else float(rpm), tpm=None if tpm is None else float(tpm),
        retries=whole("retries", retries, 0), timeout=seconds("timeout", timeout),
        total_timeout=seconds("total_timeout", total_timeout),
        max_wait=seconds("max_wait", max_wait, 0), max_errors=float(max_errors),
        cache=cache if isinstance(cache, bool) else os.fspath(cache),
    )  # fmt: skip


def address(given: Any) -> str:
    """The address of an endpoint, such as `http://localhost:8000/v1`, without a slash at its end.

    That of one of its services is taken for its own.

    >>> address("http://localhost:8000/v1/"), address("http://localhost:8000/v1/chat/completions")
    ('http://localhost:8000/v1', 'http://localhost:8000/v1')
    """
    if not isinstance(given, str):
        raise SettingError("endpoint= is an address such as http://localhost:8000/v1")
    try:
        parts = urlsplit(given.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise SettingError(f"endpoint= is no address: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise SettingError("endpoint= has a password in it; key= names the variable that holds one")
    if {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)} - {"api-version"}:
        raise SettingError("endpoint= has a query, which is no place for a key; key= is")
    if parts.scheme not in ("http", "https") or not host:
        raise SettingError(f"endpoint={given!r} is no address such as http://localhost:8000/v1")
    path = parts.path.rstrip("/")
    for service in ("/chat/completions", "/completions", "/embeddings"):
        path = path.removesuffix(service)
    return parts._replace(path=path, fragment="").geturl()


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
