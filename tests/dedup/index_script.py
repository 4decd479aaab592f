"""What test_index_durable.py kills: `main()` adds deliveries to the index in a folder."""

import sys

from corpora import corpus

from tamis import FuzzyDedup
from tamis.dedup import Index

STEP = FuzzyDedup(keep="longest")


def deliveries():
    """A corpus in five deliveries, and what is removed in between."""
    docs = corpus(31, bases=60)
    return [docs.iloc[k::5] for k in range(5)]


def work(folder):
    """Adds what is not there yet, one delivery after another; removes one on the way."""
    index = Index(folder, STEP)
    have = index.stats()["sources"] if list(index.store.names()) else {}
    for number, part in enumerate(deliveries()):
        if f"d{number}" not in have:
            index.add(part, source=f"d{number}")
        print("added", number, flush=True)
        if number == 2 and index.stats()["sources"]["d0"]["records"]:
            index.remove(source="d0")
    index.compact(grace=0)


def main():
    work(sys.argv[1])
