"""Where models come from: files of weights, the hub at a pinned revision, and what goes wrong."""

from __future__ import annotations

import contextlib
import logging
import pickle
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tamis.errors import DataError, MissingPackageError, SettingError, TamisError
from tamis.own_code import SETTING, refused

log = logging.getLogger(__name__)
PLACEHOLDER = "FOLDER"  # how recipes name a model that their user has to name


def state_dict(torch: Any, file: str) -> dict[str, Any]:
    """The tensors of a checkpoint, as training scripts wrap them too; no code of it is run."""
    if file.endswith(".safetensors"):
        from safetensors.torch import load_file

        return dict(load_file(file))
    found = torch.load(file, map_location="cpu", weights_only=True)
    for key in ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
            break
    if not isinstance(found, dict) or not any(torch.is_tensor(v) for v in found.values()):
        raise DataError(f"{file} holds no tensors by name (a state dict)")
    return {
        name.removeprefix("module."): value
        for name, value in found.items()
        if torch.is_tensor(value)
    }


def unpinned(name: str) -> SettingError:
    """What to say of a name on the hub without a commit, or of a recipe's placeholder."""
    if name == PLACEHOLDER:
        return SettingError(
            "the recipe names no model: give the folder of one, in a shell with "
            "--set STEP.model=transformers:/the/folder, STEP being the step's name (of a model of "
            "captions the folder alone)"
        )
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        return SettingError(f"no such folder: {name!r}")
    return SettingError(
        f"{name!r} is no folder here; of a model on the Hugging Face hub give the commit, "
        "revision='…', so that the same run gives the same numbers"
    )


def pinned(name: str, revision: str | None) -> None:
    """Refuse what is neither a folder nor at a pinned commit of the hub."""
    if not Path(name).is_dir():
        at_commit(name, revision)


def at_commit(name: str, revision: str | None) -> str:
    """The commit of a name on the hub; branches and tags are refused, as they move.

    >>> at_commit("some/model", "main")
    Traceback (most recent call last):
    tamis.errors.SettingError: revision='main' of 'some/model' is no commit of 40 hexadecimal digits
    """
    if revision is None:
        raise unpinned(name)
    if not _COMMIT.fullmatch(revision):
        raise SettingError(
            f"revision={revision!r} of {name!r} is no commit of 40 hexadecimal digits"
        )
    return revision


_ASKED = re.compile(r"pip install ([A-Za-z0-9_.\-]*[A-Za-z0-9])")  # in a library's message
_COMMIT = re.compile(r"[0-9a-f]{40}")


@contextlib.contextmanager
def packages(model: str, extra: str) -> Iterator[None]:
    """A package that is not there, as one line that says what to install (`extra`).

    What one model alone needs is in no extra: then it is what the library says to install.
    """
    try:
        yield
    except MissingPackageError:
        raise
    except ImportError as error:
        own = error.name is None and _ASKED.search(str(error))
        lacking, how = (own[1], own[0]) if own else (error.name or str(error), extra)
        raise MissingPackageError(f"the model {model!r} needs {lacking}: {how}") from error


@contextlib.contextmanager
def understood(model: str, weights: str | None, revision: str | None) -> Iterator[None]:
    """What goes wrong in a library while it loads, as an error that names what was loaded.

    Where transformers would print a table of what the files hold too much or too little, one line
    is logged if weights are missing, and nothing else; an error tells of the table.
    """
    reports: list[str] = []
    try:
        with _reported(reports):
            yield
    except (TamisError, ImportError):
        raise
    except Exception as error:
        told = " ".join(" ".join([str(error), *reports]).split())[:400]
        what = f"the model {model!r}" + (f" with the weights {weights!r}" if weights else "")
        at = "" if revision is None else f" (revision {revision})"
        if isinstance(error, pickle.UnpicklingError) or "weights_only" in told:
            raise DataError(
                f"{what} cannot be loaded: the file holds pickled code, not weights only; save its "
                "state dict as safetensors where you trust it"
            ) from error
        if SETTING in told:
            raise refused(model) from error
        hint = ""
        if isinstance(error, OSError) and not Path(model).exists():
            hint = (
                "; name a folder that holds it, or let it be downloaded once without HF_HUB_OFFLINE"
            )
        raise DataError(
            f"{what} cannot be loaded{at}: {type(error).__name__}: {told}{hint}"
        ) from error
    lacking = sorted(name for report in reports for name in _MISSING.findall(report))
    if lacking:
        some = ", ".join(lacking[:3]) + (", …" if len(lacking) > 3 else "")
        log.warning("the files of %r have no %s, which got random numbers", model, some)


_MISSING = re.compile(r"^(\S+)\s*\|\s*MISSING\b", re.MULTILINE)  # in such a table
_TELLING = ("modeling_utils", "modeling_layers", "utils.loading_report")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@contextlib.contextmanager
def _reported(reports: list[str]) -> Iterator[None]:
    """What transformers tells of loaded weights in this thread, taken out of its log."""
    thread = threading.get_ident()

    def keep(record: logging.LogRecord) -> bool:
        if record.thread != thread or "LOAD REPORT" not in record.getMessage():
            return True
        reports.append(_COLOURS.sub("", record.getMessage()))
        return False

    loggers = [logging.getLogger(f"transformers.{one}") for one in _TELLING]
    for one in loggers:
        one.addFilter(keep)
    try:
        yield
    finally:
        for one in loggers:
            one.removeFilter(keep)


_WORDS = "The 1 . a я 的"


def knows_words(tokenizer: Any, model: str) -> None:
    """Refuse a tokenizer without a vocabulary, which transformers makes where a folder has none."""
    ids = tokenizer(_WORDS, add_special_tokens=False)["input_ids"]
    if set(ids) <= set(tokenizer.all_special_ids):
        raise DataError(
            f"the model {model!r} has no tokenizer beside it (tokenizer.json or a vocabulary): "
            "every word would be unknown"
        )


def greedy(network: Any, tokenizer: Any) -> dict[str, Any]:
    """How a model of transformers writes texts: nothing is drawn, whatever its settings say."""
    pad = network.generation_config.pad_token_id
    pad = tokenizer.pad_token_id if pad is None else pad
    return {
        "do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None,
        "pad_token_id": 0 if pad is None else pad,
    }  # fmt: skip
