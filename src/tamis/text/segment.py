"""Words of languages written without spaces, by segmenters of others."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from tamis.errors import MissingPackageError
from tamis.extras import Modules
from tamis.frame import Texts

UNSPACED = ("zh", "ja")


def packages(settings: Mapping[str, Any]) -> Modules:
    """What the words of a language, `settings["language"]`, are found with."""
    own = {"zh": ("jieba",), "ja": ("fugashi", "unidic_lite")}
    return {"text": own.get(str(settings.get("language", "en")).lower(), ())}


def segment(utf8: Texts, language: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Words per text, and where each starts and ends, in bytes from the start of its text.

    Chinese: jieba's default cut of the stripped text, white space being words of its own where it
    gives it. Japanese: the morphemes of MeCab with UniDic.
    """
    cut = _jieba() if language == "zh" else _mecab()
    counts = np.zeros(len(utf8.valid), np.int64)
    starts: list[int] = []
    ends: list[int] = []
    data = utf8.data.data
    for row in range(len(counts)):
        whole = str(data[utf8.offsets[row] : utf8.offsets[row + 1]], "utf-8")
        text = whole.strip()
        before = len(starts)
        at = len(whole[: whole.find(text)].encode()) if text else 0
        place = 0
        for word in cut(text):
            here = text.index(word, place)
            at += len(text[place:here].encode())
            starts.append(at)
            at += len(word.encode())
            ends.append(at)
            place = here + len(word)
        counts[row] = len(starts) - before
    return counts, np.array(starts, np.int32), np.array(ends, np.int32)


@functools.cache
def _jieba() -> Callable[[str], Iterable[str]]:
    try:
        import jieba
    except ImportError as error:
        raise MissingPackageError("Chinese words need jieba: pip install 'tamis[text]'") from error
    jieba.setLogLevel(logging.WARNING)
    return jieba.cut


_LOCAL = threading.local()


def _mecab() -> Callable[[str], Iterable[str]]:
    """MeCab's tagger, one a thread, since a tagger holds the sentence it is at."""
    if hasattr(_LOCAL, "cut"):
        return _LOCAL.cut
    try:
        import fugashi
        import unidic_lite  # noqa: F401  the dictionary fugashi finds by itself
    except ImportError as error:
        raise MissingPackageError(
            "Japanese words need fugashi and unidic-lite: pip install 'tamis[text]'"
        ) from error
    tagger: Any = fugashi.Tagger()
    _LOCAL.cut = lambda text: [word.surface for word in tagger(text)]
    return _LOCAL.cut
