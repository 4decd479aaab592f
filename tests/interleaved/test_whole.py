"""Measures of whole documents, and the filters of a cascade, against loops over dicts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import Filter, Pipeline, Score, interleaved
from tamis.frame import STRING
from tamis.viewing import series_dtype

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", None]),
        st.sampled_from(["text", "image", "image", "video"]),
        st.sampled_from(["", "one", "two words", "a b c d"]),
    ),
    max_size=14,
)


def frame_of(rows):
    return pd.DataFrame(
        {
            "id": pd.Series([f"r{k}" for k in range(len(rows))], dtype=STRING),
            "parent_id": pd.Series([p for p, *_ in rows], dtype=STRING),
            "modality": pd.Series([m for _, m, _ in rows], dtype=STRING),
            "text": pd.Series([t if m == "text" else None for _, m, t in rows], dtype=STRING),
        }
    )


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_counts_and_the_ratio(rows):
    frame = frame_of(rows)
    for op in ("image_count", "text_count", "document_words", "images_per_word"):
        frame = Score(f"interleaved.{op}")(frame)
    for k, (parent, *_) in enumerate(rows):
        own = [(m, t) for p, m, t in rows if p == parent]
        images = sum(m == "image" for m, _ in own)
        texts = [t for m, t in own if m == "text"]
        words = len(" ".join(texts).split())
        row = frame.iloc[k]
        if parent is None:
            assert row[["image_count", "text_count", "document_words"]].isna().all()
            assert np.isnan(row.images_per_word)
            continue
        assert (row.image_count, row.text_count, row.document_words) == (images, len(texts), words)
        ratio = images / words if words else (float("inf") if images else 0.0)
        assert row.images_per_word == pytest.approx(ratio)


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(0, 2**32))
def test_best_similarity(rows, seed):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(len(rows), 4)).astype(np.float32)
    there = random.random(len(rows)) < 0.8
    frame = frame_of(rows)
    values = [v if ok else None for v, ok in zip(vectors.tolist(), there, strict=True)]
    frame["embedding"] = pd.Series(values, dtype=series_dtype("float32[4]"))
    on = {"image_embedding": "embedding", "text_embedding": "embedding"}
    found = Score(interleaved.best_text_similarity, on=on, name="best")(frame)["best"]
    for k, (parent, modality, _) in enumerate(rows):
        cosines = [
            vectors[k] @ vectors[j] / np.linalg.norm(vectors[k]) / np.linalg.norm(vectors[j])
            for j, (p, m, _) in enumerate(rows)
            if p == parent and m == "text" and there[j]
        ]
        if parent is None or modality != "image" or not there[k] or not cosines:
            assert np.isnan(found.iloc[k])
        else:
            assert found.iloc[k] == pytest.approx(max(cosines), abs=1e-5)


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_rules_see_what_is_left(rows):
    """Images whose text is short go first; then documents without an image or with few words."""
    rows = [row for row in rows if row[0] is not None]
    frame = frame_of(rows).assign(sharp=[len(t) for *_, t in rows])
    pipeline = Pipeline(
        [
            Filter("column:sharp", min=3, where={"modality": "image"}),
            Filter(interleaved.image_count, min=1, max=2),
            Filter(interleaved.document_words, min=2),
        ]
    )
    found = pipeline.explain(frame)["dropped_by"]
    told = {k: "sharp" for k, (_, m, t) in enumerate(rows) if m == "image" and len(t) < 3}
    for name, good in (
        ("image_count", lambda own: 1 <= sum(m == "image" for m, _ in own) <= 2),
        ("document_words", lambda own: sum(len(t.split()) for m, t in own if m == "text") >= 2),
    ):
        left = [k for k in range(len(rows)) if k not in told]
        for k in left:
            own = [rows[j][1:] for j in left if rows[j][0] == rows[k][0]]
            if not good(own):
                told[k] = name
    assert [None if pd.isna(by) else by for by in found] == [told.get(k) for k in range(len(rows))]
