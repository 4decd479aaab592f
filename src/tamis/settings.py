"""Settings of an op checked against its signature, before anything runs."""

from __future__ import annotations

import functools
import inspect
import os
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.spelling import meant

REQUIRED = inspect.Parameter.empty
_WORDS: dict[Any, tuple[str, str]] = {  # one of a type, and several
    float: ("a number", "numbers"),
    int: ("a whole number", "whole numbers"),
    bool: ("true or false", "true or false"),
    str: ("text", "texts"),
    types.NoneType: ("null", "null"),
}


@functools.cache
def parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The positional parameter names of a function, and its keyword-only ones with defaults."""
    inputs: list[str] = []
    settings: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind == parameter.KEYWORD_ONLY:
            settings[parameter.name] = parameter.default
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            inputs.append(parameter.name)
        else:
            raise TypeError(f"{function.__name__}: an op or view cannot take *{parameter.name}")
    return tuple(inputs), settings


@functools.cache
def optional(function: Callable[..., Any]) -> frozenset[str]:
    """Those of its positional parameters that a function can do without: their default is None."""
    found = inspect.signature(function).parameters.values()
    return frozenset(p.name for p in found if p.kind != p.KEYWORD_ONLY and p.default is None)


def check_settings(
    name: str, functions: Sequence[Callable[..., Any]], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The given settings of an op as plain hashable data; unknown, missing, ill-typed are errors.

    `functions` are the op's own and those of the views whose settings are its settings too.
    """
    known = {k: v for function in reversed(functions) for k, v in parameters(function)[1].items()}
    unknown = [key for key in given if key not in known]
    if unknown:
        raise SettingError(
            f"{name} has no setting {unknown[0]!r} (has: {', '.join(known) or 'none'})"
            f"{meant(unknown[0], known)}"
        )
    missing = [key for key, default in known.items() if default is REQUIRED and key not in given]
    if missing:
        raise SettingError(f"{name} needs the setting {missing[0]!r}")
    hints = {k: v for function in reversed(functions) for k, v in _hints(function).items()}
    checked = {key: plain(value) for key, value in given.items()}
    for key, value in checked.items():
        if key in hints and not _fits(value, hints[key]):
            raise SettingError(
                f"{name}: {key}={value!r} does not fit; expected {spelled(hints[key])}"
                f"{_meant(value, hints[key])}"
            )
    return checked


def plain(value: Any) -> Any:
    """Lists as tuples, paths as text, numbers of NumPy as Python's.

    It is what a frozen step and a recipe can hold.
    """
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list | tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, set | frozenset):
        return tuple(sorted(plain(item) for item in value))
    return value.item() if isinstance(value, np.generic) else value


@functools.cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except NameError:  # a name imported for type checking only: nothing to check against
        return {}


def _fits(value: Any, hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if hint is Any:
        return True
    if origin is typing.Literal:
        return value in typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if origin is tuple:
        parts = typing.get_args(hint)
        if not isinstance(value, tuple):
            return False
        if len(parts) == 2 and parts[1] is Ellipsis:
            return all(_fits(item, parts[0]) for item in value)
        return len(parts) == len(value) and all(map(_fits, value, parts))
    if origin is not None or not isinstance(hint, type):
        return True
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is types.NoneType:
        return value is None
    return isinstance(value, hint)


def spelled(hint: Any, many: bool = False) -> str:
    """What values of a type are, in the words of recipes; of `many` of them, where that is so.

    >>> spelled(float | None), spelled(tuple[str, ...])
    ('a number or null', 'a list of texts')
    """
    if hint in _WORDS:
        return _WORDS[hint][many]
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return f"{'' if len(parts) == 1 else 'any of ' if many else 'one of '}" + ", ".join(
            map(repr, parts)
        )
    if origin in (typing.Union, types.UnionType):
        ordered = sorted(parts, key=lambda part: part is types.NoneType)
        return " or ".join(spelled(part, many) for part in ordered)
    if origin is tuple:
        lists, first = "lists of" if many else "a list of", parts[0]
        if parts[1:] == (Ellipsis,):
            return f"{lists} {spelled(first, True)}"
        if set(parts) == {first}:
            return f"{lists} {len(parts)} {spelled(first, True)}"
        return f"{lists} {', '.join(map(spelled, parts))}"
    name = hint.__name__ if isinstance(hint, type) else str(hint).rpartition(".")[2]
    return name if many else f"a {name}"


def _meant(value: Any, hint: Any) -> str:
    """The one of the texts that a hint lists which a value is like."""
    if not isinstance(value, str):
        return ""
    unions = (typing.Union, types.UnionType)
    parts = typing.get_args(hint) if typing.get_origin(hint) in unions else (hint,)
    listed = [
        one for part in parts if typing.get_origin(part) is typing.Literal
        for one in typing.get_args(part) if isinstance(one, str)
    ]  # fmt: skip
    return meant(value, listed)
