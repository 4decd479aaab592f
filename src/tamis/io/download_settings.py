"""Settings of what is downloaded, checked at the call."""

from __future__ import annotations

import re
from typing import Any

from tamis.errors import SettingError
from tamis.io.download_http import Manners


def whole(name: str, value: Any, least: int) -> int:
    """A whole number from `least` on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SettingError(f"{name} must be a whole number from {least} on, found {value!r}")
    return value


def seconds(name: str, value: Any, least: float | None = None) -> float:
    """A number of seconds: more than none, or from `least` on."""
    good = isinstance(value, int | float) and value == value
    if not good or (value <= 0 if least is None else value < least):
        raise SettingError(f"{name} must be a number of seconds, found {value!r}")
    return float(value)


def agent(given: str | None) -> str:
    """What is said of who asks."""
    if given is None:
        return Manners.user_agent
    if not re.fullmatch(r"[\x20-\x7e]+", given):
        raise SettingError(f"user_agent must be printable ASCII, found {given!r}")
    return given
