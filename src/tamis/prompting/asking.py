"""Questions asked of an endpoint by the client of this process, all partitions together."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from typing import Any

from tamis.io.download_loop import stop, together
from tamis.prompting.client import Asker, _aiohttp
from tamis.prompting.guessing import guesses
from tamis.prompting.limits import Limits
from tamis.prompting.question import Question, Told

atexit.register(stop)  # connections are kept between partitions, and closed in the end


def asked(questions: Sequence[Question], limits: Limits) -> list[Told]:
    """What came of each question, in order.

    Raises `EndpointError` where the endpoint refuses all or is gone, and `SettingError` where there
    is none.
    """
    if not limits.asks:
        return guesses(questions, limits)
    return all_asked(questions, limits)


def all_asked(questions: Sequence[Any], limits: Limits) -> list[Any]:
    """What came of questions of any kind (`settle`), in order."""
    if not questions:
        return []
    _aiohttp()
    return together(questions, limits, Asker)
