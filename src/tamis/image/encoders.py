"""How models are fed pictures: the transforms that belong to them, batches, taking turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tamis.media.ahead import cores
from tamis.media.placing import fetched, sent
from tamis.media.turns import turns

SOUND = 0.99  # cosine of a bfloat16 embedding to the float32 one, below which it is not used
PROBES = 4  # pictures by which that is judged


class Transform(NamedTuple):
    """What a library does to a picture before its model sees it, in two parts.

    `picture` takes a PIL image to one of the model's size, a thread for each; `mean` and `std`
    then bring a whole batch of bytes to the numbers of the model, where it computes. Where a
    library's transform cannot be cut so (`mean` None), `picture` gives the numbers themselves.
    `side` is the short side that it reduces pictures to.
    """

    picture: Callable[[Any], Any]
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    side: int


def cut_transform(whole: Any) -> Transform:
    """A composed transform of torchvision's kind as the part for each picture and that for all.

    Turning bytes into numbers from 0 to 1 and normalising them is what such transforms end with;
    done in the same order on a batch it gives the same bits.
    """
    steps = list(whole.transforms)
    names = [type(step).__name__ for step in steps]
    side = max([_side(step) for step in steps], default=0)
    if names[-2:] in (["ToTensor", "Normalize"], ["MaybeToTensor", "Normalize"]):
        mean, std = (
            tuple(float(v) for v in np.ravel(getattr(steps[-1], k))) for k in ("mean", "std")
        )
        return Transform(_chain(steps[:-2]), mean, std, side)
    return Transform(whole, None, None, side)


class PictureModel:
    """A model of pictures: `prepare` one, in any thread; `compute` a batch of the prepared.

    `forward` takes a tensor of [pictures, 3, height, width] to one of [pictures, width].
    """

    text: TextSide | None = None

    def __init__(
        self,
        torch: Any,
        forward: Callable[[Any], Any],
        transform: Transform,
        device: Any,
        precision: str = "float32",
        able: bool = False,
        channels_last: bool = False,
    ) -> None:
        self.torch, self.forward, self.transform = torch, forward, transform
        self.device, self.channels_last = torch.device(device), channels_last
        self.turns = turns(1 if self.device.type == "cpu" else cores(), torch.get_num_threads())
        self.later = self.device.type == "cuda"  # it computes while others do something else
        self.half = precision == "bfloat16"
        probes = [self.prepare(picture) for picture in _probes(max(self.side, 64))]
        whole = self.compute(probes)
        self.width = whole.shape[1]
        if precision == "auto" and able:
            self.half = True
            again = self.compute(probes)
            lengths = np.linalg.norm(whole, axis=1) * np.linalg.norm(again, axis=1)
            self.half = bool(((whole * again).sum(axis=1) >= SOUND * lengths).all())

    @property
    def side(self) -> int:
        """The short side, in pixels, that pictures must have so that none is enlarged."""
        return self.transform.side

    def prepare(self, picture: np.ndarray) -> np.ndarray:
        """What the model sees of a picture (uint8 of [height, width, 3])."""
        from PIL import Image

        return np.asarray(self.transform.picture(Image.fromarray(picture)))

    def compute(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """The model's answers, float32 of [pictures, width]."""
        return self.start(prepared)()

    def start(self, prepared: Sequence[np.ndarray]) -> Callable[[], np.ndarray]:
        """A function that gives the same; a GPU computes it until that is called."""
        torch = self.torch
        with self.turns, torch.inference_mode():
            batch = sent(torch, np.stack(prepared), self.device)
            if self.transform.mean is not None:
                batch = batch.permute(0, 3, 1, 2).float().div(255)
                mean, std = (
                    torch.tensor(v, device=self.device)[:, None, None]
                    for v in (self.transform.mean, self.transform.std)
                )
                batch = batch.sub(mean).div(std)
            batch = batch.contiguous(
                memory_format=torch.channels_last if self.channels_last else torch.contiguous_format
            )
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half):
                found = self.forward(batch)
            return fetched(torch, found.float())


class SentenceModel:
    """A sentence transformer of pictures and texts, by its own processor and tokenizer."""

    def __init__(self, model: Any, threads: int) -> None:
        self.model = model
        self.turns = turns(1 if model.device.type == "cpu" else cores(), threads)
        probe = self.compute(_probes(64)[:1])
        self.width = probe.shape[1]
        self.side = _shortest(getattr(model[0], "processor", None))
        self.text = TextSide(self._encode, 100.0, self.turns)  # CLIP's trained scale; its ceiling

    def prepare(self, picture: np.ndarray) -> np.ndarray:
        """The picture: the model's processor takes it from there."""
        return picture

    def compute(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """The model's answers, float32 of [pictures, width]."""
        from PIL import Image

        with self.turns:
            return self._encode([Image.fromarray(picture) for picture in prepared])

    def _encode(self, items: list[Any]) -> np.ndarray:
        made = self.model.encode(items, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(made, np.float32)


class TextSide:
    """The other half of a model of pictures and texts."""

    def __init__(
        self, encode: Callable[[list[str]], np.ndarray], scale: float, turns: Any, batch: int = 64
    ) -> None:
        self._encode, self.scale, self._turns, self._batch = encode, scale, turns, batch
        self._known: dict[tuple[str, ...], np.ndarray] = {}
        self._learning = threading.Lock()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """The embeddings of texts, float32 of [texts, width], of length 1."""
        parts = [texts[start : start + self._batch] for start in range(0, len(texts), self._batch)]
        found = []
        for part in parts:
            with self._turns:
                found.append(unit(self._encode(list(part))))
        return np.concatenate(found)

    def prompts(self, texts: tuple[str, ...]) -> np.ndarray:
        """The same for texts that are asked about again and again: computed once."""
        with self._learning:
            if texts not in self._known:
                self._known[texts] = self.encode(texts)
            return self._known[texts]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1 in the same directions; zeros stay zeros."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length == 0, 1, length)


def _chain(steps: list[Any]) -> Callable[[Any], Any]:
    def run(picture: Any) -> Any:
        for step in steps:
            picture = step(picture)
        return picture

    return run


def _side(step: Any) -> int:
    """The short side that a resizing or cropping step leaves; 0 for other steps."""
    size = getattr(step, "size", None)
    if size is None:
        return 0
    return int(size) if isinstance(size, int) else int(max(size))


def _shortest(processor: Any) -> int:
    """The short side that a processor of transformers reduces pictures to; 0 if it does not say."""
    size = getattr(getattr(processor, "image_processor", processor), "size", None) or {}
    get = size.get if hasattr(size, "get") else lambda key: getattr(size, key, None)
    return int(get("shortest_edge") or get("height") or 0)


def _probes(side: int) -> list[np.ndarray]:
    """Pictures of smooth and of rough grounds, the same ones always."""
    random = np.random.default_rng(0)
    found = []
    for number in range(PROBES):
        coarse = random.integers(0, 256, (2 + 3 * number, 3 + 3 * number, 3), np.uint8)
        rows = np.arange(side) * coarse.shape[0] // side
        columns = np.arange(side) * coarse.shape[1] // side
        found.append(np.ascontiguousarray(coarse[rows][:, columns]))
    return found
