"""Lists of 100,000 words found on one core: tamis beside pyahocorasick, where it is installed.

    python benchmarks/text/word_lists.py [--rounds 3]

Two lists over the pages of the demo, all and those in ASCII: one of 30,000 words that stand in
them, and 70,000 made-up ones (two of three words of the texts are then listed); and one of made-up
words only. tamis lowers the case and minds where words begin and end; pyahocorasick, on texts
lowered beforehand, finds every occurrence, within words and overlapping.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from pathlib import Path

from corpus import heading, pages, seconds, table

from tamis import text

COUNT, KNOWN = 100_000, 30_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    everything, _ = pages()
    choice = random.Random(0)
    known = sorted({word for value in everything for word in re.findall(r"\w+", value.lower())})
    choice.shuffle(known)
    made: dict[str, None] = {}
    while len(made) < COUNT:
        one, two = choice.choice(known), choice.choice(known)
        made[choice.choice([one + two[:4], f"{one} {two}", one[:-1] + two[:2]])] = None
    lists = {
        "frequent": (*known[:KNOWN], *list(made)[: COUNT - KNOWN]),
        "rare": tuple(made),
    }
    try:
        import ahocorasick

        heading("tamis", "pyahocorasick", "numpy", "numba")
    except ImportError:
        ahocorasick = None
        heading("tamis", "numpy", "numba")
    folder = tempfile.TemporaryDirectory()
    for name, words in lists.items():
        file = Path(folder.name) / f"{name}.txt"
        file.write_text("\n".join(words), "utf-8")
        for kind, times in (("all", 3), ("ASCII", 8)):
            column, megabytes = pages(times)
            if kind == "ASCII":
                column = column[column.map(str.isascii)].reset_index(drop=True)
                megabytes = column.str.len().sum() / 1e6
            contenders = {
                "whole words": lambda c=column, f=str(file): text.word_list_count(
                    c, files=(f,)
                ).sum(),
                "anywhere": lambda c=column, f=str(file): text.word_list_count(
                    c, files=(f,), whole_words=False
                ).sum(),
            }
            if ahocorasick is not None:
                automaton = ahocorasick.Automaton()
                for word in words:
                    automaton.add_word(word.lower(), 1)
                automaton.make_automaton()
                lowered = column.str.lower().tolist()
                contenders["pyahocorasick"] = lambda a=automaton, t=lowered: sum(
                    sum(1 for _ in a.iter(value)) for value in t
                )
            print(f"\n{name} words, pages: {kind}, {megabytes:.1f} MB, {len(words):,} entries\n")
            table(seconds(contenders, rounds), megabytes, "whole words")


if __name__ == "__main__":
    main()
