"""The step that asks a model: a prompt over columns, its answer in others."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from tamis.bounds import listed
from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING
from tamis.io.download_settings import whole
from tamis.media.columns import holds_media
from tamis.prompting import pictures
from tamis.prompting.asking_step import Null, check_choice, check_names
from tamis.prompting.form import Form, Structured
from tamis.prompting.given import field_columns, price_pair, sampling
from tamis.prompting.limits import Limits, limits
from tamis.prompting.row_answers import RowAnswers
from tamis.prompting.template import Template
from tamis.settings import check_settings, plain
from tamis.spelling import no_column
from tamis.steps import Columns, add_column
from tamis.viewing import VIEWS
from tamis.where import Where

Api = Literal["chat", "completions"]


@dataclass(frozen=True, init=False)
class Prompt(RowAnswers):
    """Ask a model at an endpoint that speaks OpenAI's protocol, once for every row.

    `template` is what the user says, with places for columns (`"Summarise: {text}"`; braces that
    are meant are doubled), or a list of messages with `role` and `content`. `system` comes before
    it, and `examples` (mappings of its places to values, and `answer`) as turns between. A row
    whose place is null is not asked about. The answer is the column `name`.

    With a JSON `schema` the endpoint is asked for that form (`structured`: "schema", "object" for
    any JSON, "prompt" for words only, which "schema" falls back to), and the answer is checked
    here; one that does not fit is asked for again, `repairs` times, with what is wrong. `name` then
    holds its JSON, and `fields` of it become columns: names, or a mapping of properties to columns.
    `each` names a list in it (`""`: it is the list): each item becomes a row with `parent_id`, as a
    `Cut` makes them. So does each of `n` samples, which are asked for one by one, with `seed`,
    `seed + 1`, …

    `images` names a column of media, or a view of encoded pictures with its `view_settings`:
    "frame_jpegs" (frames of clips), "picture_jpegs" (pictures made smaller), or one's own
    (`tamis.prompting.pictures`); `detail` is what vision models take for them.

    A row without an answer is dropped with a code `prompt.…`, as one whose picture cannot be read
    with its own; `null="keep"` keeps it, with null, and says why in the column `<name>_why`.
    `truncated` "keep" takes answers that `max_tokens` cut off. An answer of nothing, or of white
    space, is none: it is asked for again, by other seeds, `repairs` times; `empty` "keep" takes it,
    for prompts to which nothing is an answer. What a model thinks before it answers
    (`<think>…</think>`, where the server leaves that in the text) is left out; `thoughts` "keep"
    leaves it in an answer without a schema. The ledger of a run has
    `<name>_tokens_in`, `<name>_tokens_out` as the endpoint counts them, and `<name>_cost` at
    `prices`: for a million tokens in and out.

    `endpoint` is an address such as `http://localhost:8000/v1`, by default that in
    `OPENAI_BASE_URL`. `key` names the variable of the environment that holds its key
    (`OPENAI_API_KEY`), which stays there. At most `concurrency` requests are under way, fewer while
    the endpoint says that it is too many, `rpm` requests and `tpm` tokens begin a minute, counted
    for all processes that have the folder `cache` in common. What may pass is tried again `retries`
    times after 0.5 s, 1 s, …, or when `Retry-After` says, up to `max_wait` seconds. An answer may
    take `timeout` seconds, all tries `total_timeout`. `EndpointError` stops the work where nobody
    is there, the key is wrong, or more than the share `max_errors` of 100 requests failed.

    Answers are kept in the folder `cache` (True: the user's; False: nowhere) under a hash of the
    whole request, so that what was killed asks nothing twice.

    Source of the defaults of `temperature`, `max_tokens` and `seed`: NeMo Curator's
    GenerationConfig.

    >>> step = Prompt("Summarise in one sentence: {text}", model="small", name="summary")
    >>> step.template.columns
    ('text',)
    """

    template: Template
    model: str
    name: str
    form: Form | None
    repairs: int
    fields: tuple[tuple[str, str], ...]
    each: str | None
    n: int
    images: str | None
    view_settings: tuple[tuple[str, Any], ...]
    detail: str | None
    api: Api
    sampling: str  # JSON: what else stands in a request
    null: Null
    truncated: str
    empty: str
    thoughts: str
    prices: tuple[float, float] | None
    limits: Limits
    where: Where

    def __init__(
        self,
        template: str | Sequence[Mapping[str, str]] | Template,
        *,
        model: str,
        name: str = "answer",
        system: str | None = None,
        examples: Sequence[Mapping[str, Any]] = (),
        schema: Any = None,
        structured: Structured = "schema",
        repairs: int = 2,
        fields: Sequence[str] | Mapping[str, str] = (),
        each: str | None = None,
        n: int = 1,
        images: str | None = None,
        view_settings: Mapping[str, Any] | None = None,
        detail: str | None = None,
        temperature: float | None = 0.0,
        top_p: float | None = None,
        max_tokens: int | None = 2048,
        stop: str | Sequence[str] = (),
        seed: int | None = 0,
        extra: Mapping[str, Any] | None = None,
        api: Api = "chat",
        null: Null = "drop",
        truncated: Literal["fail", "keep"] = "fail",
        empty: Literal["fail", "keep"] = "fail",
        thoughts: Literal["drop", "keep"] = "drop",
        prices: Sequence[float] | None = None,
        endpoint: str | None = None,
        key: str | None = None,
        concurrency: int = 64,
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
        check_names("Prompt", model=model, name=name)
        check_choice("Prompt", "api", api, ("chat", "completions"))
        check_choice("Prompt", "null", null, ("drop", "keep"))
        check_choice("Prompt", "truncated", truncated, ("fail", "keep"))
        check_choice("Prompt", "empty", empty, ("fail", "keep"))
        check_choice("Prompt", "thoughts", thoughts, ("drop", "keep"))
        put = object.__setattr__
        put(self, "template", Template.of(template, system, examples))
        put(self, "model", model)
        put(self, "name", name)
        put(self, "form", None if schema is None else Form.of(schema, structured))
        put(self, "repairs", whole("repairs", repairs, 0))
        put(self, "fields", field_columns(fields, name))
        put(self, "each", each)
        put(self, "n", whole("n", n, 1))
        put(self, "images", images)
        put(self, "view_settings", tuple((k, plain(v)) for k, v in (view_settings or {}).items()))
        put(self, "detail", detail)
        put(self, "api", api)
        put(self, "sampling", sampling(temperature, top_p, max_tokens, stop, seed, extra))
        put(self, "null", null)
        put(self, "truncated", truncated)
        put(self, "empty", empty)
        put(self, "thoughts", thoughts)
        put(self, "prices", price_pair(prices))
        put(self, "limits", limits(
            endpoint=endpoint, key=key, concurrency=concurrency, rpm=rpm, tpm=tpm, retries=retries,
            timeout=timeout, total_timeout=total_timeout, max_wait=max_wait,
            max_errors=max_errors, cache=cache,
        ))  # fmt: skip
        put(self, "where", Where.of(where, self.name))
        self._check()

    def _check(self) -> None:
        """Settings that do not go together."""
        if self.form is None and (self.fields or self.each is not None):
            raise SettingError(f"{self.name}: fields= and each= take a schema")
        if self.form is not None:
            self.form.validate()
            for field, _ in self.fields:
                self.form.check_property(field, self.each, self.name)
        if self.each is not None and not isinstance(self.each, str):
            raise SettingError(f"{self.name}: each={self.each!r} is no name of a list")
        if self.form is not None and self.each is not None:
            self.form.check_list(self.each, self.name)
        if self.word == "cut" and self.null == "keep":
            raise SettingError(f'{self.name}: each= and n= make rows; null="keep" has none to keep')
        if self.images is not None and self.api != "chat":
            raise SettingError(f'{self.name}: images= go with api="chat"')
        if self.view_settings:
            if self.images is None or not pictures.is_view(self.images):
                raise SettingError(
                    f"{self.name}: view_settings= are those of a view; images= names none"
                )
            made = [view.function for view in pictures.behind(self.images)]
            check_settings(f"{self.name}: {self.images}", made, dict(self.view_settings))

    @property
    def word(self) -> str:  # type: ignore[override]
        """What kind of step it is: it drops as a filter does, scores, or makes rows as a cut."""
        if self.each is not None or self.n > 1:
            return "cut"
        return super().word

    @property
    def rows(self) -> int | None:
        if self.images is None:
            return None
        return VIEWS[self.images if pictures.is_view(self.images) else "media"].rows

    def unknown(self) -> int:
        return json.loads(self.sampling)["max_tokens"] or _DEFAULTS["max_tokens"]

    def most_items(self) -> int | None:
        """How many rows an answer can become; None where the schema sets no bound."""
        if self.each is None or self.form is None:
            return 1
        return self.form.most_items(self.each)

    def spending(self, name: str) -> dict[str, str]:
        """Tokens and cost, as far as they are counted, and the column of each in the ledger."""
        return self.made(name).spending()

    @property
    def packages(self) -> dict[str, str]:
        found = {"aiohttp": "prompt"} | ({} if self.form is None else {"jsonschema": "prompt"})
        if self.images is None:
            return found
        return found | pictures.packages(self.images, dict(self.view_settings))

    def beside(self, name: str) -> tuple[str, ...]:
        return tuple(self.made(name).columns())[1:]

    def hides(self, name: str) -> tuple[str, ...]:
        """What tells of the asking stands in the ledger, not with the rows that are kept."""
        return self.made(name).counted()

    def recorded(self, name: str) -> tuple[str, ...]:
        return tuple(self.made(name).columns())

    def plan(self, columns: Columns, name: str) -> None:
        for column in self.template.columns:
            if column not in columns:
                raise ColumnError(f"{name}: the prompt has {no_column(column, columns)}")
        if self.images is not None:
            for column in pictures.columns(self.images):
                if column not in columns and column == self.images:
                    raise ColumnError(f"{name}: {no_column(column, columns)}")
                if column == self.images and not holds_media(columns[column]):
                    raise ColumnError(
                        f"{name}: column {column!r} holds {columns[column]}, no media"
                    )
        self.where.check(columns, name)
        if self.word != "cut":
            for column, dtype in self.made(name).columns().items():
                add_column(columns, column, dtype)
            return
        if "id" not in columns:
            raise ColumnError(
                f"{name}: rows are made of one with an 'id' (have: {', '.join(columns)})"
            )
        columns["parent_id"] = STRING
        columns.update(self.made().columns())

    def to_dict(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"prompt": self.template.to_data(), "model": self.model}
        form = self.form
        found = {key: listed(getattr(self, key)) for key in _PLAIN}
        found |= {key: getattr(self.limits, key) for key in _LIMITS if key in _DEFAULTS}
        found |= json.loads(self.sampling)
        if form is not None:
            found |= {"schema": form.data, "structured": form.structured}
        pairs = dict(self.fields)
        found["fields"] = list(pairs) if all(k == v for k, v in pairs.items()) else pairs
        found["view_settings"] = {k: listed(v) for k, v in self.view_settings}
        entry |= {k: v for k, v in found.items() if v != listed(_DEFAULTS[k]) and v not in ({}, [])}
        return entry | self.where.to_dict()


_LIMITS = [field.name for field in fields(Limits)]
_DEFAULTS = {
    key: parameter.default for key, parameter in inspect.signature(Prompt).parameters.items()
}
_PLAIN = (
    "name", "repairs", "each", "n", "images", "detail", "api", "null", "truncated", "empty",
    "thoughts", "prices",
)  # fmt: skip
