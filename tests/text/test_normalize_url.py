"""Addresses in one way of writing: RFC 3986's own examples, and what always holds."""

from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamis.text import normalize_url

PLAIN = {"https": False, "www": True, "fragment": True, "sort_query": False, "remove": ()}


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        # RFC 3986, 6.2.2 and 6.2.3; the last four are its equal spellings of one address
        ("HTTP://www.EXAMPLE.com/", "http://www.example.com"),
        ("http://a.org/b/c/%7Bfoo%7D", "http://a.org/b/c/%7Bfoo%7D"),
        ("http://a.org/%7bfoo%7d/%7Esmith", "http://a.org/%7Bfoo%7D/~smith"),
        ("http://example.com", "http://example.com"),
        ("http://example.com/", "http://example.com"),
        ("http://example.com:/", "http://example.com"),
        ("http://example.com:80/", "http://example.com"),
        ("https://example.com:80/", "https://example.com:80"),
        # beyond it
        (" http://bücher.example/ü?q=ä b#ü ", "http://xn--bcher-kva.example/%C3%BC?q=%C3%A4%20b#%C3%BC"),
        ("http://user:Pw@A.org:8080/x", "http://user:Pw@a.org:8080/x"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]"),
        ("http://a.org./100%", "http://a.org/100%25"),
        ("//A.org/x", "http://a.org/x"),
        ("www.a.org/x", "http://www.a.org/x"),
        ("mailto:Some@One.org", "mailto:Some@One.org"),
        ("/relative/../path", "/relative/../path"),
        ("http://", "http://"),
        ("", ""),
    ],
)  # fmt: skip
def test_as_rfc_3986_has_it(given_, wanted):
    assert normalize_url(given_, **PLAIN) == wanted


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a?b=1&c=2",
        "http://www.example.org/a/?c=2&b=1",
        "HTTPS://EXAMPLE.ORG:443/a?c=2&b=1#part",
        "example.org/a?c=2&b=1",
        "https://example.org/x/../a/./?b=1&&c=2&utm_source=mail&UTM_Campaign=x&gclid=1&fbclid=2",
        "http://example.org:80/%61;jsessionid=AB12?b=1&c=2&PHPSESSID=1",
        "\thttps:\\\\example.org/a?b=1\n&c=2 ",
    ],
)
def test_one_page(url):
    wanted = "https://example.org/a?b=1&c=2"
    if url.startswith("example") or "\\" in url:
        assert normalize_url(url) != wanted  # nothing is guessed
    else:
        assert normalize_url(url) == wanted


def test_settings():
    url = "http://www.a.org/b/?z=1&ref=x&a=2#c"
    assert normalize_url(url) == "https://a.org/b?a=2&ref=x&z=1"
    assert normalize_url(url, https=False) == "http://a.org/b?a=2&ref=x&z=1"
    assert normalize_url(url, www=True) == "https://www.a.org/b?a=2&ref=x&z=1"
    assert normalize_url(url, fragment=True) == "https://a.org/b?a=2&ref=x&z=1#c"
    assert normalize_url(url, trailing_slash=True) == "https://a.org/b/?a=2&ref=x&z=1"
    assert normalize_url(url, sort_query=False, remove=("REF",)) == "https://a.org/b?z=1&a=2"
    assert normalize_url(["http://a.org/", None], remove=()).tolist()[0] == "https://a.org"


URL = st.builds(
    "{}://{}{}/{}{}{}".format,
    st.sampled_from(["http", "HTTPS", "ftp"]),
    st.sampled_from(
        ["a.org", "www.A.org", "bücher.de", "u:p@x.org", "日本.jp", "www.www.a.b", "℀.com"]
    ),
    st.sampled_from(["", ":80", ":443", ":8080", ":"]),
    st.text("ab/.;%41fé ~\\&=", max_size=20),
    st.just("") | st.text("ab&=%7eutm_ +é?/;", max_size=20).map("?{}".format),
    st.just("") | st.text("a#%/", max_size=5).map("#{}".format),
)  # fmt: skip
TABLE = st.fixed_dictionaries(
    {name: st.booleans() for name in ("https", "www", "fragment", "trailing_slash", "sort_query")}
)


@settings(max_examples=300, deadline=None)
@given(URL | st.text(max_size=30), TABLE)
@example("http://a.org/b;/c/../", {})
@example("http://a.org/%%341", {})
@example("http://a.org:443/", {})
def test_a_second_time_changes_nothing(url, given_):
    once = normalize_url(url, **given_)
    assert normalize_url(once, **given_) == once


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", ".", "..", "...", ""]), max_size=8))
def test_dots_are_resolved_as_urljoin_does(segments):
    path = "/" + "/".join(segments)
    if "//" in path:  # urljoin of Python drops empty segments, the RFC keeps them
        return
    wanted = urljoin("http://a.org/x/y", path)
    assert normalize_url("http://a.org" + path, **PLAIN, trailing_slash=True).rstrip("/") == (
        wanted.rstrip("/")
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.text("xé %&=+", max_size=4)), max_size=6))
def test_parameters_are_kept_as_they_were(pairs):
    from urllib.parse import urlencode

    query = urlencode(pairs)
    made = normalize_url(f"http://a.org/é?{query}", remove=())
    assert parse_qsl(urlsplit(made).query, keep_blank_values=True) == sorted(
        pairs, key=lambda p: p[0]
    )
    assert unquote(urlsplit(made).path) == "/é"
