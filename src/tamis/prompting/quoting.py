"""What an endpoint says of an error, without what it was asked: reasons stand in reports."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from tamis.prompting.reply import encodable

RUN = 12  # letters and digits in a row that stand in a request, too
_LONGEST = 60  # of a word: beyond it, it is a picture, a key or the like
_LOOKED_AT, _SHOWN = 2000, 300
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TITLE = re.compile(r"<title[^>]*>\s*([^<]*?)\s*</title>", re.IGNORECASE)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\[nrt]|\\(.)")
_COMMON = """
    a an and api again allowed also are array assistant at bad be been body but by can cannot chat
    code completion completions content context could does enough error errors exceed exceeded
    exceeds expected failed field fields filter flagged for format found from gateway has have
    http however if image images in input integer internal invalid is it its json key large later
    least length less limit limits long longer many max maximum message messages minimum missing
    model models more most must no not number object of on only or output overloaded parameter
    parameters please policy prompt property provided rate request requested requests required
    response role schema server service short should string support supported system than that the
    this timeout to token tokens too try type unavailable unexpected unknown unsupported usage user
    valid value was with within you your
"""  # words of which any error is made, so that they give nothing away
_COMMON_WORDS = frozenset(_COMMON.split())


def described(status: int | None, body: Any, asked: bytes, secret: str | None) -> str:
    """The status, the code and type of the error, and its message where that quotes nothing.

    `body` is what was answered, as parsed or in bytes; `asked` the body of the request.
    """
    names, said = error(body)
    if secret:
        said = said.replace(secret, "[key]")
    said, given = " ".join(encodable(said).split()), contents(asked)
    named = [n for n in dict.fromkeys(names) if n != str(status) and _NAME.fullmatch(n)]
    named = [n for n in named if n != secret and not quotes(n, given)]
    told = ", ".join(filter(None, [_phrase(status), *named]))
    if said and quotes(said, given):
        return f"{told}; its message is not shown: it has words of the request".lstrip("; ")
    return ": ".join(filter(None, [told, said[:_SHOWN]])) or "an error without words"


def error(body: Any) -> tuple[list[str], str]:
    """The code and type of an error, and what is said of it."""
    try:
        found = json.loads(body) if isinstance(body, bytes) else body
        told = found.get("error", found) if isinstance(found, dict) else found
        if not isinstance(told, dict):
            return [], str(told)
        names = [str(told.get(k) or "") for k in ("code", "type")]
        return [n for n in names if n], str(told.get("message") or told.get("detail") or "")
    except (ValueError, RecursionError):
        said = body[: 4 * _LOOKED_AT].decode("utf-8", "replace")
        title = _TITLE.search(said) if said.lstrip()[:1] == "<" else None
        return [], said if title is None else html.unescape(title[1])


def contents(asked: bytes) -> str:
    """The texts of a request, a line each; pictures are left out."""
    body = json.loads(asked)
    given = [body.get(k) for k in ("messages", "prompt", "input")]
    return "\n".join(_texts([v for v in given if v is not None]))


def quotes(said: str, given: str) -> bool:
    """Whether a message may quote the texts of a request.

    It does where twelve letters and digits in a row, or a word that is not one of any error, stand
    in both, or two characters in a row beyond ASCII; and where it has a word too long for one.

    >>> quotes("maximum context length is 4096 tokens", "Who was Jane?")
    False
    >>> quotes("no word of jane is taken", "Who was Jane?")
    True
    """
    words, run = set(_words(given)), _run(given)
    for form in _forms(said[:_LOOKED_AT]):
        found = _words(form)
        if any(len(word) > _LONGEST for word in found):
            return True
        if any(len(w) > 1 and w in words and w not in _COMMON_WORDS for w in found):
            return True
        own = _run(form)
        if any(own[k : k + RUN] in run for k in range(len(own) - RUN + 1)):
            return True
        pairs = (own[k : k + 2] for k in range(len(own) - 1))
        if any(min(pair) > "\x7f" and pair in run for pair in pairs):
            return True
    return False


def _phrase(status: int | None) -> str:
    """A status in the standard's words: those of an answer are the server's own."""
    try:
        return "" if status is None else f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _forms(said: str) -> Iterator[str]:
    """A message as it is, and without the ways in which it may have written a quotation."""
    yield said
    for _ in range(3):  # JSON within JSON within JSON
        plain = unquote(html.unescape(_ESCAPE.sub(_unescaped, said)))
        if plain == said:
            return
        said = plain
        yield said


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return found[2] or " "


def _words(text: str) -> list[str]:
    """Runs of letters and digits, in small letters; a name_with_lines is several."""
    return re.findall(r"[^\W_]+", text.casefold())


def _run(text: str) -> str:
    """Letters and digits alone."""
    return "".join(filter(str.isalnum, text.casefold()))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in ("role", "type", "image_url"):
                yield from _texts(one)
