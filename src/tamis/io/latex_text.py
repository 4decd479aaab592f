"""LaTeX as plain text, parsed by pylatexenc.

Read are prose, headings, items and formulas (as LaTeX). Left out are figures, tables, footnotes,
citations, labels and references. Of macros that nobody knows the arguments in braces are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tamis.codes import BadRecord

_DROPPED = frozenset((
    "figure", "wrapfigure", "SCfigure", "table", "tabular", "tabularx", "longtable",
    "sidewaystable", "sidewaysfigure", "deluxetable", "tikzpicture", "picture", "pspicture",
    "thebibliography", "references", "filecontents", "keywords", "IEEEkeywords", "CCSXML",
    "algorithmic",
))  # fmt: skip
_MATH = frozenset((
    "equation", "align", "eqnarray", "gather", "multline", "alignat", "flalign", "displaymath",
    "math", "subequations", "aligned", "split", "array", "dmath",
))  # fmt: skip
_RAW = frozenset(("verbatim", "Verbatim", "lstlisting", "minted", "alltt"))
_SILENT = frozenset((
    "label", "ref", "eqref", "pageref", "autoref", "cref", "Cref", "vref", "nameref", "cite",
    "citep", "citet", "citealp", "citealt", "citeauthor", "citeyear", "citeyearpar", "parencite",
    "textcite", "nocite", "onlinecite", "Cite", "Citet", "Citep", "footcite", "includegraphics",
    "epsfig", "psfig", "epsfbox", "input", "include", "bibliography", "bibliographystyle", "vspace",
    "hspace", "vskip", "hskip", "footnote", "footnotetext", "footnotemark", "thanks", "index",
    "usepackage", "RequirePackage", "documentclass", "documentstyle", "setlength", "setcounter",
    "addtocounter", "addtolength", "newtheorem", "theoremstyle", "pagestyle", "thispagestyle",
    "hypersetup", "graphicspath", "pacs", "maketitle", "tableofcontents", "newpage", "clearpage",
    "cleardoublepage", "noindent", "centering", "appendix", "bf", "it", "em", "rm", "sl", "sc",
    "tt", "sf", "small", "large", "Large", "footnotesize", "normalsize", "tiny", "huge", "Huge",
    "hline", "begin", "end", "newcommand", "renewcommand", "providecommand", "def", "let", "color",
    "textcolor@", "hfill", "vfill", "rule", "allowdisplaybreaks", "linespread", "baselineskip",
    "affiliation", "address", "email", "date", "received", "revised", "accepted", "preprint",
))  # fmt: skip
_ARGUED = {  # arguments that the parser does not know of, and that are not read
    "citep": "*[[{", "citet": "*[[{", "citealp": "*[[{", "citealt": "*[[{", "citeauthor": "*[[{",
    "citeyear": "*[[{", "citeyearpar": "[[{", "parencite": "[[{", "textcite": "[[{",
    "onlinecite": "[{", "Citet": "*[[{", "Citep": "*[[{", "footcite": "[[{", "autoref": "*{",
    "cref": "*{", "Cref": "*{", "vref": "*{", "nameref": "*{", "pacs": "{", "epsfig": "{",
    "psfig": "{", "epsfbox": "{", "affiliation": "[{", "address": "[{", "email": "[{",
    "preprint": "{", "received": "{", "revised": "{", "accepted": "{", "thanks": "{", "index": "{",
    "href": "[{{", "textcolor": "[{{", "hypersetup": "{", "graphicspath": "{", "theoremstyle": "{",
    "footnotetext": "[{", "date": "{", "color": "[{", "texorpdfstring": "{{", "chapter": "*[{",
    "vskip": "", "hskip": "",
}  # fmt: skip
_HEADINGS = frozenset((
    "part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph",
))  # fmt: skip
_LAST = frozenset(("href", "textcolor", "parbox", "raisebox", "scalebox", "resizebox", "colorbox"))
_BREAKS = frozenset(("item", "par", "\\", "newline", "linebreak", "bibitem"))
_SPACES = re.compile(r"[ \t]{2,}")
_LINES = re.compile(r"(?<!\n)\n(?!\n)")
_ENDS = re.compile(r"[ \t]+(?=\n)|(?<=\n)[ \t]+")
_BLANK = re.compile(r"\n{3,}")
_HOLLOW = re.compile(r"[ \t]*(?:\([\s,;]*\)|\[[\s,;]*\])")
_BEFORE = re.compile(r"(?<=\S)[ \t]+([,.;:])(?=\s|$)")
_TWICE = re.compile(r"(?<![.])\.[ \t]*\.(?=\s|$)|[ \t]*[,;][ \t]*\.(?=\s|$)")  # numbers are gone
_ADDRESS = re.compile(r"\\(?:url|path|nolinkurl|href)\s*\{[^{}\n]*\}")
_PERCENT = "\x1c"  # stands for one in an address, where it begins no comment
_BREAK = "\x1d"  # stands for a line that ends where the author says so


def plain(source: str) -> str:
    r"""The plain text of LaTeX; `BadRecord` where it is nested deeper than can be followed.

    >>> print(plain(r"Let $x \in A$, see~\cite{a} or \'Etienne's \emph{book}."))
    Let $x \in A$, see or Étienne's book.
    """
    from pylatexenc.latexwalker import LatexWalker, LatexWalkerError

    out: list[str] = []
    try:
        source = _ADDRESS.sub(lambda found: found.group().replace("%", _PERCENT), source)
        walker = LatexWalker(
            source.replace(_BREAK, " "), latex_context=_context(), tolerant_parsing=True
        )
        nodes, _, _ = walker.get_latex_nodes()
        _Walk(out).nodes(nodes)
    except RecursionError:
        raise BadRecord("tex.syntax", "groups are nested too deep") from None
    except LatexWalkerError as error:
        raise BadRecord("tex.syntax", " ".join(str(error).split())[:200]) from None
    return _tidy("".join(out))


def _tidy(text: str) -> str:
    text = _SPACES.sub(" ", text.replace("\u00a0", " ").replace(_PERCENT, "%"))
    while (hollow := _HOLLOW.sub("", text)) != text:
        text = hollow
    text = _BLANK.sub("\n\n", _ENDS.sub("", text))
    text = _LINES.sub(" ", text).replace(_BREAK, "\n")
    text = _BEFORE.sub(r"\1", _TWICE.sub(".", _SPACES.sub(" ", text)))
    return _BLANK.sub("\n\n", _ENDS.sub("", text)).strip()


_known: list[Any] = []


def _context() -> Any:
    if not _known:
        from pylatexenc.latexwalker import get_default_latex_context_db
        from pylatexenc.macrospec import std_macro

        context = get_default_latex_context_db()
        macros = [std_macro(name, argspec) for name, argspec in _ARGUED.items()]
        context.add_context_category("papers", macros=macros, prepend=True)
        _known.append(context)
    return _known[0]


def warm_up() -> None:
    """Load what is needed, before there is data."""
    plain(r"\'e")


class _Walk:
    """Nodes written down as text."""

    def __init__(self, out: list[str]) -> None:
        from pylatexenc import latexwalker
        from pylatexenc.latex2text import LatexNodes2Text

        self.out, self.kinds = out, latexwalker
        self.symbols = LatexNodes2Text(math_mode="verbatim", strict_latex_spaces=True)

    def nodes(self, nodes: Iterable[Any] | None) -> None:
        """Write these down."""
        for node in nodes or ():
            if node is not None:
                self._node(node)

    def _node(self, node: Any) -> None:
        kinds = self.kinds
        if node.isNodeType(kinds.LatexCharsNode):
            self.out.append(node.chars)
        elif node.isNodeType(kinds.LatexGroupNode):
            self.nodes(node.nodelist)
        elif node.isNodeType(kinds.LatexMathNode):
            self.out.append(node.latex_verbatim())
        elif node.isNodeType(kinds.LatexMacroNode):
            self._macro(node)
        elif node.isNodeType(kinds.LatexEnvironmentNode):
            self._environment(node)
        elif node.isNodeType(kinds.LatexSpecialsNode):
            self.out.append(self._symbol(node))

    def _environment(self, node: Any) -> None:
        name = node.environmentname.rstrip("*")
        if name in _DROPPED:
            self.out.append("\n\n")
        elif name in _MATH:
            self.out.append(f" {node.latex_verbatim()} ")
        elif name in _RAW:
            raw = node.latex_verbatim()
            inner = raw[raw.find("}") + 1 : raw.rfind("\\end")]
            self.out.append(f"\n\n{inner.strip(chr(10)).replace(chr(10), _BREAK)}\n\n")
        else:
            self.out.append("\n\n")
            self.nodes(node.nodelist)
            self.out.append("\n\n")

    def _macro(self, node: Any) -> None:
        name = node.macroname
        given = [] if node.nodeargd is None else list(node.nodeargd.argnlist or ())
        if name in _HEADINGS:
            self.out.append("\n\n")
            self._braced(given[-1:])
            self.out.append("\n\n")
        elif name in _BREAKS:
            self.out.append(_BREAK if name != "par" else "\n\n")
        elif name in ("verb", "url", "path"):
            self.out.append(self._literal(node))
        elif name in _SILENT:
            self.out.append(" " if node.macro_post_space else "")
        elif name in _LAST:
            self._braced(given[-1:])
        else:
            known = self.symbols.latex_context.get_macro_spec(name)
            short = known is not None and known.macroname and not any(map(_long, given))
            symbol = self._symbol(node) if short else ""
            if symbol and "<" not in symbol:
                self.out.append(symbol)
            else:
                self._braced(given)
                self.out.append(node.macro_post_space)

    def _braced(self, given: Iterable[Any]) -> None:
        """The arguments in braces; those in brackets are settings."""
        for argument in given:
            if argument is None:
                continue
            group = argument.isNodeType(self.kinds.LatexGroupNode)
            if not group or argument.delimiters[0] != "[":
                self._node(argument)

    def _literal(self, node: Any) -> str:
        raw = node.latex_verbatim()[len(node.macroname) + 1 :].strip()
        return raw[1:-1] if len(raw) > 1 else ""

    def _symbol(self, node: Any) -> str:
        """A letter with an accent, or a sign, as pylatexenc knows them."""
        try:
            return str(self.symbols.node_to_text(node))
        except (LookupError, TypeError, AttributeError, ValueError):
            return ""


def _long(argument: Any) -> bool:
    """Whether an argument is more than the letter under an accent."""
    return argument is not None and argument.len > 8
