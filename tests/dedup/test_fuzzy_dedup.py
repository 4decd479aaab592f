"""Fuzzy deduplication against brute force, and the laws every removal keeps."""

import os
import random
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from corpora import corpus, frame, greedy, jaccard, shingles, similar_pairs

from tamis import FuzzyDedup
from tamis.errors import ColumnError, DataError, SettingError


def number(ids):
    return [int(name.removeprefix("doc-")) for name in ids]


def run(step, docs, parts):
    """The four phases on a frame cut into so many parts."""
    cuts = [len(docs) * k // parts for k in range(parts + 1)]
    pieces = [docs.iloc[a:b] for a, b in pairwise(cuts)]
    proposal = step.propose([step.sketch(piece) for piece in pieces])
    wanted = step.wanted(proposal)
    evidence = [
        step.evidence(p, w) if len(w) else None for p, w in zip(pieces, wanted, strict=True)
    ]
    return step.decide(proposal, evidence).to_pandas()


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_brute_force(threshold):
    """Exact similarities, witnesses that stay, and next to nothing missed."""
    missed = total = 0
    for seed in range(4):
        docs = corpus(seed)
        sets = [shingles(text) for text in docs.text]
        pairs = similar_pairs(sets, threshold)
        found = FuzzyDedup(threshold=threshold).find(docs)
        gone = found[~found.keep]
        staying = set(range(len(docs))) - set(number(gone.id))
        for row in gone.itertuples():
            record, witness = number([row.id, row.duplicate_of])
            assert witness in staying and witness < record
            assert row.similarity == jaccard(sets[record], sets[witness]) >= threshold
            assert row.cluster == row.duplicate_of
            best = max(s for (i, j), s in pairs.items() if j == record and i in staying and i < j)
            assert row.similarity >= best - 0.2
        oracle = greedy(range(len(docs)), pairs)
        total += len(docs) - len(oracle)
        missed += len(staying) - len(oracle)
        kept = found[found.keep]
        assert kept.similarity.isna().all() and kept.duplicate_of.isna().all()
        assert set(kept.id) == set(gone.cluster) and (kept.cluster == kept.id).all()
    assert total > 200
    assert missed <= 0.005 * total


@pytest.mark.parametrize("keep", ["first", "longest", "best:score", "source:source=wiki,books"])
def test_partitions_do_not_matter(keep):
    docs, step = corpus(5), FuzzyDedup(keep=keep)
    one = run(step, docs, 1)
    assert (~one.keep).sum() > 50
    for parts in (7, 64):
        pd.testing.assert_frame_equal(run(step, docs, parts), one)


@pytest.mark.parametrize("keep", ["longest", "best:score", "source:source=wiki,books"])
def test_order_does_not_matter(keep):
    docs, step = corpus(6), FuzzyDedup(keep=keep)
    found = step.find(docs).set_index("id").sort_index()
    for seed in range(3):
        mixed = docs.sample(frac=1, random_state=seed)
        again = step.find(mixed).set_index("id").sort_index()
        pd.testing.assert_frame_equal(again, found)


def test_survivors_are_the_first_in_the_policys_order():
    docs = corpus(7)
    sets = [shingles(text) for text in docs.text]
    pairs = similar_pairs(sets, 0.8)
    ids, ranks = docs.id.tolist(), {"wiki": 0, "books": 1}
    orders = {
        "first": lambda k: k,
        "longest": lambda k: (-len(docs.text[k]), ids[k]),
        "best:score": lambda k: (-docs.score[k], ids[k]),
        "source:source=wiki,books": lambda k: (ranks.get(docs.source[k], 2), ids[k]),
    }
    for keep, key in orders.items():
        oracle = greedy(sorted(range(len(docs)), key=key), pairs)
        assert set(number(FuzzyDedup(keep=keep)(docs).id)) == oracle


@pytest.mark.parametrize(
    "settings",
    [{}, {"unit": "characters"}, {"family": "curator"}, {"verify": False}, {"keep": "longest"},
     {"hashes": 128, "threshold": 0.6}],
)  # fmt: skip
def test_nothing_left_to_drop(settings):
    docs = corpus(8)
    step = FuzzyDedup(**settings)
    kept = step(docs)
    assert len(kept) < len(docs) - 50
    pd.testing.assert_frame_equal(step(kept), kept)


def test_characters():
    """Characters of lower-cased words, one space between them."""
    docs = corpus(9, bases=60, sizes=(8, 40, 100))
    step = FuzzyDedup(unit="characters", ngram=8)
    joined = [" ".join(regex_words(text)) for text in docs.text]
    sets = [frozenset(t[k : k + 8] for k in range(max(1, len(t) - 7))) for t in joined]
    oracle = greedy(range(len(docs)), similar_pairs(sets, 0.8))
    assert set(number(step(docs).id)) == oracle


def regex_words(text):
    import regex

    return [word for word in regex.findall(r"[\p{L}\p{M}\p{N}]+", text.lower()) if word]


def test_curator_family():
    docs = corpus(10, sizes=(8, 40, 100))
    found = FuzzyDedup(family="curator").find(docs)
    sets = [frozenset(t[k : k + 24] for k in range(max(1, len(t) - 23))) for t in docs.text]
    pairs = similar_pairs(sets, 0.8)
    gone = found[~found.keep]
    for row in gone.itertuples():
        assert row.similarity == jaccard(*(sets[k] for k in number([row.id, row.duplicate_of])))
    staying = set(range(len(docs))) - set(number(gone.id))
    likely = [pair for pair, similarity in pairs.items() if similarity > 0.92]
    assert len(likely) > 40
    assert sum(set(pair) <= staying for pair in likely) <= 0.03 * len(likely)
    for other in ("curator-64", "curator-documented"):
        same = set(FuzzyDedup(family=other)(docs).id) ^ set(FuzzyDedup(family="curator")(docs).id)
        assert len(same) <= 0.1 * len(gone)


def test_estimated_similarity():
    docs = corpus(11)
    sets = [shingles(text) for text in docs.text]
    found = FuzzyDedup(verify=False, hashes=1024).find(docs)
    gone = found[~found.keep]
    errors = [
        row.similarity - jaccard(*(sets[k] for k in number([row.id, row.duplicate_of])))
        for row in gone.itertuples()
    ]
    assert len(errors) > 50 and max(map(abs, errors)) < 0.06


def test_templates_are_not_wiped_out():
    """Articles of one template on different topics are alike, but below the threshold: all stay."""
    rng = random.Random(0)
    template = [f"the standard clause number {k} of this form says so" for k in range(30)]
    texts = []
    for topic in range(300):
        own = [" ".join(f"t{topic}w{rng.randrange(10**6)}" for _ in range(10)) for _ in range(5)]
        texts.append(" ".join(template + own))
    docs = frame(texts)
    sets = [shingles(text) for text in texts]
    assert 0.5 < jaccard(sets[0], sets[1]) < 0.8
    assert len(FuzzyDedup()(docs)) == 300
    doubled = frame(texts + [text + " the end" for text in texts])
    found = FuzzyDedup().find(doubled)
    assert (~found.keep).sum() == 300
    gone = found[~found.keep]
    assert number(gone.id) == [k + 300 for k in number(gone.duplicate_of)]


def test_chains_are_not_followed():
    """A ~ B ~ C with A and C unlike: B goes because of A, and C stays."""
    words = [f"w{k}" for k in range(260)]
    texts = [" ".join(words[20 * k : 20 * k + 200]) for k in range(4)]
    sets = [shingles(text) for text in texts]
    assert jaccard(sets[0], sets[1]) > 0.8 > jaccard(sets[0], sets[2])
    found = FuzzyDedup().find(frame(texts))
    gone = found[~found.keep]
    assert number(gone.id) == [1, 3] and number(gone.duplicate_of) == [0, 2]


def test_texts_without_shingles():
    texts = [None, None, "", "", "  \n", " ", "!!!", "!!!", "?!", "a", "A.", "a b", "日", "日。"]
    found = FuzzyDedup().find(frame(texts))
    gone = found[~found.keep]
    assert dict(zip(number(gone.id), number(gone.duplicate_of), strict=True)) == {
        7: 6,
        10: 9,
        13: 12,
    }
    assert (gone.similarity == 1.0).all()


def test_a_hub_bucket_costs_its_size():
    """Texts that share most of their shingles: comparisons grow as the texts do."""
    counts = {}
    for size in (2000, 8000):
        header = " ".join(f"h{k}" for k in range(24))
        docs = frame([f"{header} own{k} x{k} y{k} z{k} t{k} u{k}" for k in range(size)])
        step = FuzzyDedup()
        proposal = step.propose([step.sketch(docs)])
        verdicts = step.decide(proposal, [step.evidence(docs, step.wanted(proposal)[0])])
        counts[size] = int(verdicts.schema.metadata[b"comparisons"])
        assert verdicts.num_rows == 0
    assert counts[8000] < 8000 * 32 * 8
    assert counts[8000] < 6 * counts[2000]


@pytest.mark.slow
def test_a_million_in_one_bucket():
    header = "the same standard header of every page on this site as everybody knows it"
    texts = [f"{header} {k}" for k in range(1_000_000)] + [f"{header} 7"]
    found = FuzzyDedup(threshold=0.95).find(frame(texts))
    assert number(found.id) == [7, 1_000_000]


def test_explain_and_remove():
    docs = frame(["one two three four five six", "One, two; three four five six!", "else", None])
    step = FuzzyDedup()
    explained = step.explain(docs)
    assert explained.dropped_why.iloc[1] == "dedup.fuzzy: similarity 1.000 to doc-0"
    assert explained.dropped_by.tolist()[1] == step.name
    assert explained.dropped_by.isna().tolist() == [True, False, True, True]
    assert explained.duplicate_of.iloc[1] == "doc-0" and explained.similarity.iloc[1] == 1.0
    assert step(docs).equals(docs.iloc[[0, 2, 3]])
    assert list(step(docs).columns) == list(docs.columns)
    assert step.find(docs.iloc[:0]).empty and step(docs.iloc[:0]).empty


def test_rows_already_dropped_take_no_part():
    docs = frame(["a b c d e f", "a b c d e f", "a b c d e f"])
    docs["dropped_by"] = pd.array(["other", None, None], docs.id.dtype)
    docs["dropped_why"] = pd.array(["min: 1 < 2", None, None], docs.id.dtype)
    explained = FuzzyDedup().explain(docs)
    assert explained.dropped_by.tolist()[::2] == ["other", "fuzzy_dedup"]
    assert explained.duplicate_of.tolist()[2] == "doc-1"
    assert explained.dropped_why.tolist()[0] == "min: 1 < 2"


def test_no_payload_in_what_moves():
    docs, step = corpus(12), FuzzyDedup(keep="best:score")
    sketch = step.sketch(docs)
    names = ["id", "source", "priority", "valid", "shingles", "hash_lo", "hash_hi"]
    assert sketch.schema.names == names + [f"band_{k:02d}" for k in range(32)]
    assert sketch.nbytes < 330 * len(docs)
    evidence = step.evidence(docs, np.array([0, 2]))
    assert evidence.schema.names == ["shingles"] and evidence.num_rows == 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"threshold": 1.5}, "threshold=1.5"),
        ({"threshold": "0.8"}, "not a number"),
        ({"family": "nemo"}, "family='nemo' is unknown"),
        ({"unit": "lines"}, "unit='lines'"),
        ({"unit": "words", "family": "curator"}, "take characters"),
        ({"ngram": 0}, "ngram=0"),
        ({"bands": 30, "rows": 10}, "300 hashes"),
        ({"hashes": 0}, "hashes=0"),
        ({"keep": "newest"}, "no survivor policy"),
        ({"keep": "source:site"}, "no survivor policy"),
        ({"on": ["a", "b"]}, "fuzzy compares one"),
    ],
)
def test_wrong_settings(settings, says):
    with pytest.raises(SettingError, match=says):
        FuzzyDedup(**settings)


def test_wrong_frames():
    docs = frame(["a", "b"])
    with pytest.raises(ColumnError, match=r"no column 'body' \(have: id, text, score, source\)"):
        FuzzyDedup(on="body").find(docs)
    with pytest.raises(ColumnError, match="no column 'id'"):
        FuzzyDedup().find(docs.drop(columns="id"))
    with pytest.raises(ColumnError, match="no column 'date'"):
        FuzzyDedup(keep="best:date").find(docs)
    with pytest.raises(ColumnError, match="needs numbers"):
        FuzzyDedup(keep="best:source").find(docs)
    with pytest.raises(ColumnError, match="must be text"):
        FuzzyDedup(on="score").find(docs)
    twice = pd.concat([docs, docs])
    with pytest.raises(DataError, match=r"'doc-0' occurs twice: row 0 of .* and row 2 of"):
        FuzzyDedup().find(twice)
    docs.loc[1, "id"] = None
    with pytest.raises(DataError, match="the id of row 1 is null"):
        FuzzyDedup().find(docs)


def summary():
    docs = corpus(13, bases=12, sizes=(8, 40))
    return FuzzyDedup(hashes=64).find(docs).to_csv()


def test_the_same_without_a_compiler():
    done = subprocess.run(
        [sys.executable, "-c", "import test_fuzzy_dedup as t; print(t.summary())"],
        cwd=os.path.dirname(__file__),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == summary().strip()
