"""How an endpoint wants to be asked where it does not take a request as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

_STREAM = re.compile(
    r"stream_options|(?:only|must|requires?|needs?|without|non)\b.{0,40}stream|"
    r"stream\w*.{0,40}\b(?:only|must|required|true|mandatory)\b",
    re.DOTALL,
)  # of words that ask for a stream, or that do not take what a stream is asked with


@dataclass(frozen=True)
class Manner:
    """What is other than the protocol's plainest form: found out by what is refused.

    >>> Manner().after("This model only supports streaming").body(b'{"model": "m"}')
    b'{"model": "m", "stream": true, "stream_options": {"include_usage": true}}'
    """

    stream: int = 0  # 1: answers come in pieces only; 2: and their tokens are not to be asked for
    completion: bool = False  # `max_tokens` is called `max_completion_tokens`

    def after(self, said: str) -> Manner:
        """The manner to try after a refusal with these words; the same if they ask for none."""
        said = said.lower()
        if "max_completion_tokens" in said and not self.completion:
            return replace(self, completion=True)
        if self.stream < 2 and _STREAM.search(said):
            return replace(self, stream=self.stream + 1)
        return self

    def body(self, data: bytes) -> bytes:
        """The body of a request in this manner."""
        if self == Manner():
            return data
        found = json.loads(data)
        if self.completion and "max_tokens" in found:
            found["max_completion_tokens"] = found.pop("max_tokens")
        if self.stream:
            found["stream"] = True
        if self.stream == 1:
            found["stream_options"] = {"include_usage": True}
        return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")

    def joined(self, other: Manner) -> Manner:
        """All that either has found out."""
        return Manner(max(self.stream, other.stream), self.completion or other.completion)
