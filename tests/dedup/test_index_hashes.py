"""An index of binary hashes against one pass over everything, and both against brute force."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import PerceptualDedup, Pipeline, SentenceDedup
from tamis.cli import commands
from tamis.dedup import Index
from tamis.dedup.blocks import blocks_for
from tamis.dedup.index import compaction
from tamis.errors import DataError, SettingError
from tamis.io.store import Files


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "sync", lambda self, file: file.flush())
        patch.setattr(Files, "sync_folder", lambda self, path: None)
        yield


def images(seed, count=120, width=8, flips=8):
    """Hashes in groups, chains of them, copies, nulls, and a block of bits that most share."""
    draw = np.random.default_rng(seed)
    bits = np.repeat(draw.integers(0, 2, (count // 6, 8 * width), dtype=np.uint8), 4, axis=0)
    for row in bits:
        row[draw.permutation(8 * width)[: draw.integers(flips + 1)]] ^= 1
    chain = np.repeat(bits[:1], count // 6, axis=0)
    for k in range(len(chain)):
        chain[k, : 3 * k] ^= 1
    bits = np.concatenate([bits, chain, bits[draw.integers(0, len(bits), count // 6)]])
    bits[: len(bits) // 2, ::3] = 0
    cells = [row.tobytes().hex() for row in np.packbits(bits, axis=1)] + [None] * 5
    order = draw.permutation(len(cells))
    return pd.DataFrame(
        {
            "id": [f"i{k}" for k in range(len(cells))],
            "phash": pd.array([cells[k] for k in order], "string"),
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


def brute(frame, radius):
    """`keep="first"` in plain Python: the nearest of those that stay, copies as the first one."""
    staying, of, made = [], {}, {}
    for name, cell in zip(frame.id, frame.phash, strict=True):
        if pd.isna(cell):
            continue
        value, bits = int(cell, 16), 4 * len(cell)
        if value not in of:
            near = [((value ^ other).bit_count(), k, who) for k, (other, who) in enumerate(staying)]
            apart, _, who = min(near, default=(radius + 1, 0, None))
            if apart > radius:
                staying.append((value, name))
                of[value] = (name, 1.0)
                continue
            of[value] = (who, round(1 - apart / bits, 9))
        made[name] = of[value]
    return made


def deliveries(frame, cuts):
    edges = [0, *sorted(cuts), len(frame)]
    return [frame.iloc[a:b] for a, b in pairwise(edges)]


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6), st.lists(st.integers(0, 120), max_size=9), st.sampled_from([0, 1, 4, 9]),
    st.sampled_from(["first", "best:score"]), st.sampled_from([2, 8, 12, 32]),
)  # fmt: skip
def test_deliveries_are_one_pass(tmp_path_factory, seed, cuts, radius, keep, width):
    frame = images(seed, width=width)
    step = PerceptualDedup(radius=radius, keep=keep)
    index = Index(tmp_path_factory.mktemp("index") / "i", step)
    for number, part in enumerate(deliveries(frame, cuts)):
        index.add(part, source=f"s{number}")
    assert told(index.find()) == told(step.find(frame))
    if keep == "first":
        assert told(index.find()) == brute(frame, radius)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10**6), st.lists(st.integers(0, 120), min_size=1, max_size=5),
    st.sampled_from([1, 4, 9]), st.sampled_from(["first", "best:score"]), st.booleans(),
)  # fmt: skip
def test_what_is_removed_was_never_added(tmp_path_factory, seed, cuts, radius, keep, compact):
    frame = images(seed)
    step = PerceptualDedup(radius=radius, keep=keep)
    index = Index(tmp_path_factory.mktemp("index") / "i", step)
    parts = deliveries(frame, cuts)
    for number, part in enumerate(parts):
        index.add(part, source=f"s{number}")
    draw = np.random.default_rng(seed)
    out = int(draw.integers(len(parts)))
    left = pd.concat([part for k, part in enumerate(parts) if k != out])
    before = index.find()
    removal = index.remove(source=f"s{out}")
    assert told(index.find()) == told(step.find(left))
    stayed = set(left.id) - set(told(step.find(left)))
    was_gone = set(told(before))
    assert set(removal.promoted.id) == stayed & was_gone
    if len(left):
        ids = left.id.sample(min(10, len(left)), random_state=seed % 2**31).tolist()
        index.remove(ids=ids)
        left = left[~left.id.isin(ids)]
        if compact:
            index.compact(grace=0)
        assert told(index.find()) == told(step.find(left))
    assert index.stats()["records"] == len(left)
    more = images(seed + 1).assign(id=lambda rows: "more-" + rows.id)
    index.add(more, source="more")
    assert told(index.find()) == told(step.find(pd.concat([left, more])))


def test_a_null_is_no_hash_of_zeros(tmp_path):
    """Where the index is so small that all of it is gone through, too."""
    index = Index(tmp_path / "i", PerceptualDedup(radius=4))
    index.add(pd.DataFrame({"id": ["null"], "phash": pd.array([None], "string")}))
    index.add(pd.DataFrame({"id": ["zeros", "near"], "phash": ["0000", "0001"]}))
    assert {name: of for name, (of, _) in told(index.find()).items()} == {"near": "zeros"}


def test_many_deliveries_are_merged(tmp_path):
    frame, step = images(4, count=300), PerceptualDedup()
    index = Index(tmp_path / "i", step)
    for number, part in enumerate(deliveries(frame, range(10, len(frame), 10))):
        index.add(part, source=f"s{number}")
    assert index.stats()["segments"] < 2 * compaction.FAN
    assert told(index.find()) == brute(frame, 4)
    again = index.add(frame.iloc[:10], source="s0")
    assert again.again and index.stats()["records"] == len(frame)


def test_query_and_against(tmp_path):
    """Both compare with all that is held: as with files of it."""
    held, new = images(1), images(2).assign(id=lambda rows: "new-" + rows.id)
    new.loc[3:40, "phash"] = held.phash[3:41].to_numpy()[: len(new.loc[3:40])]
    index = Index(tmp_path / "seen", PerceptualDedup())
    index.add(held.iloc[:50])
    index.add(held.iloc[50:])
    held.to_parquet(tmp_path / "held.parquet")
    found = index.query(new)
    whole = told(PerceptualDedup().find(pd.concat([held, new])))
    assert told(found) == {name: why for name, why in whole.items() if name.startswith("new-")}
    kept = [
        PerceptualDedup(against=str(tmp_path / name)).explain(new).sort_values("id")
        for name in ("seen", "held.parquet")
    ]
    for column in ("duplicate_of", "similarity", "dropped_by"):
        pd.testing.assert_series_equal(kept[0][column], kept[1][column])
    assert kept[0].dropped_why.str.contains("in seen").sum() > 10
    run = Pipeline([PerceptualDedup(against=str(tmp_path / "seen"))]).run(new, tmp_path / "out")
    assert run.rows["kept"] == kept[0].dropped_by.isna().sum()
    with pytest.raises(SettingError, match="radius=4"):
        PerceptualDedup(radius=3, against=str(tmp_path / "seen"))(new)
    with pytest.raises(SettingError, match="PerceptualDedup"):
        Index(tmp_path / "other", SentenceDedup())


def test_lengths(tmp_path):
    for keep in ("first", "best:score"):
        index = Index(tmp_path / keep.replace(":", "-"), PerceptualDedup(keep=keep))
        empty = images(1).assign(phash=pd.array([None] * len(images(1)), "string"))
        index.add(empty.assign(id=lambda rows: "null-" + rows.id))
        index.add(images(1))
        with pytest.raises(DataError, match="of one length"):
            index.add(images(2, width=16).assign(id=lambda rows: "b-" + rows.id))
        assert index.stats()["records"] == 2 * len(images(1))


@pytest.mark.parametrize(("bits", "radius"), [(64, 4), (64, 10), (256, 31), (16, 7), (8, 3)])
def test_blocks_lose_no_pair(bits, radius):
    """Wherever the bits that differ lie, some block differs in no more than are flipped."""
    blocks = blocks_for(1 << 20, bits, radius)
    draw = np.random.default_rng(bits + radius)
    count = len(blocks.flips)
    for _ in range(3000):
        weights = draw.random(bits) ** draw.integers(1, 6)
        differ = np.zeros(bits, bool)
        differ[np.argsort(weights)[:radius]] = True
        inside = [differ[k::count][: blocks.width].sum() for k in range(count)]
        assert any(n <= flips for n, flips in zip(inside, blocks.flips, strict=True))
    assert sum(flips + 1 for flips in blocks.flips) == radius + 1 or count == 1


def test_a_delivery_costs_what_it_is(tmp_path):
    """Of a large index few records are looked at."""
    draw = np.random.default_rng(0)
    cells = draw.integers(0, 256, (30_000, 8), dtype=np.uint8)
    frame = pd.DataFrame(
        {"id": [f"i{k}" for k in range(len(cells))], "phash": [row.tobytes() for row in cells]}
    )
    index = Index(tmp_path / "i", PerceptualDedup())
    index.add(frame)
    read = []
    from tamis.dedup.index.view import View

    records = View.records
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            View, "records",
            lambda self, rows: (read.append(len(rows)), records(self, rows))[1],
        )  # fmt: skip
        index.add(frame.iloc[:20].assign(id=lambda rows: "again-" + rows.id))
    assert sum(read) < 2000


def test_command_line(tmp_path):
    images(1).iloc[:60].to_parquet(tmp_path / "may.parquet")
    images(1).iloc[60:].to_parquet(tmp_path / "june.parquet")
    seen = str(tmp_path / "seen")

    def call(*words):
        result = CliRunner().invoke(commands, ["index", *words])
        assert result.exit_code == 0, result.output
        return result.output

    call("add", seen, "--input", str(tmp_path / "may.parquet"), "--source", "may",
         "--dedup", "perceptual", "--set", "radius=3")  # fmt: skip
    call("add", seen, "--input", str(tmp_path / "june.parquet"), "--output", str(tmp_path / "new"))
    assert told(Index(seen).find()) == brute(images(1), 3)
    kept = pd.read_parquet(tmp_path / "new")
    assert set(kept.id) == set(images(1).id[60:]) - set(brute(images(1), 3))
    assert "radius=3" in call("stats", seen)
    call("remove", seen, "--source", "may")
    assert told(Index(seen).find()) == brute(images(1).iloc[60:], 3)
