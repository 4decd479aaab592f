"""What an endpoint said, taken from its JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tamis.codes import BadRecord


class Unfit(BadRecord):
    """What is wrong, with `full` words that may quote a text: for the model, never for a reason."""

    def __init__(self, code: str, detail: str, full: str = "") -> None:
        super().__init__(code, detail)
        self.full = full or detail


@dataclass(frozen=True)
class Reply:
    """The text of an answer, why it ends, and the tokens that it took as the server counts them."""

    text: str
    finish: str | None = None
    refusal: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as the cache has it."""
        return dict(vars(self))

    def usable(self, truncated: str) -> Reply:
        """Itself; `BadRecord` where the model refused, or was cut off and that is not wanted."""
        if self.refusal or self.finish == "content_filter":
            filtered = "the endpoint's content filter took the answer"
            raise BadRecord("prompt.refused", "the model refused" if self.refusal else filtered)
        if self.finish == "length" and truncated == "fail":
            raise BadRecord(
                "prompt.truncated", f"cut off after {self.tokens_out or 'so many'} tokens"
            )
        return self


def chat(data: Any) -> Reply:
    """The reply of `/chat/completions` or `/completions`; `BadRecord` where it is none."""
    try:
        choice = data["choices"][0]
        message = choice.get("message")
        text = choice["text"] if message is None else message.get("content")
        refusal = None if message is None else message.get("refusal")
        finish = choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise BadRecord("prompt.answer", "the answer has no choices, or no message") from None
    if finish == "error" or choice.get("error"):  # of those between: a provider behind them failed
        raise BadRecord("prompt.answer", "the answer ends with an error")
    if isinstance(text, list):  # parts
        text = "".join(str(part.get("text") or "") for part in text if isinstance(part, dict))
    if text is None and (refusal or finish in ("content_filter", "length", "stop")):
        text = ""
    if not isinstance(text, str):
        raise BadRecord("prompt.answer", "the answer has no text")
    said = refusal if isinstance(refusal, str) and refusal else None
    return Reply(
        encodable(text), finish if isinstance(finish, str) else None,
        None if said is None else encodable(said), *tokens(data),
    )  # fmt: skip


def tokens(data: Any) -> tuple[int | None, int | None]:
    """Tokens in and out, where the server tells."""
    usage = data.get("usage") if isinstance(data, dict) else None
    usage = usage if isinstance(usage, dict) else {}
    found = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    good = [
        n if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 1 << 40 else None
        for n in found
    ]
    return good[0], good[1]


def encodable(text: str) -> str:
    """Without halves of characters, which JSON can name and no column hold."""
    return text.encode("utf-8", "replace").decode()
