"""Batches that a device has no room for: halved for all models alike, and for good."""

import threading

import numpy as np
import pytest

from tamis.audio.computed import Streams
from tamis.audio.recognition import Languages, recognising
from tamis.audio.sound_classes import classing
from tamis.audio.voices import FileModel, voicing
from tamis.card_faults import out_of_memory
from tamis.errors import DataError
from tamis.image.computed import Computed, matrix
from tamis.media import memory
from tamis.media.memory import Room, room_of, tried
from tamis.video.transitions import boundaries

torch = pytest.importorskip("torch", reason="needs torch")


def full():
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB. GPU 0 has …")


class Scarce:
    """A function of batches that has room for so many; `sizes` are those that it was given."""

    def __init__(self, function, most):
        self.function, self.most, self.sizes = function, most, []

    def __call__(self, batch, *more):
        self.sizes.append(len(batch))
        if len(batch) > self.most:
            raise full()
        return self.function(batch, *more)


@pytest.mark.parametrize(
    "error",
    [
        full(),
        MemoryError(),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: not enough memory: "
                     "you tried to allocate memory of 1 bytes"),
        RuntimeError("Failed to allocate memory for requested buffer of size 8589934592"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_it_looks_like(error):
    def fail():
        raise error

    made, why = tried(fail)
    assert out_of_memory(error) and made is None and why


def test_what_failed_is_free_before_the_next_try(monkeypatch):
    held, order = [], []

    class Tensor:
        def __del__(self):
            order.append("gone")

    def fail():
        tensor = Tensor()
        held.append(id(tensor))
        raise full()

    monkeypatch.setattr(memory, "free", lambda: order.append("cache"))
    assert tried(fail)[0] is None and order == ["gone", "cache"]


def test_what_is_kept_of_a_card_is_given_back(monkeypatch):
    given = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: given.append(1))
    memory.free()
    assert given == [1]


def test_others_come_out():
    for error in (ValueError("else"), RuntimeError("CUDA error: invalid argument")):
        with pytest.raises(type(error)):
            Room().run(3, lambda _, error=error: (_ for _ in ()).throw(error), "x", str)
    with pytest.raises(ValueError, match="of 3 things the model says 1"):
        Room().run(3, lambda _: [1], "things", str)


def test_threads_learn_of_one_another():
    class Model:
        pass

    model = Model()
    rooms = []
    threads = [threading.Thread(target=lambda: rooms.append(room_of(model))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, rooms))) == 1 and room_of(Model()) is not rooms[0]
    assert room_of([]) is not room_of([])  # nothing can be kept for it


class Pictures:
    """A model of pictures on torch's processor."""

    def __init__(self, most):
        self.compute = Scarce(self._compute, most)

    def prepare(self, picture):
        return picture

    def _compute(self, prepared):
        return torch.from_numpy(np.stack(prepared)).sum(dim=1, keepdim=True).numpy()


def test_pictures(caplog):
    model = Pictures(3)
    shown = [np.full(4, k, np.float32) for k in range(20)]
    shown[5] = None
    wanted = np.array([[4.0 * k] for k in range(20)])
    wanted[5] = np.nan
    for _ in range(2):  # two partitions
        np.testing.assert_array_equal(matrix(Computed(shown, lambda: model, 8, "m"), 1), wanted)
    assert model.compute.sizes[:4] == [8, 4, 2, 2] and max(model.compute.sizes[1:]) == 4
    assert caplog.text.count("2 pictures at a time") == 1
    model.compute.most = 0
    with pytest.raises(DataError, match=r"one picture is too much for the memory of the device: C"):
        matrix(Computed(shown, lambda: model, 8, "m"), 1)


class Held:
    """A recording in memory."""

    def __init__(self, samples):
        self.samples, self.duration = samples, len(samples) / 16_000

    def mono(self, rate, seconds):
        yield self.samples


SOUNDS = [np.full(16_000 * (1 + k % 3) + 100 * k, k / 20, np.float32) for k in range(7)]


def test_classes_of_sound():
    class Model:
        rate, labels = 16_000, ("a", "b")

        def __init__(self, most):
            self.compute = Scarce(lambda p: np.stack([[one[0], one[-1]] for one in p]), most)

    def said(most):
        model = Model(most)
        run = classing(1.0, "raw", "mean", 8)
        found = dict(run(model, Streams([Held(one) for one in SOUNDS]), list(range(7))))
        return model, {row: values[0].tolist() for row, values in found.items()}

    (scarce, found), (_, wanted) = said(2), said(99)
    assert found == wanted and max(scarce.compute.sizes[4:]) <= 2
    with pytest.raises(DataError, match=r"one window of 16000 samples is .*; pass window= to h"):
        said(0)


def test_voices():
    def said(most):
        compute = Scarce(lambda some: some[:, :2] + 1, most)
        model = FileModel(compute, 1.0, None)
        found = dict(voicing(16)(model, Streams([Held(one) for one in SOUNDS]), list(range(7))))
        return compute, {row: voices.vectors.tolist() for row, voices in found.items()}

    (scarce, found), (_, wanted) = said(3), said(99)
    assert found == wanted and max(scarce.sizes[3:]) <= 3


def test_speech():
    class Model:
        rate, longest = 16_000, 1.0

        def __init__(self, most):
            self.said = Scarce(self._said, most)
            self.told = Scarce(lambda p: [(f"{one[0]:.2f}", 0.5) for one in p], most)

        def recognise(self, pieces, languages, words):
            return self.said(pieces, languages)

        def detect(self, pieces):
            return self.told(pieces)

        def _said(self, pieces, languages):
            from tamis.audio.asr.heard import Heard

            return [Heard(f"w{p[0]:.2f}", None, "en", None, -1.0, None) for p in pieces]

    def said(most):
        model, streams = Model(most), Streams([Held(one) for one in SOUNDS])
        found = dict(recognising(8, None, 0.0, None, False)(model, streams, list(range(7))))
        languages = Languages([Held(one) for one in SOUNDS], lambda: model, 8, 1.0, "m").of_all()
        return model, {row: heard.text for row, heard in found.items()}, languages

    (scarce, texts, told), (_, all_texts, all_told) = said(2), said(99)
    assert texts == all_texts and told == all_told
    assert scarce.said.sizes[0] == 7 and scarce.said.sizes[-1] <= 2
    assert max(scarce.told.sizes) <= 2, "learned from the other question"


def test_frames_of_a_video_say_so():
    def network(frames):
        raise full()

    with pytest.raises(DataError, match="one window of 100 frames is too much for the memory"):
        boundaries(iter([np.zeros((60, 27, 48, 3), np.uint8)]), {0}, 60, network)
