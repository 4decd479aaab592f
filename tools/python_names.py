"""The page of the names of Python: signature and docstring of each, from the code itself."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import Any

GROUPS = {
    "Pipelines and steps": ("tamis", "Pipeline Score Filter Edit Cut Decontaminate Prompt Embed"),
    "Runs": ("tamis", "Run show"),
    "Deduplication": (
        "tamis",
        "ExactDedup FuzzyDedup SemanticDedup PerceptualDedup FingerprintDedup UrlDedup LineDedup "
        "ParagraphDedup SentenceDedup SubstringDedup IndexDedup",
    ),
    "What a deduplication found": (
        "tamis.dedup",
        "Duplicates clusters pairs inspect rethreshold Index within_radius connected_components",
    ),
    "Reading": (
        "tamis",
        "read_jsonl read_parquet read_csv read_text read_huggingface read_lance from_pandas "
        "from_arrow read_bitext read_html read_warc read_warc_records common_crawl read_wikipedia "
        "read_arxiv read_pdf read_source read_files read_manifest read_webdataset read_nemo "
        "read_lhotse",
    ),
    "Writing": (
        "tamis",
        "write_parquet write_jsonl write_csv write_dataset write_huggingface write_lance "
        "write_megatron write_packed write_interleaved write_webdataset write_files write_nemo "
        "write_lhotse write_clips WebDataset Clips",
    ),
    "Fetching": ("tamis", "fetch download"),
    "Data sets as wholes": (
        "tamis.sets",
        "add_id sample blend shuffle repartition buckets split reassemble hard_negatives "
        "preferences",
    ),
    "Levels": (
        "tamis.levels",
        "join children_left children_share siblings_left parent_kept record_kept dropped_overlap",
    ),
    "Interleaved documents": ("tamis.interleaved", "elements elements_with_bytes together"),
    "Benchmarks in texts": ("tamis.decontamination", "Benchmark matches met"),
    "Training classifiers": ("tamis", "train_fasttext train_linear"),
    "Ops of your own": ("tamis", "measure edit cut view resource"),
    "Clusters": ("tamis", "cluster local_cluster"),
    "Texts to try things on": ("tamis.datasets", "demo demo_files web_archive"),
    "Errors": (
        "tamis.errors",
        "TamisError SettingError ColumnError DataError DamageError WriteError UncommittedError "
        "EndpointError MissingPackageError AccountingError",
    ),
}
WITH_METHODS = ("Pipeline", "Run", "Duplicates", "Index")


def page() -> str:
    """The whole page."""
    parts = [
        "# Python\n\nGenerated from the code by `tools/reference.py`. "
        "Measures, edits and cuts: [Ops](ops.md).\n\n"
        "A step is called with a frame (Dask, pandas or cuDF) and gives the kept rows; "
        "`step.explain(frame)` gives every row with `dropped_by` and `dropped_why`. "
        "Deduplications also have `step.find(frame)` (`id, cluster, keep, duplicate_of, "
        "similarity`) and `step.compare(frame)`, a `Duplicates`.\n"
    ]
    for title, (home, names) in GROUPS.items():
        module = importlib.import_module(home)
        parts.append(f"\n## {title}\n")
        parts += [_entry(module, name) for name in names.split()]
    return "".join(parts)


def _entry(module: ModuleType, name: str) -> str:
    found = getattr(module, name)
    parts = [f"\n### `{module.__name__}.{name}`\n\n{_called(name, found)}{_said(found)}\n"]
    if name in WITH_METHODS:
        parts += [_member(name, *one) for one in inspect.getmembers(found, _documented)]
    return "".join(parts)


def _documented(member: Any) -> bool:
    """Whether it is a method or property of tamis with a docstring of its own."""
    home = member.fget if isinstance(member, property) else member
    named = getattr(home, "__name__", "_")
    own = str(getattr(home, "__module__", "")).startswith("tamis")
    return own and not named.startswith("_") and bool(inspect.getdoc(member))


def _member(of: str, name: str, member: Any) -> str:
    told = "" if isinstance(member, property) else _called(f"{of}.{name}", member)
    return f"\n#### `{of}.{name}`\n\n{told}{_said(member)}\n"


def _called(name: str, found: Any) -> str:
    """How it is called, in a block; nothing of errors, which nobody makes."""
    if inspect.isclass(found) and issubclass(found, Exception):
        return ""
    signature = inspect.signature(found)
    taken = [one for one in signature.parameters.values() if one.name != "self"]
    given = [_told(one) for one in taken]
    kinds = [one.kind for one in taken]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        given.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    back = signature.return_annotation
    ends = "" if inspect.isclass(found) or back is signature.empty else f" -> {back}"
    line = f"{name}({', '.join(given)}){ends}"
    if len(line) > 96:
        line = "\n".join([f"{name}(", *(f"    {one}," for one in given), f"){ends}"])
    return f"```python\n{line}\n```\n\n"


def _told(one: inspect.Parameter) -> str:
    """A parameter as it stands in the code: annotations are strings there already."""
    mark = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
    kind = "" if one.annotation is one.empty else f": {one.annotation}"
    value = (
        "" if one.default is one.empty else f" = {one.default!r}" if kind else f"={one.default!r}"
    )
    return f"{mark}{one.name}{kind}{value}"


def _said(found: Any) -> str:
    """Its docstring; examples as a block of code."""
    doc = inspect.getdoc(found) or ""
    text, mark, example = doc.partition(">>>")
    return f"{text.rstrip()}\n\n```pycon\n>>>{example}\n```" if mark else text
