"""The filters of NeMo Curator's English recipe, score_document of each on each text."""

import pyarrow as pa
import pyarrow.parquet as pq
from nemo_curator.stages.text.filters.heuristic import string as s
from nemo_curator.stages.text.filters.heuristic.repetition import repetition as r
from statistics_input import arguments, texts, timed

chosen = arguments()
column = texts(chosen.input, chosen.megabytes)
strings = [text for text in column.to_pylist() if text.strip()]  # it raises on blank ones
filters = [
    s.NonAlphaNumericFilter(), s.SymbolsToWordsFilter(), s.NumbersFilter(), s.UrlsFilter(),
    s.WhiteSpaceFilter(), s.ParenthesesFilter(), s.BoilerPlateStringFilter(),
    r.RepeatedLinesFilter(), r.RepeatedParagraphsFilter(), r.RepeatedLinesByCharFilter(),
    r.RepeatedParagraphsByCharFilter(), s.WordCountFilter(), s.PunctuationFilter(),
    s.WordsWithoutAlphabetsFilter(), s.CommonEnglishWordsFilter(stop_at_false=False),
    s.MeanWordLengthFilter(), s.LongWordFilter(), s.EllipsisFilter(),
    *(r.RepeatingTopNGramsFilter(n=n) for n in (2, 3, 4)),
    *(r.RepeatingDuplicateNGramsFilter(n=n) for n in (5, 6, 7, 8, 9, 10)),
    s.BulletsFilter(),
]  # fmt: skip
scores = timed(
    lambda: [[f.score_document(text) for text in strings] for f in filters], column, chosen.repeats
)
if chosen.scores:
    names = [f"{k}_{type(f).__name__}" for k, f in enumerate(filters)]
    pq.write_table(pa.table(dict(zip(names, scores, strict=True))), chosen.scores)
