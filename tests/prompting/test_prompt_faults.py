"""An endpoint that is slow, wrong, cut off, busy, gone: each row has an answer or says why not."""

import json
import logging
import time

import pandas as pd
import pytest
from aiohttp import web
from endpoint import Endpoint, failed, last

from tamis import Embed, Pipeline, Prompt
from tamis.codes import CODES
from tamis.errors import EndpointError, SettingError
from tamis.frame import STRING
from tamis.io import download_loop

SECRET = "sk-very-Secret-123"
FORM = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def docs(count, word="doc"):
    texts = [f"{word} {n}" for n in range(count)]
    return pd.DataFrame({"id": texts, "text": texts}).astype(STRING)


def codes(frame, column="dropped_why"):
    return [None if pd.isna(why) else why.partition(":")[0] for why in frame[column]]


PASSING = [
    "500",
    "502",
    "503",
    "408",
    "cut",
    "html",
    "empty",
    "deep",
    "error",
    (429, "slow"),
    (529, "busy"),
]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_what_passes_is_tried_again(endpoint, at, quick, fault):
    endpoint.faults = [fault]
    found = Prompt("{text}", **at).explain(docs(1))
    assert codes(found) == [None] and endpoint.count == 2


LASTING = {
    "500": "prompt.failed", "cut": "prompt.failed", "html": "prompt.answer",
    (400, "what is this"): "prompt.request", (422, "no"): "prompt.request",
    (413, "large"): "prompt.too_long", (400, "maximum context length is 9"): "prompt.too_long",
    (403, "flagged"): "prompt.refused",
}  # fmt: skip


@pytest.mark.parametrize("fault", LASTING, ids=str)
def test_what_lasts_costs_one_row(endpoint, at, quick, fault):
    endpoint.faults = lambda body: fault if last(body) == "doc 0" else None
    found = Prompt("{text}", retries=2, **at).explain(docs(3))
    assert codes(found) == [LASTING[fault], None, None]
    assert LASTING[fault] in CODES
    assert endpoint.count == 2 + (3 if isinstance(fault, str) else 1)


def test_silence_ends(endpoint, at, quick):
    endpoint.faults = lambda body: "silent" if last(body) == "doc 0" else None
    start = time.monotonic()
    given = at | {"timeout": 0.3, "retries": 1}
    found = Prompt("{text}", **given).explain(docs(2))
    assert codes(found) == ["prompt.timeout", None]
    assert time.monotonic() - start < 10


def test_all_tries_together_end(endpoint, at):
    endpoint.says = lambda body: failed(503, "later")
    start = time.monotonic()
    found = Prompt("{text}", total_timeout=0.2, retries=100, **at).explain(docs(1))
    assert codes(found) == ["prompt.failed"] and "0.2 s" in found.dropped_why.iloc[0]
    assert time.monotonic() - start < 10


def test_retry_after_is_honoured_by_all(endpoint, at, quick):
    endpoint.faults = [(429, "wait", {"Retry-After": "1"})]
    start = time.monotonic()
    assert codes(Prompt("{text}", concurrency=1, **at).explain(docs(3))) == [None] * 3
    assert 1 <= time.monotonic() - start < 10
    endpoint.faults = [(429, "tomorrow", {"Retry-After": "86400"})]
    found = Prompt("Again {text}", concurrency=1, **at).explain(docs(2))
    assert codes(found) == ["prompt.rate", None] and "86400 s" in found.dropped_why.iloc[0]


def test_an_unknown_rate_is_found(at, tmp_path):
    """As many as are let in at once wait where only so many a second are: none is lost."""
    with Endpoint(rate=20) as endpoint:
        given = at | {"endpoint": endpoint.url, "retries": 0}
        assert codes(Prompt("{text}", concurrency=32, **given).explain(docs(60))) == [None] * 60
    download_loop.stop()


def test_requests_and_tokens_a_minute(endpoint, at):
    start = time.monotonic()
    Prompt("{text}", rpm=600, **at)(docs(11))  # ten intervals of 0.1 s
    assert time.monotonic() - start >= 1
    start = time.monotonic()
    long = docs(3, "x" * 4000)  # about 1,000 tokens each, and one to write
    Prompt("{text}", tpm=120_000, max_tokens=1, **at)(long)
    assert time.monotonic() - start >= 1


def test_no_more_at_once_than_asked_for(endpoint, at):
    endpoint.pause = 0.02
    Prompt("{text}", concurrency=3, **at)(docs(20))
    assert endpoint.most == 3


def test_cut_off_answers(endpoint, at):
    endpoint.says = lambda body: {"text": "It is", "finish": "length"}
    assert codes(Prompt("{text}", **at).explain(docs(1))) == ["prompt.truncated"]
    kept = Prompt("{text}", truncated="keep", **at)(docs(1))
    assert kept.answer.tolist() == ["It is"] and endpoint.count == 1
    endpoint.says = lambda body: {"text": None, "finish": "content_filter"}
    assert codes(Prompt("Is {text}", **at).explain(docs(1))) == ["prompt.refused"]


def test_a_wrong_form_is_asked_for_again(endpoint, at):
    said = iter(["none", '{"n": "one"}', 'So:\n```json\n{"n": 1}\n```'])
    endpoint.says = lambda body: next(said)
    step = Prompt("{text}", schema=FORM, fields=["n"], **at)
    found = step.explain(docs(1))
    assert found.n.tolist() == [1] and found.answer.tolist() == ['{"n": 1}']
    turns = endpoint.bodies[-1]["messages"]
    assert [t["role"] for t in turns] == ["user", "assistant", "user", "assistant", "user"]
    assert turns[1]["content"] == "none" and "'one' is not of type 'integer'" in turns[4]["content"]
    spent = sum(len(json.dumps(body)) // 4 for body in endpoint.bodies)
    assert found.answer_tokens_in.tolist() == [spent]  # of all that was asked
    pd.testing.assert_frame_equal(step.explain(docs(1)), found)
    assert endpoint.count == 3


def test_a_form_that_never_comes(endpoint, at):
    endpoint.says = lambda body: '<think>{"n": 3}</think> {"n": NaN}'
    step = Prompt("{text}", schema=FORM, repairs=1, **at)
    found = step.explain(docs(1))
    assert found.dropped_why.iloc[0].startswith("prompt.schema: not JSON: NaN")
    assert step.explain(docs(1)).dropped_why.tolist() == found.dropped_why.tolist()
    assert endpoint.count == 2 and found.answer_tokens_in.notna().all()


def test_an_endpoint_without_formats_is_told_in_words(endpoint, at):
    endpoint.takes_formats = False
    endpoint.says = lambda body: '<think>hm</think>{"n": 2}'
    step = Prompt("{text}", schema=FORM, system="Count.", fields=["n"], concurrency=1, **at)
    assert step(docs(3)).n.tolist() == [2, 2, 2]
    others = [body for body in endpoint.bodies if "response_format" not in body]
    assert len(others) == 3 and 4 <= endpoint.count <= 5  # one or two were under way
    (first, *_) = others[-1]["messages"]
    assert first["role"] == "system" and first["content"].startswith("Count.\n\nAnswer with JSON")
    assert sum(m["role"] == "system" for m in others[-1]["messages"]) == 1
    said = Prompt("So {text}", schema=FORM, structured="prompt", **at)(docs(1))
    assert len(said) == 1 and "response_format" not in endpoint.bodies[-1]
    endpoint.takes_formats = True
    Prompt("Any {text}", schema=FORM, structured="object", **at)(docs(1))
    assert endpoint.bodies[-1]["response_format"] == {"type": "json_object"}


def test_one_request_for_rows_that_are_alike(endpoint, at):
    endpoint.pause = 0.05
    frame = docs(6).assign(text="the same")
    found = Prompt("{text}", **at)(frame)
    assert found.answer.tolist() == ["said: the same"] * 6 and endpoint.count == 1
    endpoint.faults = [(400, "no")]
    found = Prompt("Not {text}", **at).explain(frame)
    assert codes(found) == ["prompt.request"] * 6 and endpoint.count == 2


@pytest.mark.parametrize("null", ["drop", "keep"])
@pytest.mark.parametrize("rows", [1, 3, 20])
def test_nobody_is_there(quick, rows, null):
    """However few rows: a frame without answers would look as if all went well."""
    given = {"model": "m", "endpoint": "http://127.0.0.1:9/v1", "retries": 1, "timeout": 2,
             "cache": False, "null": null}  # fmt: skip
    for step in (Prompt("{text}", **given), Embed("text", dimensions=4, **given)):
        with pytest.raises(EndpointError, match=r"127\.0\.0\.1:9/v1: nobody is there: "):
            step(docs(rows))
    download_loop.stop()


def test_who_asks_regardless_is_told_of_nobody(quick, caplog):
    patient = Prompt("{text}", model="m", endpoint="http://127.0.0.1:9/v1", retries=0, timeout=2,
                     max_errors=1, cache=False)  # fmt: skip
    assert codes(patient.explain(docs(20))) == ["prompt.failed"] * 20
    assert caplog.text.count("answer: nothing came of 20 of 20 requests: prompt.failed") == 1
    download_loop.stop()


def test_few_rows_without_an_answer_are_told_of(endpoint, at, quick, caplog):
    endpoint.faults = lambda body: None if last(body) == "doc 2" else "500"
    found = Prompt("{text}", name="few", retries=1, **at)(docs(3))
    assert found.few.tolist() == ["said: doc 2"]
    told = "few: nothing came of 2 of 3 requests: prompt.failed: 500 Internal Server Error"
    assert caplog.text.count(told) == 1 and "explain, or a run, says it" in caplog.text
    endpoint.faults = ["500"] * 4
    Prompt("{text}", name="kept", retries=1, null="keep", **at)(docs(2, "other"))
    assert "kept: nothing came of 2 of 2" in caplog.text and "(kept_why says it" in caplog.text
    caplog.clear()
    Prompt("{text}", name="few", retries=1, **at)(docs(1, "another"))
    assert not caplog.text


def test_somebody_who_breaks_off_is_there(endpoint, at):
    """A request that kills its connection costs its row, also where it is the first of all."""
    endpoint.faults = lambda body: "cut" if last(body) == "doc 0" else None
    step = Prompt("{text}", retries=0, concurrency=1, **at)
    assert codes(step.explain(docs(3))) == ["prompt.failed", None, None]


def test_a_share_that_fails_stops_the_work(endpoint, at):
    endpoint.says = lambda body: {"text": "", "refusal": "no"} if "5" in last(body) else "x"
    frame = docs(300)  # 5 stands in every fifth or so
    with pytest.raises(
        EndpointError, match=r"of the last 100 .* prompt.refused: the model refused\. .*=0.1"
    ):
        Prompt("{text}", **at).explain(frame)
    assert endpoint.count < 300
    found = Prompt("{text}", **at | {"max_errors": 0.5}).explain(frame)
    assert sum(code is not None for code in codes(found)) == sum("5" in str(n) for n in range(300))


FATAL = [
    ((401, "no"), "asks for a key, and OPENAI_API_KEY holds none"),
    ((404, "no model m"), "no such model or service .404 Not Found, error: no model m"),
    ((307, "elsewhere", {"Location": "http://127.0.0.1:9/"}), "no such model or service"),
    ((429, "pay", None, "insufficient_quota"), "no credit left"),
]


@pytest.mark.parametrize(("fault", "told"), FATAL, ids=str)
def test_what_is_wrong_for_all_stops_at_once(endpoint, at, fault, told):
    endpoint.faults = [fault]
    with pytest.raises(EndpointError, match=told):
        Prompt("{text}", concurrency=1, **at).explain(docs(50))
    assert endpoint.count <= 3  # those that were under way


def test_the_key_stays_where_it_is(endpoint, at, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("MY_ENDPOINT_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    step = Prompt("{text}", key="MY_ENDPOINT_KEY", null="keep", **at)
    endpoint.key = SECRET
    run = Pipeline([step]).run(docs(2), tmp_path / "out", progress=False)
    assert run.rows["kept"] == 2
    assert endpoint.headers[0]["Authorization"] == f"Bearer {SECRET}"
    endpoint.key = "another"
    with pytest.raises(EndpointError) as told:
        step.explain(docs(2, "other"))
    assert "Incorrect API key provided: Bearer [key]" in str(told.value)
    endpoint.key = None
    endpoint.says = lambda body: failed(400, f"what is {SECRET}")
    found = step.explain(docs(1, "more"))
    assert found.answer_why.tolist() == ["prompt.request: 400 Bad Request, error: what is [key]"]
    everything = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    everything += [repr(step).encode(), Pipeline([step]).to_yaml().encode(), caplog.text.encode(),
                   str(told.value).encode(), found.to_json().encode()]  # fmt: skip
    assert len(everything) > 8 and not any(SECRET.encode() in data for data in everything)


IN_PLACE = [
    {"key": SECRET}, {"endpoint": f"http://me:{SECRET}@host/v1"},
    {"endpoint": f"http://host/v1?key={SECRET}"},
]  # fmt: skip


@pytest.mark.parametrize("given", IN_PLACE, ids=list("abc"))
def test_a_key_in_place_of_its_name_is_not_repeated(given):
    with pytest.raises(SettingError) as told:
        Prompt("{text}", model="m", **given)
    assert SECRET not in str(told.value)


def test_the_environment_names_the_endpoint(endpoint, at, monkeypatch):
    given = at | {"endpoint": None}
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(SettingError, match="set OPENAI_BASE_URL"):
        Prompt("{text}", **given).explain(docs(1))
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url + "/")
    assert len(Prompt("{text}", **given)(docs(1))) == 1
    with pytest.raises(SettingError, match="no such variable"):
        Prompt("{text}", key="NOT_SET_ANYWHERE", **at).explain(docs(1, "x"))


def test_what_is_no_answer(endpoint, at):
    strange = [
        {"choices": [{"message": {"content": 5}}]}, {"choices": {}}, [], "x", None,
        {"choices": [{"message": {"content": None}, "finish_reason": "tool_calls"}]},
    ]  # fmt: skip
    said = iter(strange)
    endpoint.says = lambda body: web.json_response(next(said))
    step = Prompt("{text}", concurrency=1, retries=0, **at)
    assert codes(step.explain(docs(len(strange)))) == ["prompt.answer"] * len(strange)
    parts = {"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"text": "b"}]}}],
             "usage": {"prompt_tokens": -1, "completion_tokens": True}}  # fmt: skip
    endpoint.says = lambda body: web.json_response(parts)
    found = Prompt("p {text}", **at).explain(docs(1))
    assert found.answer.tolist() == ["ab"] and found.answer_tokens_in.isna().all()


NOTHING = [{"text": ""}, {"text": " \n"}, {"text": None}]


@pytest.mark.parametrize("api", ["chat", "completions"])
@pytest.mark.parametrize("nothing", NOTHING, ids=["empty", "blank", "null"])
def test_nothing_is_no_answer(endpoint, at, nothing, api):
    """It is asked for again by other seeds, counted, kept, and then said of the row."""
    endpoint.says = lambda body: nothing if last(body) == "doc 0" else "something"
    step = Prompt("{text}", api=api, seed=7, **at)
    found = step.explain(docs(2))
    assert codes(found) == ["prompt.empty", None] and found.answer.tolist()[1] == "something"
    seeds = [body["seed"] for body in endpoint.bodies]
    assert len(set(seeds)) == 3 and seeds.count(7) == 2 and endpoint.count == 4
    asked = [body for body in endpoint.bodies if last(body) == "doc 0"]
    assert found.answer_tokens_in[0] == sum(len(json.dumps(body)) // 4 for body in asked)
    pd.testing.assert_frame_equal(step.explain(docs(2)), found)
    assert endpoint.count == 4
    kept = Prompt("{text}", api=api, seed=7, empty="keep", **at)(docs(2))
    assert kept.answer.tolist() == [nothing["text"] or "", "something"] and endpoint.count == 4


def test_nothing_the_first_time(endpoint, at):
    said = iter(["", "", '{"n": 4}', "", "so"])
    endpoint.says = lambda body: next(said)
    step = Prompt("{text}", schema=FORM, fields=["n"], seed=None, **at)
    assert step(docs(1)).n.tolist() == [4]
    assert all(len(body["messages"]) == 1 for body in endpoint.bodies)  # nothing to be mended
    assert Prompt("{text}", repairs=1, n=1, seed=None, **at)(docs(1)).answer.tolist() == ["so"]
    given = at | {"cache": False}
    endpoint.says = lambda body: ""
    before = endpoint.count
    assert codes(Prompt("{text}", repairs=0, **given).explain(docs(1))) == ["prompt.empty"]
    assert endpoint.count == before + 1
    assert Prompt("{text}", empty="keep", **given).to_dict()["empty"] == "keep"
    with pytest.raises(SettingError, match="empty='no'"):
        Prompt("{text}", empty="no", **at)
