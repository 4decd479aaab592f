"""Loops compiled in half the time that numba takes: what they call is compiled with them.

numba makes of every compiled function machine code of its own, and wrappers by which Python and C
call it, before another function that calls it is compiled, optimised code of the first within. Of
what only other loops call nothing but that code within them is ever run. Here such a function is
typed and lowered once (a part), and optimised where it is called, which is how compilers for C
work; machine code and a wrapper are for the loops that Python calls. What is used of numba is no
part of what it promises: releases that this was not tried with compile in their own way.
"""

from __future__ import annotations

import logging
from typing import Any

from tamis.kernels import turns

try:
    import numba
    from numba.core import codegen, compiler, event, sigutils, types, typing
    from numba.core.compiler_lock import global_compiler_lock
except ImportError:
    codegen = None

_TRIED = ("0.64.",)
log = logging.getLogger(__name__)


def quickly(compiled: Any) -> None:
    """Let a compiled function, and others that call it, be compiled in the way described above."""
    if codegen is None or not numba.__version__.startswith(_TRIED):
        return
    part, whole = _Part(compiled), _Whole(compiled)
    compiled.get_call_template = part.get_call_template
    compiled.get_overload = part.get_overload
    compiled._compiler._compile_core = whole
    compiled._cache.save_overload = whole.saved


class _Whole:
    """In place of `_compile_core`: a loop that Python calls, compiled by one process of several."""

    told = False

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self.save = compiled._cache.save_overload

    def __call__(self, args: Any, return_type: Any) -> Any:
        cache = self.compiled._cache
        with turns.turn(cache.cache_path, f"{self.compiled.py_func.__qualname__} {args}") as waited:
            found = cache.load_overload(args, self.compiled.targetctx) if waited else None
            if found is not None:
                return found
            if not _Whole.told:
                _Whole.told = True
                log.info("compiling loops for this machine, once: up to half a minute")
            made = _made(self.compiled, args, return_type, _Library, no_cfunc_wrapper=True)
            for inner in made._find_referenced_environments():  # of the parts within
                made.library.codegen.set_env(inner.env_name, inner)
            self.save(args, made)
            return made

    def saved(self, signature: Any, made: Any) -> None:
        """In place of `save_overload`: it has been, before another process had its turn."""


class _Part:
    """In place of what a dispatcher tells other loops: a loop as they call it."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self.made: dict[Any, tuple[object, Any]] = {}

    def get_call_template(self, args: Any, keywords: Any) -> Any:
        """The signatures there are, that of `args` among them; (template, signature, args, {})."""
        signature, args = self.compiled._compiler.fold_argument_types(args, keywords)
        self._compile(tuple(map(types.unliteral, args)))  # one for all numbers that are written out
        name = self.compiled.py_func.__name__
        known = [made.signature for _, made in self.made.values()]
        template = typing.make_concrete_template(f"CallTemplate({name})", name, known)
        return template, signature, args, {}

    def get_overload(self, signature: Any) -> object:
        """What lowered code of a signature is entered under."""
        args, _ = sigutils.normalize_signature(signature)
        return self.made[tuple(map(types.unliteral, args))][0]

    def _compile(self, args: Any) -> None:
        with global_compiler_lock:
            if args in self.made:
                return
            details = {"dispatcher": self.compiled, "args": args, "return_type": None}
            with self.compiled._compiling_counter, event.trigger_event("numba:compile", details):
                made = _made(
                    self.compiled, args, None, _Within,
                    no_compile=True, no_cfunc_wrapper=True, no_cpython_wrapper=True,
                )  # fmt: skip
            key = object()
            self.compiled.targetctx.insert_user_function(key, made.fndesc, [made.library])
            self.made[args] = key, made


def _made(compiled: Any, args: Any, return_type: Any, library: Any, **chosen: bool) -> Any:
    """What numba's compiler makes of a function for types of arguments, in such a library."""
    by = compiled._compiler
    flags = compiler.Flags()
    by.targetdescr.options.parse_as_flags(flags, by.targetoptions)
    for name, value in chosen.items():
        setattr(flags, name, value)
    target = by.targetdescr.target_context
    into = library(target.codegen(), compiled.py_func.__qualname__)
    if not chosen.get("no_compile"):
        into.enable_object_caching()
    return compiler.compile_extra(
        by.targetdescr.typing_context, target, compiled.py_func, args, return_type, flags,
        by.locals, library=into, pipeline_class=by.pipeline_class,
    )  # fmt: skip


if codegen is not None:

    class _Library(codegen.JITCodeLibrary):
        """Machine code, with one manager of passes for all functions of a module."""

        def _optimize_functions(self, module: Any) -> None:
            module.data_layout = self._codegen._data_layout
            passes, builder = self._codegen._function_pass_manager()
            for function in module.functions:
                if not function.is_declaration:
                    passes.run(function, builder)

    class _Within(_Library):
        """Code to be optimised within what calls it."""

        def finalize(self) -> None:
            """Put what is called beside it, and no more."""
            self._raise_if_finalized()
            for library in dict.fromkeys(self._linking_libraries):
                self._reload_init.update(library._reload_init)
                self._final_module.link_in(library._get_module_for_linking(), preserve=True)
            self._final_module.verify()
            self._finalize_dynamic_globals()
            self._finalized = True
