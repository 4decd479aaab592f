"""A partition of Parquet read piece by piece, in batches, holds what it holds read at once."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tamis
from tamis import ExactDedup, Filter, FuzzyDedup, source, text
from tamis.io import read_parquet
from tamis.source import sources

WORDS = np.array([f"word{n}" for n in range(400)])


def texts(rows, seed):
    """Some texts several times, some changed a little, some null."""
    draw = np.random.default_rng(seed)
    own = [draw.choice(WORDS, draw.integers(3, 60)) for _ in range(rows)]
    for k in range(1, rows):
        if draw.random() < 0.4:
            own[k] = own[draw.integers(k)].copy()
            if draw.random() < 0.5:
                own[k][draw.integers(len(own[k]))] = draw.choice(WORDS)
    return [None if draw.random() < 0.02 else " ".join(words) for words in own]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Files of several row groups: one damaged, one cut short, one without ids, a row not UTF-8."""
    monkeypatch.setattr(source, "BATCH", 3000)
    for number in range(4):
        place = tmp_path / f"year={number % 2}"
        place.mkdir(exist_ok=True)
        table = pa.table({"text": texts(300, number), "n": range(300)})
        if number != 2:
            table = table.append_column("id", pa.array([f"{number}/{k}" for k in range(300)]))
        pq.write_table(
            table, place / f"{number}.parquet", row_group_size=70, use_dictionary=False,
            compression="none",
        )  # fmt: skip
    damaged = tmp_path / "year=1" / "1.parquet"
    raw = bytearray(damaged.read_bytes())
    at = pq.ParquetFile(damaged).metadata.row_group(2).column(0).data_page_offset
    raw[at : at + 20] = bytes(20)
    damaged.write_bytes(raw)
    (tmp_path / "year=0" / "9.parquet").write_bytes(raw[: len(raw) // 2])
    ends = pa.py_buffer(np.array([0, 9, 11, 20], np.int32))
    told = pa.py_buffer(b"as it was\xff\xfeas it was")
    bad = pa.Array.from_buffers(pa.string(), 3, [None, ends, told])
    pq.write_table(pa.table({"text": bad}), tmp_path / "year=1" / "8.parquet")
    return tmp_path


@pytest.mark.parametrize("block", ["64MB", "20kB", "5kB"])
@pytest.mark.parametrize("most", [2, 4, 100])
def test_pieces_are_the_partition(folder, block, most):
    frame = read_parquet(folder, block_size=block)
    for columns in (frame, frame[["text", "id"]]):
        for part in sources(columns):
            pieces = part.split(most)
            assert len(pieces) <= most
            assert len({piece.token for piece in pieces}) == len(pieces)
            got = pd.concat([piece() for piece in pieces], ignore_index=True)
            pd.testing.assert_frame_equal(got, part())


def test_long_texts_stay_in_batches(folder, monkeypatch):
    long = [f"{k:05d}" * 1000 for k in range(2000)]
    pq.write_table(pa.table({"text": long}), folder / "year=1" / "7.parquet")
    monkeypatch.setattr(source, "BATCH", 4 << 20)
    (part,) = sources(read_parquet(folder / "year=1" / "7.parquet", block_size="1GB"))
    assert part().text.array.__arrow_array__().num_chunks == 1
    (piece,) = part.split(4)
    sizes = [chunk.nbytes for chunk in piece().text.array.__arrow_array__().chunks]
    assert len(sizes) == 3 and max(sizes) < 4.1 * 2**20


def test_what_looks_at_whole_partitions_gets_them(folder):
    frame = read_parquet(folder)
    for other in (
        frame.map_partitions(lambda part: part.iloc[::-1]),
        frame[frame.n > 3],
        frame.pipe(Filter(text.word_count, min=5)),
        tamis.from_pandas(pd.DataFrame({"text": ["a", "b"]})),
    ):
        part = sources(other)[0]
        assert part.split(4) == [part]


@pytest.mark.parametrize("block", ["64MB", "20kB"])
@pytest.mark.parametrize("step", [FuzzyDedup(), ExactDedup()])
def test_deduplication_by_pieces_is_that_of_one_frame(folder, block, step):
    frame = read_parquet(folder, block_size=block)
    parts = [part() for part in sources(frame)]
    whole = pd.concat(parts, ignore_index=True)
    places = np.concatenate([part.index for part in parts])
    assert len(whole) - len(step(whole)) > 100
    for lazy, eager in ((step(frame), step(whole)), (step.explain(frame), step.explain(whole))):
        eager.index = places[eager.index]
        pd.testing.assert_frame_equal(lazy.compute(scheduler="threads"), eager)


def test_an_id_that_occurs_twice_is_named_by_its_partition(tmp_path):
    table = pa.table({"id": [f"{k}" for k in range(99)] + ["7"], "text": texts(100, 0)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=10)
    with pytest.raises(tamis.errors.DataError, match="row 7 of partition 0 and row 99 of part"):
        FuzzyDedup()(read_parquet(tmp_path)).compute(scheduler="sync")
