"""Dumps of wikis as MediaWiki writes them, packed in the ways that they come."""

import bz2
from xml.sax.saxutils import escape, quoteattr

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="de">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <dbname>dewiki</dbname>
    <base>https://de.wikipedia.org/wiki/Wikipedia:Hauptseite</base>
    <generator>MediaWiki 1.44.0</generator>
    <case>first-letter</case>
    <namespaces>
      <namespace key="-2" case="first-letter">Medium</namespace>
      <namespace key="0" case="first-letter" />
      <namespace key="6" case="first-letter">Datei</namespace>
      <namespace key="14" case="first-letter">Kategorie</namespace>
    </namespaces>
  </siteinfo>
"""
TAIL = "</mediawiki>\n"


def page(number, title, text, ns=0, redirect=None, model="wikitext", hidden=False, revision=None):
    """The element of a page, with one revision."""
    to = "" if redirect is None else f"\n    <redirect title={quoteattr(redirect)} />"
    body = (
        '<text bytes="5" deleted="deleted" />'
        if hidden
        else f'<text bytes="{len(text.encode())}" xml:space="preserve">{escape(text)}</text>'
    )
    return f"""  <page>
    <title>{escape(title)}</title>
    <ns>{ns}</ns>
    <id>{number}</id>{to}
    <revision>
      <id>{revision or number * 10}</id>
      <parentid>{number * 9}</parentid>
      <timestamp>2026-01-02T03:04:05Z</timestamp>
      <contributor><username>A</username><id>7</id></contributor>
      <comment>c</comment>
      <model>{model}</model>
      <format>text/x-wiki</format>
      {body}
      <sha1>x</sha1>
    </revision>
  </page>
"""


def xml(pages):
    """A whole dump."""
    return (HEAD + "".join(pages) + TAIL).encode()


def multistream(pages, titles, each=3, level=1):
    """A dump in streams of some pages, and its index: (offset, number, title) lines."""
    data, lines = bz2.compress(HEAD.encode(), level), []
    for first in range(0, len(pages), each):
        for number, title in titles[first : first + each]:
            lines.append(f"{len(data)}:{number}:{title}\n")
        data += bz2.compress("".join(pages[first : first + each]).encode(), level)
    return data + bz2.compress(TAIL.encode(), level), "".join(lines).encode()


def in_pieces(data, size, level=1):
    """Streams that end anywhere, as pbzip2 makes them."""
    return b"".join(bz2.compress(data[at : at + size], level) for at in range(0, len(data), size))
