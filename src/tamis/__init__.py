"""tamis: raw text, images, video and speech into training data, every record accounted for.

The public names stand here; each is imported when first used, so that `import tamis` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tamis.importing import uncollected
from tamis.version import VERSION as __version__

if TYPE_CHECKING:
    from tamis import (
        audio,
        datasets,
        decontamination,
        dedup,
        image,
        interleaved,
        levels,
        media,
        prompting,
        sets,
        text,
        video,
    )
    from tamis.clusters import cluster, local_cluster
    from tamis.cuts import Cut
    from tamis.decontamination import Decontaminate
    from tamis.dedup import (
        ExactDedup,
        FingerprintDedup,
        FuzzyDedup,
        IndexDedup,
        LineDedup,
        ParagraphDedup,
        PerceptualDedup,
        SemanticDedup,
        SentenceDedup,
        SubstringDedup,
        UrlDedup,
    )
    from tamis.downloading import download
    from tamis.errors import TamisError
    from tamis.exhibits.sheet import show
    from tamis.fetching import fetch
    from tamis.filters import Filter
    from tamis.io import (
        Clips,
        WebDataset,
        common_crawl,
        from_arrow,
        from_pandas,
        read_arxiv,
        read_bitext,
        read_csv,
        read_files,
        read_html,
        read_huggingface,
        read_jsonl,
        read_lance,
        read_lhotse,
        read_manifest,
        read_nemo,
        read_parquet,
        read_pdf,
        read_source,
        read_text,
        read_warc,
        read_warc_records,
        read_webdataset,
        read_wikipedia,
        write_clips,
        write_csv,
        write_dataset,
        write_files,
        write_huggingface,
        write_interleaved,
        write_jsonl,
        write_lance,
        write_lhotse,
        write_megatron,
        write_nemo,
        write_packed,
        write_parquet,
        write_webdataset,
    )
    from tamis.levels import join
    from tamis.op import cut, edit, measure, view
    from tamis.pipeline import Pipeline
    from tamis.prompting import Embed, Prompt
    from tamis.resources import resource
    from tamis.results import Run
    from tamis.steps import Edit, Score
    from tamis.training import train_fasttext, train_linear

_HOME = {
    "Pipeline": "pipeline",
    "Score": "steps",
    "Filter": "filters",
    "Edit": "steps",
    "Decontaminate": "decontamination",
    "Prompt": "prompting",
    "Embed": "prompting",
    "Cut": "cuts",
    "ExactDedup": "dedup",
    "FingerprintDedup": "dedup",
    "FuzzyDedup": "dedup",
    "IndexDedup": "dedup",
    "PerceptualDedup": "dedup",
    "LineDedup": "dedup",
    "ParagraphDedup": "dedup",
    "SentenceDedup": "dedup",
    "SubstringDedup": "dedup",
    "UrlDedup": "dedup",
    "SemanticDedup": "dedup",
    "Run": "results",
    "TamisError": "errors",
    "show": "exhibits.sheet",
    "measure": "op",
    "edit": "op",
    "cut": "op",
    "view": "op",
    "resource": "resources",
    "join": "levels",
    "cluster": "clusters",
    "local_cluster": "clusters",
    "train_fasttext": "training",
    "train_linear": "training",
    "read_jsonl": "io",
    "read_lance": "io",
    "write_lance": "io",
    "read_parquet": "io",
    "read_csv": "io",
    "read_bitext": "io",
    "read_text": "io",
    "read_huggingface": "io",
    "read_webdataset": "io",
    "common_crawl": "io",
    "read_html": "io",
    "read_warc": "io",
    "read_warc_records": "io",
    "read_wikipedia": "io",
    "read_arxiv": "io",
    "read_pdf": "io",
    "read_source": "io",
    "read_files": "io",
    "read_manifest": "io",
    "read_nemo": "io",
    "read_lhotse": "io",
    "from_pandas": "io",
    "from_arrow": "io",
    "write_parquet": "io",
    "write_jsonl": "io",
    "write_clips": "io",
    "write_csv": "io",
    "write_dataset": "io",
    "fetch": "fetching",
    "download": "downloading",
    "write_webdataset": "io",
    "Clips": "io",
    "WebDataset": "io",
    "write_files": "io",
    "write_nemo": "io",
    "write_lhotse": "io",
    "write_huggingface": "io",
    "write_interleaved": "io",
    "write_megatron": "io",
    "write_packed": "io",
}
_MODULES = (
    "text",
    "image",
    "audio",
    "video",
    "interleaved",
    "levels",
    "media",
    "datasets",
    "decontamination",
    "dedup",
    "prompting",
    "sets",
)

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"tamis.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'tamis' has no attribute {name!r}")
    with uncollected():
        module = importlib.import_module(f"tamis.{_HOME[name]}")
        value = getattr(module, name)  # imports too, where the module does as this one
        if name.startswith(("read_", "from_", "common_")):
            from tamis.io.backend import READERS, on_backend

            value = on_backend(value) if name in READERS else value
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
