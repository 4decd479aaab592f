"""Models that find names in texts, each loaded at most once per process."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from tamis.errors import DataError, MissingPackageError, SettingError, TamisError
from tamis.media.placing import place
from tamis.resources import resource
from tamis.torchvision import mend_torchvision

_UNUSED = [
    "parser",
    "tagger",
    "lemmatizer",
    "attribute_ruler",
    "senter",
    "morphologizer",
    "textcat",
]


@resource
def spacy_model(name: str) -> Any:
    """A pipeline of spaCy's, by the name of an installed package or a folder; nothing is fetched.

    What named entities do not need is left out. Raises `MissingPackageError`, `SettingError`.
    """
    try:
        import spacy
    except ImportError as error:
        raise MissingPackageError("spacy:… needs spaCy: pip install 'tamis[pii]'") from error
    try:
        found = spacy.load(name, exclude=_UNUSED)
    except OSError as error:
        raise SettingError(
            f"finders: there is no spaCy model {name!r}: name an installed package or a folder"
        ) from error
    except (ValueError, KeyError, ImportError) as error:
        raise DataError(f"the spaCy model {name!r} cannot be loaded: {error}") from error
    if not {"ner", "entity_ruler", "beam_ner", "span_ruler"} & set(found.pipe_names):
        raise SettingError(
            f"finders: the spaCy model {name!r} tells no entities ({found.pipe_names})"
        )
    return found


@resource
def gliner_model(name: str) -> Any:
    """A GLiNER model: a folder, or `owner/name@commit` of a hub. Code it names is never run.

    Raises `MissingPackageError`, `SettingError`, `DataError`.
    """
    try:
        import torch

        mend_torchvision(torch)
        from gliner import GLiNER
        from transformers import AutoConfig
        from transformers.utils import logging
    except ImportError as error:
        raise MissingPackageError(
            "gliner:… needs torch, transformers and gliner: pip install 'tamis[text-models]', and "
            "pip install --no-deps gliner"
        ) from error
    logging.disable_progress_bar()
    local = Path(name).is_dir()
    source, revision = (name, "") if local else name.partition("@")[::2]
    if not local and not revision:
        raise SettingError(
            f"finders: gliner:{name} is no folder; of a model on the hub give the commit, "
            "gliner:owner/name@commit, so that the same run finds the same"
        )
    try:
        folder = Path(source)
        if not local:
            from huggingface_hub import snapshot_download

            folder = Path(snapshot_download(source, revision=revision))
        told = json.loads((folder / "gliner_config.json").read_text("utf-8"))
        for kind in ("encoder_config", "labels_encoder_config"):
            if "auto_map" in (told.get(kind) or {}):
                raise DataError(f"the model {name!r} brings code along, which is not run")
        for kind, base in (
            ("encoder_config", "model_name"),
            ("labels_encoder_config", "labels_encoder"),
        ):
            if told.get(base) and not told.get(kind):  # loaded by its name: must not need code
                AutoConfig.from_pretrained(told[base], trust_remote_code=False)
        found = GLiNER.from_pretrained(str(folder), local_files_only=True)
    except TamisError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise DataError(f"the GLiNER model {name!r} cannot be loaded: {error}") from error
    return found.to(place(torch, None)).eval()


@resource
def presidio_analyzer(name: str) -> Any:
    """A Presidio analyser: its YAML file, or `package.module:name` of an engine or its maker.

    Neither the public-suffix list nor a model of spaCy's is fetched. Raises
    `MissingPackageError`, `SettingError`, `DataError`.
    """
    try:
        import presidio_analyzer
        import tldextract.tldextract as suffixes
    except ImportError as error:
        raise MissingPackageError(
            "presidio:… needs presidio-analyzer: pip install 'tamis[presidio]'"
        ) from error
    suffixes.TLD_EXTRACTOR.suffix_list_urls = ()  # its own copy of the list, nothing is fetched
    module, _, attribute = name.partition(":")
    if attribute:
        try:
            made = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise SettingError(f"finders: there is no presidio:{name} ({error})") from error
        engine = made if isinstance(made, presidio_analyzer.AnalyzerEngine) else made()
    else:
        engine = _from_yaml(name, presidio_analyzer)
    if not isinstance(engine, presidio_analyzer.AnalyzerEngine):
        raise SettingError(f"finders: presidio:{name} is no AnalyzerEngine but {type(engine)}")
    return engine


def _from_yaml(name: str, presidio: Any) -> Any:
    import spacy
    import yaml

    if not Path(name).is_file():  # Presidio would take its defaults, in silence
        raise SettingError(
            f"finders: presidio:{name} is neither a YAML file nor module:name of an analyser"
        )
    try:
        told = yaml.safe_load(Path(name).read_text("utf-8"))
        engines = told["nlp_configuration"]
        for model in engines["models"] if engines["nlp_engine_name"] == "spacy" else ():
            wanted = model["model_name"]
            if not (spacy.util.is_package(wanted) or Path(wanted).exists()):
                raise SettingError(f"presidio:{name} wants the model {wanted!r}: install it first")
        return presidio.AnalyzerEngineProvider(analyzer_engine_conf_file=name).create_engine()
    except TamisError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise DataError(f"{name!r} is no configuration of Presidio: {error}") from error
