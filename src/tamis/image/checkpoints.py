"""Where models of pictures come from; what is shared with other models: `tamis.checkpoints`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import tamis.checkpoints
from tamis.checkpoints import at_commit, pinned, state_dict, understood

__all__ = ["EXTRA", "hub_file", "packages", "pinned", "snapshot", "state_dict", "understood"]

EXTRA = "pip install 'tamis[image-models]'"


def packages(model: str) -> contextlib.AbstractContextManager[None]:
    """A package that is not there, as one line that says what to install."""
    return tamis.checkpoints.packages(model, EXTRA)


def snapshot(name: str, revision: str | None) -> str:
    """The folder that a repository of the hub was downloaded to."""
    from huggingface_hub import snapshot_download

    return str(snapshot_download(name, revision=at_commit(name, revision)))


def hub_file(repository: str, files: Sequence[str], revision: str | None) -> str:
    """The first of these files that the repository has."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    revision = at_commit(repository, revision)
    for file in files[:-1]:
        with contextlib.suppress(EntryNotFoundError):
            return str(hf_hub_download(repository, file, revision=revision))
    return str(hf_hub_download(repository, files[-1], revision=revision))
