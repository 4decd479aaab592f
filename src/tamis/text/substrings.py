"""URLs and given strings in a text."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tamis.frame import Texts
from tamis.kernels import search
from tamis.op import measure
from tamis.text.views import Characters, arrays, share


@measure(dtype="float64", range=(0, 1), null_where="blank")
def url_ratio(urls: np.ndarray, characters: Characters, *, pattern: str = "url") -> np.ndarray:
    """Share of characters that belong to URLs (`http://…`, `https://…`).

    `pattern` "url" takes letters, digits, `$-_@.&+/:=?#~!*(),` and `%` before two hexadecimal
    digits, as NeMo Curator does since 1.3; "curator" its class before that, an unescaped range by
    which `~` and `#` end a URL and `<`, `>`, `;` do not. Anything else is a regular expression.
    Bound 0.2 in `curator-en`. Source: NeMo Curator, UrlsFilter.

    >>> url_ratio("See https://a.org/~me now")
    0.68
    """
    return share(urls[:, 0], characters.length)


@measure(dtype="boolean", null_where="blank")
def pornographic_url(curator_urls: np.ndarray, *, pattern: str = "curator") -> np.ndarray:
    """Whether a URL of the text has "porn" in it, in lower case.

    `pattern` as for `url_ratio`, but published with the pattern "curator".
    Source: NeMo Curator, PornographicUrlsFilter.

    >>> pornographic_url("no http://example.org/ here")
    False
    """
    return curator_urls[:, 1] > 0


@measure(dtype="boolean", null_where="blank")
def contains(
    utf8: Texts, *, substring: str, position: Literal["any", "prefix", "suffix"] = "any"
) -> np.ndarray:
    """Whether a text has `substring` in it, or at its start ("prefix") or end ("suffix").

    Source: NeMo Curator, SubstringFilter.

    >>> contains("three short words", substring="short")
    True
    """
    data, offsets = arrays(utf8)
    result = np.empty(len(utf8.valid), bool)
    pattern = np.frombuffer(substring.encode(), np.uint8)
    search.contains(data, offsets, pattern, ("any", "prefix", "suffix").index(position), result)
    return result
