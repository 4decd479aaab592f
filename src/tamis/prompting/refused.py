"""What an answer that is an error means for a request, or for all, and what a connection lacks."""

from __future__ import annotations

from typing import Any

from tamis.codes import BadRecord
from tamis.errors import EndpointError
from tamis.io.download_http import AGAIN, Again, asked_to_wait
from tamis.prompting.limits import KEY, Limits
from tamis.prompting.quoting import described, error
from tamis.prompting.reply import Unfit, encodable

_CREDIT = ("insufficient_quota", "billing_hard_limit_reached", "insufficient_credits")


def refused(limits: Limits, status: int, headers: Any, body: Any, asked: bytes) -> Exception:
    """What is to be raised for an answer of this status and body to what was `asked`."""
    place = joined(limits.base(), "")
    names, said = error(body)
    kind, detail = " ".join(names), described(status, body, asked, limits.secret())
    if any(word in kind for word in _CREDIT):
        return EndpointError(f"{place}: the account has no credit left ({detail})")
    if status in (429, 529):
        return Again(BadRecord("prompt.rate", detail), asked_to_wait(headers))
    if status in AGAIN or status >= 500:
        return Again(BadRecord("prompt.failed", detail), asked_to_wait(headers))
    if status == 401:
        name = limits.key or KEY
        if limits.secret() is None:
            return EndpointError(f"{place} asks for a key, and {name} holds none ({detail})")
        return EndpointError(f"{place} does not take the key that {name} holds ({detail})")
    if status in (404, 405) or 300 <= status < 400:
        hint = "" if "/v" in place else "; the path of most endpoints ends with /v1"
        return EndpointError(f"{place}: no such model or service ({detail}{hint})")
    if status == 403 or "content_policy" in kind or "content_filter" in kind:
        return BadRecord("prompt.refused", detail)
    if status == 413 or "context_length" in kind or "context length" in said.lower():
        return BadRecord("prompt.too_long", detail)
    return Unfit("prompt.request", detail, said)


def status_of(found: Any) -> int | None:
    """The status of an error that came as an answer; None where it is none, or names no status."""
    told = found.get("error") if isinstance(found, dict) else None
    code = told.get("code") if isinstance(told, dict) else None
    if isinstance(code, str):
        code = int(code) if code.isdigit() and len(code) == 3 else 429 * ("rate_limit" in code)
    return code if isinstance(code, int) and 400 <= code < 600 else None


def untrusted(limits: Limits, fault: Any) -> EndpointError:
    """What is to be raised for a certificate that nobody vouches for."""
    told = getattr(fault.certificate_error, "verify_message", "") or "it does not hold"
    return EndpointError(
        f"{joined(limits.base(), '')}: its certificate is not trusted ({told}); SSL_CERT_FILE "
        "names a file with that of its authority"
    )


def broken(fault: Exception, secret: str | None) -> str:
    """What is wrong with a connection; what came over it is not quoted."""
    inner = getattr(fault, "os_error", None) or fault
    if isinstance(inner, OSError):
        return clean(inner, secret)
    return f"the connection or the answer broke off ({type(fault).__name__})"


def clean(said: Any, secret: str | None) -> str:
    """Words on one line, and without the key."""
    text = encodable(" ".join(str(said).split())) or type(said).__name__
    return (text.replace(secret, "[key]") if secret else text)[:300]


def joined(base: str, path: str) -> str:
    """The address of a service of an endpoint, or its own."""
    base, mark, query = base.partition("?")
    return f"{base}/{path}{mark}{query}" if path else base
