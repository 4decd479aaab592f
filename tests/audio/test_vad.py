"""Speech found in many recordings at once, beside Silero's own package, one at a time."""

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("onnxruntime")
pytest.importorskip("silero_vad")

from spoken import blocks, mixes, readings

from tamis.audio.speech_runs import exit_of, speech_runs
from tamis.audio.vad import listen
from tamis.audio.vad_graph import products
from tamis.audio.vad_model import SpeechModel, speech_model
from tamis.codes import BadRecord

SETTINGS = [
    {
        "threshold": 0.5,
        "min_speech": 0.25,
        "max_speech": float("inf"),
        "min_silence": 0.1,
        "pad": 0.03,
    },
    {"threshold": 0.5, "min_speech": 2.0, "max_speech": 60.0, "min_silence": 0.5, "pad": 0.3},
    {"threshold": 0.7, "min_speech": 0.0, "max_speech": 3.0, "min_silence": 0.3, "pad": 0.1},
    {"threshold": 0.3, "min_speech": 0.5, "max_speech": 6.0, "min_silence": 2.0, "pad": 0.5},
]


def runs(chances, length, *, threshold, **settings):
    return speech_runs(
        chances, length, rate=16_000, frame=512, threshold=threshold,
        exit_threshold=exit_of(threshold), **settings,
    )  # fmt: skip


def spelled(*, threshold, min_speech, max_speech, min_silence, pad):
    """The settings as the package calls them."""
    return {
        "threshold": threshold, "min_speech_duration_ms": min_speech * 1000,
        "max_speech_duration_s": max_speech, "min_silence_duration_ms": min_silence * 1000,
        "speech_pad_ms": pad * 1000,
    }  # fmt: skip


def test_the_same_segments_as_the_package():
    import torch
    from silero_vad import get_speech_timestamps, load_silero_vad
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    model, some = load_silero_vad(onnx=True), 0
    recordings = [*readings().values(), *mixes()[:6]]
    heard = listen((blocks(r, 7001) for r in recordings), speech_model(), streams=8)
    assert len(heard) == len(recordings)
    for number, (samples, one) in enumerate(zip(recordings, heard, strict=True)):
        assert one.problem is None and one.length == len(samples)
        given = torch.from_numpy(samples)
        theirs = model.audio_forward(given[None], 16_000).numpy()[0]
        np.testing.assert_allclose(one.probabilities, theirs, atol=1e-4)
        for kind, chosen in enumerate(SETTINGS):
            if number % len(SETTINGS) == kind:
                wanted = get_speech_timestamps(given, model, **spelled(**chosen))
            else:
                wanted = get_speech_timestamps_from_probs(
                    theirs.tolist(), audio_length_samples=len(samples), **spelled(**chosen)
                )
            found = runs(one.probabilities.tolist(), one.length, **chosen)
            assert found == [(w["start"], w["end"]) for w in wanted]
            some += len(found)
    assert some > 60


@pytest.fixture(scope="module")
def from_probabilities():
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    return get_speech_timestamps_from_probs


CHANCES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.2, 0.35, 0.4, 0.5, 0.9, 1.0]), st.integers(1, 30)),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(
    CHANCES,
    st.sampled_from([0.3, 0.5, 0.9]),
    st.sampled_from([0.0, 0.25, 1.0, 2.0]),
    st.sampled_from([1.5, 3.0, 8.0, float("inf")]),
    st.sampled_from([0.0, 0.1, 0.5, 2.0]),
    st.sampled_from([0.0, 0.03, 0.3]),
    st.integers(0, 511),
)
def test_the_same_rules_as_the_package(
    from_probabilities, chances, threshold, min_speech, max_speech, min_silence, pad, missing
):
    chosen = {
        "threshold": threshold, "min_speech": min_speech, "max_speech": max_speech,
        "min_silence": min_silence, "pad": pad,
    }  # fmt: skip
    each = [chance for chance, times in chances for _ in range(times)]
    length = max(0, len(each) * 512 - missing)
    wanted = from_probabilities(each, audio_length_samples=length, **spelled(**chosen))
    found = runs(each, length, **chosen)
    assert found == [(one["start"], one["end"]) for one in wanted]
    for start, end in found:
        assert 0 <= start < end <= length
        assert (end - start) <= max_speech * 16_000 + 512
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(found))


def test_neighbours_and_blocks_change_nothing():
    samples = mixes()[0]
    alone = listen([blocks(samples, 16_000)], speech_model())[0].probabilities
    assert len(alone) == -(-len(samples) // 512)
    for streams, size in ((2, 512), (5, 100_000), (13, 333)):
        crowd = [blocks(m, 5000) for m in mixes()[1:]] + [blocks(samples, size)]
        among = listen(crowd, speech_model(), streams=streams)[-1].probabilities
        assert among.tobytes() == alone.tobytes()


@pytest.fixture(scope="module")
def data_of_the_package():
    import importlib.util

    return Path(importlib.util.find_spec("silero_vad").origin).parent / "data"


def test_the_streaming_model_where_the_network_is_unknown(data_of_the_package, tmp_path):
    import onnxruntime

    samples = readings()["beckett"][:48_000]
    session = onnxruntime.InferenceSession(data_of_the_package / "silero_vad.onnx")
    slow = listen([blocks(samples, 8000) for _ in range(2)], SpeechModel(None, session))
    fast = listen([blocks(samples, 8000)], speech_model())[0]
    np.testing.assert_allclose(slow[1].probabilities, fast.probabilities, atol=1e-4)
    for name in ("silero_vad.onnx", "silero_vad.jit", "silero_vad_half.onnx", "nothing.onnx"):
        assert products(data_of_the_package / name) is None
    known = (data_of_the_package / "silero_vad_16k_sequence.onnx").read_bytes()
    for length in (0, 1, 100, len(known) // 2, len(known) - 1):
        (tmp_path / "cut.onnx").write_bytes(known[:length])
        assert products(tmp_path / "cut.onnx") is None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_no_network(data_of_the_package, data):
    known = bytearray((data_of_the_package / "silero_vad_16k_sequence.onnx").read_bytes())
    heads = st.integers(0, 3000) | st.integers(0, len(known) - 1)
    for _ in range(data.draw(st.integers(1, 5))):
        known[data.draw(heads)] = data.draw(st.integers(0, 255))
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(known))
        file.flush()
        found = products(Path(file.name))
    assert found is None or isinstance(found, bytes)


def test_a_recording_that_breaks_off_is_its_own_problem():
    def breaking():
        yield readings()["beckett"][:20_000]
        raise BadRecord("decode.truncated", "the data ends early")

    odd = np.zeros(5000, np.float32)
    odd[77] = np.nan
    good = mixes()[1]
    heard = listen([blocks(good, 4000), breaking(), [odd], [], blocks(good, 9999)], speech_model())
    assert heard[1].problem is not None and heard[1].problem.code == "decode.truncated"
    assert heard[2].problem is not None and heard[2].problem.code == "decode.corrupt"
    assert heard[3].problem is None and heard[3].length == 0 and not len(heard[3].probabilities)
    assert heard[0].probabilities.tobytes() == heard[4].probabilities.tobytes()
    assert heard[0].length == len(good)


def test_the_package_is_not_imported(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys\nfrom tamis.audio.vad_model import speech_model\nspeech_model()\n"
        "print(sorted({'torch', 'silero_vad'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
