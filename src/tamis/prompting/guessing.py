"""What a plan says of questions: answers that are kept already, guessed tokens of all others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from tamis.prompting.cache import Cache, cache_folder, request_key, written
from tamis.prompting.estimate import estimate
from tamis.prompting.limits import Limits
from tamis.prompting.question import Question, Told
from tamis.prompting.reply import Reply


class _Unknown(Exception):
    """What nobody has been asked yet."""


class _Remembering:
    """As an `Asker`, of whom nothing is asked that is not known."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.unstructured = limits, set[str]()
        self.cache = known_answers(limits)

    async def ask(self, path: str, body: dict[str, Any], sample: int = 0) -> Reply:
        """The reply that is kept; it never waits."""
        key = request_key(path, self.limits.endpoint, written(body), sample)
        reply = None if self.cache is None else self.cache.reply(key)
        if reply is None:
            raise _Unknown
        return reply


def known_answers(limits: Limits) -> Cache | None:
    """The folder of answers, where there is one: it is not made."""
    if not limits.cache:
        return None
    folder = cache_folder(limits.cache)
    return Cache(folder) if "://" in folder or os.path.isdir(folder) else None


def guesses(questions: Sequence[Question], limits: Limits) -> list[Told]:
    """What is known of each question, or about how many tokens it takes at most."""
    asker = _Remembering(limits)
    return [_guess(question, asker) for question in questions]


def _guess(question: Question, asker: _Remembering) -> Told:
    work = question.settle(asker)
    try:
        work.send(None)  # which waits for nothing, so it ends here
    except StopIteration as done:
        told: Told = done.value
        return told
    except _Unknown:
        pass
    finally:
        work.close()
    body = question.body(question.messages)
    most = body.get("max_tokens") or 0
    return Told(guessed=True, tokens_in=estimate(body) - most, tokens_out=most)
