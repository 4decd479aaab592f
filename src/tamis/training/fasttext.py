"""fastText classifiers, trained here: for a seed always the same, whatever the partitions."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.dedup.groups import hashed
from tamis.errors import SettingError
from tamis.frame import STRING, masked, text_buffers
from tamis.kernels import fasttext_training as kernel
from tamis.sets.keys import keyed
from tamis.text.fasttext import classifier
from tamis.text.fasttext_writing import Trained as Written
from tamis.text.fasttext_writing import save
from tamis.training.labelled import counted, gathered, named, parts, unjudged
from tamis.training.metrics import Metrics, Trained, check_precision, measured
from tamis.training.vocabulary import Coded, Vocabulary, coded, joined
from tamis.version import VERSION

log = logging.getLogger(__name__)

BUCKETS = 2_000_000
_AT_ONCE = 1 << 21  # words between two looks at whether to stop


class _Piece(NamedTuple):
    """What a partition gives: the texts to learn from as words, and those held out as they are."""

    coded: Coded
    ids: np.ndarray
    labels: pd.Series
    held: pd.Series
    held_labels: pd.Series


def train_fasttext(
    frame: Any,
    *,
    output: str | Path,
    on: str = "text",
    label: str = "label",
    by: Any = None,
    share: float = 0.9,
    precision: float | None = None,
    seed: int = 1992,
    epochs: int = 5,
    learning_rate: float = 0.1,
    dimensions: int = 100,
    word_ngrams: int = 2,
    character_ngrams: tuple[int, int] = (0, 0),
    min_count: int = 1,
    buckets: int | None = None,
) -> Trained:
    """Train a fastText classifier on labelled texts and write it as a `.bin` file.

    `frame` (pandas or Dask) has columns `id`, `on` and `label` (one label a row, without blanks; a
    row without a text or label is left out). Only `share` of each label's rows are learnt from; the
    others say how good it is, and suggest thresholds: by `precision` if that is given, else by F1.
    `by` keeps records together that belong together, as for `tamis.sets.split`: a column such as
    a site, or a deduplication step. What was measured stands in `<output>.json`, too.

    `text.fasttext_score`, `text.fasttext_label` and fastText itself read the file. Texts are taken
    as they are: clean or fold them as those that will be judged. One thread learns; the same
    records, in any order and partitions, give the same file. Runs of up to `word_ngrams` words, and
    `character_ngrams` of words (shortest, longest; 0, 0 for none), fall into `buckets`: 2,000,000,
    or twice as many as there are runs, if that is less. Those that no text fell into are zeros.
    Source: Joulin et al., 2016; defaults of NeMo Curator's `train_fasttext`, which are fastText's
    own but for runs of two words and the seed.

    >>> import tempfile
    >>> rows = [("good", "a well made sentence"), ("bad", "buy cheap now")] * 20
    >>> docs = pd.DataFrame(rows, columns=["label", "text"]).assign(id=range(40))
    >>> file = tempfile.mkdtemp() + "/quality.bin"
    >>> train_fasttext(docs, output=file, learning_rate=0.5).held_out.accuracy
    1.0
    """
    what, shortest, longest = "train_fasttext", *_pair(character_ngrams)
    check_precision(what, precision)
    if not str(output).endswith(".bin"):
        raise SettingError(f"{what}: output={str(output)!r} has to end with .bin")
    _at_least_one(what, epochs=epochs, dimensions=dimensions, word_ngrams=word_ngrams)
    _at_least_one(what, min_count=min_count, **({} if buckets is None else {"buckets": buckets}))
    if not 0 < learning_rate < 100:
        raise SettingError(f"{what}: learning_rate={learning_rate} is not above 0 and below 100")
    pieces: list[_Piece] = gathered(
        [_task(part, label) for part in parts(what, frame, on, label, by, share, seed)]
    )
    counts = counted(what, label, pd.concat([piece.labels for piece in pieces]))
    _words(label, counts.index)
    vocabulary, tokens, offsets = joined([piece.coded for piece in pieces], min_count)
    truth = pd.Categorical(pd.concat([piece.labels for piece in pieces]), counts.index).codes
    ids = np.concatenate([piece.ids for piece in pieces])
    made = _learn(
        vocabulary, tokens, offsets, truth.astype(np.int64), ids, counts, epochs, learning_rate,
        dimensions, word_ngrams, (shortest, longest), buckets, seed,
    )  # fmt: skip
    save(
        Path(output), made, epochs=epochs, min_count=min_count, word_ngrams=word_ngrams,
        character_ngrams=(shortest, longest),
    )  # fmt: skip
    held_out = _judged(pieces, str(output), tuple(counts.index), precision)
    if held_out is None:
        unjudged(what, by, share)
    settings = {
        "on": on, "label": label, "by": None if by is None else str(by), "share": share,
        "seed": seed, "epochs": epochs, "learning_rate": learning_rate, "dimensions": dimensions,
        "word_ngrams": word_ngrams, "character_ngrams": [shortest, longest],
        "min_count": min_count, "buckets": len(made.input) - len(made.words),
    }  # fmt: skip
    told = {
        "made_by": f"tamis {VERSION}, train_fasttext",
        "settings": settings,
        "rows": {str(name): int(n) for name, n in counts.items()},
        "held_out": None if held_out is None else held_out.to_dict(),
    }
    _tell(Path(f"{output}.json"), told)
    return Trained(str(output), tuple(counts.index), int(counts.sum()), held_out)


def _tell(file: Path, told: dict[str, Any]) -> None:
    """Write under another name, then put in place."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _learn(
    vocabulary: Vocabulary,
    tokens: np.ndarray,
    offsets: np.ndarray,
    truth: np.ndarray,
    ids: np.ndarray,
    counts: pd.Series,
    epochs: int,
    rate: float,
    width: int,
    runs: int,
    inner: tuple[int, int],
    buckets: int | None,
    seed: int,
) -> Written:
    """Go through the texts so many times, each time in another order that ids and seed decide."""
    if buckets is None:
        buckets = _buckets(vocabulary, tokens, offsets, runs, inner)
    known = vocabulary.known
    data = np.frombuffer(b"".join(vocabulary.names), np.uint8)
    ends = np.concatenate([[0], np.cumsum([len(name) for name in vocabulary.names])])
    firsts, own = np.empty(len(ends), np.int64), np.empty(0, np.int64)
    for _ in range(2):
        size = kernel.parts(data, ends, known, vocabulary.end, *inner, max(buckets, 1), firsts, own)
        own = own if len(own) == size else np.empty(size, np.int64)
    shape = np.array([vocabulary.end, known, runs, max(buckets, 1), seed], np.int64)
    rows = np.zeros((known + buckets, width), np.float32)
    output = np.zeros((len(counts), width), np.float32)
    entered = np.zeros(len(rows), np.uint8)
    sizes = np.diff(offsets) + 1
    progress = np.array([0.0, float(epochs * sizes.sum())])
    for epoch in range(epochs):
        key = keyed(ids, seed + epoch)
        order = np.lexsort((ids, key))
        cuts = np.flatnonzero(np.diff(np.cumsum(sizes[order]) // _AT_ONCE)) + 1
        loss = 0.0
        for some in np.split(order, cuts):
            loss += kernel.descend(
                tokens, offsets, truth, some, vocabulary.hashes, firsts, own, shape, rate,
                progress, entered, rows, output,
            )  # fmt: skip
        log.info("epoch %d of %d: mean loss %.4f", epoch + 1, epochs, loss / max(len(order), 1))
    return Written(
        vocabulary.names[:known], vocabulary.counts[:known], tuple(counts.index),
        counts.to_numpy(np.int64), rows, output,
    )  # fmt: skip


def _buckets(
    vocabulary: Vocabulary, tokens: np.ndarray, offsets: np.ndarray, runs: int,
    inner: tuple[int, int],
) -> int:  # fmt: skip
    """As published, or fewer for few texts; none where nothing falls into them."""
    if inner[1] > 0:
        return BUCKETS
    if runs < 2:
        return 0
    marked = np.zeros(BUCKETS, np.uint8)
    kernel.mark_runs(tokens, offsets, vocabulary.hashes, vocabulary.end, runs, BUCKETS, marked)
    return min(BUCKETS, max(1000, 2 * int(marked.sum())))


def _judged(
    pieces: list[_Piece], file: str, labels: tuple[str, ...], precision: float | None
) -> Metrics | None:
    """The figures of the texts held out, by the file that was written."""
    texts = pd.concat([piece.held for piece in pieces], ignore_index=True)
    truth = pd.concat([piece.held_labels for piece in pieces], ignore_index=True)
    known = truth.isin(labels).to_numpy(bool)
    if not known.any():
        return None
    seen = classifier(file).see(text_buffers(texts[known]))
    scores = np.column_stack([seen.score(name) for name in labels])
    return measured(
        pd.Categorical(truth[known], labels).codes.astype(np.int64), scores, labels, precision
    )


def _task(part: Any, label: str) -> Any:
    import dask

    return dask.delayed(_piece, pure=True)(part, label)


def _piece(rows: pd.DataFrame, label: str) -> _Piece:
    labels = named("train_fasttext", label, rows["label"]).astype(STRING)
    texts = rows["value"].astype(STRING)
    there = texts.str.strip().str.len().to_numpy(np.int64) > 0
    held = rows["held"].to_numpy(bool)
    learnt = there & ~held
    frame = pd.DataFrame({"id": rows["id"], "text": texts, "label": labels})
    own, kept = masked(frame, learnt), masked(frame, there & held)
    return _Piece(
        coded(text_buffers(own["text"])), hashed(own["id"]), own["label"], kept["text"],
        kept["label"],
    )  # fmt: skip


def _words(label: str, names: pd.Index) -> None:
    odd = [name for name in names if name.split() != [name] or "\0" in name]
    if odd:
        raise SettingError(
            f"train_fasttext: labels of fastText are one word; {label!r} has {odd[0]!r}"
        )


def _pair(given: Any) -> tuple[int, int]:
    pair = tuple(given) if isinstance(given, tuple | list) else ()
    if len(pair) != 2 or not all(isinstance(n, int) for n in pair) or not 0 <= pair[0] <= pair[1]:
        raise SettingError(
            f"train_fasttext: character_ngrams={given!r} is not the shortest and the longest, such "
            "as (3, 6), or (0, 0) for none"
        )
    return pair[0], pair[1]


def _at_least_one(what: str, **numbers: Any) -> None:
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise SettingError(f"{what}: {name}={number!r} is not a whole number from 1 on")
