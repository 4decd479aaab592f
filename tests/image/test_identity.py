"""Same bytes, same pixels: hashes against hashlib's equality, and exact deduplication by them."""

import hashlib
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage import data

import tamis
from tamis import ExactDedup, Pipeline, Score, image, media
from tamis.media.identity import bytes_hash


def saved(pixels, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    cat, coffee = data.chelsea(), data.coffee()
    files = {
        "cat.png": saved(cat, format="PNG"),
        "cat-again.png": saved(cat, format="PNG"),
        "cat-packed.png": saved(cat, format="PNG", compress_level=1),
        "cat.bmp": saved(cat, format="BMP"),
        "cat.webp": saved(cat, format="WEBP", lossless=True),
        "cat.jpg": saved(cat, format="JPEG"),
        "turned.png": saved(np.rot90(cat).copy(), format="PNG"),
        "coffee.png": saved(coffee, format="PNG"),
        "broken.png": saved(coffee, format="PNG")[:900],
        "broken-again.png": saved(coffee, format="PNG")[:900],
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    frame = pd.DataFrame({"id": list(files), "path": [str(folder / name) for name in files]})
    return folder, frame, files


def test_file_hash_is_equal_where_bytes_are(folder):
    _, frame, files = folder
    found = Score(media.file_hash)(frame).file_hash
    digests = [hashlib.sha256(content).hexdigest() for content in files.values()]
    assert (pd.factorize(found)[0] == pd.factorize(np.array(digests))[0]).all()
    sizes = Score(media.file_size)(frame).file_size
    assert sizes.tolist() == [len(content) for content in files.values()]


def test_pixel_hash_is_equal_where_pixels_are(folder):
    _, frame, _ = folder
    found = Score(image.pixel_hash)(frame).set_index("id").pixel_hash
    same = ["cat.png", "cat-again.png", "cat-packed.png", "cat.bmp", "cat.webp"]
    assert found[same].nunique() == 1
    assert found.drop(same[1:]).dropna().nunique() == 4
    assert found[["broken.png", "broken-again.png"]].isna().all()


def test_exact_deduplication_by_bytes_and_by_pixels(folder, tmp_path):
    _, frame, _ = folder
    by_bytes = Pipeline([Score(media.file_hash), ExactDedup(on="file_hash")])
    kept = by_bytes(frame).id.tolist()
    assert [name for name in frame.id if name not in kept] == ["cat-again.png", "broken-again.png"]
    by_pixels = Pipeline([Score(image.pixel_hash), ExactDedup(on="pixel_hash")])
    run = by_pixels.run(tamis.from_pandas(frame, npartitions=3), tmp_path / "out")
    kept = run.kept().compute().id.tolist()
    assert kept == [
        "cat.png", "cat.jpg", "turned.png", "coffee.png", "broken.png", "broken-again.png",
    ]  # fmt: skip
    why = run.dropped().compute().dropped_why.tolist()
    assert why[0] == "dedup.exact: same pixel_hash as cat.png"


def test_exact_deduplication_of_bytes_in_the_frame():
    rows = pd.DataFrame({"id": list("abcde"), "image": [b"\xff\xd8", b"", b"\xff\xd8", None, None]})
    explained = ExactDedup(on="image").explain(rows)
    assert explained.duplicate_of.tolist()[2] == "a"
    assert explained.dropped_by.notna().sum() == 1


@given(st.lists(st.binary(max_size=200), max_size=30))
def test_hashes_of_bytes_differ_where_bytes_do(pieces):
    assert len({bytes_hash(piece) for piece in pieces}) == len(set(pieces))
