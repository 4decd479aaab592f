"""Reasons, reports, ledgers and errors say what is wrong, and quote neither rows nor answers."""

import json

import pandas as pd
import pytest
from aiohttp import web
from endpoint import failed, last
from hypothesis import given
from hypothesis import strategies as st

from tamis import Pipeline, Prompt
from tamis.errors import EndpointError
from tamis.frame import STRING
from tamis.prompting.form import Form
from tamis.prompting.quoting import described, quotes
from tamis.prompting.reply import Unfit

ROW = "Jane Doe (jane0@acme.org), 555-1234, lives in Köln 東京"
TRACES = ("jane", "acme", "555-1234", "köln", "東京", "doe (")
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def docs(count=3):
    rows = {"id": [f"r{n}" for n in range(count)], "text": [f"{n} {ROW}" for n in range(count)]}
    return pd.DataFrame(rows).astype(STRING)


def leaks(text):
    text = text.casefold()
    return [trace for trace in TRACES if trace in text]


QUOTING = {
    "as JSON": lambda body: failed(400, f"cannot parse {json.dumps(body)}", code="bad_thing"),
    "JSON twice": lambda body: failed(400, json.dumps(json.dumps(body))),
    "in part": lambda body: failed(422, f"bad: …{last(body)[2:10]}…"),
    "one word": lambda body: failed(400, "the word 'jane0' is not allowed"),
    "beyond ASCII": lambda body: failed(400, "no word of 東京 is allowed"),
    "its bytes": lambda body: web.Response(status=500, text=f"<h1>{last(body)}</h1>"),
    "no status": lambda body: web.json_response({"error": {"message": last(body), "code": 502}}),
    "its code": lambda body: failed(400, "no", code="jane0.acme.org"),
    "its phrase": lambda body: web.Response(status=400, reason="Jane Doe", text="{}"),
    "refused": lambda body: failed(403, f"flagged: {last(body)}"),
    "by the model": lambda body: {"text": "", "refusal": f"I say nothing of {last(body)}"},
    "input": lambda body: web.json_response({"detail": [{"input": last(body)}]}, status=422),
}


@pytest.mark.parametrize("says", QUOTING.values(), ids=QUOTING)
@pytest.mark.parametrize("null", ["drop", "keep"])
def test_an_error_that_quotes_the_request(endpoint, at, quick, says, null):
    endpoint.says = says
    found = Prompt("Rate {text}", null=null, retries=0, **at).explain(docs())
    why = found["answer_why" if null == "keep" else "dropped_why"]
    assert why.str.startswith("prompt.").all() and not leaks("\n".join(why)), why.tolist()


def test_what_is_safe_is_said(endpoint, at):
    endpoint.says = QUOTING["as JSON"]
    (why,) = Prompt("Rate {text}", **at).explain(docs(1)).dropped_why
    assert why.startswith("prompt.request: 400 Bad Request, bad_thing, error; its message is not")
    endpoint.says = lambda body: failed(400, "max_tokens is too large: 9999", code="invalid_value")
    (why,) = Prompt("Say {text}", **at).explain(docs(1)).dropped_why
    assert why == (
        "prompt.request: 400 Bad Request, invalid_value, error: max_tokens is too large: 9999"
    )


@pytest.mark.parametrize("status", [401, 404])
def test_an_error_for_all_quotes_nothing(endpoint, at, status):
    endpoint.says = lambda body: failed(status, f"no: {json.dumps(body)}", code="no_such_key")
    with pytest.raises(EndpointError, match=f"{status} .*, no_such_key, error; its mess") as told:
        Prompt("Rate {text}", **at).explain(docs())
    assert not leaks(str(told.value))


def test_nothing_of_a_run_quotes_it(endpoint, at, tmp_path):
    """The ledger, and all that is told of the run beside excerpts of dropped texts."""
    endpoint.says = QUOTING["as JSON"]
    asked = Prompt("Rate {text}", null="keep", **at)
    form = Prompt("Count {text}", schema=NUMBER, fields=["n"], name="counted", **at)
    out = tmp_path / "out"
    frame = docs()
    run = Pipeline([asked, form]).run(frame, out, progress=False, max_errors=1.0)
    gone = run.dropped().compute()
    assert len(gone) == 3 and not leaks("\n".join(gone.dropped_why))
    assert not leaks("\n".join(gone.answer_why))
    told = json.loads((out / "run.json").read_text())
    shown = [one.pop("text") for reason in told["reasons"] for one in reason["samples"]]
    assert all(map(leaks, shown))  # excerpts of what was dropped, which a report means to show
    assert not leaks(json.dumps(told, ensure_ascii=False))
    ledger = pd.read_parquet(out / "ledger")
    assert not leaks(ledger.to_csv())


WRONG = {
    "no JSON": (f"Sure! {ROW}", "not JSON: Expecting value at line 1, column 1"),
    "type": (json.dumps({"n": ROW}), 'n: does not fit type "integer"'),
    "required": (json.dumps({"m": ROW}), "lacks n (required)"),
    "a name": (json.dumps({"n": 1, ROW: 3}), '*: does not fit type "string"'),
}


@pytest.mark.parametrize(("said", "told"), WRONG.values(), ids=WRONG)
def test_a_form_that_does_not_fit(endpoint, at, said, told):
    endpoint.says = lambda body: said
    schema = NUMBER | {"additionalProperties": {"type": "string"}}
    step = Prompt("Count {text}", schema=schema, fields=["n"], repairs=1, **at)
    assert step.explain(docs(1)).dropped_why.tolist() == [f"prompt.schema: {told}"]
    again = endpoint.bodies[-1]["messages"][-1]["content"]  # which the model is told in full
    assert leaks(again) or "'n' is a required property" in again or "is not of type" in again


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_any_answer_is_not_quoted(data):
    """A reason is the same whatever texts stand in the answer."""
    schema = {"type": "object", "properties": {"n": {"enum": [7]}}, "required": ["n"],
              "additionalProperties": {"type": "null"}}  # fmt: skip
    known = {"not JSON", "lacks n (required)", "nested too deep"}
    known |= {'does not fit type "object"', "n: does not fit enum [7]",
              '*: does not fit type "null"'}  # fmt: skip
    try:
        Form.of(schema, "schema").read(json.dumps(data))
    except Unfit as bad:
        assert bad.detail in known


@given(st.text(alphabet="qwx zé\n\"'\\\\<&/", min_size=3), st.integers(0, 3))
def test_a_quotation_is_found_however_it_is_written(around, times):
    row = f"{around} jane0 {around}"
    written = row
    for _ in range(times):
        written = json.dumps(written)
    assert quotes(f"no: {written}", f"Rate: {row}")


def test_a_key_and_a_picture_are_not_shown():
    asked = json.dumps({"messages": [{"role": "user", "content": "Who?"}]}).encode()
    error = {"error": {"message": "not sk-1", "code": "sk-1", "type": "x y z"}}
    assert described(400, error, asked, "sk-1") == "400 Bad Request: not [key]"
    assert "not shown" in described(400, f"no data:{'iVBOR' * 20}".encode(), asked, None)
    assert described(529, b"", asked, None) == "529"
