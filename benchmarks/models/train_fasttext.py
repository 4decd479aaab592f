"""fastText classifiers: trained here beside the library, the same texts and settings, one thread.

    python benchmarks/models/train_fasttext.py [--python /its/environment/bin/python] [--rounds 3]

`--python` has a fastText that trains (`pip install fasttext-community`; it is called like
fasttext-predict, so not here). Paragraphs of the demo's crawl, labelled by where they come from;
CPU seconds of training, and accuracy on the paragraphs held out, in turn; the library gets the
lines shuffled. Then it reads the file written here.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import pandas as pd

import tamis
from tamis import sets, text

THEIRS = """
import fasttext, sys, time
place, seed = sys.argv[1], int(sys.argv[2])
start = time.process_time()
model = fasttext.train_supervised(place + "/train.txt", lr=0.1, epoch=5, wordNgrams=2, dim=100,
                                  thread=1, seed=seed, verbose=0)
spent = time.process_time() - start
read = fasttext.load_model(place + "/ours.bin")
print(spent, model.test(place + "/test.txt")[1], read.test(place + "/test.txt")[1])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    place = Path(tempfile.mkdtemp())
    docs = paragraphs()
    docs = sets.split(docs, by="id", seed=1992, stratify="label", train=0.9, test=0.1)
    for name, rows in docs.groupby("split"):
        lines = [
            " ".join([f"__label__{label}", *value.split()]) + "\n"
            for label, value in zip(rows.label, rows.text, strict=True)
        ]
        random.Random(0).shuffle(lines)
        (place / f"{name}.txt").write_text("".join(lines), "utf-8")
    train, test = (docs[docs.split == name] for name in ("train", "test"))
    ours, theirs, right, known, read = [], [], [], [], 0.0
    for turn in range(chosen.rounds + 1):  # the first compiles
        start = time.process_time()
        tamis.train_fasttext(train, output=place / "ours.bin", share=1, seed=turn)
        ours.append(time.process_time() - start)
        said = text.fasttext_label(test.text, model=str(place / "ours.bin"))
        right.append(float((said == test.label).mean()))
        if chosen.python:
            told = subprocess.run(
                [chosen.python, "-c", THEIRS, str(place), str(turn)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            spent, accuracy, read = map(float, told.stdout.split()[-3:])
            theirs.append(spent)
            known.append(accuracy)
    size = train.text.str.len().sum() / 1e6
    print(f"{len(train):,} paragraphs, {size:.1f} M characters, {train.label.nunique()} labels")
    print(f"{len(test):,} held out; load {os.getloadavg()[0]:.1f}\n")
    print("| | CPU s | accuracy |\n|---|---|---|")
    report("tamis", ours, right)
    if chosen.python:
        report("fastText", theirs, known)
        print(f"\nthe last file, read by fastText: {read:.4f} (here {right[-1]:.4f})")


def report(name: str, spent: list[float], right: list[float]) -> None:
    low, high = min(right[1:]), max(right[1:])
    print(f"| {name} | {statistics.median(spent[1:]):.2f} | {low:.4f} to {high:.4f} |")


def paragraphs() -> pd.DataFrame:
    docs = tamis.datasets.demo().compute().dropna(subset=["text"])
    docs["label"] = docs.source.str.split().str[0]
    rows = [
        (f"{row.id}/{k}", part, row.label)
        for row in docs.itertuples()
        for k, part in enumerate(row.text.split("\n"))
        if len(part) > 60
    ]
    found = pd.DataFrame(rows, columns=["id", "text", "label"]).drop_duplicates("text")
    return found[found.label.isin(found.label.value_counts().index[:10])]


if __name__ == "__main__":
    main()
