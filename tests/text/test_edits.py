"""Edits against what they are published to do, and against the libraries behind them."""

import re

import ftfy
import pandas as pd
import pytest
from ftfy.badness import MOJIBAKE_CATEGORIES
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import text
from tamis.frame import STRING
from tamis.recipe import load
from tamis.text.editing import arrow

PUBLISHED = ftfy.TextFixerConfig(
    unescape_html="auto", remove_terminal_escapes=True, fix_encoding=True, restore_byte_a0=True,
    replace_lossy_sequences=True, decode_inconsistent_utf8=True, fix_c1_controls=True,
    fix_latin_ligatures=False, fix_character_width=False, uncurl_quotes=False,
    fix_line_breaks=False, fix_surrogates=True, remove_control_chars=True, normalization=None,
    max_decode_length=1_000_000, explain=True,
)  # fmt: skip
RANGES = "".join(MOJIBAKE_CATEGORIES.values())
SUSPECTS = [c for c in map(chr, range(0x80, 0x3000)) if re.match(f"[{RANGES}]", c)]
BROKEN = [
    "schÃ¶n", "l\x85", "a\x0bb", "a\r\nb\u2028c", "&lt;b&gt; &amp; &copy;", "<p>\n&amp;",
    "&amp;\n<p>",
    "â€œquotedâ€\x9d", "voilÃ  le travail", "Ã\xa0", "\x1b[31mred\x1b[0m", "\ufefftext", "\x00",
    "ï¼¡", "ﬁne", "ＬＯＵＤ", "“curly”", "œ", "œu", "Œ.", "Ã ", "a Â b", "вЂ™", "&", "&;", "&a",
    "&#x41;", "&thisisnotanentityatallbutlong;", "AT&T; R&D", "ok", "Ð¿Ñ\x80Ð¸", "\U0001f600 fine",
    "e\u0301", "\u206a", "\ufff9", "Ã" * 3, "…", "naïve café", "Привет, «мир»", "日本語。",
]  # fmt: skip


def column(texts):
    return pd.Series(texts, dtype="str")


def edited(op, texts, **how):
    return op(column(texts), **how).tolist()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([*SUSPECTS, *"ab .&;<\n", *BROKEN]), max_size=6).map("".join))
)
def test_fix_unicode_is_ftfy_with_the_published_settings(texts):
    texts = [*texts, *BROKEN]
    assert edited(text.fix_unicode, texts) == [ftfy.fix_text(t, PUBLISHED) for t in texts]


@pytest.mark.parametrize(
    "how",
    [
        {"normalization": "NFKC"}, {"fix_line_breaks": True}, {"uncurl_quotes": True},
        {"fix_character_width": True}, {"fix_latin_ligatures": True}, {"fix_encoding": False},
    ],
    ids=str,
)  # fmt: skip
def test_settings_of_ftfy_reach_it(how):
    wanted = [ftfy.fix_text(t, PUBLISHED._replace(**how)) for t in BROKEN]
    assert edited(text.fix_unicode, BROKEN, **how) == wanted


@pytest.mark.parametrize(("name", "value"), [("always", True), ("never", False)])
def test_html_entities_by_setting(name, value):
    wanted = [ftfy.fix_text(t, PUBLISHED._replace(unescape_html=value)) for t in BROKEN]
    assert edited(text.fix_unicode, BROKEN, unescape_html=name) == wanted


def test_clean_text_is_not_copied():
    clean = pd.Series(["plain", None, "naïve café", "日本語。"], dtype=STRING)
    for op in (text.fix_unicode, text.normalize_newlines, text.remove_urls, text.remove_markdown,
               text.remove_quotation_marks, text.remove_boilerplate):  # fmt: skip
        after = op(clean)
        assert after.isna().tolist() == [False, True, False, False]
        before = [b and b.address for b in arrow(clean).buffers()]
        assert [b and b.address for b in arrow(after).buffers()] == before


@settings(deadline=None)
@given(st.text(alphabet="a \r\n", max_size=40))
def test_normalize_newlines(value):
    wanted = re.sub("(\r\n){3,}", "\r\n\r\n", re.sub("\n{3,}", "\n\n", value))
    assert edited(text.normalize_newlines, [value]) == [wanted]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["http://", "HTTPS://", "www.", "WwW.", "x.org", " ", "\n", "a"]))
       .map("".join))  # fmt: skip
def test_remove_urls(value):
    wanted = re.sub(r"(?i)https?://\S+|www\.\S+", "", value)
    assert edited(text.remove_urls, [value]) == [wanted]


def test_remove_lines():
    value = "Home\nHome \n\nA story.\nHome"
    assert edited(text.remove_lines, [value, "Home"], patterns=("Home",)) == [
        "Home \n\nA story.",
        "",
    ]
    assert edited(text.remove_lines, [value], patterns=()) == [value]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ('"all"', "all"), ('"a"', "a"), ('""', '""'), ('"', '"'), ('"a" and "b"', 'a" and "b'),
        ('"a\nb"', "a\nb"), ('"a"\n"b"', '"a"\n"b"'), ('"a"\r\n"b"', '"a"\r\n"b"'),
        ('  "all"\n', "  all\n"), ("'a'", "'a'"), ('"a', '"a'), ('a"', 'a"'),
    ],
)  # fmt: skip
def test_remove_quotation_marks(value, wanted):
    assert edited(text.remove_quotation_marks, [value]) == [wanted]


@pytest.mark.parametrize(
    ("value", "ours", "published"),
    [
        ("**b** *i* _u_", "b i u", "b i u"),
        ("[t](http://u)", "t", "http://u"),
        ("a_snake_case name", "a_snake_case name", "asnakecase name"),
        ("2 * 3 * 4", "2 * 3 * 4", "2  3  4"),
        ("**two\nlines**", "**two\nlines**", "two\nlines"),
        ("* item *one* more", "* item one more", " item one* more"),
        ("***both***", "both", "both"),
        ("__init__ and __strong__", "init and strong", "init and strong"),
        ("![alt](image.png)", "![alt](image.png)", "!image.png"),
        ("[a](b) [c](d)", "a c", "b d"),
        ("f(x)[0](y)", "f(x)0", "f(x)y"),
    ],
)
def test_remove_markdown(value, ours, published):
    assert edited(text.remove_markdown, [value]) == [ours]
    assert edited(text.remove_markdown, [value], variant="curator") == [published]


NOTICE, STORY = "This site uses cookies.", "A story."


@pytest.mark.parametrize(
    ("parts", "ours", "published"),
    [
        ([NOTICE, STORY], [STORY], [STORY]),
        ([STORY, NOTICE, "Terms of Use"], [STORY], [STORY]),
        ([STORY, NOTICE, STORY], [STORY, NOTICE, STORY], [STORY, NOTICE, STORY]),
        ([STORY, NOTICE, ""], [STORY], [STORY, NOTICE, ""]),
        ([NOTICE, STORY, NOTICE], [STORY], [NOTICE, STORY, NOTICE]),
        ([NOTICE, NOTICE], [], [NOTICE, NOTICE]),
        ([STORY, STORY, ""], [STORY, STORY, ""], [STORY, STORY, ""]),
        (["", NOTICE, STORY], [STORY], ["", NOTICE, STORY]),
        ([STORY, "LOREM ipsum dolor"], [], []),
    ],
)
def test_remove_boilerplate_at_the_edges(parts, ours, published):
    value = "\n\n".join(parts)
    assert edited(text.remove_boilerplate, [value]) == ["\n\n".join(ours)]
    assert edited(text.remove_boilerplate, [value], variant="curator") == ["\n\n".join(published)]
    windows = value.replace("\n", "\r\n")
    assert edited(text.remove_boilerplate, [windows]) == ["\r\n\r\n".join(ours)]


def test_remove_boilerplate_anywhere():
    value = f"{STORY}\n\n{NOTICE}\n\n{STORY}"
    assert edited(text.remove_boilerplate, [value], at="anywhere") == [f"{STORY}\n\n{STORY}"]
    assert edited(text.remove_boilerplate, [NOTICE], at="anywhere") == [""]
    assert edited(text.remove_boilerplate, [value], at="anywhere", variant="curator") == [""]


@settings(deadline=None)
@given(
    st.text(alphabet="ab\u3000 é日\x1c", max_size=8),
    st.integers(-9, 9),
    st.none() | st.integers(-9, 9),
    st.booleans(),
)
def test_slice_by_positions(value, left, right, strip):
    wanted = value[left:right]
    how = {"left": left, "right": right, "strip": strip}
    assert edited(text.slice, [value], **how) == [wanted.strip() if strip else wanted]


def test_slice_by_strings():
    value = "x <a> one <b> two <a> three <b> y"
    assert edited(text.slice, [value], left="<a>", right="<b>") == ["<a> one <b> two <a> three <b>"]
    inner = {"left": "<a>", "right": "<b>", "include_left": False, "include_right": False}
    assert edited(text.slice, [value], **inner) == ["one <b> two <a> three"]
    assert edited(text.slice, [value], left="missing") == [""]
    assert edited(text.slice, [value], left=2, right="missing") == [""]
    assert edited(text.slice, [value], left=2, right="<a>", strip=False) == ["<a> one <b> two <a>"]


def test_edits_are_steps_of_a_recipe():
    steps = load("steps:\n- edit: text.remove_urls\n- edit: text.slice\n  left: 1\n")
    frame = pd.DataFrame({"text": column([" see https://a.org now", None])})
    for step in steps:
        frame = step(frame)
    assert frame.text.tolist()[0] == "see  now"
    assert frame.text.isna().tolist() == [False, True]
