"""A run against plain pandas: what is kept, why the rest is not, and what resuming costs."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import dask
import dask.dataframe as dd
import pandas as pd
import pytest

import tamis
from tamis import Edit, ExactDedup, Filter, FuzzyDedup, Pipeline, Run, Score
from tamis.errors import (
    AccountingError,
    ColumnError,
    DataError,
    SettingError,
    UncommittedError,
)
from tamis.frame import STRING

ROWS, PARTS = 60, 5


@tamis.measure(dtype="Int64")
def words(text):
    return text.str.split().str.len()


@tamis.edit()
def tidy(text):
    return text.str.replace("  ", " ")


def text_of(number):
    """Every seventh null, every eleventh blank, some copies, else `number % 13` words."""
    if number % 7 == 0:
        return None
    if number % 11 == 0:
        return "   "
    return "  ".join(f"w{(number % 50) * k % 17}" for k in range(number % 13))


def read(part, shift=0):
    numbers = range(part * ROWS + shift, (part + 1) * ROWS + shift)
    return pd.DataFrame(
        {"id": [f"r{n}" for n in numbers], "text": [text_of(n) for n in numbers]}, dtype=STRING
    )


def frame(parts=range(PARTS)):
    return dd.from_map(read, list(parts), meta=read(0).iloc[:0])


def everything():
    return pd.concat([read(part) for part in range(PARTS)], ignore_index=True)


PIPELINE = Pipeline(
    [Filter(words, min=2), Edit(tidy), Filter(words, max=9), ExactDedup(), Score(words, name="n")]
)


def expected():
    """The same by hand."""
    rows = everything()
    count = rows.text.str.split().str.len()
    rows["by"] = None
    rows.loc[count.isna() | (count < 2).fillna(False), "by"] = "words"
    rows.loc[(count > 9).fillna(False), "by"] = "words_2"
    rows.text = rows.text.str.replace("  ", " ")
    alive = rows[rows.by.isna()]
    rows.loc[alive[alive.text.duplicated()].index, "by"] = "exact_dedup"
    return rows


def ids(run):
    return sorted(run.kept().compute()["id"])


def test_kept_and_dropped_are_what_pandas_finds(tmp_path):
    run = PIPELINE.run(frame(), tmp_path / "out")
    rows = expected()
    assert ids(run) == sorted(rows[rows.by.isna()]["id"])
    assert run.kept().compute().columns.tolist() == ["id", "text", "n"]
    dropped = run.dropped().compute().set_index("id")
    assert dropped.dropped_by.to_dict() == rows[rows.by.notna()].set_index("id").by.to_dict()
    ledger = run.ledger().compute().set_index("id")
    assert set(ledger.index) == set(rows["id"])
    assert ledger.loc[ledger.dropped_by.isna(), "n"].notna().all()
    survivors = rows[rows.by.isna()].set_index("text")["id"]
    twins = dropped[dropped.dropped_by == "exact_dedup"]
    assert twins.duplicate_of.tolist() == survivors[twins.text].tolist()


def test_counts_per_step_and_reason(tmp_path):
    run, rows = PIPELINE.run(frame(), tmp_path / "out"), expected()
    assert run.rows == {
        "in": len(rows),
        "cut": 0,
        "kept": int(rows.by.isna().sum()),
        "dropped": int(rows.by.notna().sum()),
    }
    steps = {step["name"]: step for step in run.figures["steps"]}
    first = everything().text
    count = first.str.split().str.len()
    assert steps["words"]["reasons"] == {
        "text.null": int(first.isna().sum()),
        "min": int((count < 2).sum()),
    }
    for name, number in rows.by.value_counts().items():
        assert steps[name]["dropped"] == number
    left = len(rows)
    for step in run.figures["steps"]:
        assert step["rows_in"] == left
        left = step["rows_out"]
    assert left == run.rows["kept"]


@pytest.mark.parametrize("npartitions", [1, 7, 64])
@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_partitioning_and_scheduler_do_not_matter(tmp_path, npartitions, scheduler):
    whole = dd.from_pandas(everything(), npartitions=npartitions, sort=False)
    with dask.config.set(scheduler=scheduler):
        run = PIPELINE.run(whole, tmp_path / "out")
    rows = expected()
    assert ids(run) == sorted(rows[rows.by.isna()]["id"])
    assert run.rows["in"] == len(rows)


def test_lazy_call_and_explain_agree_with_the_run(tmp_path):
    run = PIPELINE.run(frame(), tmp_path / "out")
    assert sorted(PIPELINE(frame()).compute()["id"]) == ids(run)
    explained = PIPELINE.explain(frame()).compute().set_index("id")
    ledger = run.ledger().compute().set_index("id").loc[explained.index]
    for column in ("dropped_by", "dropped_why", "duplicate_of", "words", "words_2", "n"):
        pd.testing.assert_series_equal(explained[column], ledger[column], check_index=False)


def test_running_again_does_nothing_and_a_change_only_its_part(tmp_path):
    out = tmp_path / "out"
    simple = Pipeline([Filter(words, min=2)])
    simple.run(frame(), out)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    assert simple.run(frame(), out).rows["in"] == ROWS * PARTS
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*")} == before
    run = simple.run(frame([0, 1, 2, 3, 9]), out)
    assert run.figures["tasks"] == {"done": 1, "reused": 4}
    run = simple.run(frame([0, 1, 2]), out)
    assert run.figures["tasks"] == {"done": 0, "reused": 3}
    assert len(run.kept().compute()) == run.rows["kept"]
    run = Pipeline([Filter(words, min=3)]).run(frame([0, 1, 2]), out)
    assert run.figures["tasks"] == {"done": 3, "reused": 0}


def test_why(tmp_path):
    run, rows = PIPELINE.run(frame(), tmp_path / "out"), expected()
    kept = rows[rows.by.isna()]["id"].iloc[3]
    assert run.why(kept)["verdict"] == "kept" and run.record(kept)["id"] == kept
    null = run.why("r0")
    assert null["dropped_by"] == "words" and null["dropped_why"] == "text.null: text is null"
    short = run.why("r1")
    assert short["dropped_why"] == "min: 1 < 2" and short["words"] == 1
    twin = run.why(rows[rows.by == "exact_dedup"]["id"].iloc[0])
    assert twin["similarity"] == 1 and twin["duplicate_of"] in twin["dropped_why"]
    with pytest.raises(KeyError, match="no record 'nobody'"):
        run.why("nobody")


@pytest.mark.parametrize("format", ["jsonl", "jsonl.gz", "jsonl.zst", "csv", "parquet"])
def test_formats(tmp_path, format):
    run = PIPELINE.run(frame(), tmp_path / "out", format=format)
    rows = expected()
    kept = run.kept().compute().set_index("id")
    wanted = rows[rows.by.isna()].set_index("id")
    assert kept.loc[wanted.index, "text"].tolist() == wanted.text.tolist()
    assert kept["n"].astype(int).tolist() == kept.text.str.split().str.len().tolist()


@pytest.mark.parametrize("format", ["parquet", "jsonl", "csv"])
def test_nothing_kept_nothing_dropped_nothing_at_all(tmp_path, format):
    nothing_kept = Pipeline([Filter(words, min=1000), FuzzyDedup()])
    run = nothing_kept.run(frame(), tmp_path / "a", format=format)
    assert run.rows["kept"] == 0 and len(run.kept()) == 0
    assert run.kept().columns.tolist() == ["id", "text"]
    assert len(run.dropped().compute()) == ROWS * PARTS
    run = Pipeline([Score(words)]).run(frame(), tmp_path / "b", format=format)
    assert len(run.dropped()) == 0 and "dropped_why" in run.dropped().columns
    run = PIPELINE.run(frame().partitions[:1].query("id == 'none'"), tmp_path / "c", format=format)
    assert run.rows == {"in": 0, "cut": 0, "kept": 0, "dropped": 0} and len(run.ledger()) == 0


def test_partitioned_output_leaves_nothing_behind(tmp_path):
    out, named = tmp_path / "out", frame().assign(half=frame()["id"].str[-1])
    run = Pipeline([Filter(words, min=2)]).run(named, out, partition_on="half")
    many = set(run.parts("kept"))
    assert {part.split("/")[1] for part in many} <= {f"half={n}" for n in range(10)}
    count = everything().text.str.split().str.len()
    assert len(run.kept().compute()) == int((count >= 2).sum())
    run = Pipeline([Filter(words, min=11)]).run(named, out, partition_on="half")
    on_disk = {str(p.relative_to(out)) for p in (out / "kept").rglob("*.parquet")}
    assert on_disk == set(run.parts("kept")) and not on_disk & many


def test_an_unfinished_run_is_not_read_and_goes_on(tmp_path):
    out = tmp_path / "out"
    finished = PIPELINE.run(frame(), out)
    kept = ids(finished)
    os.remove(out / "run.json")
    (out / "_UNCOMMITTED").touch()
    for folder in ("kept", "dropped", "ledger"):
        with pytest.raises(UncommittedError, match="run it again"):
            tamis.read_parquet(str(out / folder))
    with pytest.raises(UncommittedError, match="not finished"):
        Run(out)
    assert ids(PIPELINE.run(frame(), out)) == kept


def test_damaged_parts_are_noticed_and_made_again(tmp_path):
    out = tmp_path / "out"
    kept = ids(PIPELINE.run(frame(), out))
    part = next((out / "kept").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(DataError, match="changed after it was committed"):
        tamis.read_parquet(str(out / "kept"))
    assert ids(PIPELINE.run(frame(), out)) == kept


def test_duplicate_ids_name_both_places(tmp_path):
    twice = dd.concat([frame(), frame([2])])
    with pytest.raises(DataError, match=r"'r1\d\d' stands twice: in partition 2 row \d+ and in"):
        PIPELINE.run(twice, tmp_path / "out")
    assert not (tmp_path / "out" / "run.json").exists()


def test_no_id_no_column_no_folder(tmp_path):
    with pytest.raises(ColumnError, match=r"needs a column 'id' \(have: text\)"):
        PIPELINE.run(frame()[["text"]], tmp_path / "out")
    with pytest.raises(ColumnError, match=r"no column 'body' \(have: id, text"):
        Pipeline([Filter(words, on="body", min=1)]).run(frame(), tmp_path / "out")
    with pytest.raises(SettingError, match="format='xml' is unknown"):
        PIPELINE.run(frame(), tmp_path / "out", format="xml")
    with pytest.raises(ColumnError, match="exists already; pass name="):
        Pipeline([Score(words, name="text")]).run(frame(), tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    with pytest.raises(DataError, match=r"thesis\.tex"):
        PIPELINE.run(frame(), tmp_path / "mine")
    nameless = frame().assign(id=frame()["id"].where(frame()["id"] != "r5"))
    with pytest.raises(DataError, match="partition 0 row 5 has no id"):
        PIPELINE.run(nameless, tmp_path / "out2")


def test_too_many_unreadable_records_stop_the_run(tmp_path):
    lines = [json.dumps({"id": str(n), "text": "some words here"}) for n in range(1500)]
    for n in range(0, 1500, 30):
        lines[n] = "{broken"
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    docs = tamis.read_jsonl(str(path))
    with pytest.raises(DataError, match=r"50 of 1500 records .* json\.syntax \(50\).*max_errors"):
        Pipeline([Filter(words, min=1)]).run(docs, tmp_path / "out")
    run = Pipeline([Filter(words, min=1)]).run(docs, tmp_path / "out", max_errors=0.05)
    assert run.rows == {"in": 1500, "cut": 0, "kept": 1450, "dropped": 50}
    assert run.figures["steps"][0] | {"seconds": 0} == {
        "name": "read_jsonl", "kind": "reader", "rows_in": 1500, "rows_out": 1450, "dropped": 50,
        "cut": 0, "reasons": {"json.syntax": 50}, "seconds": 0, "fired": None,
    }  # fmt: skip


def test_an_op_that_fails_says_so_and_the_run_resumes(tmp_path):
    flag = tmp_path / "mended"

    @tamis.measure(dtype="Int64", namespace="flaky")
    def moody(text):
        if not flag.exists() and (text.str.len() > 30).any():
            raise ZeroDivisionError("bad mood")
        return text.str.len()

    pipeline = Pipeline([Filter(moody, min=1)])
    with pytest.raises(ZeroDivisionError, match="bad mood") as error:
        pipeline.run(frame(), tmp_path / "out")
    assert any("in the step 'moody'" in note for note in error.value.__notes__)
    flag.touch()
    run = pipeline.run(frame(), tmp_path / "out")
    assert run.rows["in"] == ROWS * PARTS


def test_frames_whose_partitions_share_work(tmp_path):
    shuffled = frame().shuffle("id", npartitions=4)
    run = PIPELINE.run(shuffled, tmp_path / "out")
    rows = expected()
    assert run.rows["in"] == len(rows)
    assert run.rows["kept"] == rows.by.isna().sum()


def test_lost_rows_are_an_error(tmp_path, monkeypatch):
    import tamis.run as module

    honest = module.totals

    def losing(named, records, *rest):
        records[0][1].rows_in -= 1
        return honest(named, records, *rest)

    monkeypatch.setattr(module, "totals", losing)
    with pytest.raises(AccountingError):
        PIPELINE.run(frame(), tmp_path / "out")


def test_fuzzy_after_exact_never_points_to_a_dropped_record(tmp_path):
    run = Pipeline([ExactDedup(), FuzzyDedup(threshold=0.7, ngram=2)]).run(
        frame(), tmp_path / "out"
    )
    ledger = run.ledger().compute().set_index("id")
    pointed = ledger.duplicate_of.dropna()
    fuzzy = ledger.dropped_by == "fuzzy_dedup"
    assert ledger.loc[pointed[fuzzy.loc[pointed.index]], "dropped_by"].isna().all()
    assert run.rows["kept"] == ledger.dropped_by.isna().sum()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["processes", "cluster"])
def test_processes_and_a_cluster_give_the_same(tmp_path, how):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, dask, tamis; sys.path.insert(0, sys.argv[2]); import kill_script as k\n"
        "import dask.dataframe as dd\n"
        "def main():\n"
        "    f = dd.from_map(k.read, list(range(6)), meta=k.read(0).iloc[:0])\n"
        "    a = k.PIPELINE.run(f, sys.argv[1] + '/threads', progress=False)\n"
        f"    how = {how!r}\n"
        "    if how == 'cluster':\n"
        "        with tamis.local_cluster(workers=2):\n"
        "            b = k.PIPELINE.run(f, sys.argv[1] + '/other', progress=False)\n"
        "            c = sorted(k.PIPELINE(f).compute()['id'])\n"
        "    else:\n"
        "        with dask.config.set(scheduler='processes', num_workers=2):\n"
        "            b = k.PIPELINE.run(f, sys.argv[1] + '/other', progress=False)\n"
        "            c = sorted(k.PIPELINE(f).compute()['id'])\n"
        "    assert a.rows == b.rows\n"
        "    ids = [sorted(r.kept().compute(scheduler='sync')['id']) for r in (a, b)]\n"
        "    assert ids[0] == ids[1] == c and len(c) > 50, (len(ids[0]), len(ids[1]), len(c))\n"
        "if __name__ == '__main__': main()\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(Path(__file__).parent)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.slow
def test_disk_full(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk]).returncode:
        pytest.skip("no mount here")
    try:
        big = everything().assign(text=[os.urandom(2000).hex() for _ in range(ROWS * PARTS)])
        pipeline = Pipeline([Filter("text.word_count", min=1)])
        docs = dd.from_pandas(big, npartitions=5, sort=False)
        with pytest.raises(OSError, match="No space left"):
            pipeline.run(docs, disk / "out")
        with pytest.raises((UncommittedError, DataError)):
            Run(disk / "out")
        for _ in range(100):  # another thread may still be at the part that does not fit
            if not list((disk / "out").rglob("*.tmp")):
                break
            time.sleep(0.1)
        assert not list((disk / "out").rglob("*.tmp"))
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        assert pipeline.run(docs, disk / "out").rows["kept"] == ROWS * PARTS
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
        shutil.rmtree(disk)


def test_frames_of_odd_shape(tmp_path):
    """Whatever the index, the order of rows is that of the frame; odd columns are refused."""
    frame = pd.DataFrame({"id": list("abcd"), "text": ["x y", "x y", "z", "z"]})
    many = pd.MultiIndex.from_product([[1, 0], [1, 0]])
    for number, index in enumerate(([3, 2, 1, 0], [0, 0, 0, 0], list("wxyz"), many)):
        run = Pipeline([ExactDedup()]).run(frame.set_axis(index), tmp_path / str(number))
        assert run.kept().compute()["id"].tolist() == ["a", "c"]
    out = tmp_path / "refused"
    steps = Pipeline([Filter(words, min=1)])
    with pytest.raises(ColumnError, match="'text' stands twice"):
        steps.run(pd.concat([frame, frame[["text"]]], axis=1), out)
    with pytest.raises(ColumnError, match="'dropped_by' must be text"):
        steps.run(frame.assign(dropped_by=1), out)
    with pytest.raises(ColumnError, match="surrogates"):
        Filter(tamis.text.word_count, min=1)(
            frame.assign(text=pd.Series(["\ud800"] * 4, dtype=object))
        )
    for wrong in ({"max_errors": "x"}, {"max_errors": 2}, {"target_size": "many"}):
        with pytest.raises(SettingError, match=next(iter(wrong))):
            steps.run(frame, out, **wrong)
    assert not out.exists()
