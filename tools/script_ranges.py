"""Write src/tamis/kernels/script_ranges.py: which script each code point is written in.

    python tools/script_ranges.py

The Unicode property Script, by ISO 15924 codes; needs `regex` (extra `dev`).
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import regex
from unicode_ranges import base36

TARGET = Path(__file__).parents[1] / "src/tamis/kernels/script_ranges.py"
HEADER = '''"""Which script each code point is written in, as found by `tools/script_ranges.py`; do not edit.

The property Script of regex {version}. `RANGES` has base-36 numbers by threes: code points that
belong to no script, or to all; code points of one script; its number in `SCRIPTS`.
"""

from __future__ import annotations

'''
CODES = (
    "Latn Cyrl Grek Arab Hebr Hani Hira Kana Hang Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh "
    "Thai Laoo Tibt Mymr Geor Armn Ethi Khmr Mong Adlm Aghb Ahom Armi Avst Bali Bamu Bass Batk Berf "
    "Bhks Bopo Brah Brai Bugi Buhd Cakm Cans Cari Cham Cher Chrs Copt Cpmn Cprt Diak Dogr Dsrt "
    "Dupl Egyp Elba Elym Gara Glag Gong Gonm Goth Gran Gukh Hano Hatr Hluw Hmng Hmnp Hung Ital Java "
    "Kali Kawi Khar Khoj Kits Krai Kthi Lana Lepc Limb Lina Linb Lisu Lyci Lydi Mahj Maka Mand Mani "
    "Marc Medf Mend Merc Mero Modi Mroo Mtei Mult Nagm Nand Narb Nbat Newa Nkoo Nshu Ogam Olck Onao "
    "Orkh Osge Osma Ougr Palm Pauc Perm Phag Phli Phlp Phnx Plrd Prti Rjng Rohg Runr Samr Sarb Saur "
    "Sgnw Shaw Shrd Sidd Sind Sogd Sogo Sora Soyo Sund Sunu Sylo Syrc Tagb Takr Tale Talu Tang Tavt "
    "Tayo Tfng Tglg Thaa Tirh Tnsa Todr Tols Toto Tutg Ugar Vaii Vith Wara Wcho Xpeo Xsux Yezi Yiii "
    "Zanb"
).split()


def main() -> None:
    """Write the tables."""
    points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    whole, found = "".join(map(chr, points)), []
    known: list[str] = []
    for code in CODES:
        try:
            pattern = regex.compile(rf"\p{{Script={code}}}+")
        except regex.error:  # younger than this version's Unicode
            continue
        number = len(known)
        known.append(code)
        for match in pattern.finditer(whole):
            found.append((points[match.start()], points[match.end() - 1] + 1, number))
    numbers, at = [], 0
    for start, end, number in sorted(found):
        numbers += [start - at, end - start, number]
        at = end
    scripts = textwrap.fill(" ".join(known), 98)
    ranges = textwrap.fill(" ".join(map(base36, numbers)), 98)
    TARGET.write_text(
        HEADER.format(version=regex.__version__)
        + f'SCRIPTS = """\n{scripts}\n"""\n\nRANGES = """\n{ranges}\n"""\n'
    )


if __name__ == "__main__":
    main()
