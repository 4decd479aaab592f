"""Which encoding a page is in: marks, servers, pages and the bytes themselves."""

import pytest

from tamis.io.charset import text_of

SAID = {
    "koi8-r": "Привет мир, как дела сегодня у вас? ",
    "cp1251": "Съешь же ещё этих мягких французских булок. ",
    "cp932": "日本語のテキストです。これは試験です。",
    "euc_jp": "日本語のテキストです。これは試験です。",
    "gb18030": "这是一个测试文本，看看能不能识别。",
    "big5hkscs": "這是一個測試文本，看看能不能識別。",
    "cp1252": "Où êtes-vous passés l’été dernier, très chère amie? ",
    "utf-8": "Příliš žluťoučký kůň 한국어 สวัสดี ",
}


@pytest.mark.parametrize("encoding", SAID)
def test_found_without_any_declaration(encoding):
    page = f"<html><body><p>{SAID[encoding] * 20}</p></body></html>"
    assert text_of(page.encode(encoding)) == (page, encoding)


@pytest.mark.parametrize(
    "label, encoding",
    [("Shift_JIS", "cp932"), ("x-sjis", "cp932"), ("gb2312", "gb18030"), ("euc-kr", "cp949"),
     ("ISO-8859-1", "cp1252"), ("big5", "big5hkscs"), ("windows-1256", "cp1256")],
)  # fmt: skip
def test_names_mean_what_browsers_take_them_for(label, encoding):
    said = {"cp932": "①髙", "gb18030": "€㐀", "cp949": "똠방각하", "cp1252": "“”€",
            "big5hkscs": "㗎", "cp1256": "مرحبا"}[encoding]  # fmt: skip
    raw = f"<p>{said}</p>".encode(encoding)
    assert text_of(raw, label) == (f"<p>{said}</p>", encoding)
    page = f'<meta charset="{label}"><p>{said}</p>'
    assert text_of(page.encode(encoding)) == (page, encoding)


def test_the_order_is_mark_then_server_then_page():
    page = '<meta http-equiv=content-type content="text/html; charset=koi8-r"><p>'
    assert text_of(page.encode() + "мир".encode("koi8-r"))[0] == page + "мир"
    assert text_of(page.encode() + "мир".encode("cp1251"), "windows-1251")[0] == page + "мир"
    marked = b"\xef\xbb\xbf" + (page + "мир").encode()
    assert text_of(marked, "windows-1251") == (page + "мир", "utf-8")
    assert text_of("<p>мир".encode("utf-16")) == ("<p>мир", "utf-16-le")
    assert text_of('<meta charset="utf-16"><p>мир'.encode())[1] == "utf-8"
    assert text_of('<?xml version="1.0" encoding="koi8-r"?>мир'.encode("koi8-r"))[0].endswith("мир")
    assert text_of(b"<p>plain", "no-such-encoding") == ("<p>plain", "utf-8")


def test_a_declaration_that_the_bytes_contradict_does_not_count():
    page = SAID["cp1251"] * 10
    assert text_of(page.encode("cp1251"), "utf-8") == (page, "cp1251")


def test_what_is_utf8_but_for_a_few_bytes_is_utf8():
    page = "naïve " * 1000
    cut = page.encode()[:-4]  # in the middle of a letter, as a page that was cut off
    assert text_of(cut, "utf-8") == (page[:-4] + "\ufffd", "utf-8")
    raw = page.encode() + b"\x93"
    assert text_of(raw, "utf-8") == (page + "\ufffd", "utf-8")


def test_nothing_and_noise():
    assert text_of(b"") == ("", "utf-8")
    for noise in (b"\x80\x81\xfe\xff" * 50, b"\x00" * 9, bytes(range(256))):
        text, encoding = text_of(noise, "euc-jp")
        assert text.encode("utf-8") and encoding
