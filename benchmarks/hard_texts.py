"""Texts that a deduplication should not confuse, made of the words of real documents.

| kind | what it is | what should happen |
| --- | --- | --- |
| template | 40 forms of 300 words, each with 150 different articles of 40 to 80 words | all stay |
| footer | pages of 200 to 400 words of their own, all with one footer of 120 words | all stay |
| edition | chains of 12, each the one before with 4 % of its words changed | neighbours in part |
| short | 3 to 12 words; some occur often | copies go |
| long | 1 MB each, with a copy that has 2 % of its words changed | the copy goes |
"""

from __future__ import annotations

import random
from collections.abc import Iterator

Made = tuple[int, str, str]  # group, kind, text
TEXTS = 6000  # whose words are used


def all_of(texts: list[str], chance: random.Random) -> list[Made]:
    """About 13,000 texts; `group` numbers what belongs together."""
    words = [word for text in texts[:TEXTS] for word in text.split()]
    kinds = (templates, footers, editions, shorts, longs)
    made: list[Made] = []
    group = 0
    for kind in kinds:
        for local, name, text in kind(words, chance):
            made.append((group + local, name, text))
        group = 1 + max(number for number, _, _ in made)
    return made


def run(words: list[str], count: int, chance: random.Random) -> list[str]:
    """Some words in a row."""
    start = chance.randrange(len(words) - count)
    return words[start : start + count]


def changed(words: list[str], rate: float, chance: random.Random, pool: list[str]) -> list[str]:
    """The words, some of them exchanged for others."""
    return [chance.choice(pool) if chance.random() < rate else word for word in words]


def templates(words: list[str], chance: random.Random) -> Iterator[Made]:
    for form in range(40):
        head, tail = run(words, 180, chance), run(words, 120, chance)
        for article in range(150):
            body = run(words, chance.randint(40, 80), chance)
            yield form * 150 + article, "template", " ".join([*head, *body, *tail])


def footers(words: list[str], chance: random.Random) -> Iterator[Made]:
    footer = run(words, 120, chance)
    for page in range(3000):
        body = run(words, chance.randint(200, 400), chance)
        yield page, "footer", " ".join([*body, *footer])


def editions(words: list[str], chance: random.Random) -> Iterator[Made]:
    for book in range(100):
        text = run(words, 500, chance)
        for _ in range(12):
            yield book, "edition", " ".join(text)
            text = changed(text, 0.04, chance, words)


def shorts(words: list[str], chance: random.Random) -> Iterator[Made]:
    for item in range(2000):
        text = " ".join(run(words, chance.randint(3, 12), chance))
        for _ in range(min(40, int(1 / max(1e-9, 1 - chance.random())))):
            yield item, "short", text


def longs(words: list[str], chance: random.Random) -> Iterator[Made]:
    for book in range(12):
        text = [word for _ in range(160) for word in run(words, 1000, chance)]
        yield book, "long", " ".join(text)
        yield book, "long", " ".join(changed(text, 0.02, chance, words))
