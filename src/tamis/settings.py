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

REQUIRED = inspect.Parameter.empty


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
        )
    missing = [key for key, default in known.items() if default is REQUIRED and key not in given]
    if missing:
        raise SettingError(f"{name} needs the setting {missing[0]!r}")
    hints = {k: v for function in reversed(functions) for k, v in _hints(function).items()}
    checked = {key: plain(value) for key, value in given.items()}
    for key, value in checked.items():
        if key in hints and not _fits(value, hints[key]):
            raise SettingError(
                f"{name}: {key}={value!r} does not fit; expected {_spell(hints[key])}"
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


def _spell(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
