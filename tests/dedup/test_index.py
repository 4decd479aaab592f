"""An index against one pass over everything: whatever was added and removed, in whatever order."""

import random
import tempfile
from itertools import pairwise

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from corpora import STRING, corpus, edited, frame
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import ExactDedup, FuzzyDedup
from tamis.dedup import Index
from tamis.dedup.index import compaction, delivery
from tamis.dedup.units import LineDedup
from tamis.dedup.urls import UrlDedup
from tamis.errors import DataError, SettingError
from tamis.io.store import Files

STEPS = [
    ExactDedup(),
    ExactDedup(on=("text", "source"), keep="best:score"),
    FuzzyDedup(),
    FuzzyDedup(keep="longest", threshold=0.6),
    FuzzyDedup(keep="source:source=wiki,books"),
    FuzzyDedup(keep="best:score", verify=False),
    FuzzyDedup(family="curator"),
    FuzzyDedup(verify=False, hashes=64),
    FuzzyDedup(measure="containment", threshold=0.7),
    FuzzyDedup(measure="containment", keep="longest", digits="zero"),
]


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    """What is synced matters in test_index_durable.py; here it would only take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "sync", lambda self, file: file.flush())
        patch.setattr(Files, "sync_folder", lambda self, path: None)
        yield


def crowded(seed):
    """Documents in large buckets and long chains, exact copies, nulls and blanks."""
    rng = random.Random(seed)
    header = [f"h{k}" for k in range(24)]
    texts: list = [None, "", "  ", "!!!", "!!!", "?"]
    for k in range(40):  # one bucket in which many stay
        texts.append(" ".join([*header, *(f"own{k}x{n}" for n in range(rng.randrange(4, 16)))]))
    words = [f"w{k}" for k in range(400)]
    for k in range(20):  # a chain: neighbours are alike
        texts.append(" ".join(words[8 * k : 8 * k + 100]))
    base = [rng.choice(words) for _ in range(80)]
    texts += [" ".join(edited(base, 0.03, rng)) for _ in range(12)]
    texts += rng.choices(texts, k=40)
    rng.shuffle(texts)
    return frame(texts, rng)


def same(found, wanted):
    pd.testing.assert_frame_equal(found, wanted)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.kind}-{step.keep}")
def test_deliveries_equal_one_pass(step, tmp_path):
    for seed in range(2):
        docs = pd.concat([corpus(seed, bases=80), crowded(seed).assign(
            id=lambda rows: pd.array("c" + rows.id, STRING)
        )]).sample(frac=1, random_state=seed).reset_index(drop=True)  # fmt: skip
        cuts = [0, 7, len(docs) // 2, len(docs) // 2, len(docs) - 9, len(docs)]
        index = Index(tmp_path / str(seed), step)
        for start, stop in pairwise(cuts):
            part = docs.iloc[start:stop]
            before = index.find() if start else None
            asked = index.query(part) if start else None
            added = index.add(part)
            wanted = step.find(docs.iloc[:stop])
            same(index.find(), wanted)
            if asked is not None:
                same(asked, added.verdicts)
                assert_changes(before, wanted, added.changed, part.id)
            gone = set(wanted.id[~wanted.keep])
            assert added.kept(part).id.tolist() == [i for i in part.id if i not in gone]
        assert (~index.find().keep).sum() > 30


def assert_changes(before, after, changed, new):
    """`changed` has just those earlier records whose verdict is another one."""

    def told(found):
        rows = found[~found.keep]
        return {row.id: (row.duplicate_of, row.similarity) for row in rows.itertuples()}

    old, now = told(before), told(after[~after.id.isin(new)])
    different = {i for i in {*old, *now} if old.get(i) != now.get(i)}
    assert set(changed.id) == different
    assert set(changed.id[~changed.keep]) == different & set(now)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 60)),
        st.tuples(st.just("remove source"), st.integers(0, 5)),
        st.tuples(st.just("remove ids"), st.integers(1, 30)),
        st.tuples(st.just("compact"), st.none()),
    ),
    min_size=2,
    max_size=9,
)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(STEPS), st.integers(0, 5), ACTIONS, st.randoms(use_true_random=False))
def test_any_history(step, seed, actions, rng):
    """After every action the index says what one pass over what is left says."""
    docs = crowded(seed)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "FAN", 3)
        patch.setattr(delivery, "SEGMENT", 25)
        patch.setattr(delivery, "PIECE", 10)
        index = Index(folder, step)
        left, deliveries, next_row = docs.iloc[:0], {}, 0
        index.add(left, source="nothing")
        wanted = step.find(left)
        for action, value in actions:
            if action == "add":
                part = docs.iloc[next_row : next_row + value]
                next_row += value
                source = f"s{len(deliveries)}"
                index.add(part, source=source)
                deliveries[source] = set(part.id)
                left = pd.concat([left, part])
            elif action == "compact":
                index.compact(grace=0)
            else:
                if action == "remove source":
                    if f"s{value}" not in deliveries:
                        continue
                    gone = deliveries[f"s{value}"] & set(left.id)
                    removal = index.remove(source=f"s{value}")
                else:
                    some = rng.sample(left.id.tolist(), min(len(left), value))
                    gone = set(some)
                    if not gone:
                        continue
                    removal = index.remove(ids=some)
                assert set(removal.removed.id) == gone
                before, left = step.find(left), left[~left.id.isin(gone)]
                staying = set(left.id) - set(step.find(left).query("not keep").id)
                suppressed = set(before.query("not keep").id)
                assert set(removal.promoted.id) == staying & suppressed
            wanted = step.find(left)
            same(index.find(), wanted)
        stats = index.stats()
        assert stats["records"] == len(left)
        assert stats["kept"] == len(left) - int((~wanted.keep).sum())


def test_a_removed_record_may_come_back(tmp_path):
    docs = crowded(1)
    index = Index(tmp_path, FuzzyDedup())
    index.add(docs.iloc[:60], source="first")
    index.add(docs.iloc[60:], source="second")
    index.remove(source="first")
    index.add(docs.iloc[:60], source="first")
    same(index.find(), FuzzyDedup().find(pd.concat([docs.iloc[60:], docs.iloc[:60]])))
    assert index.stats()["sources"]["first"] == {
        "deliveries": 2, "records": 60, "kept": int(index.stats()["sources"]["first"]["kept"]),
    }  # fmt: skip


@pytest.mark.parametrize("parts", [1, 5])
def test_dask_frames(tmp_path, parts):
    docs, step = corpus(4, bases=60), FuzzyDedup(keep="longest")
    first, second = docs.iloc[:70], docs.iloc[70:]
    index = Index(tmp_path, step)
    index.add(dd.from_pandas(first, npartitions=parts))
    lazy = dd.from_pandas(second, npartitions=parts)
    same(index.query(lazy), index.query(second))
    added = index.add(lazy)
    same(index.find(), step.find(docs))
    assert added.kept(lazy).compute().id.tolist() == added.kept(second).id.tolist()


def test_after_a_shuffle(tmp_path):
    docs = corpus(4, bases=40)
    lazy = dd.from_pandas(docs, npartitions=3).shuffle("source", npartitions=3)
    index = Index(tmp_path, FuzzyDedup(keep="longest"))
    index.add(lazy)
    found, wanted = index.find(), FuzzyDedup(keep="longest").find(docs)
    same(*(rows.sort_values("id", ignore_index=True) for rows in (found, wanted)))


def test_rows_already_dropped_are_not_added(tmp_path):
    docs = frame(["a b c d e f", "a b c d e f", "x"])
    docs["dropped_by"] = pd.array(["other", None, None], STRING)
    index = Index(tmp_path, FuzzyDedup())
    assert index.add(docs).verdicts.id.tolist() == ["doc-1", "doc-2"]


def test_an_id_twice_names_both(tmp_path):
    docs = corpus(5, bases=10)
    index = Index(tmp_path)
    index.add(docs, source="may")
    again = docs.iloc[3:5].assign(text=pd.array(["other", "texts"], STRING))
    said = r"'doc-3' stands twice: row 3 of source 'may', and row 0 of this delivery \('june'\)"
    with pytest.raises(DataError, match=said):
        index.add(again, source="june")
    twice = pd.concat([again, again]).assign(id=pd.array(["x", "y", "z", "y"], STRING))
    with pytest.raises(DataError, match=r"'y' stands twice: row 1 .* and row 3 of this delivery"):
        index.add(twice)
    with pytest.raises(DataError, match="the id of row 1 is null"):
        index.add(twice.assign(id=pd.array(["x", None, "z", "y"], STRING)))
    assert index.stats()["records"] == len(docs)


@pytest.mark.parametrize("keep", ["first", "longest"])
def test_the_same_delivery_again_gives_the_verdicts_that_stand(tmp_path, keep, monkeypatch):
    monkeypatch.setattr(compaction, "FAN", 3)  # records of a delivery stand among others
    monkeypatch.setattr(delivery, "SEGMENT", 12)
    docs = corpus(8, bases=24)
    parts = [docs.iloc[k::4] for k in range(4)]
    index = Index(tmp_path, FuzzyDedup(keep=keep, hashes=64))
    told = [index.add(part, source=None if k % 2 else "s") for k, part in enumerate(parts)]
    whole = index.find()
    before, files = index.fingerprint, sorted(tmp_path.rglob("*"))
    for k, part in enumerate(parts):
        again = index.add(part, source=None if k % 2 else "s")
        assert again.again and not told[k].again and again.source == told[k].source
        assert again.changed.empty and again.verdicts.id.tolist() == part.id.tolist()
        gone = whole[~whole.keep].set_index("id").duplicate_of
        kept = [name for name in part.id if name not in gone.index]
        assert again.kept(part).id.tolist() == kept
        if keep == "first":
            same(again.verdicts, told[k].verdicts)
    assert index.fingerprint == before and sorted(tmp_path.rglob("*")) == files
    # what is not quite the same is refused: another source, text, order, one row less
    first = parts[0]
    changed = first.assign(text=pd.array(["else", *first.text.iloc[1:]], STRING))
    for other, source in (
        (first, "t"), (first, None), (changed, "s"), (first.iloc[::-1], "s"), (first.iloc[1:], "s"),
    ):  # fmt: skip
        with pytest.raises(DataError, match="stands twice"):
            index.add(other, source=source)
    index.remove(ids=[first.id.iloc[3]])
    with pytest.raises(DataError, match="stands twice"):
        index.add(first, source="s")
    index.remove(source="s")
    assert not index.add(first, source="s").again


@pytest.mark.parametrize("keep", ["first", "longest"])
def test_asking_about_records_that_are_there(tmp_path, keep):
    docs = corpus(9, bases=24)
    index = Index(tmp_path, FuzzyDedup(keep=keep, hashes=64))
    index.add(docs)
    before = index.fingerprint
    asked = index.query(docs)
    assert not asked.keep.any() and asked.id.tolist() == docs.id.tolist()
    found = index.find().set_index("id").duplicate_of.dropna()
    wanted = [found.get(name, name) for name in docs.id]
    assert (asked.duplicate_of == wanted).mean() > 0.9  # several may be similar enough
    assert (asked.duplicate_of == docs.id.to_numpy()).sum() == len(docs) - len(found)
    assert set(asked.duplicate_of) <= set(docs.id) - set(found.index)
    # the same questions under other names are answered alike
    same(index.query(docs, prefix="other/").drop(columns="id"), asked.drop(columns="id"))
    mixed = pd.concat([docs.iloc[:3], frame(["quite new"]).assign(id=pd.array(["n"], STRING))])
    assert index.query(mixed).keep.tolist() == [False, False, False, True]
    with pytest.raises(DataError, match=r"'n' stands twice: row 0 .* and row 1 of this delivery"):
        index.query(pd.concat([mixed.iloc[3:], mixed.iloc[3:]]))
    assert index.fingerprint == before


@pytest.mark.parametrize("parts", [0, 3])
def test_a_prefix_sets_ids_apart(tmp_path, parts):
    docs = corpus(10, bases=12)
    made = dd.from_pandas(docs, npartitions=parts, sort=False) if parts else docs
    index = Index(tmp_path, FuzzyDedup(hashes=64))
    kept = index.add(made, source="may").kept(made)
    added = index.add(made, source="june", prefix="june/")
    assert added.verdicts.id.tolist() == ("june/" + docs.id).tolist()
    assert not added.verdicts.keep.any() and len(added.kept(made)) == 0
    index.remove(source="may")
    again = index.add(made, source="june", prefix="june/")
    rest = again.kept(made)
    rest, kept = (rest.compute(), kept.compute()) if parts else (rest, kept)
    assert again.again and rest.id.tolist() == ("june/" + kept.id).tolist()
    numbers = docs.assign(id=range(len(docs)))
    assert index.query(numbers, prefix="n").id.tolist() == [f"n{k}" for k in range(len(docs))]


def test_empty_and_missing(tmp_path):
    docs = frame(["one two three", "four"])
    with pytest.raises(DataError, match=r"no index in .*none; add a delivery"):
        Index(tmp_path / "none").query(docs)
    with pytest.raises(DataError, match="no index"):
        Index(tmp_path / "none").remove(source="x")
    assert not (tmp_path / "none").exists()
    index = Index(tmp_path / "empty")
    added = index.add(docs.iloc[:0])
    assert added.source == "delivery-1" and added.verdicts.empty and added.changed.empty
    assert index.find().empty and index.stats()["records"] == 0
    assert index.query(docs).keep.all() and index.stats()["records"] == 0
    assert index.query(docs.iloc[:0]).empty
    index.compact()
    index.add(docs)
    index.remove(ids=docs.id)
    index.compact(grace=0)
    assert index.stats()["segments"] == 0
    assert index.add(docs, source="again").verdicts.keep.all()


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (FuzzyDedup(threshold=0.7), "made with threshold=0.8, this is threshold=0.7"),
        (FuzzyDedup(keep="longest"), "made with keep='first', this is keep='longest'"),
        (FuzzyDedup(ngram=4), "made with ngram=5, this is ngram=4"),
        (FuzzyDedup(bands=16), "made with bands=32, this is bands=16"),
        (FuzzyDedup(seed=1), "made with seed=42"),
        (FuzzyDedup(verify=False), "made with verify=True"),
        (ExactDedup(), "made with dedup='fuzzy', this is dedup='exact'"),
    ],
)
def test_other_settings_are_refused(tmp_path, step, says):
    Index(tmp_path, FuzzyDedup()).add(frame(["a"]))
    with pytest.raises(SettingError, match=says):
        Index(tmp_path, step)
    Index(tmp_path, FuzzyDedup(bands=32, rows=8, hashes=256, name="other"))


def test_bands_that_follow_from_a_threshold_say_so(tmp_path):
    Index(tmp_path, FuzzyDedup()).add(frame(["a b c d e f"]))
    docs = frame(["a b c d e f"]).assign(id=pd.array(["q"], STRING))
    with pytest.raises(SettingError) as told:
        FuzzyDedup(threshold=0.9, against=tmp_path)(docs)
    bands, rows = FuzzyDedup(threshold=0.9).cut
    for part in (
        f"made with bands=32, this is bands={bands}",
        f"follow from the threshold and `missed`, here bands={bands}, rows={rows} from threshold=",
        "write those of the index, bands=32, rows=8, beside threshold=0.9",
    ):
        assert part in str(told.value)
    assert FuzzyDedup(threshold=0.9, bands=32, rows=8, against=tmp_path)(docs).empty
    with pytest.raises(SettingError, match=r"from threshold=0.8, missed=0.2: write"):
        Index(tmp_path, FuzzyDedup(missed=0.2))


def test_settings_of_families_are_the_same_written_out(tmp_path):
    Index(tmp_path, FuzzyDedup(family="curator")).add(frame(["a"]))
    Index(tmp_path, FuzzyDedup(family="curator", bits=32, ngram=24, bands=20, case="keep"))
    with pytest.raises(SettingError, match="made with case='keep', this is case='lower'"):
        Index(tmp_path, FuzzyDedup(family="curator", case="lower"))
    with pytest.raises(SettingError, match="made with bits=32, this is bits=64"):
        Index(tmp_path, FuzzyDedup(family="curator", bits=64))


def test_addresses(tmp_path):
    step = UrlDedup()
    docs = frame(["a", "b", "c"])
    docs["url"] = pd.array(["http://a.org/x", "https://b.org", "HTTP://A.org:80/x"], STRING)
    index = Index(tmp_path, step)
    index.add(docs.iloc[:2])
    assert index.add(docs.iloc[2:]).verdicts.duplicate_of.tolist() == ["doc-0"]
    same(index.find(), step.find(docs))
    assert UrlDedup(against=tmp_path)(docs.assign(id=docs.id + "'")).empty
    with pytest.raises(SettingError, match="an index serves ExactDedup, FuzzyDedup"):
        Index(tmp_path / "other", LineDedup())


def test_wrong_calls(tmp_path):
    index = Index(tmp_path / "i")
    index.add(frame(["a", "b"]), source="may")
    with pytest.raises(DataError, match=r"no source 'june' \(has: may\)"):
        index.remove(source="june")
    with pytest.raises(DataError, match="no id 'doc-7'"):
        index.remove(ids=["doc-0", "doc-7"])
    with pytest.raises(DataError, match="takes a source or ids"):
        index.remove()
    with pytest.raises(SettingError, match="lies in a folder"):
        Index("memory://index")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"files of something else \(notes.txt\)"):
        Index(tmp_path / "other").add(frame(["a"]))


def test_a_changed_file_is_noticed(tmp_path):
    index = Index(tmp_path)
    index.add(frame(["a b c", "d"]))
    file = next(tmp_path.glob("segments/*/records.npy"))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match="changed after it was committed"):
        index.find()
    file.unlink()
    with pytest.raises(DataError, match=r"records.npy is missing"):
        Index(tmp_path)


def test_fingerprint_follows_the_index(tmp_path):
    index = Index(tmp_path)
    index.add(frame(["a b c"]))
    one = index.fingerprint
    assert Index(tmp_path).fingerprint == one
    index.query(frame(["x"]).assign(id=pd.array(["new"], STRING)))
    assert index.fingerprint == one
    index.remove(ids=["doc-0"])
    assert index.fingerprint != one


def test_segments_are_merged_and_sets_given_back(tmp_path, monkeypatch):
    docs = corpus(6, bases=120)
    index = Index(tmp_path, FuzzyDedup())
    for start in range(0, 200, 5):
        index.add(docs.iloc[start : start + 5])
    stats = index.stats()
    assert stats["segments"] <= 2 * 8
    before = stats["bytes"]["sets"]
    index.remove(ids=docs.id[:150])
    assert index.stats()["bytes"]["sets"] == before
    index.compact(grace=0)
    after = index.stats()
    assert after["segments"] == 1 and after["removed"] == 0 and "changes" not in after["bytes"]
    assert after["bytes"]["sets"] < 0.6 * before
    listed = index.find()
    index.compact(grace=-1)  # files of versions that could still be read are kept
    same(index.find(), listed)
    assert not list(tmp_path.rglob("*.tmp"))


def test_what_no_version_needs_is_deleted(tmp_path):
    docs = corpus(6, bases=20)
    index = Index(tmp_path, FuzzyDedup())
    index.add(docs)
    stray = tmp_path / "segments" / "killed" / "records.npy"
    stray.parent.mkdir()
    stray.write_bytes(b"half")
    index.compact(grace=3600)
    assert stray.exists()
    index.compact(grace=-1)
    assert not stray.parent.exists()
    same(index.find(), FuzzyDedup().find(docs))


def test_an_addition_touches_little(tmp_path, monkeypatch):
    """A small delivery that shares a bucket with few reads the records of few."""
    docs = corpus(7, bases=400)
    index = Index(tmp_path, FuzzyDedup())
    index.add(docs.iloc[20:])
    from tamis.dedup.index.view import View

    read = []
    plain = View.records
    monkeypatch.setattr(
        View, "records", lambda view, at: (read.append(len(at)), plain(view, at))[1]
    )
    new = docs.iloc[:20]
    index.add(new)
    assert sum(read) < 8 * len(new) < len(docs)


def test_estimates_are_marked(tmp_path):
    index = Index(tmp_path, FuzzyDedup(verify=False))
    index.add(corpus(8, bases=20))
    stats = index.stats()
    assert stats["verified"] is False and "sets" not in stats["bytes"]
    assert np.isclose(stats["bytes_per_record"], sum(stats["bytes"].values()) / stats["records"])
