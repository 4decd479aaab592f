"""Wikitext as MediaWiki shows it, without what is no prose."""

import pytest

from tamis.io.wikitext import plain

pytest.importorskip("mwparserfromhell")

CASES = {
    "'''Bold''', ''italic'' and '''''both'''''": "Bold, italic and both",
    "a [[link]], [[Target|label]], [[Target#Part|part]], [[:Category:X|shown]]":
        "a link, label, part, shown",
    "[[Mercury (planet)|]] and [[Help:Editing|]]": "Mercury and Editing",
    "[[File:A.jpg|thumb|With [[a link]] inside]]x[[image:b.PNG]]y": "xy",
    "[[Fichier:A.jpg|vignette]]x": "x",
    "[[Catégorie:Eau]]x": "x",
    "[[fr:Eau]]x[[zh-min-nan:Tsúi]]": "x",
    "{{Infobox|name={{nested|x}}}}Text{{!}}": "Text",
    "Water ({{lang|la|aqua}}) is": "Water is",
    "km ({{convert|5|km}}; {{x}}), then": "km, then",
    "one<ref>note</ref> two<ref name=a /> three<ref name=b>[[x]]</ref>.": "one two three.",
    "{| class=wikitable\n! a\n|-\n| b\n{| \n| inner\n|}\n|}\nafter": "after",
    "<table><tr><td>x</td></tr></table>after": "after",
    "a<!-- hidden -->b": "ab",
    "[http://x.org the site] [http://x.org] http://y.org": "the site http://y.org",
    "* one\n* two\n** three\n# four\n; term : meaning": "one\ntwo\nthree\nfour\nterm meaning",
    "__NOTOC__x __KEIN_INHALTSVERZEICHNIS__ __init__ __目次__": "x __init__",
    "x&nbsp;y &amp; &#x41;&#65; &lt;b&gt;": "x\u00a0y & AA <b>",
    "<nowiki>[[raw]]</nowiki>": "[[raw]]",
    "a<br>b<br/>c": "a\nb\nc",
    "E = <math>mc^2</math>": "E = mc^2",
    "{{{1|fallback}}}{{{2}}}": "fallback",
    "{{unclosed [[open": "{{unclosed [[open",
    "&#xD800;x": "x",
    "": "",
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_cases(text):
    found = plain(text.encode(), dropped=("Fichier", "Catégorie")).decode()
    assert found == CASES[text]


def test_sections():
    text = "lead\n== A ==\nx\n=== B ===\n{{only}}\n== C ==\n=== D ===\ny\n== E ==\n* [[Category:X]]"
    assert plain(text.encode()) == b"lead\n\nA\n\nx\n\nC\n\nD\n\ny"
    assert plain(text.encode(), headings=False) == b"lead\n\nx\n\ny"


def test_text_that_is_not_utf8_is_read_as_far_as_it_is():
    assert plain(b"a\xff[[b]]").decode() == "a\ufffdb"
