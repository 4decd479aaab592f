"""Error rates of transcripts beside jiwer, RapidFuzz and werpy (where it is installed).

    python benchmarks/audio/transcripts.py [--pairs 20000] [--repeats 4]

Pairs are sentences of frequent English words, the second with one word in seven replaced, left out
or preceded by another; then the same with no errors, and long ones. All of it in one process on one
thread, what is compared in turns; figures are pairs per second of processor time, the best of the
repeats. tamis begins with a column of Arrow text, the others with lists of `str`, as they take
them. Every value is compared with jiwer's before anything is timed.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import time
from collections.abc import Callable

import jiwer
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from tamis import audio

WORDS = """
    the of and to a in is it you that he was for on are with as his they be at one have this from
    or had by hot but some what there we can out other were all your when up use word how said an
    each she which do their time if will way about many then them would write like so these her
    long make thing see him two has look more day could go come did my sound no most number who
    over know water than call first people may down side been now find any new work part take get
    place made live where after back little only round man year came show every good me give our
""".split()  # noqa: SIM905
SIZES = {
    "20 words": (20, 1 / 7, 1),
    "20 words, no errors": (20, 0, 1),
    "200 words": (200, 1 / 7, 8),
    "2,000 words": (2000, 1 / 7, 100),
}
"""Name to words a sentence, share of errors, and how many times fewer pairs."""


def sentences(words: int, errors: float, count: int) -> tuple[list[str], list[str]]:
    """References and what was heard."""
    choice = random.Random(words)
    references, heard = [], []
    for _ in range(count):
        one = [choice.choice(WORDS) for _ in range(words)]
        two: list[str] = []
        for word in one:
            kind = choice.random() / errors if errors else 1
            if kind >= 1:
                two.append(word)
            elif kind < 1 / 2:
                two.append(choice.choice(WORDS))
            elif kind < 3 / 4:
                two += [choice.choice(WORDS), word]
        references.append(" ".join(one))
        heard.append(" ".join(two))
    return references, heard


def tasks(one: list[str], two: list[str]) -> dict[str, dict[str, Callable[[], object]]]:
    """What is timed, in two groups."""
    texts = [pd.Series(column, dtype="str") for column in (one, two)]
    kinds = (audio.substitutions, audio.deletions, audio.insertions)
    words: dict[str, Callable[[], object]] = {
        "jiwer.wer, each pair": lambda: [jiwer.wer(*pair) for pair in zip(one, two, strict=True)],
        "jiwer.process_words, all at once": lambda: jiwer.process_words(one, two),
        "RapidFuzz on lists of words": lambda: [
            Levenshtein.normalized_distance(a.split(), b.split())
            for a, b in zip(one, two, strict=True)
        ],
        "tamis audio.wer": lambda: audio.wer(*texts),
        'tamis audio.wer, normalise="basic"': lambda: audio.wer(*texts, normalise="basic"),
    }
    if importlib.util.find_spec("werpy"):
        import werpy

        words["werpy.wers"] = lambda: werpy.wers(one, two)
    if importlib.util.find_spec("text_to_num"):
        words['tamis audio.wer, normalise="en"'] = lambda: audio.wer(*texts, normalise="en")
    characters: dict[str, Callable[[], object]] = {
        "jiwer.cer, each pair": lambda: [jiwer.cer(*pair) for pair in zip(one, two, strict=True)],
        "jiwer.process_characters, all at once": lambda: jiwer.process_characters(one, two),
        "RapidFuzz cpdist": lambda: process.cpdist(one, two, scorer=Levenshtein.distance),
        "RapidFuzz cpdist, from Arrow text": lambda: process.cpdist(
            texts[0].tolist(), texts[1].tolist(), scorer=Levenshtein.distance
        ),
        "tamis audio.cer": lambda: audio.cer(*texts),
        "tamis audio.substitutions of characters": lambda: kinds[0](*texts, unit="characters"),
    }
    return {"words": words, "characters": characters}


def check(one: list[str], two: list[str]) -> None:
    """Every rate and every kind of error is jiwer's."""
    rates, characters = audio.wer(one, two), audio.cer(one, two)
    kinds = ("substitutions", "deletions", "insertions")
    counts = [getattr(audio, kind)(one, two) for kind in kinds]
    for row, pair in enumerate(zip(one, two, strict=True)):
        expected = jiwer.process_words(*pair)
        assert rates[row] == expected.wer and characters[row] == jiwer.cer(*pair)
        assert [int(count[row]) for count in counts] == [getattr(expected, kind) for kind in kinds]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=4)
    given = parser.parse_args()
    print("| pairs | | pairs / CPU-s | of jiwer's, each pair |\n|---|---|---:|---:|")
    for name, (words, errors, fewer) in SIZES.items():
        count = max(given.pairs // fewer, 8)
        one, two = sentences(words, errors, count)
        check(one, two)
        for group in tasks(one, two).values():
            best = dict.fromkeys(group, float("inf"))
            for _ in range(given.repeats):
                for task, function in group.items():
                    start = time.process_time()
                    function()
                    best[task] = min(best[task], time.process_time() - start)
            baseline = next(iter(best.values()))
            for task, seconds in best.items():
                row = f"{name} | {task} | {count / seconds:,.0f} | {baseline / seconds:.1f}"
                print(f"| {row} |", flush=True)


if __name__ == "__main__":
    main()
