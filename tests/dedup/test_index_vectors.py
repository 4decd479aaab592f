"""An index of vectors against one pass over everything, and both against brute force."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import PerceptualDedup, Pipeline, SemanticDedup
from tamis.cli import commands
from tamis.dedup import Index
from tamis.dedup.index import compaction, embeddings
from tamis.errors import DataError, SettingError
from tamis.io.store import Files


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "sync", lambda self, file: file.flush())
        patch.setattr(Files, "sync_folder", lambda self, path: None)
        yield


def points(seed, count=120, width=7):
    """Vectors in groups of several densities, copies, a chain, nulls, zeros and infinities."""
    draw = np.random.default_rng(seed)
    centres = np.repeat(draw.normal(size=(count // 6, width)), 5, axis=0)
    spread = draw.choice([0, 0.05, 0.2, 0.5], (len(centres), 1))
    vectors = centres + spread * draw.normal(size=centres.shape)
    turn = np.linspace(0, 2, count // 6)[:, None]
    chain = np.cos(turn) * vectors[0] + np.sin(turn) * vectors[-1]
    vectors = np.concatenate([vectors, chain]).astype(np.float32)
    vectors *= draw.uniform(0.5, 9, (len(vectors), 1)).astype(np.float32)
    cells = [*vectors, *vectors[draw.integers(0, len(vectors), 5)]]
    cells += [None, None, np.zeros(width, np.float32), np.full(width, np.inf, np.float32)]
    order = draw.permutation(len(cells))
    return pd.DataFrame(
        {
            "id": [f"i{k}" for k in range(len(cells))],
            "embedding": [cells[k] for k in order],
            "score": draw.integers(0, 5, len(cells)).astype(float),
        }
    )


def told(found):
    """Who goes because of whom, and how alike they are."""
    gone = found[~found.keep.astype(bool)]
    return {
        name: (other, round(value, 9))
        for name, other, value in zip(gone.id, gone.duplicate_of, gone.similarity, strict=True)
    }


def brute(frame, threshold):
    """`keep="first"` in plain numpy: the nearest of those that stay."""
    staying, made = [], {}
    for name, cell in zip(frame.id, frame.embedding, strict=True):
        vector = None if cell is None else np.asarray(cell, np.float64)
        if vector is None or not np.isfinite(vector).all() or not vector.any():
            continue
        unit = vector / np.linalg.norm(vector)
        near = [(float(unit @ other), who) for other, who in staying]
        best = max(near, key=lambda pair: pair[0], default=(-1.0, None))
        if best[0] >= threshold:
            made[name] = best[1]
        else:
            staying.append((unit, name))
    return made


def deliveries(frame, cuts):
    edges = [0, *sorted(cuts), len(frame)]
    return [frame.iloc[a:b] for a, b in pairwise(edges)]


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6), st.lists(st.integers(0, 120), max_size=9),
    st.sampled_from([0.6, 0.9, 0.97]), st.sampled_from(["first", "best:score", "random"]),
    st.sampled_from([1, 2, 7, 16]), st.sampled_from([1 << 26, 256]),
)  # fmt: skip
def test_deliveries_are_one_pass(tmp_path_factory, seed, cuts, threshold, keep, width, piece):
    frame = points(seed, width=width)
    step = SemanticDedup(threshold=threshold, keep=keep)
    index = Index(tmp_path_factory.mktemp("index") / "i", step)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embeddings, "BYTES", piece)
        for number, part in enumerate(deliveries(frame, cuts)):
            index.add(part, source=f"s{number}")
    assert told(index.find()) == told(step.find(frame))
    if keep == "first" and width > 2:  # narrow ones are parallel, and of equals rounding chooses
        found = {name: other for name, (other, _) in told(index.find()).items()}
        assert set(found) == set(brute(frame, threshold))


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6), st.lists(st.integers(0, 120), min_size=1, max_size=5),
    st.sampled_from([0.6, 0.97]), st.sampled_from(["first", "best:score", "random"]), st.booleans(),
)  # fmt: skip
def test_what_is_removed_was_never_added(tmp_path_factory, seed, cuts, threshold, keep, compact):
    frame = points(seed)
    step = SemanticDedup(threshold=threshold, keep=keep)
    index = Index(tmp_path_factory.mktemp("index") / "i", step)
    parts = deliveries(frame, cuts)
    for number, part in enumerate(parts):
        index.add(part, source=f"s{number}")
    out = int(np.random.default_rng(seed).integers(len(parts)))
    left = pd.concat([part for k, part in enumerate(parts) if k != out])
    before = told(index.find())
    removal = index.remove(source=f"s{out}")
    assert told(index.find()) == told(step.find(left))
    assert set(removal.promoted.id) == (set(left.id) - set(told(step.find(left)))) & set(before)
    if len(left):
        ids = left.id.sample(min(10, len(left)), random_state=seed % 2**31).tolist()
        index.remove(ids=ids)
        left = left[~left.id.isin(ids)]
        if compact:
            index.compact(grace=0)
        assert told(index.find()) == told(step.find(left))
    more = points(seed + 1).assign(id=lambda rows: "more-" + rows.id)
    index.add(more, source="more")
    assert told(index.find()) == told(step.find(pd.concat([left, more])))


def test_many_deliveries_are_merged(tmp_path):
    frame, step = points(4, count=300), SemanticDedup(threshold=0.9)
    index = Index(tmp_path / "i", step)
    for number, part in enumerate(deliveries(frame, range(10, len(frame), 10))):
        index.add(part, source=f"s{number}")
    stats = index.stats()
    assert stats["segments"] < 2 * compaction.FAN and stats["bytes"]["vectors"] > 28 * 300
    assert told(index.find()) == told(step.find(frame))
    assert {k: v for k, (v, _) in told(index.find()).items()} == brute(frame, 0.9)
    again = index.add(frame.iloc[:10], source="s0")
    assert again.again and index.stats()["records"] == len(frame)
    with pytest.raises(DataError, match="the id 'i0' stands twice"):
        index.add(points(5).iloc[:10])


def test_query_and_against(tmp_path):
    """Both compare with all that is held: as with files of it, at any threshold."""
    held, new = points(1), points(2).assign(id=lambda rows: "new-" + rows.id)
    new.loc[3:40, "embedding"] = pd.Series(held.embedding[3:41].to_numpy(), index=range(3, 41))
    index = Index(tmp_path / "seen", SemanticDedup(threshold=0.9))
    index.add(held.iloc[:50])
    index.add(held.iloc[50:])
    held.to_parquet(tmp_path / "held.parquet")
    found = index.query(new)
    whole = told(SemanticDedup(threshold=0.9).find(pd.concat([held, new])))
    assert told(found) == {name: why for name, why in whole.items() if name.startswith("new-")}
    for threshold in (0.8, 0.97):
        one, other = (
            SemanticDedup(threshold=threshold, against=str(tmp_path / name)).explain(new)
            for name in ("seen", "held.parquet")
        )
        for column in ("duplicate_of", "similarity", "dropped_by"):
            pd.testing.assert_series_equal(one[column], other[column])
        assert one.dropped_why.str.contains("in seen").sum() > 10
    step = SemanticDedup(threshold=0.97, against=str(tmp_path / "seen"))
    run = Pipeline([step]).run(new, tmp_path / "out")
    assert run.rows["kept"] == one.dropped_by.isna().sum()
    index.add(new)
    assert Pipeline([step]).run(new, tmp_path / "out").rows["kept"] < run.rows["kept"]


def test_widths_and_rows_without_vectors(tmp_path):
    for keep in ("first", "best:score"):
        index = Index(tmp_path / keep.replace(":", "-"), SemanticDedup(keep=keep))
        nothing = points(1).assign(embedding=None)
        assert index.add(nothing.assign(id=lambda rows: "null-" + rows.id)).verdicts.keep.all()
        index.add(points(1).iloc[:0])
        index.add(points(1))
        with pytest.raises(DataError, match=r"vectors of (7|8) numbers, and of (8|7)"):
            index.add(points(2, width=8).assign(id=lambda rows: "b-" + rows.id))
        assert index.stats()["records"] == 2 * len(points(1))
        assert told(index.find()) == told(SemanticDedup(keep=keep).find(points(1)))


def test_float16(tmp_path):
    """Vectors of half precision are compared as they are, and with those of single precision."""
    half = points(3).assign(
        embedding=lambda rows: [
            None if cell is None else cell.astype(np.float16) for cell in rows.embedding
        ]
    )
    index = Index(tmp_path / "i", SemanticDedup(threshold=0.9))
    index.add(half.iloc[:60])
    index.add(half.iloc[60:])
    assert told(index.find()) == told(SemanticDedup(threshold=0.9).find(half))


def test_settings(tmp_path):
    with pytest.raises(SettingError, match="asks for the centre of a cluster"):
        Index(tmp_path / "i", SemanticDedup(keep="hard"))
    index = Index(tmp_path / "i", SemanticDedup(threshold=0.9, clusters=50))
    index.add(points(1))
    assert index.step == SemanticDedup(threshold=0.9, clusters=1)
    Index(tmp_path / "i", SemanticDedup(threshold=0.9))  # it has no clusters
    with pytest.raises(SettingError, match=r"made with threshold=0\.9"):
        Index(tmp_path / "i", SemanticDedup(threshold=0.8))
    with pytest.raises(SettingError, match="made with dedup='semantic'"):
        Index(tmp_path / "i", PerceptualDedup())


def test_command_line(tmp_path):
    points(1).to_parquet(tmp_path / "may.parquet")
    points(2).assign(id=lambda rows: "b-" + rows.id).to_parquet(tmp_path / "june.parquet")
    seen, may, june = (str(tmp_path / name) for name in ("seen", "may.parquet", "june.parquet"))

    def say(*arguments):
        done = CliRunner().invoke(commands, ["index", *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    made = ["--dedup", "semantic", "--set", "threshold=0.9"]
    assert "129 records added as 'may'" in say("add", seen, "-i", may, "--source", "may", *made)
    assert "129 records asked for" in say("query", seen, "-i", june)
    say("add", seen, "-i", june, "--source", "june", "-o", str(tmp_path / "new"))
    assert "dedup=semantic" in say("stats", seen) and "vectors" in say("stats", seen)
    assert "129 removed" in say("remove", seen, "--source", "may")
    whole = told(SemanticDedup(threshold=0.9).find(pd.read_parquet(june)))
    assert told(Index(seen).find()) == whole
