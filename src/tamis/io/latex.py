"""LaTeX without what is not the paper: comments, preamble, bibliography; short macros expanded.

These are the rules by which RedPajama, and after it NeMo Curator, clean arXiv, with two
differences: the body begins at `\\begin{document}` where there is one (theirs at the first section,
which loses the abstract), and an appendix is kept.
"""

from __future__ import annotations

import re

from tamis.codes import BadRecord

_VERBATIM = re.compile(
    r"\\begin\{(verbatim\*?|lstlisting|Verbatim|minted|alltt)\}.*?\\end\{\1\}"
    r"|\\verb\*?([^a-zA-Z*\s]).*?\2|\\(?:url|path|nolinkurl|href)\s*\{[^{}\n]*\}",
    re.DOTALL,
)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*(\n[ \t]*(?!\n))?")
_COMMENTS = re.compile(r"\\begin\{comment\}.*?\\end\{comment\}", re.DOTALL)
_OFF = re.compile(r"\\iffalse(?![a-zA-Z]).*?\\fi(?![a-zA-Z])", re.DOTALL)
_DEFINED = re.compile(
    r"\\(?:(?:re)?newcommand\*?|providecommand\*?|DeclareRobustCommand\*?)\s*"
    r"(?:\{\s*\\([a-zA-Z@]+)\s*\}|\\([a-zA-Z@]+))\s*(\[[^\]\n]*\]\s*)*(?=\{)"
    r"|\\[egx]?def\s*\\([a-zA-Z@]+)\s*((?:#\d)*)\s*(?=\{)"
)
_NAME = re.compile(r"\\([a-zA-Z@]+)")
_DOCUMENT = re.compile(r"\\begin\s*\{document\}")
_DONE = re.compile(r"\\end\s*\{document\}")
_SECTION = re.compile(r"\\(?:chapter|part|section|subsection|subsubsection|paragraph)\*?\s*[\[{]")
_ENTRIES = re.compile(
    r"\\begin\s*\{(thebibliography|references)\}.*?(?:\\end\s*\{\1\}|\Z)", re.DOTALL
)
_LISTS = re.compile(
    r"\\(?:bibliography|bibliographystyle|addbibresource)\s*\{[^{}]*\}|\\printbibliography(?:\[[^\]]*\])?"
)
_BLANK = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
DEEPEST = 64  # macros within macros; those of real papers are less than ten deep
_TITLE = re.compile(r"\\title\s*(?:\[[^\]]*\]\s*)?(?=\{)")


def cleaned(source: str, *, max_size: int) -> str:
    r"""The body of a paper as LaTeX; `BadRecord` where macros expand beyond `max_size` characters.

    >>> print(cleaned(r"\newcommand{\R}{\mathbb{R}} \begin{document}In $\R$.", max_size=1000))
    In $\mathbb{R}$.
    """
    text = uncommented(source)
    text, macros = defined(text)
    return _BLANK.sub("\n\n", _listless(expanded(_body(text), macros, max_size))).strip()


def title(source: str, *, max_size: int) -> str | None:
    """The argument of `\\title`, as LaTeX, its macros expanded."""
    text, macros = defined(uncommented(source))
    found = _TITLE.search(text)
    if found is None:
        return None
    end = closing(text, found.end())
    if end is None:
        return None
    return " ".join(expanded(text[found.end() + 1 : end], macros, max_size).split())[:1000]


def uncommented(source: str) -> str:
    """LaTeX without comments; those in verbatim text are none."""
    parts, at = [], 0
    for found in _VERBATIM.finditer(source):
        start = max(at, source.rfind("\n", 0, found.start()) + 1)
        if _COMMENT.search(source, start, found.start()):  # it is itself in a comment
            continue
        parts += [_without(source[at : found.start()]), found.group()]
        at = found.end()
    return "".join([*parts, _without(source[at:])])


def _without(text: str) -> str:
    text = _COMMENT.sub(lambda found: found.group(1), text)
    return _OFF.sub("", _COMMENTS.sub("", text))


def defined(text: str) -> tuple[str, dict[str, str]]:
    """Text without its definitions of macros, and the macros without arguments."""
    macros: dict[str, str] = {}
    parts, at = [], 0
    for found in _DEFINED.finditer(text):
        if found.start() < at:  # within another definition
            continue
        end = closing(text, found.end())
        if end is None:
            continue
        name = found.group(1) or found.group(2) or found.group(4)
        takes = found.group(3) or found.group(5)
        if not takes and "#" not in text[found.end() : end]:
            macros[name] = text[found.end() + 1 : end]
        parts.append(text[at : found.start()])
        at = end + 1
    return "".join([*parts, text[at:]]), macros


def closing(text: str, at: int) -> int | None:
    """Where the brace at `at` closes; None if it does not."""
    depth, place = 0, at
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            place += 2
            continue
        if letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
            if not depth:
                return place
        place += 1
    return None


def expanded(text: str, macros: dict[str, str], max_size: int) -> str:
    """Text with the macros replaced by what they stand for, those within them too.

    `BadRecord` where that makes more than `max_size` characters (file.bomb), or where there are
    more than `DEEPEST` within one another, as where they call themselves (tex.syntax).
    """
    for _ in range(DEEPEST + 1 if macros else 0):
        size, changed = len(text), False

        def replaced(found: re.Match[str]) -> str:
            nonlocal size, changed
            body = macros.get(found.group(1))
            if body is None:
                return found.group()
            size, changed = size + len(body), True
            if size > max_size:
                detail = f"macros expand it beyond {max_size} characters"
                raise BadRecord("file.bomb", detail)
            return body + _space(found, body)

        text = _NAME.sub(replaced, text)
        if not changed:
            return text
    if macros:
        detail = f"macros stand within one another more than {DEEPEST} deep, or within themselves"
        raise BadRecord("tex.syntax", detail)
    return text


def _space(found: re.Match[str], body: str) -> str:
    """A macro that ends in another must not run together with the letters after it."""
    after = found.string[found.end() : found.end() + 1]
    return " " if after.isalpha() and re.search(r"\\[a-zA-Z@]+$", body) else ""


def _body(text: str) -> str:
    start = _DOCUMENT.search(text)
    if start is not None:
        stop = _DONE.search(text, start.end())
        return text[start.end() : stop.start() if stop else len(text)]
    section = _SECTION.search(text)
    stop = re.search(r"\\(?:bye|end)(?![a-zA-Z{])\s*(?!\{)", text)
    return text[section.start() if section else 0 : stop.start() if stop else len(text)]


def _listless(text: str) -> str:
    return _LISTS.sub("", _ENTRIES.sub("", text))
