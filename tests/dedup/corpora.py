"""Texts with near duplicates, and what brute force says about them."""

import random

import pandas as pd
import regex

STRING = pd.StringDtype("pyarrow")


def edited(words, rate, rng):
    """Words replaced, left out and put in, each with a third of the rate."""
    made = []
    for word in words:
        draw = rng.random()
        if draw < rate / 3:
            continue
        made.append(f"new{rng.randrange(10**6)}" if draw < 2 * rate / 3 else word)
        if draw > 1 - rate / 3:
            made.append(f"new{rng.randrange(10**6)}")
    return made


def corpus(seed, bases=150, sizes=(3, 8, 40, 100, 300)):
    """Documents, most alone, some with edited copies, in no order."""
    rng = random.Random(seed)
    vocabulary = [f"word{k}" for k in range(3000)] + ["Ünï", "日本語", "don't"]
    texts = []
    for _ in range(bases):
        base = [rng.choice(vocabulary) for _ in range(rng.choice(sizes))]
        texts.append(base)
        for _ in range(rng.choice([0, 0, 1, 4])):
            texts.append(edited(base, rng.choice([0, 0.005, 0.01, 0.02, 0.04, 0.1]), rng))
    rng.shuffle(texts)
    return frame([" ".join(words) for words in texts], rng)


def frame(texts, rng=None):
    """Texts with ids, a score and a source."""
    rng = rng or random.Random(0)
    return pd.DataFrame(
        {
            "id": pd.array([f"doc-{k}" for k in range(len(texts))], STRING),
            "text": pd.array(texts, STRING),
            "score": [rng.choice([0.25, 0.5, 1.0]) for _ in texts],
            "source": pd.array([rng.choice(["web", "books", "wiki"]) for _ in texts], STRING),
        }
    )


def shingles(text, ngram=5):
    """The set of runs of words, with another library's idea of a word."""
    words = regex.findall(r"(?V1)\p{Script=Han}|[[\p{L}\p{M}\p{N}]--\p{Script=Han}]+", text.lower())
    if not words:
        return frozenset()
    return frozenset(tuple(words[k : k + ngram]) for k in range(max(1, len(words) - ngram + 1)))


def jaccard(left, right):
    return len(left & right) / len(left | right)


def similar_pairs(sets, threshold):
    """Every pair (i < j) whose similarity reaches the threshold, found through shared shingles."""
    holders, seen = {}, {}
    for j, items in enumerate(sets):
        near = set()
        for item in items:
            near.update(holders.setdefault(item, []))
            holders[item].append(j)
        for i in near:
            similarity = jaccard(sets[i], items)
            if similarity >= threshold:
                seen[i, j] = similarity
    return seen


def greedy(order, pairs):
    """Who stays if each goes, in this order, whenever somebody similar stays."""
    near = {}
    for i, j in pairs:
        near.setdefault(i, set()).add(j)
        near.setdefault(j, set()).add(i)
    staying = set()
    for record in order:
        if not near.get(record, set()) & staying:
            staying.add(record)
    return staying
