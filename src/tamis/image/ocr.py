"""Text in pictures, found and read by the models that the package rapidocr ships."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tamis.errors import DataError, MissingPackageError
from tamis.image.encoders import turns
from tamis.image.resize import opencv
from tamis.image.text_boxes import cut_out, text_boxes
from tamis.onnx import session_of, threads
from tamis.resources import resource

EXTRA = "pip install 'tamis[ocr]'"
STEP = 32  # the detector halves a picture five times
LONGEST = 2000  # pixels of a long side that it is shown (RapidOCR's limit)
SLIM = 8  # width to height of a picture of one line, which needs ground above and below
LINE, WIDTH = 48, 320  # pixels: the height of a line, and the least width, that are read
BATCH = 6  # lines of one picture that are read together


class Printed(NamedTuple):
    """The text in a picture of `height` by `width` pixels: boxes, what they say, how surely."""

    height: int
    width: int
    boxes: np.ndarray  # float32 of [boxes, 4 corners, 2]
    texts: tuple[str, ...]
    scores: np.ndarray  # float64 of [boxes], 0 to 1

    def sure(self, score: float, letters: int) -> Printed:
        """The boxes that are read with at least this score, and as at least so many letters."""
        kept = [
            k
            for k, text in enumerate(self.texts)
            if self.scores[k] >= score and sum(map(str.isalnum, text)) >= letters
        ]
        texts = tuple(self.texts[k] for k in kept)
        return Printed(self.height, self.width, self.boxes[kept], texts, self.scores[kept])


@resource
def reader() -> Reader:
    """The detector and the recogniser of PP-OCRv6 (Apache-2.0; 31 MB); nothing is downloaded.

    Only the files of rapidocr are used: none of its code, and so none of its dependencies.
    """
    found = importlib.util.find_spec("rapidocr")
    if found is None or found.origin is None:
        raise MissingPackageError(f"reading text in pictures needs rapidocr: {EXTRA}")
    folder = Path(found.origin).parent / "models"
    models = []
    for kind in ("det", "rec"):
        files = sorted(folder.glob(f"*PP-OCRv6_{kind}_*.onnx"))
        if not files:
            raise DataError(f"no model PP-OCRv6_{kind} in {folder}; rapidocr 3.10 has one")
        models.append(session_of(files[0], EXTRA, arena=False))  # sizes of pictures differ
    return Reader(*models)


class Reader:
    """`prepare` a picture in any thread; `compute` some of them, one by one.

    A batch would make the last digits of one depend on its neighbours, and whether a line is read
    on these digits.
    """

    def __init__(self, detector: Any, recogniser: Any) -> None:
        self.detector, self.recogniser = detector, recogniser
        told = recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
        self.letters = np.array(["", *told, " "])  # the first is the gap between letters
        self.turns = turns(1, threads())

    def prepare(self, picture: np.ndarray) -> np.ndarray:
        """The picture as OpenCV has it, blue first, as the models were trained."""
        return np.ascontiguousarray(picture[:, :, ::-1])

    def compute(self, prepared: Sequence[np.ndarray]) -> list[Printed]:
        """The text of each picture."""
        with self.turns:
            return [self._read(picture) for picture in prepared]

    def _read(self, picture: np.ndarray) -> Printed:
        boxes = self._boxes(picture)
        lines = [cut_out(picture, box) for box in boxes]
        texts, scores = [""] * len(lines), np.zeros(len(lines))
        order = sorted(range(len(lines)), key=lambda k: lines[k].shape[1] / lines[k].shape[0])
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]  # of about the same length
            for k, (text, score) in zip(some, self._texts([lines[k] for k in some]), strict=True):
                texts[k], scores[k] = text, score
        return Printed(picture.shape[0], picture.shape[1], boxes, tuple(texts), scores)

    def _boxes(self, picture: np.ndarray) -> np.ndarray:
        cv2 = opencv()
        whole, above = picture, 0
        height, width = picture.shape[:2]
        if height < STEP or width > SLIM * height:
            above = max(width // SLIM, STEP) - height // 2
            whole = cv2.copyMakeBorder(picture, above, above, 0, 0, cv2.BORDER_CONSTANT)
        scale = min(1, LONGEST / max(whole.shape[:2]))
        rows, columns = (max(STEP, round(n * scale / STEP) * STEP) for n in whole.shape[:2])
        shown = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_LINEAR)
        chance = self._run(self.detector, _numbers(shown)[None])[0, 0]
        boxes = text_boxes(np.ascontiguousarray(chance))
        boxes *= np.array([whole.shape[1] / columns, whole.shape[0] / rows], np.float32)
        boxes[:, :, 1] -= above
        boxes = np.clip(boxes, 0, np.array([width - 1, height - 1], np.float32))
        sides = np.linalg.norm(boxes[:, [0, 0]] - boxes[:, [1, 3]], axis=2)
        return boxes[(sides > 3).all(axis=1)]

    def _texts(self, lines: list[np.ndarray]) -> list[tuple[str, float]]:
        """What lines say, and the mean probability of their letters."""
        cv2 = opencv()
        ratios = [line.shape[1] / line.shape[0] for line in lines]
        width = int(LINE * max(WIDTH / LINE, *ratios))
        given = np.zeros((len(lines), 3, LINE, width), np.float32)
        for k, line in enumerate(lines):
            wide = min(width, max(1, int(np.ceil(LINE * ratios[k]))))
            given[k, :, :, :wide] = _numbers(cv2.resize(line, (wide, LINE)))
        said = self._run(self.recogniser, given)
        found = []
        for best, chance in zip(said.argmax(axis=2), said.max(axis=2), strict=True):
            new = best != 0
            new[1:] &= best[1:] != best[:-1]
            text = "".join(self.letters[best[new]])
            found.append((text, float(chance[new].mean(dtype=np.float64)) if new.any() else 0.0))
        return found

    def _run(self, model: Any, given: np.ndarray) -> np.ndarray:
        return np.asarray(model.run(None, {model.get_inputs()[0].name: given})[0], np.float32)


def _numbers(picture: np.ndarray) -> np.ndarray:
    """uint8 of [h, w, 3] as float32 of [3, h, w] from -1 to 1."""
    return np.ascontiguousarray((picture.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1))
