"""How comments and strings are written in programming languages.

What the languages' own references say of lexical structure; where a language has several kinds of
strings, those in which a mark of comments can stand.
"""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """What opens and closes a comment or a string.

    A comment closed by nothing goes up to the end of the line; a string closed by nothing is just
    its mark.

    `nested`: may hold itself. `escapes`: a backslash takes the next character along. `lines`: may
    go over several lines. `spaced`: only after white space. `doc`: a docstring where it is a
    statement's place. `char`: holds one character. `top`: both marks begin a line.
    """

    opens: str
    closes: str = ""
    comment: bool = True
    nested: bool = False
    escapes: bool = False
    lines: bool = True
    spaced: bool = False
    doc: bool = False
    char: bool = False
    top: bool = False


def _string(
    mark: str,
    closes: str = "",
    *,
    escapes: bool = True,
    lines: bool = False,
    doc: bool = False,
    char: bool = False,
) -> Rule:
    return Rule(mark, closes or mark, False, False, escapes, lines, doc=doc, char=char)


_SLASHES, _STARS = Rule("//"), Rule("/*", "*/")
_TWO, _ONE = _string('"'), _string("'")
_C = (_SLASHES, _STARS, _TWO, _ONE)
_NESTING = (_SLASHES, Rule("/*", "*/", nested=True), _TWO)
_HASH = (Rule("#"), _TWO, _ONE)
_MARKUP = (Rule("<!--", "-->"),)
_DASHES = (Rule("--"), _string('"', lines=True, escapes=False))
_BACKTICK = _string("`", lines=True)
_LISP = (Rule(";"), Rule("#|", "|#", nested=True), _string('"', lines=True))

LANGUAGES: dict[str, tuple[Rule, ...]] = {
    "ada": (Rule("--"), _string('"', escapes=False), _string("'", escapes=False, char=True)),
    "assembly": (Rule(";"), Rule("#", spaced=True), *_C),
    "awk": (Rule("#"), _TWO),
    "c": _C,
    "clojure": (Rule(";"), _string('"', lines=True)),
    "cmake": (Rule("#[[", "]]"), Rule("#"), _string('"', lines=True)),
    "common-lisp": _LISP,
    "c++": (*_C, _string('R"(', ')"', escapes=False, lines=True)),
    "c-sharp": (*_C, _string('@"', '"', escapes=False, lines=True)),
    "css": (_STARS, _TWO, _ONE),
    "cuda": _C,
    "dart": (*_NESTING, _ONE, _string('"""', lines=True), _string("'''", lines=True)),
    "dockerfile": (Rule("#", spaced=True), _TWO, _ONE),
    "elixir": (Rule("#"), _string('"""', lines=True), _string('"', lines=True), _ONE),
    "elm": (Rule("--"), Rule("{-", "-}", nested=True), _TWO),
    "emacs-lisp": (Rule(";"), _string('"', lines=True)),
    "erlang": (Rule("%"), _string('"', lines=True), _ONE),
    "f-sharp": (_SLASHES, Rule("(*", "*)", nested=True), _string('"', lines=True)),
    "fortran": (Rule("!"), _string('"', escapes=False), _string("'", escapes=False)),
    "glsl": (_SLASHES, _STARS),
    "go": (*_C, _string("`", escapes=False, lines=True)),
    "groovy": (*_C, _string('"""', lines=True), _string("'''", lines=True)),
    "haskell": (Rule("--"), Rule("{-", "-}", nested=True), _TWO, _string("'", char=True)),
    "html": _MARKUP,
    "java": (*_C, _string('"""', lines=True)),
    "javascript": (*_C, _BACKTICK),
    "julia": (
        Rule("#=", "=#", nested=True), Rule("#"), _string('"""', lines=True),
        _string('"', lines=True), _string("'", char=True),
    ),
    "kotlin": (*_NESTING, _string('"""', escapes=False, lines=True), _string("'", char=True)),
    "lua": (Rule("--[[", "]]"), Rule("--"), _string("[[", "]]", escapes=False, lines=True), _TWO,
            _ONE),
    "makefile": (Rule("#"),),
    "markdown": _MARKUP,
    "matlab": (Rule("%"), _string('"', escapes=False), _string("'", escapes=False)),
    "objective-c": _C,
    "ocaml": (Rule("(*", "*)", nested=True), _string('"', lines=True), _string("'", char=True)),
    "pascal": (_SLASHES, Rule("{", "}"), Rule("(*", "*)"), _string("'", escapes=False)),
    "perl": (Rule("=pod", "=cut", top=True), Rule("=head", "=cut", top=True),
             Rule("#", spaced=True), _string('"', lines=True), _string("'", lines=True)),
    "php": (*_C, Rule("#")),
    "powershell": (Rule("<#", "#>"), Rule("#"), _string('"', escapes=False, lines=True),
                   _string("'", escapes=False, lines=True)),
    "prolog": (Rule("%"), _STARS, _TWO, _ONE),
    "protocol-buffer": _C,
    "python": (
        _string('"""', lines=True, doc=True), _string("'''", lines=True, doc=True),
        _string('"', doc=True), _string("'", doc=True), Rule("#"),
    ),
    "r": (Rule("#"), _string('"', lines=True), _string("'", lines=True)),
    "ruby": (Rule("=begin", "=end", top=True), Rule("#", spaced=True), _string('"', lines=True),
             _string("'", lines=True)),
    "rust": (*_NESTING[:2], _string('"', lines=True), _string("'", char=True)),
    "scala": (*_NESTING, _string('"""', escapes=False, lines=True), _string("'", char=True)),
    "scheme": _LISP,
    "shell": (Rule("#", spaced=True), _string('"', lines=True),
              _string("'", escapes=False, lines=True)),
    "sql": (Rule("--"), _STARS, _string("'", escapes=False, lines=True),
            _string('"', escapes=False, lines=True)),
    "swift": (*_NESTING, _string('"""', lines=True)),
    "tcl": (Rule("#", spaced=True), _string('"', lines=True)),
    "tex": (Rule("\\%", comment=False), Rule("%")),
    "toml": (Rule("#"), _string('"""', lines=True), _string("'''", escapes=False, lines=True),
             _TWO, _string("'", escapes=False)),
    "typescript": (*_C, _BACKTICK),
    "verilog": (_SLASHES, _STARS, _TWO),
    "vhdl": (Rule("--"), _string('"', escapes=False), _string("'", escapes=False, char=True)),
    "visual-basic": (Rule("'"), _string('"', escapes=False)),
    "xml": _MARKUP,
    "yaml": (Rule("#", spaced=True), _string('"', lines=True), _string("'", escapes=False)),
    "zig": (_SLASHES, _TWO, _string("'", char=True)),
}  # fmt: skip
"""By name; the names are those of The Stack, in lower case with hyphens."""
