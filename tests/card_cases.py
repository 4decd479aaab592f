"""All that a card makes of texts, beside what the processor makes of them."""

import numpy as np
import pyarrow as pa

from tamis.frame import text_buffers
from tamis.registry import registered
from tamis.text.array_counts import TextArrays

READINGS = [{"variant": v} for v in ("paper", "datatrove", "dclm", "dolma")]


def arrays(texts, device):
    """Texts as a card has them; the processor's views where `device` is false."""
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    low, high = int(buffers.offsets[0]), int(buffers.offsets[-1])
    offsets = (buffers.offsets - low).astype(np.int64)
    return TextArrays(np, buffers.data[low:high], offsets, buffers.valid, device)


def special():
    """Every measure that has a version for a card, with settings that differ in what they count."""
    for op in registered().values():
        if "cudf" not in op.kernels or not op.name.startswith("text."):
            continue
        for reading in READINGS if "variant" in op.settings else [{}]:
            if "paragraph" in op.name and reading.get("variant") == "dolma":
                continue
            settings = dict(reading)
            if "n" in op.settings:
                settings["n"] = 5 if "duplicate" in op.name else 3
            if "basis" in op.settings and reading["variant"] == "dclm":
                settings["basis"] = "core"
            yield op, settings
        if "symbol" in op.settings:
            yield from ((op, {"symbol": s, "variant": "dclm"}) for s in ("hash", "ellipsis"))
        if "pattern" in op.settings:
            yield op, {"pattern": "curator" if op.settings["pattern"] == "url" else "url"}
        if "terminal_punctuation" in op.settings:
            yield op, {"terminal_punctuation": False, "min_words": 1}
        if "strip" in op.settings:
            yield op, {"strip": False}


def compare(texts):
    """All values of texts that are not blank are equal to the last bit."""
    here, there = arrays(texts, False), arrays(texts, True)
    np.testing.assert_array_equal(there.blank, here.blank)
    told = ~here.blank
    count = 0
    for op, settings in special():
        version = op.special("cudf", settings)
        wanted = np.asarray(version.function(here, **settings))[told]
        found = np.asarray(version.function(there, **settings))[told]
        assert found.dtype == wanted.dtype, (op, settings)
        np.testing.assert_array_equal(found, wanted, f"{op.name} {settings}")
        count += 1
    assert count > 75
