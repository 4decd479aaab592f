"""What becomes of personal data: actions, keys, surrogates that are nobody's; nothing is quoted."""

import ipaddress
import json
import logging

import pandas as pd
import phonenumbers
import pytest
from stdnum import iban as iban_peer
from stdnum import luhn as luhn_peer
from stdnum.gb import nhs
from stdnum.us import ssn

import tamis
from tamis import Edit, Filter, Pipeline, Score, text
from tamis.errors import SettingError

TEXT = (
    "Ask jane@acme.org or JANE@acme.org, +44 20 7946 0958 or 212-555-2368, SSN 219-09-9998, card "
    "4111-1111-1111-1111 (4111111111111111), IBAN DE89 3704 0044 0532 0130 00, server 10.200.3.4, "
    "NHS number 943 476 5919, born on March 3, 1985."
)
VALUES = (
    "jane@", "JANE@", "7946", "555-2368", "219-09", "1111-1111", "41111", "3704", "10.200", "5919",
    "1985",
)  # fmt: skip


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "key"
    file.write_text("a secret that nobody knows\n")
    return str(file)


@pytest.mark.parametrize("action", ["replace", "redact", "mask", "hash", "surrogate"])
def test_nothing_is_left(action, key):
    made = text.redact(TEXT, action=action, key_file=key)
    gone = VALUES if action != "surrogate" else VALUES[:-1]
    assert not [value for value in gone if value in made]
    assert made.startswith("Ask ") and " SSN " in made and ", server " in made


def test_replace():
    made = text.redact(TEXT)
    assert made == (
        "Ask <EMAIL_ADDRESS> or <EMAIL_ADDRESS>, <PHONE_NUMBER> or <PHONE_NUMBER>, SSN <US_SSN>, "
        "card <CREDIT_CARD> (<CREDIT_CARD>), IBAN <IBAN_CODE>, server <IP_ADDRESS>, "
        "NHS number <UK_NHS>, born on <DATE_OF_BIRTH>."
    )
    named = text.redact(TEXT, placeholder="{{{entity}}}", entities=("US_SSN",))
    assert "SSN {{US_SSN}}, card 4111" in named
    numbered = text.redact(TEXT, numbered=True)
    assert (
        "<EMAIL_ADDRESS_1> or <EMAIL_ADDRESS_1>, <PHONE_NUMBER_1> or <PHONE_NUMBER_2>" in numbered
    )
    assert "<CREDIT_CARD_1> (<CREDIT_CARD_1>)" in numbered


def test_mask_and_actions_by_entity():
    made = text.redact(TEXT, actions=(("CREDIT_CARD", "mask"), ("US_SSN", "redact")), keep_last=4)
    assert "card ****-****-****-1111 (************1111), IBAN <IBAN_CODE>" in made
    assert "SSN , card" in made


def test_hashes_and_surrogates_follow_from_the_key(key, tmp_path):
    for action in ("hash", "surrogate"):
        made = text.redact(TEXT, action=action, key_file=key)
        assert made == text.redact(TEXT, action=action, key_file=key)
        first, second = made[len("Ask ") :].split(", ")[0].split(" or ")
        assert first == second  # one address in two ways of writing
        assert first in text.redact("to jane@acme.org now", action=action, key_file=key)
        other = tmp_path / "other"
        other.write_text("another secret of some length")
        assert text.redact(TEXT, action=action, key_file=str(other)) != made
        alone = text.redact(TEXT, action=action, key_file=key, scope="record")
        within = alone[len("Ask ") :].split(", ")[0].split(" or ")
        assert within[0] == within[1] != first


def test_surrogates_are_nobodys(key):
    many = [
        f"mail x{k}@acme.org, phone +44 20 7946 09{k:02}, 212-555-23{k:02}, +49 30 9018{k:02}, "
        f"card 4111-1111-1111-1111, SSN 219-09-99{k:02}, "
        f"IBAN DE89 3704 0044 0532 0130 00, server 10.200.3.{k}, NHS number 943 476 5919."
        for k in range(11, 99, 4)
    ]
    for line in text.redact(pd.Series(many), action="surrogate", key_file=key, scope="record"):
        parts = [part.strip(" .") for part in line.split(",")]
        assert parts[0].rpartition("@")[2] in ("example.com", "example.org", "example.net")
        assert not phonenumbers.is_valid_number(phonenumbers.parse(parts[1].split(" ", 1)[1], None))
        assert parts[2][3:10].strip("-") and "555-01" in parts[2]
        assert not phonenumbers.is_valid_number(phonenumbers.parse(parts[3], None))
        assert not luhn_peer.is_valid(parts[4].removeprefix("card ").replace("-", ""))
        assert not ssn.is_valid(parts[5].removeprefix("SSN "))
        assert not iban_peer.is_valid(parts[6].removeprefix("IBAN "))
        address = ipaddress.ip_address(parts[7].removeprefix("server "))
        reserved = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
        assert any(address in ipaddress.ip_network(net) for net in reserved)
        assert not nhs.is_valid(parts[8].removeprefix("NHS number ").replace(" ", ""))
        assert [len(p) for p in parts[4:7]] == [24, 15, 32]  # of the form that was there


def test_surrogates_of_what_has_another_form(key):
    """A model may call anything a card: neither an error nor an endless search."""
    for entity in ("CREDIT_CARD", "IBAN_CODE", "PHONE_NUMBER", "DATE_OF_BIRTH", "MAC_ADDRESS"):
        for value in ("4", "x", "Visa 4111 1111 1111 1111 of Jane", "²³ 12", "é", "DE"):
            line, spans = (
                f"a {value} b",
                json.dumps([{"entity": entity, "start": 2, "end": 2 + len(value)}]),
            )
            made = text.redact_spans(line, spans, action="surrogate", key_file=key)
            assert made.startswith("a ") and made.endswith(" b")


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"action": "hash"}, "needs key_file="),
        ({"actions": (("US_SSN", "surrogate"),)}, "needs key_file="),
        ({"actions": (("PERSON", "burn"),)}, "'burn' .for PERSON. is none of"),
        ({"action": "hash", "key_file": "/no/such"}, "cannot be read"),
        ({"mask": "xx"}, "must be one character"),
        ({"entities": ("EMAIL",)}, "no finder tells 'EMAIL'"),
        ({"entities": ()}, "entities is empty"),
        ({"actions": (("NOPE", "mask"),)}, "'NOPE' is not looked for"),
        ({"actions": (("US_SSN", "mask"),), "entities": ("URL",)}, "'US_SSN' is not looked for"),
        ({"placeholder": "<{kind}>"}, r"\{kind\} is unknown"),
        ({"placeholder": "{"}, "a brace stands alone"),
        ({"placeholder": "<{entity>"}, "a brace stands alone"),
        ({"placeholder": "<{}>"}, r"\{\} is unknown"),
        ({"finders": ()}, "finders is empty"),
        ({"finders": ("magic",)}, "'magic' is none"),
        ({"min_score": 2}, "between 0 and 1"),
    ],
)
def test_settings_that_cannot_be(settings, told, tmp_path):
    step = Edit(text.redact, **settings)
    docs = pd.DataFrame({"id": ["a"], "text": [TEXT]})
    with pytest.raises(SettingError, match=told):
        Pipeline([step]).run(docs, tmp_path / "out")


def test_settings_of_redact_spans_that_cannot_be():
    nothing = "[]"
    with pytest.raises(SettingError, match="entities is empty"):
        text.redact_spans("a", nothing, entities=())
    with pytest.raises(SettingError, match="'Q' is not looked for"):
        text.redact_spans("a", nothing, entities=("P",), actions=(("Q", "mask"),))
    with pytest.raises(SettingError, match=r"\{name\} is unknown"):
        text.redact_spans("a", nothing, placeholder="{name}")
    with pytest.raises(SettingError, match="entities is empty"):
        text.personal_count("a", entities=())
    assert text.redact_spans("a", nothing, actions=(("ANY", "mask"),)) == "a"


def test_a_short_key(tmp_path):
    (tmp_path / "key").write_text("tiny!")
    with pytest.raises(SettingError, match="holds 5 bytes; a key has 16") as error:
        text.redact(TEXT, action="hash", key_file=str(tmp_path / "key"))
    assert "tiny!" not in str(error.value)


def test_spans_of_a_column():
    docs = pd.DataFrame({"id": list("abcdefg"), "text": ["Jane is Jane."] * 6 + [None]})
    docs["found"] = [
        '[{"entity": "PERSON", "start": 0, "end": 4, "score": 0.9}]',
        '[{"entity": "PERSON", "text": "Jane"}, {"entity": "X", "text": "is", "score": 0}]',
        "[]",
        None,
        "[{",
        '[{"entity": "PERSON", "start": 0, "end": 99}]',
        "[]",
    ]
    step = Edit(text.redact_spans, on=("text", "found"))
    made = step(docs)["text"]
    assert made[0] == "<PERSON> is Jane." and made[1] == "<PERSON> <X> <PERSON>."
    assert made[2] == "Jane is Jane." and made[3:].isna().all()
    few = Edit(text.redact_spans, on=("text", "found"), min_score=0.95)(docs)["text"]
    assert few[0] == "Jane is Jane."
    # the spans that are kept in a column give what finding and redacting at once gives
    texts = pd.DataFrame({"id": ["a", "b"], "text": [TEXT, "nothing"]})
    both = [Score(text.personal_spans), Edit(text.redact_spans, on=("text", "personal_spans"))]
    assert Pipeline(both)(texts)["text"].tolist() == text.redact(texts["text"]).tolist()


@pytest.mark.parametrize(
    "span",
    [
        {"text": "jane"},  # another case
        {"text": "Kim"},
        {"text": ""},
        {"text": "an"},  # within a word only
        {"start": 2, "end": 2},
        {"start": 0, "end": 4, "score": float("nan")},
    ],
)
def test_a_span_that_matches_nothing(span, caplog):
    """One such among others: the text is null; unless it is not asked for."""
    docs = pd.DataFrame({"id": ["a"], "text": ["Jane is Jane."]})
    docs["found"] = json.dumps([{"entity": "P", "text": "Jane"}, {"entity": "X", **span}])
    with caplog.at_level(logging.WARNING):
        made = Edit(text.redact_spans, on=("text", "found"))(docs)["text"]
    assert made.isna().all() and "match nothing" in caplog.text and "Jane" not in caplog.text
    if span.get("score") is None:
        few = Edit(text.redact_spans, on=("text", "found"), entities=("P",))(docs)["text"]
        assert few[0] == "<P> is <P>."


def test_names_in_scripts_without_blanks():
    named = [("我叫王小明。", "王小明"), ("田中さんは", "田中"), ("김철수는 갔다", "김철수")]
    for line, name in named:
        made = text.redact_spans(line, json.dumps([{"entity": "P", "text": name}]))
        assert made == line.replace(name, "<P>")


def test_measures():
    assert text.personal_count(TEXT) == 11
    assert json.loads(text.personal_counts(TEXT))["PHONE_NUMBER"] == 2
    spans = json.loads(text.personal_spans(TEXT))
    assert TEXT[spans[0]["start"] : spans[0]["end"]] == "jane@acme.org"
    covered = sum(span["end"] - span["start"] for span in spans)
    assert text.personal_ratio(TEXT) == covered / len(TEXT)
    assert text.personal_count(" ") is None


def test_a_run_shows_nothing(tmp_path, caplog):
    """Neither kept records, the ledger, the report nor the log; dropped ones stay as they were."""
    many = [
        "zq1@acme.org zq2@acme.org zq3@acme.org many",
        "zq4@acme.org",
        "word " * 30 + "zq5@acme.org",
    ]
    docs = pd.DataFrame({"id": list("abcd"), "text": [*many, "mail zq6@acme.org now"]})
    steps = Pipeline(
        [
            Filter(text.personal_count, max=2),
            Filter(text.word_count, min=2),
            Edit(text.redact),
            Filter(text.word_count, max=20, name="after"),
        ]
    )
    with caplog.at_level(logging.DEBUG):
        run = steps.run(docs, tmp_path / "out")
    assert run.figures["rows"]["kept"] == 1
    assert "zq" not in caplog.text
    holding = set()
    for file in (tmp_path / "out").rglob("*"):
        if file.is_file():
            raw = file.read_bytes()
            if file.suffix == ".parquet":
                raw = pd.read_parquet(file).to_json().encode()
            if b"zq" in raw:
                holding.add(file.relative_to(tmp_path / "out").parts[0])
    assert holding == {"dropped"}
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "dropped before its text was redacted" in report and "EMAIL_ADDRESS" in report
    first = Pipeline([Edit(text.redact), *steps.steps[1:2]]).run(docs, tmp_path / "first")
    assert first.figures["rows"]["kept"] == 3
    dropped = pd.concat(map(pd.read_parquet, (tmp_path / "first" / "dropped").glob("*.parquet")))
    assert dropped["text"].tolist() == ["<EMAIL_ADDRESS>"]


def test_documents_beyond_two_million_characters():
    long = "é word " * 300_000 + "write to jane@acme.org " + "x " * 50_000
    made = text.redact(long, entities=("EMAIL_ADDRESS", "US_SSN"))
    assert len(long) > 2_000_000 and made == long.replace("jane@acme.org", "<EMAIL_ADDRESS>")


def test_names_of_the_package():
    assert tamis.text.redact is text.redact
