"""Pictures re-encoded as they are written, if a writer is asked to."""

from __future__ import annotations

from typing import Any

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.io.sounds import ENCODINGS

SIZES = ("width", "height", "original_width", "original_height")

Fit = dict[str, Any]
"""Keyword arguments of `tamis.image.fit.fitted`."""


def fit_settings(
    resize: str, size: int | None, only_if_bigger: bool, encode: str | None, quality: int | None
) -> Fit | None:
    """A writer's settings as those of `fitted`; None where bytes stay as they are."""
    from tamis.image.fit import check

    if encode in ENCODINGS:  # recordings
        if resize != "no" or quality is not None:
            raise SettingError(f"resize and quality are for pictures; encode={encode!r} is not")
        encode = None
    check(resize, size, encode or "jpg", quality)
    if resize == "no":
        if size is not None or only_if_bigger:
            raise SettingError('size and only_if_bigger have no effect with resize="no"')
        if encode is None:
            if quality is not None:
                raise SettingError("quality has no effect where nothing is encoded; set encode=")
            return None
    return {"mode": resize, "size": size or 0, "only_if_bigger": bool(only_if_bigger),
            "format": encode or "jpg", "quality": quality}  # fmt: skip


def refitted(data: bytes, settings: Fit) -> Any:
    """The file and its `SIZES`; decoded in the sandbox where the format's decoder may crash."""
    from tamis.image.fit import fitted
    from tamis.image.formats import sniff
    from tamis.media import sandbox

    kind = sniff(data)
    if kind is None or not sandbox.wanted("risky", kind):
        return fitted(data, **settings)
    (found,) = sandbox.isolated("tamis.image.fit:fitted", [(data, settings)])
    if isinstance(found, BadRecord):
        raise found
    return found
