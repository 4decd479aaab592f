"""What a lhotse manifest holds as rows: cuts, recordings, and recordings with supervisions."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tamis.codes import BadRecord

Row = dict[str, Any]

CUTS = ("MonoCut", "MultiCut", "MixedCut", "PaddingCut", "Cut")
SAID = ("text", "speaker", "language", "gender")  # of a supervision
_PLAIN = {"id", "recording_id", "start", "duration", "channel", "custom", *SAID}
_HARMLESS = ("Resample",)  # what is done to a recording on the fly and leaves its times alone
_NEAR = 1e-3  # seconds between times that are taken for one


def kind_of(row: Row) -> str | None:
    """What a line is: "cuts", "recordings", "supervisions"; None for something else."""
    if row.get("type") in CUTS:
        return "cuts"
    if "sources" in row and "sampling_rate" in row:
        return "recordings"
    return "supervisions" if "recording_id" in row and "start" in row else None


def rows_of_cut(cut: Row, each: str) -> Iterator[Row]:
    """The rows of a cut: one, or with `each="supervision"` one of each; raises `BadRecord`.

    A row has `source` (of lhotse, or None in a Shar folder), `start`, `end` (None: the whole),
    `manifest_duration`, `sampling_rate`, `audio_channel`, what is said in it, and `custom`.
    """
    cut = _unpadded(cut)
    recording = _object(cut, "recording")
    if recording is None:
        raise BadRecord("media.source", "the cut has no recording")
    start, duration = _seconds(cut, "start"), _seconds(cut, "duration")
    channel = cut.get("channel", 0)
    base = {
        "recording_id": recording.get("id"),
        "sampling_rate": recording.get("sampling_rate"),
    }
    said = _list(cut, "supervisions")
    custom = _object(cut, "custom") or {}
    if each == "cut" or not said:
        source, place = _source(recording, channel)
        yield {
            **base, "source": source, "audio_channel": place,
            **_span(start, duration, recording), **_said(said, duration),
            "custom": _customs(said, custom),
        }  # fmt: skip
        return
    for number, one in enumerate(said):
        source, place = _source(recording, one.get("channel", channel))
        first, last = _clipped(one, duration)
        yield {
            **base, "source": source, "audio_channel": place, "number": number,
            **_span(round(start + first, 8), round(last - first, 8), recording),
            **_said([one | {"start": 0.0}], last - first), "custom": _customs([one], custom),
        }  # fmt: skip


def rows_of_recording(recording: Row, said: Sequence[Row], each: str) -> Iterator[Row]:
    """The rows of a recording with its supervisions, as lhotse makes cuts of both."""
    channels = sorted({c for s in _list(recording, "sources") for c in _channels(s)})
    cut = {
        "start": 0.0, "duration": recording.get("duration"), "recording": recording,
        "channel": channels[0] if len(channels) == 1 else channels, "supervisions": list(said),
    }  # fmt: skip
    return rows_of_cut(cut, each)


def _unpadded(cut: Row) -> Row:
    """A mixed cut that is one cut and padding as that cut; `BadRecord` for other mixtures."""
    kind = cut.get("type")
    if kind == "PaddingCut":
        raise BadRecord("media.source", "it is padding, not a part of a recording")
    if kind != "MixedCut":
        return cut
    tracks = _list(cut, "tracks")
    real = [t for t in tracks if _track(t) != "PaddingCut"]
    if len(real) != 1 or cut.get("transforms"):
        detail = (
            f"it mixes {len(real)} cuts; a row is a part of one recording: save its audio first"
        )
        raise BadRecord("media.source", detail)
    inner = _object(real[0], "cut")
    if inner is None or inner.get("type") == "MixedCut":
        raise BadRecord("media.source", "it mixes other mixtures; save its audio first")
    return inner


def _source(recording: Row, channel: Any) -> tuple[Row | None, int | None]:
    """Where the sound is, and which of the channels there; None for all, or the only one."""
    for change in _list(recording, "transforms"):
        if change.get("name") not in _HARMLESS:
            detail = f"the recording is changed on the fly ({change.get('name')}); save it first"
            raise BadRecord("media.source", detail)
    wanted = _channels({"channels": channel if isinstance(channel, list) else [channel]})
    if not wanted:
        raise BadRecord("media.source", "the cut is of no channel")
    sources = _list(recording, "sources")
    found = [s for s in sources if set(wanted) <= set(_channels(s))]
    if not found:
        several = any(set(wanted) & set(_channels(s)) for s in sources)
        what = "lie in several files" if several else "are not in the recording"
        raise BadRecord("media.source", f"the channels {_shown(wanted)} {what}")
    source = found[0]
    have = _channels(source)
    if len(have) == 1 or set(wanted) == set(have):
        return source, None
    if len(wanted) > 1:
        detail = f"{_shown(wanted)} are some of the channels {_shown(have)}; a row is one, or all"
        raise BadRecord("media.source", detail)
    return source, have.index(wanted[0])


def path_of(source: Row) -> str:
    """The path or URL of a source; `BadRecord` for what is none."""
    kind, path = source.get("type"), source.get("source")
    if kind not in ("file", "url"):
        told = {
            "command": "the output of a command, which is not run",
            "memory": "in the memory of whoever wrote the manifest",
            "shar": "in an archive of a Shar folder; give the folder",
        }
        raise BadRecord("media.source", f"the sound is {told.get(str(kind), f'of type {kind!r}')}")
    if not isinstance(path, str) or not path:
        raise BadRecord("media.null", "the source has no path")
    return path


def _span(start: float, duration: float, recording: Row) -> Row:
    if start < 0:
        raise BadRecord("audio.span", f"it begins at {start:g} s")
    if not duration > 0:
        raise BadRecord("audio.span", f"it lasts {duration:g} s")
    end = round(start + duration, 8)
    if not math.isfinite(end) or end <= start:
        raise BadRecord("audio.span", f"{duration:g} s from {start:g} s on is no time")
    whole = False
    if start == 0 and recording.get("duration") is not None:
        whole = abs(end - _seconds(recording, "duration")) < _NEAR / 10
    return {
        "start": None if whole else start,
        "end": None if whole else end,
        "manifest_duration": float(duration),
    }


def _clipped(one: Row, duration: float) -> tuple[float, float]:
    """Where in its cut a supervision begins and ends."""
    first, length = _seconds(one, "start"), _seconds(one, "duration")
    return max(first, 0.0), min(first + length, duration)


def _said(said: Sequence[Row], duration: float) -> Row:
    """What is said in a row: texts in the order of time; speakers and the like if all agree."""
    if not said:
        return {}
    ordered = said
    if len(said) > 1:
        ordered = sorted(said, key=lambda one: _seconds(one, "start"))
    texts = [one["text"] for one in ordered if one.get("text")]
    empty = "" if any(one.get("text") == "" for one in said) else None
    found: Row = {"text": " ".join(map(str, texts)) if texts else empty}
    for name in SAID[1:]:
        first = said[0].get(name)
        found[name] = first if all(one.get(name) == first for one in said[1:]) else None
    for name in SAID:
        if found[name] is not None and not isinstance(found[name], str):
            raise BadRecord(
                "schema.type", f"the {name} of a supervision is no text: {found[name]!r}"
            )
    if len(said) > 1 or not _is_plain(said[0], duration):
        found["supervisions"] = _json(list(said))
    return found


def _is_plain(one: Row, duration: float) -> bool:
    """Whether the columns of a row say all that a supervision does."""
    spans = abs(_seconds(one, "start")) < _NEAR and (
        abs(_seconds(one, "duration") - duration) < _NEAR
    )
    return spans and one.keys() <= _PLAIN


def _customs(said: Sequence[Row], own: Row) -> Row:
    of_said = (_object(said[0], "custom") or {}) if len(said) == 1 else {}
    return {name: _flat(value) for name, value in {**of_said, **own}.items()}


def _flat(value: Any) -> Any:
    """What stands in a column of its own: objects and lists as JSON."""
    return _json(value) if isinstance(value, dict | list) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _seconds(of: Row, name: str) -> float:
    value = of.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRecord("schema.type", f"{name} is no number of seconds: {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise BadRecord("json.number", f"{name} does not fit a double") from None


def _object(of: Row, name: str) -> Row | None:
    value = of.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadRecord("schema.type", f"{name} is no object")
    return value


def _list(of: Mapping[str, Any], name: str) -> list[Row]:
    value = of.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadRecord("schema.type", f"{name} is no list of objects")
    return value


def _channels(source: Row) -> list[int]:
    found = source.get("channels", [0])
    if not isinstance(found, list) or not all(type(c) is int for c in found):
        raise BadRecord("schema.type", f"channels are no list of numbers: {found!r}")
    return found


def _track(track: Row) -> Any:
    return track.get("type") or (_object(track, "cut") or {}).get("type")


def _shown(channels: Sequence[Any]) -> str:
    return ", ".join(map(str, channels))
