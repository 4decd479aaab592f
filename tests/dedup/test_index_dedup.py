"""An index as a step: what it says, what it adds, and that running again changes nothing."""

from itertools import pairwise

import dask.dataframe as dd
import pandas as pd
import pytest
from corpora import corpus

import tamis
from tamis import ExactDedup, Filter, FuzzyDedup, PerceptualDedup, Pipeline, SemanticDedup, text
from tamis.dedup import Index, IndexDedup
from tamis.errors import DataError, SettingError
from tamis.io.store import Files


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "sync", lambda self, file: file.flush())
        patch.setattr(Files, "sync_folder", lambda self, path: None)
        yield


def deliveries(count=3):
    docs = corpus(5, bases=60).sample(frac=1, random_state=1).reset_index(drop=True)
    cuts = [len(docs) * k // count for k in range(count + 1)]
    return [docs.iloc[a:b] for a, b in pairwise(cuts)]


def lazily(frame, parts=3):
    return dd.from_pandas(frame, npartitions=parts, sort=False)


def ids(run):
    return run.kept().compute().id.tolist()


def pipeline(seen, month, **settings):
    return Pipeline([Filter(text.word_count, min=3), IndexDedup(seen, source=month, **settings)])


@pytest.mark.parametrize(
    "step",
    [
        FuzzyDedup(),
        FuzzyDedup(threshold=0.6, keep="longest"),
        FuzzyDedup(verify=False),
        ExactDedup(),
    ],
    ids=["first", "longest", "unverified", "exact"],
)
def test_delivery_after_delivery_is_one_pass(tmp_path, step):
    """Against an index that was added to by hand; and, of all kept, against one pass."""
    by_hand = Index(tmp_path / "by-hand", step)
    everything = []
    for month, part in enumerate(deliveries()):
        part = part[part.text.str.split().str.len() >= 3]
        clean = pipeline(tmp_path / "seen", f"m{month}", step=step)
        before = clean(part).id.tolist()
        assert clean(lazily(part)).compute().id.tolist() == before
        run = clean.run(lazily(part), tmp_path / f"out-{month}")
        added = by_hand.add(part, source=f"m{month}")
        assert ids(run) == before == added.kept(part).id.tolist()
        assert clean(part).id.tolist() == before  # now that the index holds it, too
        everything.append(part)
        told = run.figures["deduplications"][0]["index"]
        assert told["source"] == f"m{month}" and told["changed"] == len(added.changed)
    index = Index(tmp_path / "seen")
    pd.testing.assert_frame_equal(index.find(), by_hand.find())
    whole = pd.concat(everything)
    gone = set(step.find(whole).query("not keep").id)
    assert set(index.find().query("not keep").id) == gone


@pytest.mark.parametrize("step", [PerceptualDedup(on="hash"), SemanticDedup(on="point")])
def test_of_hashes_and_vectors(tmp_path, step):
    rows = [f"{k % 7:016x}" for k in range(30)]
    points = [[1.0, k % 7, (k % 7) ** 2] for k in range(30)]
    frame = pd.DataFrame({"id": [f"r{k}" for k in range(30)], "hash": rows, "point": points})
    frame["hash"] = frame["hash"].astype("string")
    frame = tamis.from_pandas(frame)
    clean = IndexDedup(tmp_path / "seen", source="one", step=step)
    run = Pipeline([clean]).run(frame, tmp_path / "out")
    assert ids(run) == step(frame).compute().id.tolist() == clean(frame).compute().id.tolist()
    assert Index(tmp_path / "seen").stats()["records"] == 30


def test_evidence_names_the_index(tmp_path):
    may, june, _ = deliveries()
    pipeline(tmp_path / "seen", "may").run(may, tmp_path / "may")
    run = pipeline(tmp_path / "seen", "june").run(june, tmp_path / "june")
    gone = run.dropped().compute()
    gone = gone[gone.dropped_by == "index_dedup"]
    held = gone.duplicate_of.isin(may.id)
    assert held.any() and not held.all()
    assert gone.dropped_why[held].str.match(r"dedup\.\w+: .* in seen$").all()
    assert not gone.dropped_why[~held].str.contains(" in seen").any()
    assert set(gone.duplicate_of[~held]) <= set(ids(run))
    lazy = pipeline(tmp_path / "seen", "june").explain(june).set_index("id")
    assert lazy.dropped_why.dropna().to_dict() == (
        run.dropped().compute().set_index("id").dropped_why.to_dict()
    )


def test_running_again_resuming_and_elsewhere_add_nothing(tmp_path):
    may, june, july = map(lazily, deliveries())
    pipeline(tmp_path / "seen", "may").run(may, tmp_path / "may")

    @tamis.measure(dtype="float64", namespace="test_index_dedup")
    def stopping(text):
        if not (tmp_path / "mended").exists():
            raise ZeroDivisionError
        return text.str.len().astype("float64")

    clean = Pipeline([*pipeline(tmp_path / "seen", "june"), Filter(stopping, min=0)])
    index = Index(tmp_path / "seen")
    with pytest.raises(ZeroDivisionError):  # after the delivery has been added
        clean.run(june, tmp_path / "june")
    version = index.fingerprint
    assert "june" in index.stats()["sources"]
    (tmp_path / "mended").touch()
    kept = ids(clean.run(june, tmp_path / "june"))
    assert index.fingerprint == version
    pipeline(tmp_path / "seen", "july").run(july, tmp_path / "july")
    assert index.fingerprint != version
    again = clean.run(june, tmp_path / "june")  # stands, whatever the index holds by now
    elsewhere = clean.run(june, tmp_path / "elsewhere")
    assert ids(again) == ids(elsewhere) == kept
    assert elsewhere.figures["deduplications"][0]["index"]["again"]
    assert index.stats()["sources"]["june"]["deliveries"] == 1


@pytest.mark.parametrize("keep", ["first", "longest"])
def test_deliveries_whose_ids_are_the_same(tmp_path, keep):
    """As adding by hand with it; the rows keep their ids, those of others are the index's."""
    by_hand, step = Index(tmp_path / "by-hand", FuzzyDedup(keep=keep)), FuzzyDedup(keep=keep)
    for month, part in enumerate(deliveries()):
        part = part.assign(id=[f"a.jsonl:{k}" for k in range(len(part))])
        part["id"] = part.id.astype("string")
        clean = IndexDedup(tmp_path / "seen", source=f"m{month}", prefix=f"m{month}/", step=step)
        run = Pipeline([clean]).run(lazily(part), tmp_path / f"out-{month}")
        added = by_hand.add(part, source=f"m{month}", prefix=f"m{month}/")
        assert [f"m{month}/{name}" for name in ids(run)] == added.kept(part).id.tolist()
        gone = run.dropped().compute().set_index("id")
        verdicts = added.verdicts[~added.verdicts.keep].set_index("id")
        assert (f"m{month}/" + gone.index).tolist() == verdicts.index.tolist()
        own = ~gone.dropped_why.str.contains(" in seen")
        names = gone.duplicate_of.where(~own, f"m{month}/" + gone.duplicate_of)
        assert names.tolist() == verdicts.duplicate_of.tolist()
        assert own.any() and (month == 0 or not own.all())
    pd.testing.assert_frame_equal(Index(tmp_path / "seen").find(), by_hand.find())
    again = Pipeline([clean]).run(lazily(part), tmp_path / "again")
    assert again.figures["deduplications"][0]["index"]["again"] and ids(again) == ids(run)


def test_nothing_is_added_by_a_plan_a_call_or_a_guard(tmp_path):
    part = pd.concat(deliveries())
    many = pd.concat([part.assign(id=f"{k}-" + part.id, source="web") for k in range(12)])
    many = many.reset_index(drop=True)
    assert len(many) > 1200
    clean = pipeline(tmp_path / "seen", "may", min_survivors=0.9)
    assert clean.plan(lazily(many)).steps().rows_out.tolist()[-1] < len(many)
    clean(part)
    with pytest.raises(DataError, match=r"min_survivors=0\.9"):
        clean.run(many, tmp_path / "out")
    assert not (tmp_path / "seen").exists()
    run = pipeline(tmp_path / "seen", "may", min_survivors=0).run(many, tmp_path / "out")
    assert Index(tmp_path / "seen").stats()["kept"] == run.rows["kept"]


def test_asking_only(tmp_path):
    may, june, _ = deliveries()
    index = Index(tmp_path / "seen")
    index.add(may, source="may")
    asks = Pipeline([IndexDedup(tmp_path / "seen", add=False)])
    first = ids(asks.run(june, tmp_path / "out"))
    verdicts = index.query(june)
    assert first == verdicts.id[verdicts.keep].tolist()
    index.add(june, source="june")
    assert ids(asks.run(june, tmp_path / "out")) == []  # it notices that the index has changed


def test_recipe_and_refusals(tmp_path):
    clean = Pipeline.from_yaml(
        f"steps:\n- dedup: index\n  path: {tmp_path}/seen\n  source: may\n"
        "  step: {dedup: fuzzy, threshold: 0.9}\n"
    )
    assert Pipeline.from_yaml(clean.to_yaml()) == clean
    assert clean.steps[0].index.step.threshold == 0.9
    may, *_ = deliveries()
    clean.run(may, tmp_path / "out")
    with pytest.raises(SettingError, match=r"made with threshold=0\.9"):
        IndexDedup(tmp_path / "seen", step=FuzzyDedup(threshold=0.8))
    with pytest.raises(SettingError, match="is no deduplication such as"):
        IndexDedup(tmp_path / "other", step={"filter": "text.word_count"})
    with pytest.raises(DataError, match=r"stands twice: row 0 of source 'may'.*prefix="):
        Pipeline([IndexDedup(tmp_path / "seen", source="june")]).run(may, tmp_path / "june")
