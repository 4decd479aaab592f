"""YAML as recipes are written in: the core schema of YAML 1.2.

PyYAML reads YAML 1.1, where `on`, `no` and `y` are truth values (so that `on: body` names no
column and the language `no` is lost), `1e5` is a word and `12:30` is 750.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_TYPES = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "int": (r"[-+]?[0-9]{1,300}", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
}


class Loader(yaml.SafeLoader):
    """Reads plain data."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


class Dumper(yaml.SafeDumper):
    """Writes plain data; quotes only what `Loader` would take for something else."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node))


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Line ends beyond ASCII survive only where they are escaped."""
    style = '"' if re.search("[\x85\u2028\u2029]", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


for _kind in (Loader, Dumper):
    for _name, (_pattern, _first) in _TYPES.items():
        _kind.add_implicit_resolver(
            f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), list(_first)
        )
Dumper.add_representer(str, _text)
Loader.add_constructor("tag:yaml.org,2002:int", _integer)  # 010 is ten, not eight


def load(text: str) -> Any:
    """Plain data from YAML text.

    >>> load("{on: body, isin: [no, 010], max: 1e5, at: 12:30}")
    {'on': 'body', 'isin': ['no', 10], 'max': 100000.0, 'at': '12:30'}
    """
    return yaml.load(text, Loader=Loader)


def dump(data: Any) -> str:
    """Plain data as YAML text.

    >>> print(dump({"on": "body", "isin": ["no", "5"]}), end="")
    on: body
    isin:
    - no
    - '5'
    """
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True)
