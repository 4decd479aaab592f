"""Recordings that are the same sound: against all pairs at all offsets, and the laws of removal."""

import base64
import pickle
import time
from itertools import pairwise

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from corpora import STRING
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import FingerprintDedup, Pipeline
from tamis.dedup import reference_sound as reference
from tamis.errors import ColumnError, DataError, SettingError
from tamis.recipe import step_from


def text(words):
    return base64.b64encode(np.asarray(words, "<u4").tobytes()).decode()


def changed(rng, words, share=0.06):
    """As coding leaves them: many words equal, some with bits flipped; silence stays."""
    bits = (rng.random((words.size, 32)) < share) @ (1 << np.arange(32, dtype=np.uint64))
    made = words ^ np.where(rng.random(words.size) < 0.6, bits, 0).astype(np.uint32)
    return np.where((words == 0) | (made == 0), words, made)


def recordings(seed, count=120, longest=280):
    """Sounds of 0.3 to 9 s; a third are copies: coded anew, cut at both ends, with other ends."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(count):
        words = rng.integers(1, 2**32, rng.integers(6, longest), np.uint32)
        words[rng.random(words.size) < 0.05] = 0
        if k % 3 == 2:
            words = made[rng.integers(0, k)]
            words = changed(
                rng,
                words[rng.integers(0, longest // 9) : words.size - rng.integers(0, longest // 9)],
            )
            ends = [
                rng.integers(1, 2**32, rng.integers(0, longest // 7), np.uint32) for _ in range(2)
            ]
            words = np.concatenate([ends[0], words, ends[1]])
        made.append(words)
    frame = pd.DataFrame(
        {
            "id": pd.array([f"clip-{k}" for k in range(count)], STRING),
            "fingerprint": pd.array([text(words) for words in made], STRING),
            "score": rng.integers(0, 5, count) / 4,
        }
    )
    return frame, made


def numbers(ids):
    return [int(name.removeprefix("clip-")) for name in ids]


def greedy(order, made, threshold, contained):
    """Who stays, and for whom the others go: every pair at every offset."""
    staying, gone = [], {}
    for k in order:
        near = [
            (-value, place, other, offset)
            for place, other in enumerate(staying)
            for value, offset in [reference.similarity(made[k], made[other], contained)]
            if value >= threshold
        ]
        if near:
            gone[k] = min(near)
        else:
            staying.append(k)
    return staying, gone


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["jaccard", "containment"]),
       st.sampled_from(["first", "longest", "best:score"]))  # fmt: skip
def test_all_pairs_at_all_offsets(seed, measure, keep):
    frame, made = recordings(seed, 20, 60)
    order = list(range(len(frame)))
    if keep == "longest":
        order.sort(key=lambda k: (-made[k].size, frame.id[k]))
    if keep == "best:score":
        order.sort(key=lambda k: (-frame.score[k], frame.id[k]))
    staying, gone = greedy(order, made, 0.5, measure == "containment")
    step = FingerprintDedup(measure=measure, keep=keep)
    found = step.explain(frame)
    assert set(numbers(found.id[found.dropped_by.isna()])) == set(staying)
    for row in found[found.dropped_by.notna()].itertuples():
        value, _, other, offset = gone[numbers([row.id])[0]]
        assert (row.duplicate_of, row.similarity) == (frame.id[other], -value)
        seconds = f"{abs(offset) * 0.032:.2f} s {'before' if offset > 0 else 'into'} it"
        assert row.dropped_why.endswith(f", begins {seconds}" if offset else row.duplicate_of)


@pytest.mark.parametrize("keep", ["first", "longest", "best:score"])
def test_partitions_do_not_matter(keep):
    frame, _ = recordings(1)
    frame.loc[3:9, "fingerprint"] = None
    step = FingerprintDedup(keep=keep, measure="containment")

    def run(parts):
        cuts = [len(frame) * k // parts for k in range(parts + 1)]
        sketches = [step.sketch(frame.iloc[a:b]) for a, b in pairwise(cuts)]
        proposal = step.propose(sketches)
        assert all(len(rows) == 0 for rows in step.wanted(proposal))
        return step.decide(proposal, []).to_pandas()

    one = run(1)
    assert (~one.keep).sum() > 20
    for parts in (7, 64):
        pd.testing.assert_frame_equal(run(parts), one)
    lazy = dd.from_pandas(frame, npartitions=5, sort=False)
    for made, given_ in ((step(frame), step(lazy)), (step.explain(frame), step.explain(lazy))):
        for scheduler in ("sync", "threads"):
            pd.testing.assert_frame_equal(
                given_.compute(scheduler=scheduler), made, check_dtype=False
            )


def test_order_does_not_matter():
    frame, _ = recordings(2)
    step = FingerprintDedup(keep="best:score")
    found = step.find(frame).set_index("id").sort_index()
    for seed in range(3):
        mixed = frame.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(step.find(mixed).set_index("id").sort_index(), found)


@pytest.mark.parametrize("measure", ["jaccard", "containment"])
def test_nothing_left_to_drop_and_one_kept_per_cluster(measure):
    frame, _ = recordings(3)
    step = FingerprintDedup(measure=measure)
    kept = step(frame)
    assert len(kept) < len(frame) - 20
    pd.testing.assert_frame_equal(step(kept), kept)
    found = step.find(frame)
    assert (found.groupby("cluster").keep.sum() == 1).all()
    assert set(found.duplicate_of.dropna()) <= set(kept.id)


def test_a_jingle_is_no_duplicate_but_is_contained():
    rng = np.random.default_rng(5)
    jingle = rng.integers(1, 2**32, 94, np.uint32)  # 3 s
    made = [np.concatenate([jingle, rng.integers(1, 2**32, 220, np.uint32)]) for _ in range(20)]
    cells = [*map(text, made), text(jingle)]
    frame = pd.DataFrame({"id": list(map(str, range(21))), "fingerprint": cells})
    assert FingerprintDedup()(frame).id.tolist() == frame.id.tolist()
    contained = FingerprintDedup(measure="containment", threshold=0.8, keep="longest")
    why = contained.explain(frame).dropped_why.dropna()
    assert why.tolist() == ["dedup.fingerprint: containment 1.000 with 0"]


def test_what_says_nothing_is_a_duplicate_of_nothing():
    rng = np.random.default_rng(6)
    few = np.zeros(100, np.uint32)
    few[40:47] = rng.integers(1, 2**32, 7, np.uint32)
    cells = [None, None, "", "", text(np.zeros(90)), text(np.zeros(90)), text(few), text(few)]
    frame = pd.DataFrame({"id": list("abcdefgh"), "fingerprint": cells})
    for step in (FingerprintDedup(), FingerprintDedup(measure="containment", threshold=0.1)):
        assert step(frame).id.tolist() == list("abcdefgh")
    empty = frame.iloc[:0]
    assert len(FingerprintDedup()(empty)) == len(FingerprintDedup().find(empty)) == 0
    assert len(FingerprintDedup()(frame.assign(fingerprint=None))) == 8
    assert FingerprintDedup().compare(frame).connected()[1].size == 0


def test_a_hub_costs_its_size():
    """A hum that all share: 4,000 recordings of the same few words, in other sound."""
    rng = np.random.default_rng(7)
    hum = rng.integers(1, 2**32, 3, np.uint32)
    made = [rng.integers(1, 2**32, 100, np.uint32) for _ in range(4000)]
    for words in made:
        words[rng.random(100) < 0.5] = hum[rng.integers(0, 3)]
    copies = [made[0]] * 4000
    frame = pd.DataFrame(
        {
            "id": pd.array(list(map(str, range(8000))), STRING),
            "fingerprint": [*map(text, made + copies)],
        }
    )
    FingerprintDedup()(frame.iloc[:200])  # compiled
    started = time.process_time()
    kept = FingerprintDedup()(frame)
    assert time.process_time() - started < 30  # all pairs: 3 * 10**7, at hundreds of offsets
    assert kept.id.tolist() == [str(k) for k in range(4000)]


def test_in_a_recipe_and_a_run(tmp_path):
    frame, _ = recordings(4)
    step = FingerprintDedup(threshold=0.4, measure="containment", keep="longest", name="near")
    assert step_from(step.to_dict()) == step == pickle.loads(pickle.dumps(step))
    pipeline = Pipeline.from_yaml("steps: [{dedup: fingerprint, threshold: 0.6}]")
    assert pipeline == Pipeline([FingerprintDedup(threshold=0.6)])
    lazy = dd.from_pandas(frame, npartitions=3, sort=False)
    run = pipeline.run(lazy, tmp_path / "out")
    kept, dropped = run.kept().compute(), run.dropped().compute()
    assert kept.id.tolist() == pipeline(frame).id.tolist()
    assert len(kept) + len(dropped) == len(frame)
    assert dropped.dropped_why.str.match(r"dedup\.fingerprint: similarity \d\.\d{3} to clip-").all()
    again = pipeline.run(lazy, tmp_path / "out")  # everything stands
    assert again.kept().compute().id.tolist() == kept.id.tolist()
    stricter = run.duplicates().rethreshold(0.9)
    assert stricter.dropped == FingerprintDedup(threshold=0.9).compare(frame).dropped
    assert 0 < stricter.dropped < len(dropped)
    assert tamis.FingerprintDedup is FingerprintDedup


def test_chains_are_joined():
    rng = np.random.default_rng(8)
    long = rng.integers(1, 2**32, 400, np.uint32)
    frame = pd.DataFrame(
        {"id": list("abc"), "fingerprint": [text(long[a : a + 200]) for a in (0, 50, 100)]}
    )
    step = FingerprintDedup(threshold=0.55)
    assert step(frame).id.tolist() == ["a", "c"]  # a and c share too little
    ids, group = step.compare(frame).connected()
    assert ids.to_pylist() == ["a", "b", "c"] and len(set(group.tolist())) == 1


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_against_files(tmp_path, kind):
    frame, _ = recordings(9)
    held = frame.iloc[:40]
    path = str(tmp_path / f"held.{kind}")
    if kind == "jsonl":
        held.to_json(path, orient="records", lines=True)
    else:
        held.to_parquet(path)
    step = FingerprintDedup(against=path)
    rest = frame.iloc[40:]
    found = step.explain(rest)
    both = FingerprintDedup().explain(frame)  # those of the set come first there, too
    assert found.dropped_by.isna().tolist() == both.dropped_by.isna().tolist()[40:]
    there = found[found.dropped_why.str.endswith(f" in held.{kind}").fillna(False)]
    assert len(there) > 3 and set(there.duplicate_of) <= set(held.id)
    lazy = step.explain(dd.from_pandas(rest, npartitions=3, sort=False)).compute()
    pd.testing.assert_frame_equal(lazy, found, check_dtype=False)


def test_forms_of_fingerprints():
    rng = np.random.default_rng(10)
    words = rng.integers(1, 2**32, 50, np.uint32)
    signed = words.view(np.int32).tolist()
    for cells in ([text(words)] * 2, [words.tobytes()] * 2, [words.tolist()] * 2, [signed] * 2):
        frame = pd.DataFrame({"id": ["a", "b"], "fingerprint": pd.Series(cells, dtype=object)})
        assert FingerprintDedup(keep="longest")(frame).id.tolist() == ["a"]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["AAAA"], "3 bytes of id 'a' are no fingerprint, which has 4 a word"),
        (["not one!"], "'not one!' of id 'a' is no fingerprint"),
        ([[2**33]], "words of more than 32 bits"),
        ([[1, None]], "null words"),
    ],
)
def test_what_is_no_fingerprint(cells, says):
    frame = pd.DataFrame({"id": ["a"], "fingerprint": pd.Series(cells, dtype=object)})
    with pytest.raises(DataError, match=says):
        FingerprintDedup()(frame)


def test_wrong_columns_and_settings():
    frame, _ = recordings(11, 3)
    with pytest.raises(ColumnError, match="holds double, no fingerprints"):
        FingerprintDedup(on="score")(frame)
    with pytest.raises(ColumnError, match="no column 'print'"):
        FingerprintDedup(on="print")(frame)
    for given_, says in [
        ({"threshold": 0}, "threshold=0 is not a share"), ({"threshold": 1.5}, "threshold=1.5"),
        ({"threshold": True}, "threshold=True"), ({"measure": "cosine"}, "known: jaccard"),
        ({"on": ["a"]}, "compares one"), ({"keep": "newest"}, "no survivor policy"),
    ]:  # fmt: skip
        with pytest.raises(SettingError, match=says):
            FingerprintDedup(**given_)
