"""Text of web pages: the main content without menus and footers, by three extractors.

They read a column `html` and are told where the text is to stand: `Edit(text.extract_resiliparse,
to="text")`. A page without any main content has an empty text, which filters drop. A page that an
extractor cannot be done with is dropped with a reason: `html.too_long`, `html.failed`,
`sandbox.timeout`, `sandbox.memory`, `sandbox.crash`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.op import edit
from tamis.text.html_pages import NEEDS, extracted


@edit(needs=NEEDS, drops=True)
def extract_resiliparse(
    html_pages: Any,
    *,
    language: str | None = None,
    stopword_density: float = 0.32,
    main_content: bool = True,
    alt_texts: bool = False,
    max_size: int = 10_000_000,
    timeout: float = 30.0,
    isolate: bool = True,
) -> np.ndarray:
    """The main content of web pages, by Resiliparse: quick, and what DCLM used.

    Of the lines found those stay of whose words at least `stopword_density` are stop words of the
    page's language, which is found by `text.language`'s model unless `language` names it; 0 keeps
    all. Languages without spaces or without a list are not judged so. A blank line stands between
    two paragraphs. Pages of more than `max_size` bytes, or that take more than `timeout` seconds,
    are dropped; each is worked on in another process unless `isolate=False`, where neither time nor
    memory is limited. Needs `pip install 'tamis[html]'`. Source of the defaults: NeMo Curator,
    ResiliparseExtractor.

    >>> page = "<nav>Home | News</nav><main><p>This is what it is all about.</p></main>"
    >>> extract_resiliparse(page)
    'This is what it is all about.'
    """
    return extracted(
        html_pages, "resiliparse", language, max_size, timeout, isolate,
        stopword_density=stopword_density, main_content=main_content, alt_texts=alt_texts,
    )  # fmt: skip


@edit(needs=NEEDS, drops=True)
def extract_trafilatura(
    html_pages: Any,
    *,
    language: str | None = None,
    stopword_density: float = 0.32,
    deduplicate: bool = True,
    max_repetitions: int = 2,
    min_extracted_size: int = 250,
    min_extracted_comm_size: int = 1,
    min_output_size: int = 1,
    min_output_comm_size: int = 1,
    min_duplcheck_size: int = 100,
    include_comments: bool = True,
    include_tables: bool = True,
    include_links: bool = False,
    favor_precision: bool = False,
    favor_recall: bool = False,
    fast: bool = False,
    max_size: int = 10_000_000,
    timeout: float = 30.0,
    isolate: bool = True,
) -> np.ndarray:
    """The main content of web pages, by Trafilatura: slower, and what FineWeb and RefinedWeb used.

    `language`, `stopword_density`, `max_size`, `timeout`, `isolate` as for `extract_resiliparse`;
    the other settings are Trafilatura's. `deduplicate` leaves out what stands more than
    `max_repetitions` times in *one* page: Trafilatura itself, and so NeMo Curator, remembers the
    pages before, so that a page's text depends on those that its process happened to have. Needs
    `pip install 'tamis[html]'`. Source of the defaults: NeMo Curator, TrafilaturaExtractor;
    Barbaresi 2021 (ACL demo).

    >>> page = "<nav>Home</nav><article><p>This is what it is all about.</p></article>"
    >>> extract_trafilatura(page)
    'This is what it is all about.'
    """
    return extracted(
        html_pages, "trafilatura", language, max_size, timeout, isolate,
        stopword_density=stopword_density, deduplicate=deduplicate,
        max_repetitions=max_repetitions, min_extracted_size=min_extracted_size,
        min_extracted_comm_size=min_extracted_comm_size, min_output_size=min_output_size,
        min_output_comm_size=min_output_comm_size, min_duplcheck_size=min_duplcheck_size,
        include_comments=include_comments, include_tables=include_tables,
        include_links=include_links, favor_precision=favor_precision, favor_recall=favor_recall,
        fast=fast,
    )  # fmt: skip


@edit(needs=NEEDS, drops=True)
def extract_justext(
    html_pages: Any,
    *,
    language: str | None = None,
    length_low: int = 70,
    length_high: int = 200,
    stopwords_low: float = 0.30,
    stopwords_high: float = 0.32,
    max_link_density: float = 0.20,
    max_heading_distance: int = 200,
    no_headings: bool = False,
    max_size: int = 10_000_000,
    timeout: float = 30.0,
    isolate: bool = True,
) -> np.ndarray:
    """The paragraphs of web pages that are prose, by jusText.

    `language`, `max_size`, `timeout`, `isolate` as for `extract_resiliparse`; the other settings
    are jusText's. Where there are no stop words to count, its mode for any language is used: length
    and links decide. Needs `pip install 'tamis[html]'`. Source of the defaults: jusText (Pomikálek
    2011), as in NeMo Curator.

    >>> page = "<p>" + "It is what it is, and that is all that there is to be said of it. " * 4
    >>> extract_justext("<a href=x>Home</a>" + page)[:17]
    'It is what it is,'
    """
    return extracted(
        html_pages, "justext", language, max_size, timeout, isolate, length_low=length_low,
        length_high=length_high, stopwords_low=stopwords_low, stopwords_high=stopwords_high,
        max_link_density=max_link_density, max_heading_distance=max_heading_distance,
        no_headings=no_headings,
    )  # fmt: skip
