"""Several scores as one, several labels as one: against brute force."""

from collections import Counter
from statistics import median

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import Filter, Pipeline, Score, text
from tamis.errors import ColumnError, SettingError

NUMBERS = st.none() | st.sampled_from([0.0, 1.0, -2.5, 3.0]) | st.floats(-10, 10)
ROWS = st.integers(1, 8).flatmap(
    lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1)
)


@settings(max_examples=40)
@given(ROWS, st.data())
def test_scores_against_brute_force(rows, data):
    width = len(rows[0])
    weights = tuple(data.draw(st.lists(st.integers(1, 5), min_size=width, max_size=width)))
    limits = tuple(data.draw(st.lists(st.floats(-3, 3), min_size=width, max_size=width)))
    columns = [pd.Series([row[k] for row in rows], dtype="Float64") for k in range(width)]

    def weighted(row):
        return sum(w * v for w, v in zip(weights, row, strict=True))

    def votes(row):
        return [float(v >= limit) for v, limit in zip(row, limits, strict=True)]

    for how, more, expected in (
        ("mean", {"weights": weights}, lambda row: weighted(row) / sum(weights)),
        ("sum", {"weights": weights}, weighted),
        ("mean", {}, lambda row: sum(row) / len(row)),
        ("min", {}, min), ("max", {}, max), ("median", {}, median),
        ("vote", {"thresholds": limits}, lambda row: sum(votes(row)) / len(row)),
        ("vote", {"thresholds": limits, "weights": weights},
         lambda row: weighted(votes(row)) / sum(weights)),
    ):  # fmt: skip
        found = text.score_ensemble(*columns, how=how, **more).tolist()
        for value, row in zip(found, rows, strict=True):
            if None in row:
                assert np.isnan(value)
            else:
                assert value == pytest.approx(expected(row), abs=1e-9)


@settings(max_examples=60)
@given(st.integers(1, 8).flatmap(lambda width: st.lists(
    st.lists(st.none() | st.sampled_from("abc"), min_size=width, max_size=width), min_size=1
)))  # fmt: skip
def test_votes_against_brute_force(rows):
    columns = [pd.Series([row[k] for row in rows], dtype="str") for k in range(len(rows[0]))]
    found = text.label_vote(*columns)
    half = text.label_vote(*columns, least=0.5)
    for row, one, strict in zip(rows, found, half, strict=True):
        counted = Counter(label for label in row if label is not None)
        if not counted:
            assert pd.isna(one) and pd.isna(strict)
            continue
        most = max(counted.values())
        first = next(label for label in row if label is not None and counted[label] == most)
        assert one == first
        assert pd.isna(strict) if most < len(row) / 2 else strict == first


def test_in_a_pipeline():
    frame = pd.DataFrame(
        {"id": list("abc"), "edu": [1, 3, 5], "quality": [0.9, 0.1, 0.8],
         "flag": [True, False, None]}
    )  # fmt: skip
    frame["flag"] = frame["flag"].astype("boolean")
    kept = Pipeline([
        Filter(text.score_ensemble, on=("edu", "quality"), how="vote", thresholds=(3, 0.5), min=1),
    ])  # fmt: skip
    assert kept(frame).id.tolist() == ["c"]
    found = Score(text.score_ensemble, on=("quality", "flag"), name="both")(frame).both
    assert found.round(2).tolist()[:2] == [0.95, 0.05] and np.isnan(found[2])
    with pytest.raises(ColumnError, match="no column 'other'"):
        Score(text.score_ensemble, on=("edu", "other"))(frame)
    with pytest.raises(ColumnError, match="'id' holds"):
        Score(text.score_ensemble, on=("edu", "id"))(frame)
    for wrong, why in (
        ({"weights": (1,)}, "one for each"), ({"how": "vote"}, "needs them"),
        ({"thresholds": (1, 2)}, "are for how='vote'"), ({"weights": (1, -1)}, "at least 0"),
        ({"how": "min", "weights": (1, 2)}, "not for how='min'"),
    ):  # fmt: skip
        with pytest.raises(SettingError, match=why):
            Score(text.score_ensemble, on=("edu", "quality"), **wrong)(frame)
