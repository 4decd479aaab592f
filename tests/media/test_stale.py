"""Rows that point into an archive that was written anew since."""

import io
import tarfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tamis
from tamis import Filter, image


def picture(k, format="JPEG"):
    pixels = np.random.default_rng(k).integers(0, 256, (40 + k, 60, 3)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format)
    return out.getvalue()


def write(path, contents, kind=tarfile.USTAR_FORMAT, stem=""):
    with tarfile.open(path, "w", format=kind) as archive:
        for name, data in contents:
            member = tarfile.TarInfo(f"{stem}{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_pictures_of_an_archive_that_changed(tmp_path, kind):
    path, stem = tmp_path / "a.tar", "" if kind == tarfile.USTAR_FORMAT else "long/" * 30
    write(path, [(f"{k}.jpg", picture(k)) for k in range(4)], kind, stem)
    rows = tamis.read_webdataset(str(path)).compute()
    step = Filter(image.brightness, max=1)
    assert step(rows).id.tolist() == rows.id.tolist()
    write(path, [(f"{k}.jpg", picture(9 - k)) for k in range(4)], kind, stem)
    why = step.explain(rows).dropped_why
    assert why[1:].str.startswith("media.stale: ").all()
    told = f"{path}, byte {rows.offset[1]}: no member of {rows['size'][1]} bytes begins there"
    assert told in why[1] and "; decode." in why[1]


def test_pictures_that_were_always_damaged(tmp_path):
    """Their archive is as it was, so the decoder's own reason stands."""
    path = tmp_path / "a.tar"
    write(path, [("0.jpg", picture(0)[:900]), ("1.jpg", b"no picture"), ("2.jpg", picture(2))])
    rows = tamis.read_webdataset(str(path)).compute()
    why = Filter(image.brightness, max=1).explain(rows).dropped_why
    assert why.str.partition(":")[0].fillna("none").tolist() == [
        "decode.truncated", "decode.format", "none",
    ]  # fmt: skip


def test_sound_of_an_archive_that_changed(tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="needs the extra audio")
    from tamis.audio.views import audio_header
    from tamis.media.columns import Pointer
    from tamis.media.pointers import Media

    out = io.BytesIO()
    soundfile.write(out, np.zeros(800), 8000, format="WAV")
    write(tmp_path / "a.tar", [("0.wav", out.getvalue())])
    media = Media([Pointer(str(tmp_path / "a.tar"), 600, 300)])
    found = audio_header(media)
    assert found[0] is None and found.problems[0].startswith("media.stale: ")


def test_what_is_no_tar_is_left_alone(tmp_path):
    data = picture(1)
    (tmp_path / "a.bin").write_bytes(b"x" * 600 + data[:500])
    rows = tamis.from_pandas(
        pd.DataFrame(
            {"id": ["a"], "path": [str(tmp_path / "a.bin")], "offset": [600], "size": [500]}
        )
    )
    why = Filter(image.brightness, max=1).explain(rows).compute().dropped_why
    assert why[0].startswith("decode.truncated: ")
