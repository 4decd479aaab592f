"""docs/how-to/clean-and-identify.md, run as it stands."""

import re
from pathlib import Path

import tamis
from tamis import Filter, Pipeline, Score, text

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "clean-and-identify.md"


def test_the_page():
    first, second = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names = {}
    exec(first, names)
    edited, docs = names["edited"].compute(), names["docs"].compute()
    read = docs[docs["dropped_by"].isna()]  # the demo has lines that cannot be read
    assert edited["id"].tolist() == read["id"].tolist()
    together = "\n".join(edited["text"].dropna())
    assert not re.search(r"[\u200b\x00-\x08]|!{4}|\n{4}", together) and len(together) > 1e6
    exec(second, names)
    kept = names["kept"].compute()
    assert 500 < len(kept) < len(docs)
    assert {"en", "ja", "de"} <= set(kept["found"])
    assert (kept["found"] == kept["language"].str.split("-").str[0]).all()
    scripts = kept.groupby("found")["script"].agg(lambda some: some.mode()[0])
    assert scripts["en"] == scripts["de"] == "Latn"
    letters = kept[kept["script_ratio"].notna()]
    assert letters["script_ratio"].between(0.2, 1).all() and len(letters) > len(kept) - 5
    first_of = kept["mix"].dropna().str.split().str[0]
    assert (first_of == kept["found"].loc[first_of.index]).mean() > 0.9


def test_what_the_table_says():
    docs = tamis.datasets.demo().compute().head(60).assign(lang="eng_Latn")
    steps = [
        Score(text.language, name="found"),
        Filter(text.language_agreement, on=("lang", "found"), isin=[True]),
        Score(text.languages, most=3, min_score=0.1),
        Score(text.script_ratio, script="Latn"),
    ]
    kept = Pipeline(steps)(docs)
    assert set(kept["found"]) == {"en"} and 0 < len(kept) <= len(docs)
