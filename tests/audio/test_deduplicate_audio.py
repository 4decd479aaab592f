"""The how-to of duplicates among recordings runs as it stands and gives what it says."""

import re
from pathlib import Path

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "deduplicate-audio.md"


def test_the_how_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = HOW_TO.read_text()
    names = {}
    first, second, third, fourth = re.findall(r"```python\n(.*?)```", told, re.DOTALL)
    for block in (first, second, third):
        exec(block, names)
    found = names["clean"].explain(names["clips"])
    why = found.dropped_why.tolist()
    assert why[1] in told and why[2] in told, why
    assert found.dropped_by.isna().tolist() == [True, False, False, True]
    scored = found[found.dropped_by.isna()][["id", "fingerprint"]]
    scored.to_parquet("test-set.parquet")
    fingerprints = names["audio"].fingerprint(names["clips"].path)
    clips = names["clips"].assign(fingerprint=fingerprints)
    assert eval(fourth, names)(clips).empty
    recipe = re.search(r"```yaml\n(.*?)```", told, re.DOTALL).group(1)
    assert names["Pipeline"].from_yaml(recipe) == names["clean"]
