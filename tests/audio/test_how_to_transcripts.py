"""The how-to runs from top to bottom and prints what it says."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "clean-transcripts.md"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)


def test_page_runs_and_is_true():
    blocks, names = BLOCK.findall(PAGE.read_text("utf-8")), {}
    assert len(blocks) == 3
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert [line.rstrip() for line in printed.getvalue().splitlines()] == shown.splitlines()
