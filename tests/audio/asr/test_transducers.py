"""A transducer of transformers with random weights, beside its processor's own decoding."""

import numpy as np
import pytest
from tiny_models import transducer

from tamis.audio.models import recogniser

pytest.importorskip("transformers.models.parakeet")
RNG = np.random.default_rng(0)
PIECES = [(RNG.standard_normal(n) * 0.1).astype(np.float32) for n in (16_000, 30_000)]


def test_words_are_the_processors(tmp_path):
    loaded = recogniser(f"transformers:{transducer(tmp_path)}", None, None, "float32")
    given = loaded.processor(PIECES, sampling_rate=16_000, return_tensors="pt", padding=True)
    made = loaded.model.generate(**given, return_dict_in_generate=True)
    texts, times = loaded.processor.decode(
        made.sequences, durations=made.durations, skip_special_tokens=True
    )
    found = loaded.recognise(PIECES, [None, None], True)
    assert [heard.text for heard in found] == [text.strip() for text in texts]
    assert any(len(heard.words) > 2 for heard in found)
    for heard, tokens in zip(found, times, strict=True):
        starts = {round(one["start"], 3) for one in tokens}
        assert {round(word.start, 3) for word in heard.words} <= starts
        assert all(word.start < word.end for word in heard.words)
