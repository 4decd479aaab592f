"""The step that asks for embeddings: a vector of each text, by a model at an endpoint."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.bounds import listed
from tamis.codes import BadRecord
from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING
from tamis.io.download_settings import whole
from tamis.prompting.asking_step import AskingStep, Null, check_choice, check_names
from tamis.prompting.columns import array
from tamis.prompting.limits import Limits, limits
from tamis.prompting.row_answers import known_rows
from tamis.prompting.unanswered import tell
from tamis.prompting.vectors_asked import Vector, Wanted, vectors
from tamis.spelling import no_column
from tamis.steps import Columns, add_column
from tamis.viewing import Views, finish, series_dtype
from tamis.where import Where

Storage = Literal["float32", "float16"]


@dataclass(frozen=True, init=False)
class Embed(AskingStep):
    """Vectors of texts by a model at an endpoint that speaks OpenAI's protocol (`/embeddings`).

    `on` names the column of texts; their vectors, of `dimensions` numbers each, become the column
    `name`, in `storage` float32 or float16: a column as `text.embedding` makes it of a model here,
    for `SemanticDedup` and whatever else takes one. `shorten` asks the endpoint for vectors of that
    width (models that were trained for it); a model of another width is an error that names it.
    `prefix` is put before each text, `normalize` brings vectors to length 1, `extra` goes into the
    request as it is.

    `batch` texts go in a request, fewer of long ones. Texts that are alike are asked for once, and
    each is kept by itself in the folder `cache`, so that other batches, runs and partitions ask
    for none twice. The last digits may depend on which texts an endpoint computes together.

    A row without a vector is dropped: with `text.null` or `text.empty` where there is no text, else
    with a code `prompt.…`. A request that one text spoils is asked for in halves, so that only that
    one is lost. `null="keep"` keeps such rows, with null, and says why in the column `<name>_why`.
    The ledger of a run has `<name>_tokens_in`, a text's share of what the endpoint counts, and
    `<name>_cost` at `price`, that of a million tokens. All else (`endpoint`, `key`, limits,
    `cache`) is as of `Prompt`.

    >>> step = Embed("text", model="text-embedding-3-small", dimensions=1536, storage="float16")
    >>> step.name, step.beside("embedding")
    ('embedding', ('embedding_tokens_in',))
    """

    on: str
    model: str
    dimensions: int
    name: str
    storage: Storage
    shorten: bool
    prefix: str
    normalize: bool
    extra: str  # JSON
    batch: int
    null: Null
    price: float | None
    limits: Limits
    where: Where

    def __init__(
        self,
        on: str = "text",
        *,
        model: str,
        dimensions: int,
        name: str = "embedding",
        storage: Storage = "float32",
        shorten: bool = False,
        prefix: str = "",
        normalize: bool = False,
        extra: Mapping[str, Any] | None = None,
        batch: int = 64,
        null: Null = "drop",
        price: float | None = None,
        endpoint: str | None = None,
        key: str | None = None,
        concurrency: int = 16,
        rpm: float | None = None,
        tpm: float | None = None,
        retries: int = 4,
        timeout: float = 120.0,
        total_timeout: float = 600.0,
        max_wait: float = 120.0,
        max_errors: float = 0.1,
        cache: str | bool = True,
        where: Mapping[str, Any] | None = None,
    ) -> None:
        check_names("Embed", on=on, model=model, name=name)
        check_choice("Embed", "storage", storage, ("float32", "float16"))
        check_choice("Embed", "null", null, ("drop", "keep"))
        if not isinstance(prefix, str):
            raise SettingError("Embed: prefix= is a text")
        if price is not None and not (
            isinstance(price, int | float) and not isinstance(price, bool) and 0 <= price < 1e9
        ):
            raise SettingError(f"Embed: price={price!r} is no number, of a million tokens")
        for what, flag in (("shorten", shorten), ("normalize", normalize)):
            if not isinstance(flag, bool):
                raise SettingError(f"Embed: {what}={flag!r} is true or false")
        put = object.__setattr__
        put(self, "on", on)
        put(self, "model", model)
        put(self, "dimensions", whole("dimensions", dimensions, 1))
        put(self, "name", name)
        put(self, "storage", storage)
        put(self, "shorten", shorten)
        put(self, "prefix", prefix)
        put(self, "normalize", normalize)
        put(self, "extra", _extra(extra))
        put(self, "batch", whole("batch", batch, 1))
        put(self, "null", null)
        put(self, "price", None if price is None else float(price))
        put(self, "limits", limits(
            endpoint=endpoint, key=key, concurrency=concurrency, rpm=rpm, tpm=tpm, retries=retries,
            timeout=timeout, total_timeout=total_timeout, max_wait=max_wait,
            max_errors=max_errors, cache=cache,
        ))  # fmt: skip
        put(self, "where", Where.of(where, self.name))

    @property
    def together_asked(self) -> int:
        return self.batch

    @property
    def packages(self) -> dict[str, str]:
        return {"aiohttp": "prompt"}

    @property
    def dtype(self) -> str:
        """What the column of vectors holds, such as `float16[384]`."""
        return f"{self.storage}[{self.dimensions}]"

    def columns(self, name: str) -> dict[str, Any]:
        """What it adds: the vectors, and what tells of them."""
        found: dict[str, Any] = {name: series_dtype(self.dtype)}
        if self.word == "score":
            found[f"{name}_why"] = STRING
        found[f"{name}_tokens_in"] = pd.Int64Dtype()
        if self.price is not None:
            found[f"{name}_cost"] = np.dtype("float64")
        return found

    def spending(self, name: str) -> dict[str, str]:
        """Tokens and cost, as far as they are counted, and the column of each in the ledger."""
        found = {"tokens_in": f"{name}_tokens_in"}
        return found if self.price is None else found | {"cost": f"{name}_cost"}

    def beside(self, name: str) -> tuple[str, ...]:
        return tuple(self.columns(name))[1:]

    def hides(self, name: str) -> tuple[str, ...]:
        """What tells of the asking stands in the ledger, not with the rows that are kept."""
        return tuple(self.spending(name).values())

    def recorded(self, name: str) -> tuple[str, ...]:
        return self.beside(name)

    def plan(self, columns: Columns, name: str) -> None:
        if self.on not in columns:
            raise ColumnError(f"{name}: {no_column(self.on, columns)}")
        if not pd.api.types.is_string_dtype(columns[self.on]):
            raise ColumnError(f"{name}: column {self.on!r} holds {columns[self.on]}, no text")
        self.where.check(columns, name)
        for column, dtype in self.columns(name).items():
            add_column(columns, column, dtype)

    def column(self, views: Views) -> pd.Series:
        """The vectors of these rows, which are asked for now."""
        self._ask(views)
        known, rows = known_rows(self, views)
        found = np.zeros((len(rows), self.dimensions), np.float32)
        null = np.ones(len(rows), bool)
        for place, row in enumerate(rows):
            if (values := known[row].values) is not None:
                found[place], null[place] = values, False
        return finish(found, self.dtype, views.frame.index, null)

    def told(self, column: str, views: Views) -> pd.Series:
        """A column beside the vectors, of the rows that were asked about; null elsewhere."""
        known, rows = known_rows(self, views)
        found = [known.get(row, Vector()) for row in rows]
        ending = next(one for one in ("why", "tokens_in", "cost") if column.endswith(f"_{one}"))
        values: list[Any] = [one.tokens_in for one in found]
        if ending == "why":
            values = [_reason(one) for one in found]
        elif ending == "cost" and self.price is not None:
            values = [None if n is None else n * self.price / 1e6 for n in values]
        dtypes = {"why": STRING, "tokens_in": pd.Int64Dtype(), "cost": np.dtype("float64")}
        return pd.Series(array(values, dtypes[ending]), index=views.frame.index)

    def reasons(self, values: pd.Series, views: Views, rows: np.ndarray) -> list[str]:
        """Why rows (positions) have none."""
        known, _ = known_rows(self, views)
        return [str(_reason(known[row])) for row in rows.tolist()]

    def to_dict(self) -> dict[str, Any]:
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        found |= {one: getattr(self.limits, one) for one in _LIMITS if one in _DEFAULTS}
        found["extra"] = json.loads(self.extra) or None
        entry: dict[str, Any] = {"embed": self.on, "model": self.model}
        entry["dimensions"] = self.dimensions
        for key, default in _DEFAULTS.items():
            if key not in (*entry, "on", "where") and found[key] != default:
                entry[key] = listed(found[key])
        return entry | self.where.to_dict()

    def _ask(self, views: Views) -> None:
        """Ask about these rows, unless that was done."""
        known, rows = known_rows(self, views)
        if all(row in known for row in rows):
            return
        texts: dict[int, str] = {}
        for row, text in zip(rows, views.column(self.on), strict=True):
            if (
                pd.isna(text) and self.limits.supposed
            ):  # a plan: a step before would have written it
                text = "x" * 4 * self.limits.supposed
            if pd.isna(text):
                known[row] = Vector(skipped=f"text.null: {self.on} is null")
            elif not text.strip():
                known[row] = Vector(skipped=f"text.empty: {self.on} is empty or blank")
            else:
                texts[row] = self.prefix + text
        body = {"model": self.model} | (json.loads(self.extra) or {})
        body |= {"dimensions": self.dimensions} if self.shorten else {}
        found = vectors(
            list(texts.values()), Wanted(body, self.dimensions), self.limits, self.batch
        )
        known |= {row: self._stored(one) for row, one in zip(texts, found, strict=True)}
        tell(self, [known[row].why for row in texts])

    def _stored(self, one: Vector) -> Vector:
        """A vector as the column holds it."""
        if one.values is None:
            return one
        values = one.values
        if self.normalize and (length := float(np.linalg.norm(values.astype(np.float64)))) > 0:
            values = (values / length).astype(np.float32)
        if self.storage == "float16" and np.abs(values).max() > np.finfo(np.float16).max:
            why = BadRecord("prompt.answer", "a number that float16 cannot hold")
            return Vector(None, one.tokens_in, why)
        return Vector(values, one.tokens_in)


def _reason(one: Vector) -> str | None:
    """Why there is no vector: `<code>: <detail>`."""
    return one.skipped if one.why is None else f"{one.why.code}: {one.why.detail}"


def _extra(given: Any) -> str:
    taken = {"model", "input", "dimensions"}
    if given is not None and (not isinstance(given, Mapping) or taken & set(given)):
        raise SettingError(f"extra= maps names of the request to values; not {', '.join(taken)}")
    try:
        return json.dumps(dict(given) if given else None, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SettingError(f"extra= is not JSON: {error}") from None


_LIMITS = [field.name for field in fields(Limits)]
_DEFAULTS = {
    key: parameter.default for key, parameter in inspect.signature(Embed).parameters.items()
}
