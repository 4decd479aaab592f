"""Endpoints as there are: streams only, thoughts in answers, pages, errors sent as answers, TLS."""

import datetime
import email.utils
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest
from aiohttp import web
from endpoint import failed, last, reply
from hypothesis import given
from hypothesis import strategies as st

from tamis import Prompt
from tamis.codes import BadRecord
from tamis.errors import EndpointError
from tamis.frame import STRING
from tamis.io.download_http import asked_to_wait
from tamis.prompting.form import Form
from tamis.prompting.limits import address
from tamis.prompting.received import received
from tamis.prompting.thoughts import unthought

FORM = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def docs(count=2):
    rows = {"id": [f"r{n}" for n in range(count)], "text": [f"doc {n}" for n in range(count)]}
    return pd.DataFrame(rows).astype(STRING)


def stream(text, usage=True, end="data: [DONE]\n\n", finish="stop"):
    """An answer in pieces of three characters."""
    pieces = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}]
    pieces += [
        {"choices": [{"index": 0, "delta": {"content": text[k : k + 3]}, "finish_reason": None}]}
        for k in range(0, len(text), 3)
    ]
    pieces += [{"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}]
    if usage:
        told = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
        pieces.append({"choices": [], "usage": told})
    body = "".join(f"data: {json.dumps(one)}\n\n" for one in pieces)
    return ": keep-alive\n\n" + body + end


def events(text):
    return web.Response(text=text, content_type="text/event-stream")


ASKS_FOR_STREAMS = [
    "This model only supports streaming.",
    "Non-streaming requests are not supported",
    "parameter 'stream' must be true",
]


@pytest.mark.parametrize("refusal", ASKS_FOR_STREAMS)
@pytest.mark.parametrize("counts", [True, False], ids=["counts", "does not count"])
def test_an_endpoint_that_only_streams(endpoint, at, refusal, counts):
    def says(body):
        if not body.get("stream"):
            return failed(400, refusal)
        if "stream_options" in body and not counts:
            return failed(400, "Unknown parameter: 'stream_options'.")
        return events(stream("said: " + last(body), counts))

    endpoint.says = says
    step = Prompt("{text}", null="keep", concurrency=2, **at)
    found = step.explain(docs(5))
    assert found.answer.tolist() == [f"said: doc {n}" for n in range(5)]
    assert endpoint.count <= 5 + (2 if counts else 4)  # learned by those under way, not by each row
    assert found.answer_tokens_out.tolist() == [5 if counts else pd.NA] * 5
    asked = endpoint.count
    assert Prompt("{text}", **at)(docs(5)).answer.tolist() == found.answer.tolist()
    assert endpoint.count == asked  # kept under what was asked, however it was said


def test_a_stream_that_nobody_asked_for(endpoint, at, quick):
    endpoint.says = lambda body: events(stream("said: " + last(body)))
    assert Prompt("{text}", **at)(docs()).answer.tolist() == ["said: doc 0", "said: doc 1"]
    endpoint.says = lambda body: events(stream("half an answ", end="", finish=None))
    found = Prompt("Again {text}", retries=1, **at).explain(docs(1))
    assert found.dropped_why.tolist() == ["prompt.answer: the stream broke off"]
    endpoint.says = lambda body: events('data: {"error": {"message": "no room", "code": 503}}\n\n')
    found = Prompt("Once more {text}", retries=0, **at).explain(docs(1))
    assert found.dropped_why.tolist() == ["prompt.failed: 503 Service Unavailable: no room"]
    endpoint.says = lambda body: events(stream("cut", finish="length"))
    found = Prompt("And again {text}", **at).explain(docs(1))
    assert found.dropped_why.str.startswith("prompt.truncated").all()


@given(st.text(), st.booleans(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_pieces_are_what_would_have_come_at_once(text, usage, line):
    whole = received(stream(text, usage).replace("\n", line).encode(), "text/event-stream")
    assert whole["choices"][0]["message"]["content"] == text
    assert ("usage" in whole) == usage


@given(st.binary(max_size=60), st.sampled_from(["", "text/event-stream", "application/json"]))
def test_any_bytes_are_data_or_no_answer(body, kind):
    for one in (body, b"data: " + body):
        try:
            received(one, kind)
        except BadRecord as bad:
            assert bad.code == "prompt.answer"


def test_models_that_want_another_name_for_a_setting(endpoint, at):
    """Newer models of OpenAI's refuse `max_tokens`."""

    def says(body):
        if "max_tokens" in body:
            told = "Unsupported parameter: 'max_tokens' is not supported with this model. "
            return failed(400, told + "Use 'max_completion_tokens' instead.", code="unsupported")
        assert body["max_completion_tokens"] == 9
        return "said: " + last(body)

    endpoint.says = says
    assert Prompt("{text}", max_tokens=9, **at)(docs()).answer.tolist() == [
        "said: doc 0", "said: doc 1"
    ]  # fmt: skip


THOUGHTS = {
    "<think>\nA tide, I think.\n</think>\n\nThe tide.": "The tide.",
    "A tide, I think.\n</think>\n\nThe tide.": "The tide.",
    "<think>\n\n</think>\n\nThe tide.": "The tide.",
    "[THINK]A tide?[/THINK]The tide.": "The tide.",
    "<thinking>A</thinking>\n<reasoning>B</reasoning>The tide.": "The tide.",
    "The tag <think> begins a thought.": "The tag <think> begins a thought.",
    "Write </think> to end one.": "Write </think> to end one.",
    "As <think> is closed by\n</think>\nso be it": "As <think> is closed by\n</think>\nso be it",
}


@pytest.mark.parametrize("said", THOUGHTS)
def test_thoughts_are_no_answer(endpoint, at, said):
    endpoint.says = lambda body: said
    assert Prompt("{text}", **at)(docs(1)).answer.tolist() == [THOUGHTS[said]]
    kept = Prompt("{text}", thoughts="keep", **at)(docs(1))
    assert kept.answer.tolist() == [said] and endpoint.count == 1  # the cache has what was said


@given(st.text())
def test_plain_text_has_no_thoughts(text):
    assert unthought(f"Plain: {text}".replace("</", "< /")) == f"Plain: {text}".replace("</", "< /")


def test_nothing_but_thoughts(endpoint, at):
    endpoint.says = lambda body: {"text": "<think>and so on and", "finish": "stop"}
    found = Prompt("{text}", **at).explain(docs(1))
    assert found.dropped_why.str.startswith("prompt.empty").all() and endpoint.count == 3
    endpoint.says = lambda body: "<think>{not: this}</think>\n" + '```json\n{"n": 3}\n```'
    found = Prompt("Count {text}", schema=FORM, fields=["n"], **at).explain(docs(1))
    assert found.n.tolist() == [3]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('Here is the JSON you asked for: {"n": 1}. Anything else?', {"n": 1}),
        ('Sure!\n{"n": 1}\n', {"n": 1}),
        ('```\n{"n": 1}\n```', {"n": 1}),
        ('{"n": 1} or maybe {"n": 2}', None),
        ('For example {"n": 1}; so: {"n": 2}', None),
        ('The answer: {"n": 1, "m": [', None),
        ("n is NaN", None),
    ],
)
def test_json_among_words(said, found):
    form = Form.of(FORM, "schema")
    if found is None:
        with pytest.raises(BadRecord, match="not JSON"):
            form.read(said)
    else:
        assert form.read(said) == found


def test_errors_that_are_sent_as_answers(endpoint, at, quick):
    endpoint.says = lambda body: web.json_response(
        {"error": {"message": "wait a little", "code": 429}}
    )
    found = Prompt("{text}", retries=0, total_timeout=0.3, **at).explain(docs(1))
    assert found.dropped_why.str.startswith("prompt.rate: 429 Too Many Requests").all()
    endpoint.says = lambda body: web.json_response(
        {"error": {"message": "who are you", "code": "401"}}
    )
    with pytest.raises(EndpointError, match="key"):
        Prompt("{text}", **at).explain(docs(1))
    broke = {"choices": [{"message": {"content": "half"}, "finish_reason": "error"}]}
    endpoint.says = lambda body: web.json_response(broke)
    found = Prompt("{text}", retries=0, **at).explain(docs(1))
    assert found.dropped_why.tolist() == ["prompt.answer: the answer ends with an error"]


def test_pages(endpoint, at, quick):
    page = "<!DOCTYPE html><html><head><title>502 Bad\n Gateway</title><body>nginx</body></html>"
    endpoint.says = lambda body: web.Response(status=502, text=page, content_type="text/html")
    found = Prompt("{text}", retries=0, **at).explain(docs(1))
    assert found.dropped_why.tolist() == ["prompt.failed: 502 Bad Gateway: 502 Bad Gateway"]
    endpoint.says = lambda body: web.Response(text=page, content_type="text/html")
    found = Prompt("{text}", retries=0, **at).explain(docs(1))
    assert "a page, not JSON: is the address that of the endpoint?" in found.dropped_why[0]
    endpoint.says = lambda body: web.Response(text="", content_type="application/json")
    found = Prompt("{text}", retries=0, **at).explain(docs(1))
    assert found.dropped_why.tolist() == ["prompt.answer: the answer is empty"]


def test_addresses_as_people_write_them(endpoint, at):
    for given_ in (f"{endpoint.url}/chat/completions", f"{endpoint.url}/", endpoint.url):
        assert Prompt("{text}", **at | {"endpoint": given_})(docs(1)).answer.tolist()
    assert endpoint.count == 1  # they are one address
    assert address("https://a.org/openai/v1/embeddings") == "https://a.org/openai/v1"
    bare = endpoint.url.removesuffix("/v1")
    with pytest.raises(EndpointError, match=r"404.*the path of most endpoints ends with /v1"):
        Prompt("{text}", **at | {"endpoint": bare})(docs(1))


def test_when_to_come_back():
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=100)
    forms = [
        email.utils.format_datetime(then, usegmt=True),
        then.strftime("%A, %d-%b-%y %H:%M:%S GMT"),  # RFC 850
        then.strftime("%a %b %d %H:%M:%S %Y"),  # asctime
        then.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    ]
    zone = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    try:
        for form in forms:
            assert 95 < asked_to_wait({"Retry-After": form}) < 101, form
    finally:
        os.environ.pop("TZ") if zone is None else os.environ.update(TZ=zone)
        time.tzset()
    assert asked_to_wait({"Retry-After": "1.5"}) == 1.5
    assert asked_to_wait({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}) == 0
    for odd in ("soon", "²", "-3", "", "1e9", "inf", "Mon, 99 Foo 2026"):
        assert asked_to_wait({"Retry-After": odd}) is None, odd


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody has signed but itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    made = [str(folder / "cert.pem"), str(folder / "key.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=local", "-addext", "subjectAltName=IP:127.0.0.1",
         "-out", made[0], "-keyout", made[1]],
        check=True, capture_output=True,
    )  # fmt: skip
    return made


ASKS = """
import sys, pandas as pd
from tamis import Prompt
rows = pd.DataFrame({"id": ["a"], "text": ["hello"]})
print(Prompt("{text}", model="m", endpoint=sys.argv[1], cache=False)(rows).answer.tolist())
"""


def test_a_certificate_of_ones_own(certificate, at, tmp_path, monkeypatch):
    import http.server
    import ssl

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = json.dumps(reply("said: " + last(body), body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = f"https://127.0.0.1:{server.server_port}/v1"
    try:
        start = time.monotonic()
        with pytest.raises(EndpointError, match=r"certificate is not trusted .*SSL_CERT_FILE"):
            Prompt("{text}", **at | {"endpoint": there})(docs(3))
        assert time.monotonic() - start < 5  # at once, not after all tries
        env = os.environ | {"SSL_CERT_FILE": certificate[0]}
        told = subprocess.run([sys.executable, "-c", ASKS, there], env=env, check=True,
                              capture_output=True, text=True, timeout=100)  # fmt: skip
        assert told.stdout.strip() == "['said: hello']"
    finally:
        server.shutdown()
        server.server_close()
