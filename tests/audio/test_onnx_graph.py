"""Parts of a network compute what the whole one does between the same tensors."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tamis.audio.onnx_graph import End, cut
from tamis.errors import DataError
from tamis.onnx import session_of

SPECTRUM = End("adjusted_input6", ("N", 1, "T", 161))
SCORES = End("Identity:0", ("N", 3))


@pytest.fixture(scope="module")
def model():
    found = importlib.util.find_spec("speechmos")
    if found is None:
        pytest.skip("the package speechmos is not installed")
    return (Path(found.origin).parent / "dnsmos_models" / "sig_bak_ovr.onnx").read_bytes()


def run(data, given):
    session = session_of(data, "")
    return session.run(None, {session.get_inputs()[0].name: given})[0]


def test_two_parts_are_the_whole(model):
    given = np.random.default_rng(0).standard_normal((1, 144_160)).astype(np.float32)
    first = cut(model, End("input_1", ("N", 144_160)), SPECTRUM)
    second = cut(model, SPECTRUM, SCORES)
    np.testing.assert_allclose(run(second, run(first, given)), run(model, given), rtol=1e-6)


def test_what_is_not_there_is_told(model):
    with pytest.raises(DataError, match="no way from"):
        cut(model, SPECTRUM, End("nowhere", (1,)))
    with pytest.raises(DataError, match="no way from"):
        cut(model, End("nowhere", (1,)), SCORES)


@pytest.mark.parametrize("keep", [0, 1, 5, 1000, -1])
def test_damaged_files_are_told(model, keep):
    with pytest.raises(DataError):
        cut(model[:keep], SPECTRUM, SCORES)


def test_noise_is_told():
    for seed in range(50):
        noise = np.random.default_rng(seed).bytes(200)
        with pytest.raises(DataError):
            cut(noise, SPECTRUM, SCORES)
