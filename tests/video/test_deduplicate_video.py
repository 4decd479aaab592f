"""Videos that are the same pictures are found whatever was done to them."""

import cv2
import numpy as np
import pandas as pd
import pytest
from moving_pictures import encoded, shot

import tamis
from tamis import ExactDedup, FingerprintDedup, Pipeline, Score, video

pytest.importorskip("av")
SCORE = Score(video.fingerprint)


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """A film, the same after this and that, and others with as many of its photographs."""
    folder = tmp_path_factory.mktemp("copies")
    film = [*shot(0, 60, 1.5), *shot(4, 50, 1), *shot(2, 60, 2)]
    half = [cv2.resize(f, (96, 54), interpolation=cv2.INTER_AREA) for f in film]
    darker = [(f * 0.8 + 10).astype(np.uint8) for f in film]
    made = {
        "a-film": encoded(film),
        "b-small": encoded(half, options={"crf": "30"}),
        "c-vp9": encoded(film, codec="libvpx-vp9", format="webm",
                         options={"deadline": "realtime", "cpu-used": "8", "crf": "40", "b": "0"}),
        "d-slower": encoded(film[::2], times=range(0, 170, 2)),
        "e-later": encoded(film[37:]),
        "f-dark": encoded(darker),
        "g-other": encoded([*shot(1, 60, 1.5), *shot(5, 50), *shot(3, 60, 2)]),
        "h-mixed": encoded([*shot(6, 100), *shot(0, 60, 1.5)]),
        "i-black": encoded([np.zeros((108, 192, 3), np.uint8)] * 50),
        "j-black": encoded([np.zeros((54, 96, 3), np.uint8)] * 60),
    }  # fmt: skip
    rows = []
    for name, data in made.items():
        (folder / name).write_bytes(data)
        rows.append((name, str(folder / name)))
    return pd.DataFrame(rows, columns=["id", "path"]).astype("string")


def test_copies_go_and_others_stay(copies):
    scored = SCORE(copies)
    assert scored["fingerprint"].notna().all()
    found = FingerprintDedup(on="fingerprint").explain(scored).set_index("id")
    gone = found["duplicate_of"].dropna()
    assert set(gone) == {"a-film"}
    assert set(gone.index) == {"b-small", "c-vp9", "d-slower", "e-later", "f-dark"}
    assert (found.loc[["b-small", "c-vp9", "f-dark"], "similarity"] > 0.95).all()
    assert found.loc["e-later", "similarity"] == pytest.approx(133 / 170, abs=0.08)
    part = FingerprintDedup(on="fingerprint", measure="containment", threshold=0.9, keep="longest")
    kept = part(scored)["id"].tolist()
    assert kept == ["a-film", "g-other", "h-mixed", "i-black", "j-black"]


def test_part_of_a_video_has_its_part_of_the_fingerprint(copies):
    frame = copies.iloc[[0, 0]].assign(start=[0.0, 1.28], end=[6.8, 5.12])
    whole, part = (tamis.dedup.fingerprints.read_words(SCORE(frame)["fingerprint"])).ends.tolist()[
        1:
    ]
    assert whole == 4 * 54 and part - whole == 4 * 30
    texts = SCORE(frame)["fingerprint"].tolist()
    words = tamis.dedup.fingerprints.read_words(pd.Series(texts))
    ours = words.values[whole:]
    assert (words.values[40:160] == ours).mean() > 0.95


def test_frames_that_last_count_for_their_time():
    frames = shot(0, 5)
    even = encoded([f for f in frames for _ in range(25)])
    few = encoded(frames, times=[0, 25, 50, 75, 100])
    frame = pd.DataFrame({"id": ["a", "b"], "path": [even, few]})
    words = tamis.dedup.fingerprints.read_words(SCORE(frame)["fingerprint"])
    assert words.ends[1] == 4 * 40
    one, other = words.values[: words.ends[1]], words.values[words.ends[1] :]
    count = min(len(one), len(other))
    assert count >= 4 * 32 and (one[:count] == other[:count]).mean() > 0.9


def test_in_one_run(copies, tmp_path):
    steps = Pipeline([ExactDedup(on="path"), SCORE, FingerprintDedup(on="fingerprint")])
    run = steps.run(tamis.from_pandas(copies, npartitions=3), tmp_path, progress=False)
    assert run.rows == {"in": 10, "cut": 0, "kept": 5, "dropped": 5}
    assert Pipeline.from_yaml(steps.to_yaml()) == steps
