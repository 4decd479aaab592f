"""How a step is called that is given no name: by its op, and what sets this use of it apart."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from typing import Any

from tamis.op import Op
from tamis.settings import parameters

_LONGEST = 24  # characters of a setting in a name
# such as /a/b, ~/a, ./a, ../a, C:\a; what has other signs is an expression
_PATH = re.compile(r"(?:/|~/|\.{1,2}/|[A-Za-z]:[/\\])[^*?|<>^$()\[\]{}\n]*[^*?|<>^$()\[\]{}\n/\\]")
_ENDINGS = re.compile(r"(?<=.)(?:\.[A-Za-z][A-Za-z0-9]{0,8})+$")
_OF_ANY = ("tokenizer", "model")  # the folder tells whose file of that name it is


def default_name(op: Op, on: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """`word_count`, `top_ngram_ratio_n3`, `word_count_title`: what sets this use apart.

    How a medium is decoded does not; nor do the settings of a cut, of whose name no column is.
    """
    if op.kind == "cut":
        return "_".join([op.short, *map(_slug, on.values())])
    parts, own = [op.short], parameters(op.function)[1]
    parts += [
        f"{key}{value}" if isinstance(value, int) else _slug(value)
        for key, value in settings.items()
        if key in own and value != own[key]
    ]
    return "_".join([*parts, *map(_slug, on.values())])


def _slug(value: Any) -> str:
    """A setting as a part of a name: of paths the last part; what is cut, told apart by a hash."""
    words = "_".join(map(_own, value)) if isinstance(value, tuple) else _own(value)
    slug = re.sub(r"\W+", "_", words).strip("_").lower()
    if len(slug) <= _LONGEST:
        return slug or "x"
    return f"{slug[:_LONGEST].rstrip('_')}_{hashlib.sha256(words.encode()).hexdigest()[:4]}"


def _own(value: Any) -> str:
    """A path without its folders, which another machine has not, and without its ending."""
    words = os.fspath(value) if isinstance(value, os.PathLike) else str(value)
    if not _PATH.fullmatch(words):
        return words
    *folders, name = re.split(r"[/\\]+", words)
    stem = _ENDINGS.sub("", name)
    return folders[-1] if stem in _OF_ANY and folders and folders[-1].strip(".~") else stem
