"""Write the pages of docs/reference from the code: `python tools/reference.py [--check]`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import python_names

from tamis.op import Op
from tamis.recipe import packaged_names, read
from tamis.registry import registered
from tamis.settings import REQUIRED

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def pages() -> dict[Path, str]:
    """What the files hold."""
    return {FOLDER / "ops.md": _ops(), FOLDER / "python.md": python_names.page()}


def _ops() -> str:
    ops = registered().values()
    parts = ["# Ops\n\nGenerated from the registry by `tools/reference.py`.\n"]
    for kind, title in (("measure", "Measures"), ("edit", "Edits"), ("cut", "Cuts")):
        chosen = [op for op in ops if op.kind == kind]
        if chosen:
            parts.append(f"\n## {title}\n")
            parts += [_entry(op) for op in chosen]
    parts.append("\n## Recipes\n\n| recipe | what it is |\n|---|---|\n")
    parts += [f"| `{name}` | {_description(name)} |\n" for name in packaged_names()]
    return "".join(parts)


def _entry(op: Op) -> str:
    settings = ", ".join(
        f"`{name}`" if default is REQUIRED else f"`{name}={default!r}`"
        for name, default in op.settings.items()
    )
    facts = [f"reads {', '.join(f'`{column}`' for column in op.columns())}"]
    if op.kind == "measure":
        facts.append(
            f"gives {op.dtype}" + (f" from {op.range[0]:g} to {op.range[1]:g}" if op.range else "")
        )
    if settings:
        facts.append(f"settings {settings}")
    doc = inspect.getdoc(op.function) or ""
    body = doc.replace("\n>>>", "\n\n```python\n>>>", 1) + "\n```" if ">>>" in doc else doc
    return f"\n### `{op.name}`\n\n{'; '.join(facts)}.\n\n{body}\n"


def _description(name: str) -> str:
    import yaml

    recipe = yaml.safe_load(read(name)[0])
    return " ".join(str(recipe.get("description", "")).split())


if __name__ == "__main__":
    stale = {
        path: text
        for path, text in pages().items()
        if not path.exists() or path.read_text() != text
    }
    if stale and "--check" in sys.argv:
        sys.exit(f"out of date: {', '.join(path.name for path in stale)}")
    for path, text in stale.items():
        path.write_text(text)
