"""A deduplication of a finished run, asked again: from verdicts, sketches and evidence it left."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tamis.dedup.duplicates import Duplicates
from tamis.errors import ColumnError, DataError
from tamis.exhibits import Exhibit, exhibits, subject_of
from tamis.io.fetch import each_row, fetch
from tamis.io.store import Store
from tamis.recipe import step_from
from tamis.shards import decided
from tamis.spelling import meant, no_column
from tamis.stages import read_table


def duplicates(store: Store, figures: Mapping[str, Any], name: str | None) -> Duplicates:
    """What the deduplication of this name or kind (the only one, if None) found."""
    name = named(figures, name)
    which = [found["step"] for found in figures["deduplications"]].index(name)
    found = figures["deduplications"][which]
    number = found.get("stage", which)  # runs of earlier versions have no other stages
    sharded = found.get("sharded", False)
    entry = next(step["entry"] for step in figures["steps"] if step["name"] == name)
    step = step_from(entry)
    rows = next(step["rows_in"] for step in figures["steps"] if step["name"] == name)

    @cache
    def material() -> tuple[Any, list[Any]]:
        if sharded:
            raise DataError(
                f"{store.root}: {name} compared more records than memory held, shard by shard; "
                "what was proposed is not at hand as a whole: compare the records anew"
            )
        return _material(store, number, found, step, rows)

    def again(moved: Any) -> Any:
        """The verdicts at another bound, shard by shard."""
        files = found.get("shards") or {"taken": [], "answers": []}
        names = [*files["taken"], *files["answers"]]
        if not names or any(store.size(name) is None for name in names):
            raise DataError(
                f"{store.root} keeps no evidence of {name} (it ran with evidence=False, or in an "
                "earlier version); to decide at another threshold, run again with it"
            )
        return decided(store, moved, files["taken"], files["answers"], files["count"])

    def texts(ids: list[str], column: str | None) -> dict[str, str]:
        return _texts(store, figures, step, ids, column)

    def pictures(ids: list[str]) -> dict[str, Exhibit]:
        return _pictures(store, figures, ids)

    verdicts = read_table(store, found["name"])
    return Duplicates(
        step, rows, verdicts, material, texts, pictures, again if sharded else None
    )  # fmt: skip


def named(figures: Mapping[str, Any], asked: str | None) -> str:
    """The deduplication that is meant: by name, by a kind that only one has, or the only one."""
    ran = [found["step"] for found in figures["deduplications"]]
    if not ran:
        raise KeyError("the run has no deduplication")
    if asked is None:
        if len(ran) == 1:
            return ran[0]
        raise KeyError(f"several deduplications; the run has {', '.join(ran)}: name one")
    return _chosen("deduplication", asked, {name: _kinds(figures, name) for name in ran})


def step_named(figures: Mapping[str, Any], asked: str) -> str:
    """The step that is meant: by its name, or by a kind or an op that only one has.

    `KeyError` names those there are.
    """
    names = [step["name"] for step in figures["steps"]]
    return _chosen("step", asked, {name: _kinds(figures, name) for name in names})


def _kinds(figures: Mapping[str, Any], name: str) -> set[str]:
    """What a step can be called besides its name: by its recipe `fuzzy`, `text.word_count`, …"""
    entry = next(step.get("entry", {}) for step in figures["steps"] if step["name"] == name)
    return {str(told) for pair in list(entry.items())[:1] for told in pair}


def _chosen(what: str, asked: str, kinds: Mapping[str, set[str]]) -> str:
    """The one that is called so."""
    if asked in kinds:
        return asked
    found = [name for name, words in kinds.items() if asked in words]
    if len(found) == 1:
        return found[0]
    told = f"several {what}s are {asked!r}" if found else f"no {what} {asked!r}"
    hint = "" if found else meant(asked, [*kinds, *set().union(*kinds.values())])
    raise KeyError(f"{told}; the run has {', '.join(found or kinds)}: name one{hint}")


def _material(
    store: Store, number: int, found: Mapping[str, Any], step: Any, rows: int
) -> tuple[Any, list[Any]]:
    """The proposal, made anew from the sketches, and the evidence that was kept."""
    names = sorted(store.names(f"stages/{number}"))
    sketches = [read_table(store, name) for name in names if _base(name).startswith("sketch-")]
    if sum(sketch.num_rows for sketch in sketches) != rows:
        raise DataError(
            f"{store.root}/stages/{number} does not hold the sketches of the {rows:,} records that "
            f"{step.name} compared; compare them anew: step.compare(frame)"
        )
    stored = {kind: read_table(store, file["name"]) for kind, file in found["stored"].items()}
    proposal, token = step.restored(sketches, stored), found["token"]
    held = {
        int(_base(name).split(".")[0].removeprefix("evidence-")): name
        for name in names
        if _base(name).startswith("evidence-") and _base(name).split(".")[1] == token
    }
    evidence = []
    for part, asked in enumerate(step.wanted(proposal)):
        if len(asked) and part not in held:
            raise DataError(
                f"{store.root} keeps no evidence of {step.name} (it ran with evidence=False, or in "
                "an earlier version); compare the records anew: step.compare(frame)"
            )
        evidence.append(read_table(store, held[part]) if len(asked) else None)
    return proposal, evidence


def _texts(
    store: Store, figures: Mapping[str, Any], step: Any, ids: list[str], column: str | None
) -> dict[str, str]:
    """Texts of records as they were kept or dropped."""
    have = figures["output"]["columns"]
    if column is not None and column not in have:
        raise ColumnError(no_column(column, have))
    of = subject_of(figures)
    if column is None and of.medium is not None:
        column = of.text
    elif column is None:
        column = next((name for name in ("text", *step.columns()) if name in have), None)
    if column is None:
        return {}
    return fetch(store, _held(figures), column, ids)


def _pictures(store: Store, figures: Mapping[str, Any], ids: list[str]) -> dict[str, Exhibit]:
    """What shows some records, made from what their rows point to."""
    of = subject_of(figures)
    found: dict[str, Exhibit] = {}
    if of.columns:
        for name, cells in each_row(store, _held(figures), of.columns, ids):
            found |= exhibits({name: cells}, of)
    return found


def _held(figures: Mapping[str, Any]) -> list[str]:
    parts = [part["name"] for part in figures["parts"]]
    return [name for name in parts if name.startswith(("dropped/", "kept/"))]


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]
