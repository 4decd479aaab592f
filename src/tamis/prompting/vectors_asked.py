"""Vectors of texts, asked of an endpoint in batches: each text once, and kept by itself."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.prompting.asking import all_asked
from tamis.prompting.cache import Cache, request_key, written
from tamis.prompting.estimate import estimate
from tamis.prompting.guessing import known_answers
from tamis.prompting.limits import Limits
from tamis.prompting.reply import Unfit, tokens

PATH = "embeddings"
LONGEST = 200_000  # characters of a request, unless one text has more
_SPLIT = ("prompt.too_long", "prompt.request", "prompt.refused")  # what one text of a batch may do
_THREADS = 16  # that read answers of an object store
_LITTLE = np.dtype("<f4")


@dataclass
class Vector:
    """A vector of a text and the tokens it took, or why there is none."""

    values: np.ndarray | None = None
    tokens_in: int | None = None
    why: BadRecord | None = None
    skipped: str | None = None  # why it was not asked for
    guessed: bool = False  # by a plan, which asks nobody


@dataclass(frozen=True)
class Wanted:
    """What is asked of an endpoint besides texts."""

    body: dict[str, Any]  # model, and what else stands in a request
    dimensions: int

    def key(self, text: str, limits: Limits) -> str:
        """The hash of a request for one text."""
        return request_key(PATH, limits.endpoint, written(self.body | {"input": text}), 0)


def vectors(texts: Sequence[str], wanted: Wanted, limits: Limits, batch: int) -> list[Vector]:
    """The vectors of texts, in order; those that are alike are asked for once.

    Raises `EndpointError` where the endpoint refuses all or is gone, and `SettingError` where there
    is none, or its vectors are of another width.
    """
    found = _kept(list(dict.fromkeys(texts)), wanted, limits)
    left = [text for text in dict.fromkeys(texts) if text not in found]
    if limits.asks:
        batches = [Batch(wanted, part) for part in parts(left, batch)]
        for made in all_asked(batches, limits):
            found |= made.found
    else:
        for text in left:
            found[text] = Vector(tokens_in=estimate({"input": text}), guessed=True)
    return [found[text] for text in texts]


def parts(texts: Sequence[str], batch: int) -> Iterator[list[str]]:
    """So many texts at a time, fewer of long ones."""
    part: list[str] = []
    size = 0
    for text in texts:
        if part and (len(part) == batch or size + len(text) > LONGEST):
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield part


@dataclass
class Settled:
    """What came of a batch: a vector or a reason for each text; why, where it is one for all."""

    found: dict[str, Vector]
    why: BadRecord | None = None


@dataclass(frozen=True)
class Batch:
    """A question for the vectors of some texts, as an `Asker` settles it."""

    wanted: Wanted
    texts: Sequence[str]

    async def settle(self, asker: Any) -> Settled:
        """Ask; where one text may be to blame, ask for halves, until it stands alone."""
        try:
            made = await self._ask(asker)
        except BadRecord as bad:
            if len(self.texts) > 1 and bad.code in _SPLIT:
                middle = len(self.texts) // 2
                halves = [self.texts[:middle], self.texts[middle:]]
                both = [await Batch(self.wanted, half).settle(asker) for half in halves]
                found = both[0].found | both[1].found
                return Settled(found, both[0].why and both[1].why)
            why = BadRecord(bad.code, bad.detail)  # without what only a model is told
            return Settled({text: Vector(why=why) for text in self.texts}, why)
        for text, one in made.items():
            if one.values is not None and asker.cache is not None:
                key, data = self.wanted.key(text, asker.limits), _plain(one)
                if asker.cache.quick:
                    asker.cache.put(key, data)
                else:
                    await asyncio.to_thread(asker.cache.put, key, data)
        return Settled(made, None if any(v.values is not None for v in made.values()) else
                       next(iter(made.values())).why)  # fmt: skip

    async def _ask(self, asker: Any) -> dict[str, Vector]:
        body = self.wanted.body | {"input": list(self.texts)}
        guess, model = estimate(body), str(body["model"])
        if "encoding_format" not in body and model not in asker.unstructured:
            packed = written(body | {"encoding_format": "base64"})
            try:
                return dict(await asker.post(PATH, packed, guess, self._read))
            except Unfit as bad:
                if "encoding" not in bad.full.lower() and "base64" not in bad.full.lower():
                    raise
                asker.unstructured.add(model)
        return dict(await asker.post(PATH, written(body), guess, self._read))

    def _read(self, data: Any) -> dict[str, Vector]:
        """The vectors of an answer; `BadRecord` where it is not one for each text."""
        rows = [_vector(one) for one in _in_order(data, len(self.texts))]
        widths = {len(row) for row in rows if row is not None}
        if len(widths) == 1 and self.wanted.dimensions not in widths:
            raise SettingError(
                f"the model {self.wanted.body['model']!r} gives {min(widths)} numbers; pass "
                f"dimensions={min(widths)}"
            )
        spent = _shares(tokens(data)[0], self.texts)
        return {
            text: self._judged(row, count)
            for text, row, count in zip(self.texts, rows, spent, strict=True)
        }

    def _judged(self, row: np.ndarray | None, count: int | None) -> Vector:
        why = None
        if row is None:
            why = "there is no vector of numbers"
        elif len(row) != self.wanted.dimensions:
            why = f"a vector of {len(row)} numbers, not {self.wanted.dimensions}"
        elif not np.isfinite(row).all():
            why = "a vector that is not finite"
        if why is not None:
            return Vector(tokens_in=count, why=BadRecord("prompt.answer", why))
        return Vector(row, count)


def _in_order(data: Any, count: int) -> list[Any]:
    """The embeddings of an answer by their `index`; None for those that it lacks."""
    rows = data.get("data") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadRecord("prompt.answer", "the answer has no list of embeddings")
    told = sum("index" in row for row in rows)
    if len(rows) > count or (len(rows) < count and told < len(rows)) or not rows:
        raise BadRecord("prompt.answer", f"{len(rows)} embeddings of {count} texts")
    places = [row.get("index", at) for at, row in enumerate(rows)]
    known = [place for place in places if type(place) is int and 0 <= place < count]
    if len(known) < len(rows) or len(set(known)) < len(rows):
        raise BadRecord("prompt.answer", "the indexes of the embeddings are not those of the texts")
    found: list[Any] = [None] * count
    for place, row in zip(known, rows, strict=True):
        found[place] = row.get("embedding")
    return found


def _vector(given: Any) -> np.ndarray | None:
    """Numbers, or base64 of little-endian float32, as float32; None where it is neither."""
    try:
        if isinstance(given, str):
            return np.frombuffer(base64.b64decode(given, validate=True), _LITTLE).astype(np.float32)
        if not isinstance(given, list) or not all(type(v) in (int, float) for v in given):
            return None
        with np.errstate(over="ignore"):
            return np.array(given, np.float64).astype(np.float32)
    except (binascii.Error, ValueError, OverflowError):
        return None


def _shares(total: int | None, texts: Sequence[str]) -> list[int | None]:
    """Tokens of a request shared out by the length of texts, so that the sum is right.

    >>> _shares(10, ["aaaa", "b", "cccc"])
    [4, 1, 5]
    """
    if total is None:
        return [None] * len(texts)
    ends = np.cumsum([len(text) for text in texts], dtype=np.float64)
    marks = np.floor(ends / max(1.0, float(ends[-1])) * total).astype(np.int64)
    marks[-1] = total
    return [int(count) for count in np.diff(marks, prepend=0)]


def _plain(vector: Vector) -> dict[str, Any]:
    """A vector as it is kept."""
    assert vector.values is not None
    data = base64.b64encode(vector.values.astype(_LITTLE).tobytes()).decode()
    return {"vector": data, "tokens_in": vector.tokens_in}


def _kept(texts: Sequence[str], wanted: Wanted, limits: Limits) -> dict[str, Vector]:
    """What is kept of texts."""
    cache = known_answers(limits)
    if cache is None:
        return {}
    found = zip(texts, _read_all(cache, texts, wanted, limits), strict=True)
    return {text: one for text, one in found if one is not None}


def _read_all(
    cache: Cache, texts: Sequence[str], wanted: Wanted, limits: Limits
) -> list[Vector | None]:
    def one(text: str) -> Vector | None:
        return _of(cache.get(wanted.key(text, limits)), wanted.dimensions)

    if cache.quick:
        return [one(text) for text in texts]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(one, texts))


def _of(kept: Any, dimensions: int) -> Vector | None:
    """A vector that was kept, where it is one of that width."""
    if not isinstance(kept, dict) or not isinstance(kept.get("vector"), str):
        return None
    values, count = _vector(kept["vector"]), kept.get("tokens_in")
    if values is None or len(values) != dimensions or not np.isfinite(values).all():
        return None
    return Vector(values, count if type(count) is int else None)
