"""Which decoders there are on a card: by trying them, in processes of their own."""

import importlib.util

import numpy as np
import pytest

from tamis import decoders_on_card as trials
from tamis.accelerator import Accelerators, Device
from tamis.video import readers

CARD = Accelerators((Device(0, "a card", 1 << 30, 1 << 30, "9.0"),), "580.1", "")


def test_without_a_driver_nothing_is_tried(monkeypatch):
    monkeypatch.setattr(trials, "accelerators", lambda: Accelerators((), "", "no libcuda"))
    monkeypatch.setattr(trials, "_apart", lambda name: pytest.fail("tried"))
    found = trials.decoders_on_card()
    assert set(found) == {"jpeg", "pyav", "torchcodec", "decord"}
    assert set(found.values()) == {trials.Trial("", "no libcuda")}


@pytest.mark.slow
def test_what_is_told_of_a_card_that_is_not_there(monkeypatch):
    """The processes run, and say in a line what each library has against it."""
    if trials.accelerators().devices:
        pytest.skip("there is a card")
    monkeypatch.setattr(trials, "accelerators", lambda: CARD)
    trials._apart.cache_clear()
    found = trials.decoders_on_card()
    assert all(not trial.decoder and trial.why for trial in found.values()), found
    assert "nvImageCodec" in found["jpeg"].why or "torch" in found["jpeg"].why
    assert "cuda" in found["pyav"].why or "not permitted" in found["pyav"].why
    if importlib.util.find_spec("decord") is not None:
        assert "CUDA not enabled" in found["decord"].why


def test_the_small_video_and_a_look_at_it():
    data = trials.small_video()
    if importlib.util.find_spec("decord") is None:
        pytest.skip("decord is not installed")
    count, at = readers.OPENED["decord"](data, None)
    assert count == 5
    pixels = at([0])[0]
    trials._looked_at(pixels)
    with pytest.raises(trials.TamisError, match="another picture"):
        trials._looked_at(np.zeros_like(pixels))
