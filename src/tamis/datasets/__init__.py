"""Real data that comes with tamis: a small multilingual web crawl with the defects of one."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dask.dataframe as dd

__all__ = ["demo", "demo_files", "web_archive"]


def demo_files() -> list[Path]:
    """Paths of the demo crawl: JSON Lines, one plain, one gzipped, one Zstandard.

    About 2,000 pages in 16 languages (5.6 million characters). Each line has `url`, `text`,
    `language` (what the address says, not always what the page holds), `source`, `license`, and in
    two of the files `fetched`. Five lines are not JSON, one is blank. Where the pages come from
    and what is wrong with them: `README.md` in the same folder.

    >>> [path.name for path in demo_files()]
    ['2022-11.jsonl', '2023-03.jsonl.gz', '2023-09.jsonl.zst']
    """
    folder = Path(str(files(__name__) / "crawl"))
    return sorted(path for path in folder.iterdir() if ".jsonl" in path.name)


def web_archive() -> Path:
    """The path of a small web archive (WARC): 49 real pages in nine languages, and a picture.

    Python's and Debian's documentation with all its menus; where it comes from and its licences:
    `README.md` in the same folder.

    >>> web_archive().name
    'pages.warc.gz'
    """
    return Path(str(files(__name__) / "archive" / "pages.warc.gz"))


def demo() -> dd.DataFrame:
    """The demo crawl as a frame, read with `tamis.read_jsonl`.

    >>> import tamis.datasets
    >>> docs = tamis.datasets.demo()                                    # doctest: +SKIP
    >>> docs.language.value_counts().compute().head(3)                  # doctest: +SKIP
    """
    import tamis

    return tamis.read_jsonl([str(path) for path in demo_files()])
