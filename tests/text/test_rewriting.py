"""Texts written anew by a small causal model, against a plain loop of transformers."""

import dask.dataframe as dd
import pandas as pd
import pytest

import tamis
from tamis import Score, text
from tamis.errors import SettingError
from tamis.named_files import states
from tamis.text.rewriting import PROMPTS

torch = pytest.importorskip("torch", reason="needs the extra text-models")
transformers = pytest.importorskip("transformers", reason="needs the extra text-models")
import tiny_language_models as tiny  # noqa: E402
from tamis.text.causal_models import writer  # noqa: E402

LINES = [
    "the cat sat on the mat .",
    None,
    "stock market fell , buy now cheap free !",
    "theorem proof sum number line " * 9,
    " ",
    "water",
]
HERE = pd.DataFrame({"id": list("abcdef"), "caption": LINES})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "writing"
    tiny.writing(folder, positions=256)
    return str(folder)


class Plain:
    """transformers as its own pages show it, one text at a time."""

    def __init__(self, place):
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(place)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(place).eval()

    def __call__(self, words, tokens=12):
        given = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": words}], add_generation_prompt=True, return_tensors="pt",
            return_dict=True,
        )  # fmt: skip
        given.pop("token_type_ids", None)
        made = self.model.generate(**given, max_new_tokens=tokens, do_sample=False)
        said = made[0, given["input_ids"].shape[1] :]
        return self.tokenizer.decode(said, skip_special_tokens=True).strip()


def rewritten(place, **settings):
    step = Score("text.rewrite", on="caption", name="better", model=place, device="cpu",
                 **{"max_tokens": 12} | settings)  # fmt: skip
    return step(HERE)["better"]


@pytest.mark.parametrize("batch", [None, 1, 200])
def test_as_by_a_plain_loop(place, batch):
    found, plain = rewritten(place, batch=batch), Plain(place)
    for line, said in zip(LINES, found, strict=True):
        if line is None or line == " ":
            assert pd.isna(said)
        else:
            assert said == plain(PROMPTS["caption"].replace("{text}", line))
    assert found.nunique() == 4


def test_words_of_ones_own(place):
    plain = Plain(place)
    for given, asked in (
        ("buy it now :", "buy it now :\n\nwater"),
        ("the {text} page", "the water page"),
    ):
        assert rewritten(place, prompt=given)[5] == plain(asked)


def test_partitions_do_not_matter(place):
    step = Score(
        "text.rewrite", on="caption", name="better", model=place, max_tokens=9, device="cpu"
    )
    whole = step(HERE)
    for parts in (1, 3):
        lazy = step(dd.from_pandas(HERE, npartitions=parts, sort=False))
        found = lazy.compute(scheduler="threads")
        pd.testing.assert_series_equal(found.better, whole.better)


def test_what_ends_an_answer_is_no_part_of_it(place):
    plain = Plain(place)
    found = text.rewrite(["water"], model=place, prompt="the {text} page", max_tokens=100)[0]
    assert found == plain("the water page", 100)
    loaded = plain.model.generation_config
    assert loaded.eos_token_id is not None and "[SEP]" not in found


def test_long_texts_lose_their_ends(place):
    """Of a text without end as much is read as there is room for, and no more."""
    long = "theorem proof sum number line " * 400
    found = text.rewrite([long, long + "water"], model=place, max_tokens=40)
    assert found[0] and found[0] == found[1]
    less = text.rewrite([long], model=place, max_tokens=120)
    assert less[0] != found[0]  # room for less of the text
    with pytest.raises(SettingError, match="256 places"):
        text.rewrite(["water"], model=place, prompt="the water page {text}" * 60)


def test_without_a_template(tmp_path):
    model = tiny.causal(tmp_path / "m", positions=256)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "m")
    ids = tokenizer("the water page", add_special_tokens=False, return_tensors="pt")
    ids.pop("token_type_ids", None)
    made = model.generate(**ids, max_new_tokens=7, do_sample=False)[0, ids["input_ids"].shape[1] :]
    found = text.rewrite(
        ["water"], model=str(tmp_path / "m"), prompt="the {text} page", max_tokens=7
    )
    assert found[0] == tokenizer.decode(made, skip_special_tokens=True).strip()


def test_memory_that_ends_halves_batches(place, monkeypatch, caplog):
    expected, sizes = rewritten(place), []
    loaded = writer(place, None, "cpu", "auto", 2049, tuple(states(place)), False)
    generate = loaded.generate

    def little(ids, mask, tokens):
        sizes.append(len(ids))
        if len(ids) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return generate(ids, mask, tokens)

    monkeypatch.setattr(loaded, "generate", little)
    pd.testing.assert_series_equal(rewritten(place, batch=2049), expected)
    assert max(sizes) > 4 and sizes[-1] == 1 and "out of memory" in caplog.text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"prompt": "captions"}, "caption, or words of your own"),
        ({"max_tokens": 0}, "max_tokens=0"),
        ({"batch": 0}, "batch=0"),
        ({"model": "Qwen/Qwen3-14B"}, "give the commit"),
    ],
)
def test_wrong_settings(place, settings, said):
    with pytest.raises(SettingError, match=said):
        tamis.Score("text.rewrite", **{"model": place} | settings)(
            HERE.rename(columns={"caption": "text"})
        )


def test_an_answer_of_nothing_is_no_value(tmp_path, caplog):
    asked = {"on": "caption", "name": "better", "max_tokens": 6, "device": "cpu"}
    tiny.writing(tmp_path / "one", positions=256)
    says = transformers.AutoTokenizer.from_pretrained(tmp_path / "one")
    words = Score("text.rewrite", model=str(tmp_path / "one"), **asked)(HERE)["better"]
    first = says(words[0], add_special_tokens=False)["input_ids"][0]
    tiny.writing(tmp_path / "two", positions=256, ends=[first])  # there ends the first answer
    step = tamis.Filter("text.rewrite", isin=["-"], model=str(tmp_path / "two"), **asked)
    found = step.explain(HERE)
    assert pd.isna(found.better[0]) and found.better.notna().sum() > 0
    assert "better" not in found or not (found.better == "").any()
    why = found.dropped_why
    assert why[0] == "prompt.empty: the model answered with nothing"
    assert why[1].startswith("text.null") or why[1].startswith("text.empty")
    assert why[4].startswith("text.empty")
    assert "rewrite has no value in" in caplog.text and "prompt.empty" in caplog.text
    run = tamis.Pipeline([step]).run(dd.from_pandas(HERE, npartitions=2), tmp_path / "out")
    assert run.figures["rows"]["dropped"] == len(HERE)
