"""Decontamination beside the published loop, on the same texts against the same n-grams.

    python benchmarks/text/decontaminate.py [--slow 2] [--ngrams 100000] [--rounds 3]

The published loop is written here after the description of NeMo Curator 0.9's TaskDecontamination
(`find_matching_ngrams`): words split at spaces, at each place the n-gram of 13 words looked up in a
dictionary, then those of the other lengths that occur; after a hit on with the text behind it. It
only counts. tamis finds all places with their offsets (the kernel alone; `Decontaminate` as a step
on a pandas frame, `drop` and `cut`, evidence included). CPU seconds of one thread, medians of
interleaved rounds; the loop takes a part of the texts, and rates are compared.

The texts are those of the demo's crawl, repeated. Of the benchmark's examples one in five hundred
is a passage of them, the others are words of theirs at random: questions of 25 words, one in five
of 10.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import string
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import tamis
from tamis.frame import STRING, text_buffers

_PUNCTUATION = str.maketrans("", "", string.punctuation)


def published_words(text: str) -> list[str]:
    """Lower case, no ASCII punctuation, split at single spaces."""
    return text.lower().translate(_PUNCTUATION).strip().split(" ")


def published_ngrams(texts: list[str]) -> tuple[dict[str, int], list[int]]:
    """The n-grams of tasks, and how long those are that are not of 13 words."""
    known: dict[str, int] = {}
    for text in texts:
        words = published_words(text)
        if 8 <= len(words) < 13:
            known[" ".join(words)] = 0
        for k in range(len(words) - 12):
            known[" ".join(words[k : k + 13])] = 0
    return known, sorted({len(one.split(" ")) for one in known} - {13})


def published_counts(texts: list[str], known: dict[str, int], lengths: list[int]) -> int:
    """How often n-grams stand in texts; after a hit the text behind it is looked at anew."""
    total = 0
    for text in texts:
        ahead = [published_words(text)]
        while ahead:
            words = ahead.pop()
            for k in range(len(words) - 12):
                found = 13 if " ".join(words[k : k + 13]) in known else 0
                for length in lengths if not found else ():
                    if " ".join(words[k : k + length]) in known:
                        found = length
                        break
                if found:
                    total += 1
                    ahead.append(words[k + found :])
                    break
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=40)
    parser.add_argument("--slow", type=float, default=2, help="megabytes that the loop is given")
    parser.add_argument("--ngrams", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    rng = random.Random(0)
    texts = [t for t in tamis.datasets.demo().compute()["text"].tolist() if isinstance(t, str)]
    questions = examples(texts, chosen.ngrams, rng)
    few = some(texts, chosen.slow)
    many = some(texts, chosen.megabytes)
    frame = pd.DataFrame({"id": range(len(many)), "text": pd.array(many, STRING)})
    frame["id"] = frame["id"].astype(str).astype(STRING)
    known, lengths = published_ngrams(questions)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exam.jsonl"
        path.write_text("\n".join(json.dumps({"text": text}) for text in questions))
        drop, cut = (tamis.Decontaminate(path, action=action) for action in ("drop", "cut"))
        begin = time.process_time()
        grams = drop.known()
        loading = time.process_time() - begin
        utf8 = text_buffers(frame["text"])
        contenders: dict[str, tuple[Callable[[], Any], float]] = {
            "published loop, counting only": (
                lambda: published_counts(few, known, lengths),
                size(few),
            ),
            "tamis, the kernel": (lambda: grams.hits(utf8), size(many)),
            "tamis, Decontaminate drop": (lambda: drop.explain(frame), size(many)),
            "tamis, Decontaminate cut": (lambda: cut.explain(frame), size(many)),
        }
        for run, _ in list(contenders.values())[1:]:
            run()
        spent: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(chosen.rounds):
            for name, (run, _) in contenders.items():
                if number < 2 or not name.startswith("published"):
                    begin = time.process_time()
                    run()
                    spent[name].append(time.process_time() - begin)
        hits = len(grams.hits(utf8)[0])
        dropped = int(drop.explain(frame)["dropped_by"].notna().sum())
    print(
        f"{len(many):,} texts, {size(many):.1f} MB (the loop: {size(few):.1f} MB); {grams.size:,} "
        f"n-grams, loaded in {loading:.2f} s; {hits:,} places, {dropped:,} texts dropped"
    )
    rates = {k: contenders[k][1] / statistics.median(found) for k, found in spent.items()}
    slow = rates["published loop, counting only"]
    print("| | MB/s of one core (least, most) | to the loop |\n|---|---|---|")
    for name, rate in rates.items():
        all_ = [contenders[name][1] / one for one in spent[name]]
        print(f"| {name} | {rate:.1f} ({min(all_):.1f}-{max(all_):.1f}) | {rate / slow:.0f}× |")


def examples(texts: list[str], ngrams: int, rng: random.Random) -> list[str]:
    """Questions that come to so many n-grams."""
    words = [word for text in texts[:500] for word in text.split()]
    made: list[str] = []
    count = 0
    while count < ngrams:
        short = rng.random() < 0.2
        length = 10 if short else 25
        count += 1 if short else 13
        if rng.random() < 0.002:
            place = rng.randrange(len(words) - length)
            made.append(" ".join(words[place : place + length]))
        else:
            made.append(" ".join(rng.choice(words) for _ in range(length)))
    return made


def some(texts: list[str], megabytes: float) -> list[str]:
    """As many texts, over and over, as come to a size."""
    made: list[str] = []
    left = megabytes * 1e6
    while left > 0:
        for text in texts:
            made.append(text)
            left -= len(text.encode())
            if left <= 0:
                break
    return made


def size(texts: list[str]) -> float:
    """Megabytes of UTF-8."""
    return sum(len(text.encode()) for text in texts) / 1e6


if __name__ == "__main__":
    main()
