"""What models answered: remarks cut off, verdicts in both orders, turns as messages; cosines."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cosine as distance

from tamis import Edit, Score, text
from tamis.errors import DataError
from tamis.frame import STRING

REMARKS = (
    "Here is the rewritten text:\n\n",
    "Here's a paraphrased version of the text:\n",
    "Sure! Here is the condensed version:\n\n",
    "Certainly. Below is the translation into German:\n",
    "**Rewritten text:**\n\n",
    "Translation: ",
    "Sure!\n\n",
)
NONE = (
    "Here is where the river begins: a spring in the hills.",
    "This is what we know: little.",
    "Certainly, cats sleep: they need it.",
    "The translation of the Bible took: ten years.",
    "Translations: an essay",
    "Here is the rewritten text:",  # and nothing else
    "",
)


@pytest.mark.parametrize("remark", REMARKS)
def test_remarks_are_cut_off(remark):
    frame = pd.DataFrame({"text": pd.array([remark + "Cats sleep.\nDogs run."], STRING)})
    assert Edit(text.remove_preamble)(frame).text.tolist() == ["Cats sleep.\nDogs run."]


@pytest.mark.parametrize("said", NONE)
def test_texts_that_only_look_like_it_stay(said):
    frame = pd.DataFrame({"text": pd.array([said], STRING)})
    assert Edit(text.remove_preamble)(frame).text.tolist() == [said]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["", *REMARKS]))
def test_only_a_beginning_goes(body, remark):
    (left,) = Edit(text.remove_preamble)(
        pd.DataFrame({"text": pd.array([remark + body], STRING)})
    ).text
    assert (remark + body).endswith(left)


def test_a_win_counts_in_both_orders():
    says = ["first", "second", "tie", None, "who?"]
    pairs = [(one, two) for one in says for two in says]
    frame = pd.DataFrame({"better": pd.array([a for a, _ in pairs], STRING),
                          "better_swapped": pd.array([b for _, b in pairs], STRING)})  # fmt: skip
    found = Score(text.agreed_winner, name="w")(frame).w
    for (one, two), won in zip(pairs, found, strict=True):
        if one not in says[:3] or two not in says[:3]:
            assert pd.isna(won)
        else:
            asked = {("first", "second"): "a", ("second", "first"): "b", ("tie", "tie"): "tie"}
            assert won == asked.get((one, two), "unsure")


def test_a_conversation_ends_before_the_first_gap():
    names = ["question", "answer", "question_2", "answer_2", "question_3", "answer_3"]
    rows = [list("abcdef"), ["a", "b", "c", None, "e", "f"], ["a", "b", "", "d", "e", "f"],
            [None, "b", "c", "d", "e", "f"]]  # fmt: skip
    frame = pd.DataFrame(
        {n: pd.array(v, STRING) for n, v in zip(names, zip(*rows, strict=True), strict=True)}
    )
    found = Score(text.conversation, name="m")(frame).m.tolist()
    assert [m["content"] for m in json.loads(found[0])] == list("abcdef")
    assert [m["role"] for m in json.loads(found[0])] == ["user", "assistant"] * 3
    assert [len(json.loads(m)) for m in found[1:3]] == [2, 2] and pd.isna(found[3])


def test_cosines_are_scipys():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(20, 5)), rng.normal(size=(20, 5))
    frame = pd.DataFrame({"left": list(left.astype(np.float32)), "right": list(right)})
    frame.loc[3, "left"] = None
    frame.at[4, "right"] = [0.0] * 5
    frame.at[5, "right"] = [np.inf] * 5
    found = Score(text.cosine, name="c")(frame).c
    assert found.isna().to_numpy().nonzero()[0].tolist() == [3, 4, 5]
    for k in (0, 1, 2, *range(6, 20)):
        assert found[k] == pytest.approx(1 - distance(left[k], right[k]), abs=1e-6)
    with pytest.raises(DataError, match="5 numbers, and of 2"):
        Score(text.cosine, name="c")(frame.assign(right=[[1.0, 2.0]] * 20))


REFUSALS = (
    "I'm sorry, but I can't assist with that request.",
    "I’m sorry, but I cannot rewrite this text, as it has no meaning.",
    "Sorry, I can't help with that.",
    "I cannot provide a translation of this passage.",
    "I am unable to complete this task.",
    "I apologize, but I'm not able to generate that content.",
    "Unfortunately, I can't help you here.",
    "As an AI language model, I do not have opinions.",
    "I'm sorry, but as an AI I can not do that.",
    "It seems that you did not provide a text. Which one do you mean?",
    "It looks like there is no document attached.",
    "Please provide the text that you would like me to rewrite.",
    "**I can't help with that.**",
)
ANSWERS = (
    "I can't help but smile: cats sleep all day.",
    "I am sorry for your loss, and I will write to him.",
    "Sorry seems to be the hardest word, says the song.",
    "The model said: I'm sorry, but I can't assist with that request.",
    "Unfortunately, the text of the treaty was lost in 1204.",
    "As an AI researcher, she knew of it.",
    "It seems that tides are caused by the moon.",
    "It appears that the missing years were never found.",
    "Please share the road with cyclists.",
    "I cannot tell how old the tree is, said the gardener.",
    "I will not do so, he wrote.",
    "",
)


def test_refusals():
    said = pd.Series([*REFUSALS, *ANSWERS, None], dtype=STRING)
    told = text.refusal(said)
    wrong = [t for t, r in zip(REFUSALS, told, strict=False) if r is not True and not r]
    wrong += [t for t, r in zip(ANSWERS, told[len(REFUSALS) :], strict=False) if r]
    assert not wrong and pd.isna(told.iloc[-1])


@given(st.text(max_size=80))
def test_most_texts_are_no_refusals(body):
    assert not text.refusal("Tides: " + body)
