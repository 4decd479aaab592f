"""Texts from data as they may be shown: on a terminal, and in a page."""

from __future__ import annotations

import unicodedata
from typing import Any

from markupsafe import Markup, escape

# Characters that are not seen but matter: controls, zero-width and direction marks, soft hyphens.
# Joiners (U+200C, U+200D) stay as they are: Persian, Indic scripts and emoji are written with them.
_UNSEEN = {0x00AD, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB}
_UNSEEN |= {*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0x7F, 0xA0), *range(0x20)}


def safe(text: Any, most: int | None = None) -> str:
    """Text from data without what would steer a terminal; line ends as ¶.

    >>> safe("a\\x1b[2Jb\\nc")
    'a·[2Jb ¶ c'
    """
    shown = " ¶ ".join(part for part in str(text).split("\n") if part.strip())
    shown = "".join(c if c.isprintable() else " " if c in "\t\r" else "·" for c in shown)
    return shown if most is None or len(shown) <= most else f"{shown[:most]} …"


def shown(text: str | None) -> Markup:
    """Text from data as safe HTML: escaped, line ends and unseen characters made visible."""
    if text is None:
        return Markup('<span class="none">no text</span>')
    pieces: list[str] = []
    plain: list[str] = []
    last = ""
    for character in text:
        if character == "\n":
            if last != "\n":
                pieces += [
                    str(escape("".join(plain))),
                    '<span class="end" title="line end">¶</span> ',
                ]
                plain = []
        elif character == "\t":
            plain.append(" ")
        elif ord(character) in _UNSEEN:
            pieces += [str(escape("".join(plain))), _mark(character)]
            plain = []
        else:
            plain.append(character)
        last = character
    return Markup("".join([*pieces, str(escape("".join(plain)))]))


def _mark(character: str) -> str:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "control character").lower()
    return f'<span class="unseen" title="{code} {name}">{code}</span>'
