"""Documents to rows: against a loop over dicts."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import Cut, Pipeline, interleaved
from tamis.errors import ColumnError
from tamis.frame import STRING

WORDS = st.none() | st.sampled_from(["", "one", "two words", "drei ßä"])
PICTURES = st.none() | st.sampled_from(["a.jpg", "b/c.png", "/root.jpg", "http://x.org/p.jpg"])


@st.composite
def document_lists(draw):
    """A list of texts and one of images, mostly of one length; or none."""
    slots = draw(st.lists(st.tuples(WORDS, PICTURES), max_size=6))
    texts, images = [t for t, _ in slots], [i for _, i in slots]
    return draw(
        st.sampled_from(
            [(texts, images), (texts, images), (texts, None), (None, images), (None, None),
             ([*texts, "more"], images)]
        )
    )  # fmt: skip


def in_order(texts, images):
    """The elements of a document; None where its lists do not fit."""
    if texts is not None and images is not None and len(texts) != len(images):
        return None
    found = []
    for place in range(max(len(texts or []), len(images or []))):
        if texts is not None and texts[place] is not None:
            found.append(("text", texts[place]))
        if images is not None and images[place] is not None:
            found.append(("image", images[place]))
    return found


def frame_of(documents, form):
    texts, images = [t for t, _ in documents], [i for _, i in documents]
    if form == "json":
        texts, images = ([None if v is None else json.dumps(v) for v in c] for c in (texts, images))
        columns = {
            "texts": pd.Series(texts, dtype=STRING),
            "images": pd.Series(images, dtype=STRING),
        }
    elif form == "arrow":
        kind = pd.ArrowDtype(pa.list_(pa.string()))
        columns = {"texts": pd.Series(texts, dtype=kind), "images": pd.Series(images, dtype=kind)}
    else:
        columns = {
            "texts": pd.Series(texts, dtype=object),
            "images": pd.Series(images, dtype=object),
        }
    ids = pd.Series([f"d{k}" for k in range(len(documents))], dtype=STRING)
    return pd.DataFrame({"id": ids, "lang": "en", **columns})


@settings(max_examples=120, deadline=None)
@given(st.lists(document_lists(), max_size=5), st.sampled_from(["json", "arrow", "object"]))
def test_every_element_is_a_row(documents, form):
    explained = Cut(interleaved.elements, base="/base/")(frame_of(documents, form))
    gone = Cut(interleaved.elements).explain(frame_of(documents, form))
    gone = gone[gone["dropped_by"].notna()]
    wanted, reasons = [], {}
    for k, (texts, images) in enumerate(documents):
        found = in_order(texts, images)
        if not found:
            reasons[f"d{k}"] = "document.shape" if found is None else "cut.empty"
        for place, (kind, what) in enumerate(found or []):
            if kind == "image" and not what.startswith("/") and "://" not in what:
                what = f"/base/{what}"
            wanted.append((f"d{k}/{place + 1}", f"d{k}", place, kind, what))
    rows = [
        (r.id, r.parent_id, r.position, r.modality, r.text if r.modality == "text" else r.path)
        for r in explained.itertuples()
    ]
    assert rows == wanted
    is_text = (explained["modality"] == "text").tolist()
    assert explained["path"].isna().tolist() == explained["text"].notna().tolist() == is_text
    assert explained[["offset", "size"]].isna().all(axis=None)
    told = [why.partition(":")[0] for why in gone["dropped_why"]]
    assert dict(zip(gone["id"], told, strict=True)) == reasons
    assert "texts" not in explained and "images" not in explained and "lang" in explained


def test_pointers_and_bytes():
    pointer = {"path": "a.tar", "offset": 512, "size": 7}
    frame = pd.DataFrame({"id": ["d"], "texts": [[None, "t"]], "images": [[pointer, None]]})
    row = Cut(interleaved.elements)(frame).iloc[0]
    assert (row.path, row.offset, row["size"]) == ("a.tar", 512, 7)
    for image, path in ((b"raw", None), ({"bytes": b"raw", "path": "x.jpg"}, "x.jpg")):
        frame = pd.DataFrame({"id": ["d"], "texts": [None], "images": [[image]]})
        row = Cut(interleaved.elements_with_bytes)(frame).iloc[0]
        assert row.image == b"raw" and (row.path == path or (path is None and pd.isna(row.path)))
        with pytest.raises(ColumnError, match="elements_with_bytes"):
            Cut(interleaved.elements)(frame)


def test_images_that_are_members_of_the_sample():
    members = [
        {"name": "1.jpg", "offset": 10, "size": 1}, {"name": "cover.png", "offset": 20, "size": 2}
    ]  # fmt: skip
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "path": ["x.tar", "y.tar"],
            "texts": [["t", None, None, None], ["t", None]],
            "images": [[None, "key.1.JPG", "cover.png", "http://x.org/1.jpg"], None],
            "members": [members, members],
        }
    )
    rows = Cut(interleaved.elements)(frame)
    found = rows[rows["modality"] == "image"][["id", "path", "offset"]].astype(object)
    assert found.where(found.notna(), None).values.tolist() == [
        ["a/2", "x.tar", 10], ["a/3", "x.tar", 20], ["a/4", "http://x.org/1.jpg", None],
        ["b/2", "y.tar", 10]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "images", "error"),
    [
        ([1], [["a"]], "holds int64, not lists"),
        ([[1, 2]], [["a", None]], None),
        ([[{"a": 1}]], [None], "not of text"),
        ([["a"]], [[3]], "images are int64"),
    ],
)
def test_columns_that_are_no_lists(texts, images, error):
    frame = pd.DataFrame({"id": ["d"], "texts": texts, "images": images})
    if error is None:
        assert Cut(interleaved.elements)(frame)["text"].dropna().tolist() == ["1", "2"]
        return
    with pytest.raises(ColumnError, match=error):
        Cut(interleaved.elements)(frame)


@pytest.mark.parametrize("text", ["{}", "[1]", "not json", '["a", {}]', "[" * 100_000])
def test_json_text_that_is_no_list_of_text(text):
    frame = pd.DataFrame({"id": ["d"], "texts": pd.Series([text], dtype=STRING), "images": [None]})
    explained = Pipeline([Cut(interleaved.elements)]).explain(frame)
    assert explained["dropped_why"].iloc[0].startswith("document.shape: ")


def test_rows_as_nemo_curator_has_them_are_renamed():
    """The renaming that docs/how-to/interleaved.md shows."""
    theirs = pd.DataFrame(
        {
            "sample_id": ["s", "s"], "position": [0, 1], "modality": ["text", "image"],
            "content_type": ["text/plain", "image/jpeg"], "text_content": ["words", None],
            "binary_content": [None, b"raw"],
        }
    )  # fmt: skip
    names = {"sample_id": "parent_id", "text_content": "text", "binary_content": "image"}
    ours = theirs.rename(columns=names)
    ours["id"] = ours["parent_id"] + "/" + (ours["position"] + 1).astype(str)
    found = tamis.Score("interleaved.image_count")(ours)
    assert found["image_count"].tolist() == [1, 1] and np.all(found["id"] == ["s/1", "s/2"])
