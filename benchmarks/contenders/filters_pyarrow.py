"""pyarrow.compute: the counters of the published rules that its string functions can express."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import scoring

chosen = scoring.arguments()
column = scoring.column(chosen.input, chosen.limit)
COUNTS = {
    "non_alphanumeric": r"[^\p{L}\p{N}]",
    "digits": r"\p{Nd}",
    "whitespace": r"\s",
    "parentheses": r"[(){}\[\]]",
    "url": r"https?://\S+",
    "words": r"\S+",
    "symbols": r"(?:^|\s)(?:#+|\.\.\.|…)",
    "common": r"\b(?:the|be|to|of|and|that|have|with)\b",
    "lines": r"\n",
    "bullets": r"(?m)^\s*[•‣*-]",
    "ellipsis": r"(?m)(?:\.\.\.|…)\s*$",
    "punctuated": r'(?m)[.?!"]\s*$',
}


def work() -> dict[str, pa.ChunkedArray]:
    found = {"characters": pc.utf8_length(column)}
    for name, pattern in COUNTS.items():
        found[name] = pc.count_substring_regex(column, pattern)
    return found


pa.set_cpu_count(1)
scoring.timed(work, column, chosen)
