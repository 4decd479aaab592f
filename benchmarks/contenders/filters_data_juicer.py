"""data-juicer: the eight of its filters that have a counterpart, statistics only, batched."""

from __future__ import annotations

import scoring
from data_juicer.ops.filter import (
    AlphanumericFilter,
    AverageLineLengthFilter,
    CharacterRepetitionFilter,
    MaximumLineLengthFilter,
    SpecialCharactersFilter,
    TextLengthFilter,
    WordRepetitionFilter,
    WordsNumFilter,
)
from data_juicer.utils.constant import Fields

chosen = scoring.arguments()
column = scoring.column(chosen.input, chosen.limit)
texts = column.to_pylist()
filters = [
    AlphanumericFilter(),
    AverageLineLengthFilter(),
    CharacterRepetitionFilter(),
    MaximumLineLengthFilter(),
    SpecialCharactersFilter(),
    TextLengthFilter(),
    WordRepetitionFilter(),
    WordsNumFilter(),
]


def work() -> None:
    for start in range(0, len(texts), 1_000):
        batch = {"text": texts[start : start + 1_000]}
        batch[Fields.stats] = [{} for _ in batch["text"]]
        batch[Fields.context] = [{} for _ in batch["text"]]
        for each in filters:
            batch = each.compute_stats_batched(batch)


scoring.timed(work, column, chosen)
