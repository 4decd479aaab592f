"""Where each step of a pipeline will run: on the processor, on a GPU, or there by way of the host.

Told by what ops declare (a `device`, a version for cuDF) and by what CUDA's driver says is there.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from tamis import lending, on_device
from tamis.accelerator import accelerators
from tamis.array_device import why_not
from tamis.engines import engine, within
from tamis.frame import library
from tamis.prompting.limits import BASE
from tamis.segments import Named


class Place(NamedTuple):
    """`engine` is "CPU", "GPU", "hop" (on the CPU, its columns copied out of a cuDF frame) or
    "network": what is asked of an endpoint is computed there."""

    engine: str
    why: str


def places(named: Named, frame: Any = "pandas", said: str | None = None) -> dict[str, Place]:
    """Where each named step runs over a frame, or over frames of a library ("pandas", "cudf").

    `said` is the engine, "cpu", "gpu" or "auto"; None: that of Dask's configuration.

    >>> from tamis import Filter, text
    >>> places([("words", Filter(text.word_count, min=5))])["words"].engine
    'CPU'
    """
    kind = frame if isinstance(frame, str) else library(getattr(frame, "_meta", frame))
    taken = said or engine() or ("auto" if kind == "cudf" else None)
    with within(taken):
        found = {name: _place(step, kind) for name, step in named}
    if taken == "cpu":
        return found
    if kind == "cudf":
        there = on_device.candidates(_bound(named), named)
        found |= dict.fromkeys(there, Place("GPU", "has a version for cuDF frames"))
        lying = [] if why_not() else [n for n, s in named if getattr(s, "looks_there", False)]
        found |= dict.fromkeys(lying, Place("GPU", "texts are looked at where they lie"))
    lent = {} if taken is None else _lent(named)
    if kind != "cudf" and lent and why_not():
        lent = {name: Place("CPU", f"{found[name].why}; {why_not()}") for name in lent}
    return found | {name: place for name, place in lent.items() if found[name].engine != "GPU"}


def table(named: Named, frame: Any = "pandas", said: str | None = None) -> pd.DataFrame:
    """The same as a table: `step`, `where`, `why`."""
    found = places(named, frame, said)
    rows = [(name, place.engine, place.why) for name, place in found.items()]
    return pd.DataFrame(rows, columns=["step", "where", "why"]).set_index("step")


def _place(step: Any, kind: str) -> Place:
    measure: Any = getattr(step, "score", None) if step.word == "filter" else step
    op = getattr(measure, "op", None)
    settings = dict(measure.settings) if op is not None else {}
    if step.asks:
        found = _asking(step)
    elif step.word == "dedup":
        found = _deduplication(step)
    elif op is None:
        of_column = isinstance(getattr(step, "column", None), str)
        found = Place("CPU", "bounds of a column" if of_column else "compiled loops")
    else:
        found = _op(op, settings)
    if kind == "cudf" and found.engine == "CPU":
        return Place(
            "hop", f"no version for cuDF frames: columns are copied to the host; {found.why}"
        )
    return found


def _lent(named: Named) -> dict[str, Place]:
    """The steps whose texts are lent to a card, block by block as the rows come to them."""
    found: dict[str, Place] = {}
    for block in _blocks(named):
        by_column: dict[str, list[str]] = {}
        for name, measure in lending.chosen(block, _bound(named)).items():
            by_column.setdefault(str(lending.looked_at(measure)), []).append(name)
        for names in by_column.values():
            least = f"{lending.WORTH / len(names) / 2**20:.3g} MiB"
            why = f"texts are copied there, where a partition has {least} of them; else the CPU"
            found |= dict.fromkeys(names, Place("GPU", why))
    return found


def _blocks(named: Named) -> list[Named]:
    """Scores and filters between other steps, which a partition is judged by together."""
    found: list[Named] = [()]
    for name, step in named:
        if step.word not in ("score", "filter"):
            found.append(())
            continue
        found[-1] = (*found[-1], (name, step))
        if step.relative:
            found.append(())
    return found


def _bound(named: Named) -> set[str]:
    """All columns that measures are bound to, which a frame is taken to have."""
    measures = (lending.measure_of(step) for _, step in named)
    return {column for m in measures if m is not None for column in m.binding.values()}


def _asking(step: Any) -> Place:
    at = step.limits.endpoint or f"the endpoint that {BASE} names"
    return Place("network", f"asks {step.model} at {at}, and waits for it")


def _op(op: Any, settings: Mapping[str, Any]) -> Place:
    packages = op.packages(settings)
    if "device" in op.settings:
        return _of_device(settings.get("device", op.settings["device"]), "torch")
    if "onnxruntime" in packages:
        if accelerators().devices and _distributed("onnxruntime-gpu"):
            return Place("GPU", "a model in onnxruntime-gpu")
        return Place("CPU", "a model in onnxruntime")
    return Place(
        "CPU", "compiled loops" if not op.media_columns() else "decoders and compiled loops"
    )


def _deduplication(step: Any) -> Place:
    if hasattr(step, "device"):
        return _of_device(step.device, "torch")
    if hasattr(step, "scheme"):
        from tamis.dedup.on_card import able

        if able(step.scheme):
            return Place("GPU", "MinHash, the same signatures; the rest on the CPU")
    return Place("CPU", "compiled loops")


def _of_device(device: str | None, package: str) -> Place:
    """Where a model is put that takes a GPU unless told otherwise."""
    if device is None:
        found = accelerators()
        if found.devices and importlib.util.find_spec(package) is not None:
            return Place("GPU", f"a model in {package}: device=None takes what is there")
        lacks = f"no GPU: {found.why}" if found.why else "which is not installed"
        return Place("CPU", f"a model in {package}; {lacks}")
    if str(device).startswith("cuda"):
        return Place("GPU", f"device={device!r}")
    return Place("CPU", f"device={device!r}")


def _distributed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
