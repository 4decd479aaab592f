"""All edits together on one core: tamis beside NeMo Curator's modifiers of the same name.

    python benchmarks/text/edits.py --nemo FOLDER [--rounds 3]

FOLDER is the wheel of nemo-curator (`pip download --no-deps nemo-curator==1.4.0`), unpacked: its
modifiers are imported one by one, without the package around them, Ray and data frames, in the
peer's favour. Seven edits one after another over pages of the demo (its boilerplate modifier
imports too much of it); then the edits that it has not.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import types
from pathlib import Path

import pandas as pd
from corpus import heading, pages, seconds, table

from tamis import text

_PLACE = ".stages.text.modifiers"
LINES = ("Home", "Menu", "Search", "Share this:", "Read more")
OWN = (
    text.normalize_whitespace,
    text.normalize_unicode,
    text.remove_control_characters,
    text.shorten_repeats,
    text.remove_citations,
    text.remove_references,
)


def modifiers(folder: Path) -> list[object]:
    """NeMo Curator's modifiers, in the order in which tamis's edits are made."""
    for part in ("", ".stages", ".stages.text", _PLACE, f"{_PLACE}.string", f"{_PLACE}.unicode"):
        package = types.ModuleType("nemo_curator" + part)  # without what it would import
        place = folder.joinpath(*package.__name__.split("."))
        package.__path__ = [str(place)]
        sys.modules[package.__name__] = package
    found = []
    for module, name, settings in (
        ("unicode.unicode_reformatter", "UnicodeReformatter", {}),
        ("string.newline_normalizer", "NewlineNormalizer", {}),
        ("string.url_remover", "UrlRemover", {}),
        ("string.line_remover", "LineRemover", {"patterns": list(LINES)}),
        ("string.quotation_remover", "QuotationRemover", {}),
        ("string.markdown_remover", "MarkdownRemover", {}),
        ("string.slicer", "Slicer", {"right": 100_000}),
    ):
        found.append(
            getattr(importlib.import_module(f"nemo_curator{_PLACE}.{module}"), name)(**settings)
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nemo", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    column, megabytes = pages()
    peers = modifiers(chosen.nemo)
    heading("tamis", "ftfy", "pyarrow", "numba")

    def ours() -> pd.Series:
        found = text.fix_unicode(column)
        found = text.normalize_newlines(found)
        found = text.remove_urls(found)
        found = text.remove_lines(found, patterns=LINES)
        found = text.remove_quotation_marks(found)
        found = text.remove_markdown(found, variant="curator")
        return text.slice(found, right=100_000)

    def theirs() -> list[str]:
        found = column.tolist()
        for modifier in peers:
            found = [modifier.modify_document(value) for value in found]  # type: ignore[attr-defined]
        return found

    same = sum(one == two for one, two in zip(ours(), theirs(), strict=True))
    print(f"{len(column):,} pages, {megabytes:.1f} MB; {same:,} come out the same\n")
    table(
        seconds({"tamis, 7 edits": ours, "NeMo Curator": theirs}, chosen.rounds),
        megabytes,
        "tamis, 7 edits",
    )
    print("\nedits that have no peer there\n")
    own = {op.short: (lambda op=op: op(column)) for op in OWN}
    table(seconds(own, chosen.rounds), megabytes, OWN[0].short)


if __name__ == "__main__":
    main()
