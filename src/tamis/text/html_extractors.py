"""What turns a page into text, as it is called in another process: pages are hostile.

Each function takes the page as UTF-8 and gives text as UTF-8. What an extractor raises is
`html.failed`; what it runs out of is told by the sandbox.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tamis.codes import BadRecord
from tamis.text.models import language_model
from tamis.text.stop_words import NAMES, prose, stop_words

_SAMPLE, _PIECES = 400, 3  # characters by which the language of a page is told, in so many places
_LABEL = len("__label__")

Extractor = Callable[..., bytes]


def warm_up() -> None:
    """Load what every page needs."""
    found_language("a page")


def _guarded(function: Callable[..., str]) -> Extractor:
    """The extractor with its errors as records' errors, bytes in and out."""

    @functools.wraps(function)
    def called(data: bytes, **settings: Any) -> bytes:
        try:
            return function(bytes(data).decode("utf-8"), **settings).encode("utf-8", "replace")
        except (BadRecord, MemoryError):
            raise
        except RecursionError:
            raise BadRecord("html.failed", "its elements are nested too deep") from None
        except Exception as error:  # these libraries have no errors of their own
            said = (str(error).splitlines() or [""])[0][:200]
            raise BadRecord("html.failed", f"{type(error).__name__}: {said}") from None

    return called


@_guarded
def resiliparse(
    html: str, *, language: str | None, stopword_density: float, main_content: bool, alt_texts: bool
) -> str:
    """By Resiliparse."""
    from resiliparse.extract.html2text import extract_plain_text

    text = extract_plain_text(html, main_content=main_content, alt_texts=alt_texts)
    return _prose(text, language, stopword_density)


@_guarded
def trafilatura(
    html: str, *, language: str | None, stopword_density: float, deduplicate: bool,
    max_repetitions: int, min_extracted_size: int, min_extracted_comm_size: int,
    min_output_size: int, min_output_comm_size: int, min_duplcheck_size: int, **options: Any,
) -> str:  # fmt: skip
    """By Trafilatura."""
    import trafilatura
    from trafilatura.deduplication import LRUCache

    config = _config(
        min_extracted_size, min_extracted_comm_size, min_output_size, min_output_comm_size,
        min_duplcheck_size, max_repetitions,
    )  # fmt: skip
    # With a memory of its own each page is judged alone; trafilatura's goes on from page to page,
    # and what it cuts depends on those that the process had before.
    memory: Any = LRUCache(maxsize=4096) if deduplicate else False
    text = trafilatura.extract(html, config=config, deduplicate=memory, **options)
    return _prose(text or "", language, stopword_density)


@functools.cache
def _config(*sizes: int) -> Any:
    from trafilatura.settings import use_config

    config = use_config()
    names = (
        "MIN_EXTRACTED_SIZE", "MIN_EXTRACTED_COMM_SIZE", "MIN_OUTPUT_SIZE", "MIN_OUTPUT_COMM_SIZE",
        "MIN_DUPLCHECK_SIZE", "MAX_REPETITIONS",
    )  # fmt: skip
    for name, size in zip(names, sizes, strict=True):
        config.set("DEFAULT", name, str(size))
    config.set("DEFAULT", "EXTRACTION_TIMEOUT", "0")  # the sandbox has a clock
    return config


@_guarded
def justext(
    html: str, *, language: str | None, stopwords_low: float, stopwords_high: float,
    length_low: int, length_high: int, max_link_density: float, max_heading_distance: int,
    no_headings: bool,
) -> str:  # fmt: skip
    """By jusText."""
    import justext

    words = stop_words(language or _visible_language(html))
    if words is None:  # jusText's mode for any language
        words, stopwords_low, stopwords_high = frozenset(), 0.0, 0.0
    try:
        paragraphs = justext.justext(
            html.encode("utf-8"), words, encoding="utf-8", length_low=length_low,
            length_high=length_high, stopwords_low=stopwords_low, stopwords_high=stopwords_high,
            max_link_density=max_link_density, max_heading_distance=max_heading_distance,
            no_headings=no_headings,
        )  # fmt: skip
    except Exception as error:
        if "Document is empty" in str(error):
            return ""
        raise
    return "\n\n".join(part.text for part in paragraphs if not part.is_boilerplate)


def _prose(text: str, language: str | None, least: float) -> str:
    if least > 0 and text:
        words = stop_words(language or found_language(text))
    else:
        words = None
    return "\n\n".join(prose(text, words, least))


def _visible_language(html: str) -> str | None:
    from resiliparse.extract.html2text import extract_plain_text

    return found_language(extract_plain_text(html, preserve_formatting=False))


def found_language(text: str) -> str | None:
    """The language of a text as `text.language` tells it, from samples of longer ones."""
    if len(text) > _PIECES * _SAMPLE:
        starts = [len(text) * k // _PIECES for k in range(_PIECES)]
        text = " ".join(text[start : start + _SAMPLE] for start in starts)
    sample = " ".join(text.split())
    if not sample:
        return None
    label: str = language_model().predict(sample)[0][0][_LABEL:]
    return label


def known_language(language: str) -> bool:
    """Whether a code is one that there are stop words of, or a language where none are counted."""
    from tamis.text.language import LANGUAGES

    return language in NAMES or language in LANGUAGES
