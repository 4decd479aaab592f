"""Write src/tamis/kernels/letter_ranges.py: letters, digits, capitals, ends of sentences, symbols.

    python tools/letter_ranges.py

Letters, digits and capitals are what Python's `str` methods say of each code point. Ends of
sentences are the Unicode property Sentence_Terminal; needs `regex` (extra `dev`).
"""

from __future__ import annotations

import sys
import textwrap
import unicodedata
from collections.abc import Callable
from pathlib import Path

import regex
from unicode_ranges import base36

TARGET = Path(__file__).parents[1] / "src/tamis/kernels/letter_ranges.py"
HEADER = '''"""Classes of code points as found by `tools/letter_ranges.py`; do not edit.

Unicode {unicode} (Python {python}), Sentence_Terminal of regex {regex}. Base-36 numbers in pairs:
code points that are not of the class, that are.
"""

from __future__ import annotations

'''
TERMINAL = regex.compile(r"\p{Sentence_Terminal}")
CLASSES: dict[str, Callable[[str], object]] = {
    "LETTERS": str.isalpha,
    "NUMBERS": lambda c: c.isalnum() and not c.isalpha(),
    "DIGITS": str.isdigit,
    "DECIMALS": str.isdecimal,
    "CAPITALS": str.isupper,
    "TERMINALS": TERMINAL.match,
}


def pairs(belongs: Callable[[str], object]) -> str:
    """The class as numbers: how many code points are not in it, are in it, are not, …"""
    numbers, at, inside = [], 0, False
    for point in range(0x110001):
        there = point < 0x110000 and not 0xD800 <= point < 0xE000 and bool(belongs(chr(point)))
        if there != inside:
            numbers.append(point - at)
            at, inside = point, there
    return textwrap.fill(" ".join(map(base36, numbers)), 98)


def main() -> None:
    """Write the tables."""
    text = HEADER.format(
        unicode=unicodedata.unidata_version,
        python=".".join(map(str, sys.version_info[:2])),
        regex=regex.__version__,
    )
    tables = [f'{name} = """\n{pairs(belongs)}\n"""\n' for name, belongs in CLASSES.items()]
    TARGET.write_text(text + "".join(tables))


if __name__ == "__main__":
    main()
