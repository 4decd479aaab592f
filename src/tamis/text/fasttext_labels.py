"""What a user's own fastText model says of a text: quality, topic, toxicity, …"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.op import edit, measure, view
from tamis.text.editing import rewritten
from tamis.text.fasttext import Seen, classifier
from tamis.text.language import check_label


@view
def fasttext_seen(utf8: Texts, *, model: str) -> Seen:
    """What a model sees of each text."""
    return classifier(model).see(utf8)


@measure(dtype="string", null_where="blank", heavy=True)
def fasttext_label(fasttext_seen: Seen, *, model: str) -> np.ndarray:
    """The likeliest label of a text by a fastText classifier, a `.bin` or `.ftz` file.

    Labels are given without `__label__`. The whole text is judged, newlines read as spaces. No
    package is needed: models of any loss, quantised or not, are read and computed here.
    """
    return fasttext_seen.top()[0]


@measure(dtype="float64", range=(0, 1), null_where="blank", heavy=True)
def fasttext_score(fasttext_seen: Seen, *, model: str, label: str = "hq") -> np.ndarray:
    """How likely a label is for a text by a fastText classifier: 0 to 1.

    The label without `__label__`. `model` as for `text.fasttext_label`. DCLM keeps the best tenth
    by such a score (`min="90%"`).
    """
    check_label("fasttext_score", "label", label, fasttext_seen.labels)
    return fasttext_seen.score(label)


@measure(dtype="boolean", null_where="blank", heavy=True)
def fasttext_quality_draw(
    fasttext_seen: Seen,
    id: pd.Series,
    *,
    model: str,
    label: str = "hq",
    alpha: float = 3.0,
    seed: int = 42,
) -> np.ndarray:
    """Whether a text is drawn by its quality: likely if it is good, now and then if it is not.

    Drawn if a number from the Pareto distribution (Lomax, shape `alpha`) is over one minus the
    score, which is the probability of `label` where that is the likeliest, else one minus the
    likeliest one's. The number comes from `seed` and the record's id, so that a record's fate
    depends on nothing else. Source: GPT-3 (Brown et al., 2020, appendix A, with `alpha` 9), by way
    of NeMo Curator's FastTextQualityFilter, which draws from numpy's generator.
    """
    check_label("fasttext_quality_draw", "label", label, fasttext_seen.labels)
    if alpha <= 0:
        raise SettingError(f"fasttext_quality_draw: alpha={alpha} is not above 0")
    names, scores = fasttext_seen.top()
    scores = np.where(names == label, scores, 1 - scores)
    drawn = (1 - np.array([_uniform(seed, value) for value in id.array])) ** (-1 / alpha) - 1
    return drawn > 1 - scores


@edit()
def fasttext_line(text: pd.Series, *, label: str) -> pd.Series:
    """A text as a line to train a fastText classifier with: `__label__`, the label, one line.

    Source: NeMo Curator, FastTextLabelModifier.

    >>> fasttext_line("two\\nlines", label="hq")
    '__label__hq two lines'
    """
    if not label or label.split() != [label]:
        raise SettingError(f"fasttext_line: label={label!r} has to be one word")
    start = f"__label__{label} "
    return rewritten(
        text, np.ones(len(text), bool), lambda value: start + " ".join(value.splitlines())
    )


def _uniform(seed: int, id: object) -> float:
    """A number from 0 up to 1 that a seed and an id decide."""
    digest = hashlib.blake2b(f"{seed} {id}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "little") >> 11) * 2.0**-53
