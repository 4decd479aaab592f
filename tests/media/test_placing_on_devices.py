"""Where torch computes, and how batches get to a card and back: with a card that is made up here.

What it says of a card that there is: `tests/gpu`.
"""

import types

import numpy as np
import pytest

from tamis.accelerator import Accelerators, Device
from tamis.card_faults import fault
from tamis.errors import CardError, SettingError
from tamis.image.computed import Computed, matrix
from tamis.media import placing

torch = pytest.importorskip("torch", reason="needs torch")
CARD = Accelerators((Device(0, "Card A", 8 << 30, 5 << 30, "9.0"),), "535.1", "")
NONE = Accelerators((), "", "there is no NVIDIA driver (libcuda.so.1)")


@pytest.fixture
def build(monkeypatch):
    """A build of torch: for which CUDA, whether it reaches a card, and what the driver says."""

    def made(cuda, reaches, found):
        placing._told.cache_clear()
        monkeypatch.setattr(placing, "accelerators", lambda: found)
        return types.SimpleNamespace(
            __version__="2.13.0", version=types.SimpleNamespace(cuda=cuda),
            cuda=types.SimpleNamespace(is_available=lambda: reaches),
            device=str, empty=lambda size, device: None,
        )  # fmt: skip

    return made


def test_what_is_there_is_taken(build, caplog):
    assert placing.place(build("13.0", True, CARD), None) == "cuda"
    assert placing.place(build("13.0", True, CARD), "cuda:1") == "cuda:1"
    assert placing.place(build("13.0", True, CARD), "cpu") == "cpu"
    assert placing.place(build(None, False, NONE), None) == "cpu"
    assert placing.place(build(None, False, CARD), "cpu") == "cpu"
    assert caplog.text == "", "nothing to tell"


@pytest.mark.parametrize(
    ("cuda", "line"),
    [
        (None, "torch 2.13.0 is built without CUDA, and there is Card A"),
        ("13.0", "torch 2.13.0 (CUDA 13.0) does not reach Card A with the driver 535.1"),
    ],
)
def test_a_card_that_torch_does_not_reach_is_told_once(build, caplog, cuda, line):
    torch = build(cuda, False, CARD)
    for _ in range(3):
        assert placing.place(torch, None) == "cpu"
    assert caplog.text.count(line) == 1 and "computed on the CPU" in caplog.text
    with pytest.raises(SettingError, match=f"device='cuda:0': {line[:12]}"):
        placing.place(torch, "cuda:0")


def test_no_card_where_one_is_asked_for(build):
    with pytest.raises(SettingError, match=r"device='cuda': no GPU: there is no NVIDIA driver"):
        placing.place(build("13.0", False, NONE), "cuda")
    with pytest.raises(SettingError, match="built without CUDA; device=None takes the CPU where"):
        placing.place(build(None, False, NONE), "cuda")


def test_a_worker_whose_card_is_gone_does_not_take_the_processor(build, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    lost = build("13.0", False, NONE)
    assert placing.place(lost, None) == "cpu"
    monkeypatch.setattr(placing, "nannied", lambda: "a worker")
    for device in (None, "cuda"):
        with pytest.raises(CardError, match="was given the GPU 3, which is not there") as error:
            placing.place(lost, device)
        assert fault(error.value).gone
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # as workers of a cluster of kind "cpu"
    assert placing.place(lost, None) == "cpu"


class Tensor:
    """As much of a tensor as copies to a card ask of it; notes what was asked."""

    def __init__(self, values, done, kind="cpu"):
        self.values, self.done, self.device = values, done, types.SimpleNamespace(type=kind)
        self.shape, self.dtype = values.shape, values.dtype

    def pin_memory(self):
        self.done.append("pinned")
        return self

    def to(self, where, **more):
        self.done.append((where.type, more))
        return self

    def copy_(self, other, non_blocking):
        self.done.append(("copied", non_blocking))
        self.values[...] = other.values

    def numpy(self):
        self.done.append("read")
        return self.values


def card_of(done):
    event = types.SimpleNamespace(
        record=lambda: done.append("recorded"), synchronize=lambda: done.append("waited")
    )
    return types.SimpleNamespace(
        from_numpy=lambda values: Tensor(values, done),
        device=lambda name: torch.device(name),
        empty=lambda shape, dtype, pin_memory: Tensor(np.empty(shape, dtype), done),
        cuda=types.SimpleNamespace(Event=lambda: event),
    )


def test_batches_go_from_pinned_memory_and_come_back_later():
    done = []
    card, values = card_of(done), np.arange(3.0)
    placing.sent(card, values, "cuda:0", dtype="half")
    assert done == ["pinned", ("cuda", {"non_blocking": True, "dtype": "half"})]
    done.clear()
    later = placing.fetched(card, Tensor(values, done, "cuda"))
    assert done == [("copied", True), "recorded"], "nobody has waited"
    np.testing.assert_array_equal(later(), values)
    assert done[2:] == ["waited", "read"]


def test_where_no_memory_can_be_pinned_it_goes_without(monkeypatch):
    done = []
    card = card_of(done)

    def full(self):
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(Tensor, "pin_memory", full)
    placing.sent(card, np.zeros(2), "cuda")
    assert done == [("cuda", {"non_blocking": True})]


def test_on_a_processor_nothing_is_copied_twice():
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    there = placing.sent(torch, values, "cpu")
    assert there.data_ptr() == values.ctypes.data
    half = placing.sent(torch, there, torch.device("cpu"), torch.bfloat16)
    assert half.dtype == torch.bfloat16
    assert placing.fetched(torch, there)().ctypes.data == values.ctypes.data


class Pictures:
    """A model that begins a batch, and gives its answers when it is asked; `most` at a time."""

    later = True

    def __init__(self, most=99):
        self.events, self.open, self.most = [], 0, most

    def prepare(self, picture):
        return picture

    def start(self, prepared):
        if len(prepared) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        self.open += 1
        assert self.open <= 2 * -(-4 // min(self.most, 4)), "as much in memory as two batches take"
        made = np.stack(prepared)[:, :1] * 10

        def answers():
            self.open -= 1
            self.events.append(("asked", len(made)))
            return made

        self.events.append(("began", len(prepared)))
        return answers


@pytest.mark.parametrize("most", [99, 3, 1])
def test_the_next_batch_begins_before_answers_are_waited_for(most):
    shown = [np.full(2, k, np.float32) for k in range(11)]
    shown[4] = None
    model = Pictures(most)
    found = matrix(Computed(shown, lambda: model, 4, "m"), 1)[:, 0]
    wanted = [10.0 * k for k in range(11)]
    wanted[4] = np.nan
    np.testing.assert_array_equal(found, wanted)
    if most == 99:
        began, asked = ("began", 4), ("asked", 4)
        assert model.events == [began, began, asked, ("began", 2), asked, ("asked", 2)]


def test_an_answer_that_fails_comes_out():
    class Failing(Pictures):
        def start(self, prepared):
            super().start(prepared)

            def answers():
                raise RuntimeError("CUDA error: unspecified launch failure")

            return answers

    shown = [np.full(2, k, np.float32) for k in range(11)]
    with pytest.raises(RuntimeError, match="launch failure") as error:
        Computed(shown, lambda: Failing(), 4, "m").of_all()
    assert fault(error.value).code == 719
