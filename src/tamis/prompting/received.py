"""The data of an answer, whole or in the pieces of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tamis.codes import BadRecord

STREAM = "text/event-stream"


def received(body: bytes, kind: str) -> Any:
    """The JSON of an answer of this content type; `BadRecord` where it is none.

    Pieces of a stream (`data: {…}`) are put together to what would have come at once.
    """
    text = body.lstrip()
    if kind.startswith(STREAM) or text.startswith((b"data:", b"event:")):
        return _joined(_pieces(body))
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    if text[:1] == b"<":
        told = "the answer is a page, not JSON: is the address that of the endpoint?"
        raise BadRecord("prompt.answer", told)
    raise BadRecord("prompt.answer", "the answer is empty" if not text else "the answer is no JSON")


def _pieces(body: bytes) -> Iterator[Any]:
    """The data of each event, up to the last; `BadRecord` where one is no JSON."""
    for line in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            yield None
            return
        try:
            yield json.loads(data)
        except (ValueError, RecursionError):
            raise BadRecord("prompt.answer", "a piece of the stream is no JSON") from None


def _joined(pieces: Iterator[Any]) -> Any:
    found: dict[str, Any] = {}
    texts: dict[str, list[str]] = {"content": [], "refusal": []}
    finish, done = None, False
    for piece in pieces:
        if piece is None:
            done = True
            break
        if not isinstance(piece, dict):
            raise BadRecord("prompt.answer", "a piece of the stream is no object")
        if piece.get("error"):
            return piece
        if piece.get("usage"):
            found["usage"] = piece["usage"]
        choice = _choice(piece)
        finish = choice.get("finish_reason") or finish
        said = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
        for name, parts in texts.items():
            one = said.get(name) if isinstance(said, dict) else None
            if isinstance(one, str):
                parts.append(one)
    if not (done or finish):
        raise BadRecord("prompt.answer", "the stream broke off")
    refusal = "".join(texts["refusal"])
    message = {"content": "".join(texts["content"])} | ({"refusal": refusal} if refusal else {})
    return found | {"choices": [{"message": message, "finish_reason": finish or "stop"}]}


def _choice(piece: dict[str, Any]) -> dict[str, Any]:
    """The first choice of a piece; empty where it has none."""
    choices = piece.get("choices")
    found = choices[0] if isinstance(choices, list) and choices else None
    return found if isinstance(found, dict) and not found.get("index") else {}
