"""A folder that a command writes records to: looked at before anything is done, written last."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from tamis.cli.mistakes import StoppedRun
from tamis.errors import DataError, SettingError


class Output:
    """The folder for the records that stay of a frame, compared with an index.

    It must be empty, or hold what the same command wrote or began to write before; then the command
    may be repeated. Raises `DataError`, `SettingError` and `WriteError` at once, before the index
    changes.
    """

    def __init__(self, folder: str, index: str, frame: Any, *command: Any) -> None:
        from dask.base import tokenize

        from tamis.io.store import Store
        from tamis.source import sources

        self.folder, self.store = folder, Store(folder)
        parts = sources(frame)
        tokens = frame._name if parts is None else [part.token for part in parts]
        self.token = tokenize(index, tokens, command)
        self._refuse(index, [url for part in parts or () for url in part.files()])

    def write(self, frame: Any, done: str) -> None:
        """Write the rows; `done` says what stands already should this fail."""
        from tamis import write_parquet

        ledger = [c for c in ("dropped_by", "dropped_why") if c in frame.columns]
        with self._stopping(done):
            parts = write_parquet(
                frame.drop(columns=ledger), self.folder, notes={"delivery": self.token}
            )
        click.echo(f"{sum(part.rows for part in parts):,} records written to {self.folder}")

    def _refuse(self, index: str, files: list[str]) -> None:
        from tamis.io import commit, target

        places = (self.store.root, index)
        if self.store.local and os.path.commonpath(places) in places:
            raise SettingError(
                f"--output {self.folder} and the index {index} lie in one another; "
                "give a folder of its own"
            )
        target.refuse_input(self.store, files)
        manifest = commit.manifest(self.store, commit.MANIFEST)
        if manifest is not None and manifest.get("delivery") != self.token:
            raise DataError(
                f"{self.store.root} holds files of something else (the records that another input "
                "or another command gave); give an empty folder"
            )
        known = {commit.MARKER, commit.MANIFEST}
        if manifest is not None or self.store.size(commit.MARKER) is not None:
            known.update(name for name in self.store.names() if commit.is_part(name))
        target.refuse_foreign(self.store, known, folders=True)
        target.refuse_unwritable(self.store)

    @contextmanager
    def _stopping(self, done: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            what = f"The records were not written to {self.folder}"
            rest = f"{done}give the same command again to write them."
            raise StoppedRun(self.folder, what, rest) from error
