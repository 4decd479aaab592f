"""Regular expressions that take time linear in the text, whatever they are: by RE2."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import MissingPackageError, SettingError
from tamis.frame import Texts
from tamis.op import edit, measure
from tamis.resources import resource
from tamis.text.editing import rewritten
from tamis.text.views import arrays

NEEDS = {"regex": ("re2",)}
_GROUP_OR_SLASH = re.compile(r"\\(\d|\\)")
_GROUP = re.compile(r"(?:^|[^\\])(?:\\\\)*\\(\d)")
_OTHER = re.compile(r"(?:^|[^\\])(?:\\\\)*\\(?:[^\d\\]|$)", re.DOTALL)
_MEMORY = 64 << 20  # bytes that one expression may take, compiled


@resource
def expression(pattern: str, ignore_case: bool) -> Any:
    """The compiled expression. Raises `SettingError` in one line for what RE2 does not know."""
    try:
        import re2
    except ImportError as error:
        raise MissingPackageError(
            "regular expressions need google-re2: pip install 'tamis[regex]'"
        ) from error
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        told = error.args[0] if error.args else error
        told = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise SettingError(
            f"pattern={pattern!r}: {told}; RE2 runs in linear time, and so has no look-around "
            "and no back references (syntax: github.com/google/re2/wiki/Syntax)"
        ) from None


@measure(dtype="boolean", null_where="blank", needs=NEEDS)
def matches(utf8: Texts, *, pattern: str, ignore_case: bool = False) -> np.ndarray:
    """Whether a regular expression finds something in a text.

    The expression is RE2's: Perl's without look-around and back references, so that no text makes
    it hang. `^` and `$` are the ends of the text, of lines with `(?m)`; `\\w`, `\\d` and `\\s` are
    ASCII only, `\\pL` a letter. Needs `pip install 'tamis[regex]'`.

    >>> matches("call 555-0199", pattern=r"\\d{3}-\\d{4}")
    True
    """
    known = expression(pattern, ignore_case)
    return np.array([known.search(value) is not None for value in _bytes(utf8)], bool)


@measure(dtype="Int64", range=(0, float("inf")), null_where="blank", needs=NEEDS)
def match_count(utf8: Texts, *, pattern: str, ignore_case: bool = False) -> np.ndarray:
    """How many times a regular expression finds something in a text, without overlap.

    The expression is as for `text.matches`. Where it finds nothing at all, between two characters,
    that counts too.

    >>> match_count("1, 22 and 333", pattern=r"\\d+")
    3
    """
    known = expression(pattern, ignore_case)
    found = np.zeros(len(utf8.valid), np.int64)
    for row, value in enumerate(_bytes(utf8)):
        # of a character of several bytes RE2's wrapper also tries the places within it
        starts = (match.start() for match in known.finditer(value))
        found[row] = sum(at == len(value) or value[at] & 0xC0 != 0x80 for at in starts)
    return found


@edit(needs=NEEDS)
def replace_matches(
    text: pd.Series, utf8: Texts, *, pattern: str, by: str = "", ignore_case: bool = False
) -> pd.Series:
    """Put `by` in the place of all that a regular expression finds in a text.

    The expression is as for `text.matches`; in `by`, `\\1` is what its first group found.

    >>> replace_matches("call 555-0199", pattern=r"(\\d{3})-\\d{4}", by=r"\\1-xxxx")
    'call 555-xxxx'
    """
    known = expression(pattern, ignore_case)
    named = {int(group) for group in _GROUP.findall(by)}
    if max(named, default=0) > known.groups or _OTHER.search(by):
        raise SettingError(
            f"by={by!r} does not fit pattern={pattern!r}: a backslash stands before the number of "
            f"one of its groups (it has {known.groups}) or another backslash"
        )
    found = np.array([known.search(value) is not None for value in _bytes(utf8)], bool)
    parts = _GROUP_OR_SLASH.split(by)  # plain text, and every second one what was escaped

    def put(match: Any) -> str:
        return "".join(
            part if k % 2 == 0 else "\\" if part == "\\" else match.group(int(part)) or ""
            for k, part in enumerate(parts)
        )

    return rewritten(text, found, lambda value: known.sub(put, value))


def _bytes(utf8: Texts) -> list[bytes]:
    """The bytes of each text."""
    data, offsets = arrays(utf8)
    whole = data.tobytes()
    return [whole[a:b] for a, b in itertools.pairwise(offsets.tolist())]
