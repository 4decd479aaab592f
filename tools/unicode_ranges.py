"""Write src/tamis/kernels/unicode_ranges.py: which code points are alphabetic.

    python tools/unicode_ranges.py

The class is `[[:alpha:]]` of the `regex` package (the Unicode property Alphabetic), asked of every
code point. Needs `regex` (extra `dev`).
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import regex

TARGET = Path(__file__).parents[1] / "src/tamis/kernels/unicode_ranges.py"
HEADER = '''"""Which code points are alphabetic, as found by `tools/unicode_ranges.py`; do not edit.

`[[:alpha:]]` of regex {version}. Base-36 numbers in pairs: code points that are not, that are.
"""

from __future__ import annotations

ALPHABETIC = """
{body}
"""
'''
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def alphabetic() -> list[tuple[int, int]]:
    """Every maximal range `[start, stop)` of alphabetic code points, in order."""
    pattern = regex.compile("[[:alpha:]]")
    ranges: list[tuple[int, int]] = []
    for point in range(0x110000):
        if 0xD800 <= point < 0xE000 or not pattern.match(chr(point)):
            continue
        if ranges and ranges[-1][1] == point:
            ranges[-1] = (ranges[-1][0], point + 1)
        else:
            ranges.append((point, point + 1))
    return ranges


def base36(number: int) -> str:
    """A number in the digits 0-9a-z, as `int(…, 36)` reads it."""
    text = DIGITS[number % 36]
    while number := number // 36:
        text = DIGITS[number % 36] + text
    return text


def main() -> None:
    """Write the table."""
    numbers, at = [], 0
    for start, stop in alphabetic():
        numbers += [start - at, stop - start]
        at = stop
    body = textwrap.fill(" ".join(map(base36, numbers)), 98)
    TARGET.write_text(HEADER.format(version=regex.__version__, body=body))


if __name__ == "__main__":
    main()
