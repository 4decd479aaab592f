"""Filters whose bounds the data gives: as numpy has them, eagerly, lazily and in a run."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import Cut, Edit, ExactDedup, Filter, Pipeline, Score, measure, text
from tamis.cli import main
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.frame import STRING
from tamis.media import Decoded, each

CALLS: list[int] = []


@tamis.view(rows=3)
def opened(path):
    """A medium, three rows at a time; "bad" cannot be decoded."""
    return Decoded(_opened(path), len(path))


def _opened(path):
    def one(row):
        if path.iloc[row] == "bad":
            raise BadRecord("decode.truncated", "ends early")
        CALLS.append(row)
        return str(path.iloc[row])

    return one


@tamis.edit(namespace="test_relative")
def lowered(text):
    """In lower case."""
    return text.str.lower()


@tamis.cut(columns={"text": "string"}, namespace="test_relative")
def apart(text):
    """What stands between full stops."""
    made = [(k, t) for k, whole in enumerate(text) for t in whole.split(".")]
    return {"parent": [k for k, _ in made], "text": [t for _, t in made]}


@measure(dtype="float64", namespace="test_relative", heavy=True)
def length(opened):
    """How long a medium is."""
    return each(opened, len)


def a_frame(numbers, kinds=None):
    ids = pd.Series([f"r{k}" for k in range(len(numbers))], dtype=STRING)
    kinds = pd.Series(kinds or ["a"] * len(numbers), dtype=STRING)
    value = pd.Series(numbers, dtype="float64")
    return pd.DataFrame({"id": ids, "kind": kinds, "value": value})


def cut_up(frame, count):
    return dd.from_pandas(frame, npartitions=count, sort=False)


def everywhere(pipeline, frame, folder, parts=(3,)):
    """The ids kept, and those of dropped rows with reasons, agreed on by all ways to ask."""
    eager = pipeline.explain(frame)
    told = dict(zip(eager.id, zip(eager.dropped_by, eager.dropped_why, strict=True), strict=True))
    kept = pipeline(frame)
    gone = {name: why for name, why in told.items() if pd.notna(why[0])}
    assert kept.id.tolist() == [name for name in eager.id if name not in gone]
    for count in parts:
        dask_frame = cut_up(frame, count)
        lazy = pipeline.explain(dask_frame)
        pd.testing.assert_frame_equal(
            lazy.compute().reset_index(drop=True), eager.reset_index(drop=True)
        )
        assert lazy.dtypes.to_dict() == eager.dtypes.to_dict()
        assert pipeline(dask_frame).compute().id.tolist() == kept.id.tolist()
        if folder is None:
            continue
        run = pipeline.run(dask_frame, folder / f"{count}", max_errors=1.0)
        assert run.kept().compute().id.tolist() == kept.id.tolist()
        assert list(run.kept().columns) == list(kept.columns)
        found = run.dropped().compute()
        pairs = zip(found.dropped_by, found.dropped_why, strict=True)
        assert dict(zip(found.id, pairs, strict=True)) == gone
    return kept.id.tolist(), gone


VALUES = st.lists(st.one_of(st.none(), st.integers(-4, 4), st.floats(-9, 9)), max_size=24)


@settings(deadline=None, max_examples=25)
@given(
    VALUES, st.integers(1, 5), st.integers(0, 100), st.booleans(), st.sampled_from(["drop", "keep"])
)
def test_what_is_kept_is_what_numpy_keeps(numbers, count, percent, invert, null):
    frame = a_frame(numbers)
    step = Filter("value", min=f"{percent}%", invert=invert, null=null)
    valued = frame.value.dropna().to_numpy()
    passing = frame.value.isna() & (null == "keep")
    if len(valued):
        exact = sorted(valued)[(len(valued) - 1) * percent // 100]  # numpy may miss it by a bit
        whole = (len(valued) - 1) * percent % 100 == 0
        bound = exact if whole else np.quantile(valued, percent / 100)
        passing |= (frame.value < bound) if invert else (frame.value >= bound)
    assert step(frame).id.tolist() == frame.id[passing].tolist()
    assert step(cut_up(frame, count)).compute().id.tolist() == frame.id[passing].tolist()


@pytest.mark.parametrize(
    ("numbers", "bounds", "kept"),
    [
        ([], {"min": "70%"}, []),
        ([None, None], {"min": "70%"}, []),
        ([5], {"min": "70%", "max": "q3 + 3 iqr"}, [0]),
        ([3, 3, 3, 3], {"min": "99%"}, [0, 1, 2, 3]),  # equal values stay together
        ([0, 0, 0, 7], {"min": "25%"}, [0, 1, 2, 3]),
        ([0, 0, 0, 7], {"max": "q3 + 3 iqr"}, [0, 1, 2, 3]),
        ([0, 0, 0, 0, 0, 7], {"max": "q3 + 3 iqr"}, [0, 1, 2, 3, 4]),
        (range(10), {"min": "70%"}, [7, 8, 9]),
        (range(10), {"min": "70%", "invert": True}, range(7)),
        (range(8), {"min": "12.5%"}, range(1, 8)),  # Stable Video Diffusion's least
        ([1, None, np.nan, 4], {"min": "50%", "null": "keep"}, [1, 2, 3]),
        ([-np.inf, 1, 2, np.inf], {"min": "10%", "max": "90%"}, [0, 1, 2, 3]),
        (range(10), {"min": 3, "max": "50%"}, [3, 4]),
    ],
)
def test_corner_cases(tmp_path, numbers, bounds, kept):
    folder = tmp_path if len(numbers) < 2 else None  # runs are slow, and others are run below
    found, _ = everywhere(Pipeline([Filter("value", **bounds)]), a_frame(list(numbers)), folder)
    assert found == [f"r{k}" for k in kept]


def test_rows_that_come_to_the_step_are_what_counts(tmp_path):
    """Those dropped before have no part in the quartiles, those of another kind no value."""
    frame = a_frame([*range(10), 100, 120, 300], ["a"] * 10 + ["b"] * 3)
    clean = Pipeline(
        [
            Filter("value", max=250),
            Filter("value", name="half", min="50%", where={"kind": "a"}),
            Filter("value", name="tail", max="q3 + 0.5 iqr"),
        ]
    )
    first, third = np.percentile([5, 6, 7, 8, 9, 100, 120], [25, 75])
    bound = third + 0.5 * (third - first)
    assert 100 > bound > 9
    kept, gone = everywhere(clean, frame, tmp_path, (1, 4))
    assert kept == ["r5", "r6", "r7", "r8", "r9"]
    by = {f"r{k}": "half" for k in range(5)} | {"r10": "tail", "r11": "tail", "r12": "value"}
    assert {name: by for name, (by, _) in gone.items()} == by
    assert gone["r4"][1] == "min: 4 < 4.5"
    run = clean.run(cut_up(frame, 2), tmp_path / "again")
    steps = {step["name"]: step for step in run.figures["steps"]}
    assert steps["half"]["bounds"] == {"min": 4.5} and steps["half"]["asked"] == {"min": "50%"}
    assert steps["tail"]["bounds"] == {"max": pytest.approx(bound)}
    assert [(s["rows_in"], s["rows_out"]) for s in steps.values()] == [(13, 12), (12, 7), (7, 5)]


def test_among_edits_cuts_and_deduplications(tmp_path):
    texts = ["a b. c d e. f", "A B. c d e. f", "g. h i. j k l m", "  ", None, "n o p q. r"]
    frame = pd.DataFrame({"id": [f"r{k}" for k in range(6)], "text": texts}, dtype=STRING)
    clean = Pipeline(
        [
            Edit(lowered),
            Filter(text.word_count, min="0%"),
            ExactDedup(),
            Cut(apart),
            Filter(text.word_count, name="words", min="50%", max="q3 + 1.5 iqr"),
            Score(text.character_count),
        ]
    )
    kept, gone = everywhere(clean, frame, tmp_path, (1, 4))
    # words per sentence of r0, r2, r5: 2 3 1, 1 2 4, 4 1: the half above the median 2
    assert kept == ["r0/1", "r0/2", "r2/2", "r2/3", "r5/1"]
    assert gone["r1"][0] == "exact_dedup" and gone["r2/1"] == ("words", "min: 1 < 2")
    assert gone["r3"][1].startswith("text.empty") and gone["r4"][1].startswith("text.null")


def test_media_say_why_they_have_no_value_and_are_opened_once(tmp_path):
    paths = ["bad", *("x" * k for k in range(1, 9)), "bad"]
    ids = [f"r{k}" for k in range(10)]
    frame = pd.DataFrame({"id": ids, "path": paths}, dtype=STRING)
    clean = Pipeline([Filter(length, min="50%")])
    kept, gone = everywhere(clean, frame, tmp_path)
    assert kept == ["r5", "r6", "r7", "r8"]
    assert gone["r0"] == ("length", "decode.truncated: ends early") == gone["r9"]
    for ask in (
        lambda: clean(frame),
        lambda: clean(cut_up(frame, 3)).compute(),
        lambda: clean.run(cut_up(frame, 3), tmp_path / "once", max_errors=1.0),
    ):
        CALLS.clear()
        ask()
        assert len(CALLS) == 8


def test_a_run_goes_on_and_follows_its_data(tmp_path):
    frame = cut_up(a_frame(range(40)), 4)

    @measure(dtype="float64", namespace="test_relative")
    def stopping(value):
        if not (tmp_path / "mended").exists() and (value > 35).any():
            raise ZeroDivisionError
        return value

    clean = Pipeline([Filter("value", min="50%"), Filter(stopping, min=0)])
    with pytest.raises(ZeroDivisionError):
        clean.run(frame, tmp_path / "out")
    (tmp_path / "mended").touch()
    run = clean.run(frame, tmp_path / "out")
    assert run.figures["tasks"]["reused"] >= 4  # all that measured
    assert run.kept().compute().id.tolist() == [f"r{k}" for k in range(20, 40)]
    assert run.figures["steps"][0]["bounds"] == {"min": 19.5}
    more = dd.concat([frame, cut_up(a_frame(range(40)).assign(id=lambda f: "s" + f.id), 1)])
    again = clean.run(more, tmp_path / "out")
    assert len(again.kept().compute()) == 40
    assert not [p for p in (tmp_path / "out/stages").rglob("*") if "numbers-" in p.name]


def test_recipe_and_command_line(tmp_path, capsys):
    """From YAML with a setting changed, and what the report and `tamis steps` show of the bound."""
    rows = [f'{{"id": "r{k}", "text": "{"w " * k}"}}' for k in range(1, 21)]
    (tmp_path / "docs.jsonl").write_text("\n".join(rows))
    recipe = tmp_path / "best.yaml"
    recipe.write_text("steps:\n- filter: text.word_count\n  min: 90%\n")
    assert Pipeline.from_yaml(recipe).to_yaml() == recipe.read_text()
    out = tmp_path / "out"
    arguments = ["run", str(recipe), "--input", str(tmp_path / "docs.jsonl"), "--output", str(out)]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--set", "word_count.min=70%"])
    assert not ended.value.code
    run = tamis.Run(out)
    assert run.kept().compute().id.tolist() == [f"r{k}" for k in range(15, 21)]
    assert "at least 14.3" in capsys.readouterr().out
    page = (out / "report.html").read_text()
    assert "at least 14.3" in page and "min = 70%" in page


def test_a_plan(tmp_path):
    clean = Pipeline(
        [Filter("value", min="75%"), ExactDedup(on="kind"), Filter("value", max="90%")]
    )
    plan = clean.plan(cut_up(a_frame(range(40)), 4))
    assert plan.steps().rows_out.tolist() == [10, 1, 1]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (lambda: Filter("value", min="best"), "min='best' is not a number, nor a quantile"),
        (lambda: Filter("value", min="80%", max="20%"), "min 80% is above max 20%"),
        (lambda: Filter(text.language, min="5%"), "text.language is string; use isin"),
    ],
)
def test_refusals(step, said):
    with pytest.raises(SettingError, match=said):
        step()


def test_a_column_of_text_has_no_quantiles():
    with pytest.raises(tamis.errors.ColumnError, match="min and max need numbers"):
        Filter("kind", min="50%")(a_frame([1, 2]))
