"""Deduplication of parts by dictionaries of strings: what the kernels are held to."""

import re
import unicodedata
from collections import Counter
from itertools import pairwise

import pandas as pd
import pyarrow as pa

STRING = pd.StringDtype("pyarrow")
STRIPPED = re.compile(r"\S(?:.*\S)?", re.DOTALL)


def lines(text):
    return [line.strip() for line in text.split("\n") if line.strip()]


def paragraphs(text):
    found, current = [], []
    for line in [*text.split("\n"), ""]:
        if line.strip():
            current.append(line)
        elif current:
            found.append("\n".join(current).strip())
            current = []
    return found


def sentences(text):
    """Of texts in which only full stops before a blank, and line ends, end sentences."""
    parts = (part.strip() for part in re.split(r"(?<=\.)\s|\n", text))
    return [part for part in parts if part]


def words(text):
    return text.split()


def counted_as(unit, ignore):
    """A unit as far as it is compared."""
    made = []
    for c in unit:
        kind = unicodedata.category(c)
        if "accents" in ignore and kind == "Mn":
            continue
        if "punctuation" in ignore and kind[0] in "PS":
            continue
        if "digits" in ignore and kind == "Nd":
            c = "0"
        if "accents" in ignore and kind[0] == "L":
            c = unicodedata.normalize("NFD", c)[0]
        if "case" in ignore and len(c.lower()) == 1:
            c = c.lower()
        made.append(c)
    text = "".join(made)
    return " ".join(text.split()) if "spaces" in ignore else text


def long(span, step):
    """Whether a run of units is compared; equal ones need not be of one length ("é", "e\u0301")."""
    return sum(map(len, span)) >= getattr(step, "min_length", 1)


def one_pass(records, n, kept, copies, step, order, known, min_left):
    """One pass over records (lists of units): the places that go of each, and whether it goes."""
    cut = [set() for _ in records]
    gone = [False for _ in records]
    for r in order:
        units = records[r]
        size = sum(len(unit) for unit in known[r])
        spans = [tuple(units[i : i + n]) for i in range(len(units) - n + 1)]
        spans = [s if copies[s] >= step.min_copies and long(s, step) else None for s in spans]
        for i, span in enumerate(spans):
            if span in kept:
                cut[r].update(range(i, i + n))
        own = {}
        for i, span in enumerate(spans):
            if span is None or span in kept:
                continue
            if span in own:
                if step.within and i - own[span] >= n:
                    cut[r].update(range(i, i + n))
                    own = {s: at for s, at in own.items() if step.action != "unit" or at + n <= i}
            elif step.action != "unit" or not cut[r] & set(range(i, i + n)):
                own[span] = i
        lost = sum(len(units[i]) for i in cut[r])
        left = sum(map(len, units)) - lost
        if lost and step.action == "unit":
            gone[r] = left < min_left
        if lost and step.action == "record":
            gone[r] = lost >= step.threshold * size
        if not gone[r]:
            kept.update(own)
    return cut, gone


def deduplicated(records, n, step, key, order=None, repeat=True):
    """Records (lists of units, or None): the places that stay, None for a record that goes; shares.

    `key` says what a run of units counts as, None for one that is not compared.
    """
    known = [record or [] for record in records]
    places = [list(range(len(record))) for record in known]
    alive = [True] * len(known)
    lost = [0] * len(known)
    order = list(range(len(known)) if order is None else order)
    min_left = step.min_left
    while True:
        counts, keyed = Counter(), []
        for record, at in zip(known, places, strict=True):
            keyed.append([record[i] for i in at])
        spans = lambda units: [units[i : i + n] for i in range(len(units) - n + 1)]  # noqa: E731
        counts = Counter(
            tuple(map(key, span))
            for units, there in zip(keyed, alive, strict=True)
            if there
            for span in spans(units)
            if long(span, step) and (n > 1 or key(span[0]))
        )
        folded = [[Unit(unit, key(unit)) for unit in units] for units in keyed]
        living = [r for r in order if alive[r]]
        cut, gone = one_pass(folded, n, set(), counts, step, living, known, min_left)
        min_left = 1
        for r, there in enumerate(alive):
            if there:
                lost[r] += sum(len(keyed[r][i]) for i in cut[r])
                alive[r] = not gone[r]
                if step.action == "unit":
                    places[r] = [at for i, at in enumerate(places[r]) if i not in cut[r]]
        if not repeat or n == 1 or step.action != "unit" or not any(cut):
            break
    shares = [
        one / sum(map(len, record)) if one else 0.0 for one, record in zip(lost, known, strict=True)
    ]
    return [at if there else None for at, there in zip(places, alive, strict=True)], shares


class Unit(str):
    """A unit that is equal to what counts as it, and as long as it stands."""

    def __new__(cls, text, counted):
        made = super().__new__(cls, counted)
        made.size = len(text)
        return made

    def __len__(self):
        return self.size


def frame(texts):
    return pd.DataFrame(
        {
            "id": pd.array([f"doc-{k}" for k in range(len(texts))], STRING),
            "text": pd.array(texts, STRING),
            "source": pd.array([("web", "wiki")[k % 2] for k in range(len(texts))], STRING),
        }
    )


def in_pieces(step, docs, parts):
    """The verdicts when the frame is cut into partitions, and what each leaves of the texts."""
    cuts = [len(docs) * k // parts for k in range(parts + 1)]
    pieces = [docs.iloc[a:b] for a, b in pairwise(cuts)]
    proposal = step.propose([step.sketch(piece) for piece in pieces])
    wanted = step.wanted(proposal)
    evidence = [
        step.evidence(piece, rows) if len(rows) else None
        for piece, rows in zip(pieces, wanted, strict=True)
    ]
    verdicts = step.decide(proposal, evidence)
    assert isinstance(verdicts, pa.Table)
    return verdicts
