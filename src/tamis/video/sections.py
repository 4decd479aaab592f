"""All frames of one clip looked at by several decoders at once, where cores are idle.

Whoever looks at a long clip goes on from its start. Where a core is idle another decoder takes the
second half of what is left, and so on: so nothing is divided while all cores have videos of their
own, and what is divided is what is left when they have not. Nothing depends on it but time
(`tamis.video.seams`).
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tamis.codes import BadRecord
from tamis.media import idle
from tamis.media.spilled import Spilled
from tamis.video import scan, shot_scores, stills, words
from tamis.video.apart import Ask
from tamis.video.clip import Clip
from tamis.video.decoding import EPSILON
from tamis.video.formats import INDEXED
from tamis.video.passes import Seen
from tamis.video.seams import LEAST, Section, sewn
from tamis.video.stills import Asked, put_aside

SHORTEST = 30.0  # seconds of a section: a decoder begins with the keyframe before
MOST = 16  # decoders of one clip beside the first
_LEADS = (1.0, 8.0, 64.0)  # seconds before a section that are looked at, until frames are enough

_JOINED: dict[str, Callable[[Iterator[Any]], Any]] = {
    "shots": shot_scores.joined, "scan": scan.joined, "flow": scan.joined, "words": words.joined,
    "stills": stills.joined,
}  # fmt: skip

log = logging.getLogger(__name__)


def looked(
    one: Clip,
    looks: tuple[str, ...],
    frames: Asked | None = None,
    aside: Spilled | None = None,
    starts: tuple[float, ...] = (),
) -> Seen:
    """What looks (fields of `Seen`) see of all frames of a clip; `BadRecord` where it fails.

    Some `frames` are kept beside, their pixels put `aside` as they come. `starts` are seconds at
    which clips begin, of which pieces will be made.
    """
    length = one.told
    settings: dict[str, Any] = {"looks": looks}
    settings |= ({"stills": tuple(frames)} if frames else {}) | (
        {"starts": starts} if starts else {}
    )
    names = (*looks, "stills") if frames else looks

    def put(part: Seen) -> Seen:
        if part.stills is None or aside is None:
            return part
        return part._replace(stills=put_aside(part.stills, aside))

    with idle.used():
        if one.header.format not in INDEXED or length < 2 * SHORTEST:
            return joined([put(part) for part in one.parts("looks", **settings)], names)
        with one.at_hand() as ask:
            found = _Divided(one, names, settings, ask, put).seen()
            if found is None:  # what was seen apart cannot be joined
                log.debug("%s is looked at again, in one go", one.place)
                parts = ask("looks", start=one.start, end=one.end, **settings)
                found = joined([put(part) for part in parts], names)
            return found


def joined(parts: list[Seen], looks: tuple[str, ...]) -> Seen:
    """Parts that follow one another as one."""
    found: dict[str, Any] = {}
    for name in looks:
        found[name] = _JOINED[name](getattr(part, name) for part in parts)
    return Seen(**found, sound=all(part.sound for part in parts))


class _Part:
    """A section in work: it ends where the next one begins, and that may come to be earlier."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.at, self.end = start, start, end
        self.last = True  # goes to the end of the clip, wherever that is
        self.parts: list[Seen] = []

    def over(self) -> bool:
        return not self.last and self.at >= self.end


class _Divided:
    """A look at one clip by as many decoders as there are idle cores."""

    def __init__(
        self, one: Clip, looks: tuple[str, ...], settings: dict[str, Any], ask: Ask,
        put: Callable[[Seen], Seen],
    ) -> None:  # fmt: skip
        self.one, self.looks, self.settings, self.ask, self.put = one, looks, settings, ask, put
        self.first = _Part(one.start, one.start + one.told)
        self.sections = [self.first]
        self.dividing = threading.Lock()
        self.helpers: list[threading.Thread] = []
        self.trouble = self.over = False

    def seen(self) -> Seen | None:
        try:
            if self._first():
                return joined(self.first.parts, self.looks)
            while (section := self._half()) is not None:
                self._work(section)
            for helper in self.helpers:
                helper.join()
            return None if self.trouble else self._sewn()
        finally:
            self.over = True
            for helper in self.helpers:
                helper.join()

    def _first(self) -> bool:
        """Look from the start on; whether that went to the end, as it does after any trouble."""
        with contextlib.closing(self._asked(self.one.start)) as parts:
            for part in parts:
                self._note(self.first, part)
                if self.trouble:
                    continue
                if self.first.over():
                    return False
                self._engage()
        return True

    def _engage(self) -> None:
        """Let idle cores take halves of what is left."""
        while sum(helper.is_alive() for helper in self.helpers) < MOST and self._longest():
            core = idle.take()
            if core is None:
                return
            helper = threading.Thread(target=self._help, args=(core,), daemon=True)
            self.helpers.append(helper)
            helper.start()

    def _help(self, core: idle.Core) -> None:
        try:
            while not self.trouble and (section := self._half()) is not None:
                self._work(section)
        finally:
            core.free()

    def _longest(self) -> _Part | None:
        """The section of which most is left, None where that is not worth while."""
        found = max(self.sections, key=lambda one: one.end - one.at)
        return found if found.end - found.at >= 2 * SHORTEST else None

    def _half(self) -> _Part | None:
        """The second half of what is left of a section, which ends there from now on."""
        with self.dividing:
            found = self._longest()
            if found is None or self.trouble:
                return None
            half = _Part((found.at + found.end) / 2, found.end)
            half.last, found.last, found.end = found.last, False, half.start
            self.sections.append(half)
            return half

    def _work(self, section: _Part) -> None:
        """Look at a section, from some frames before it on."""
        try:
            if not any(self._begun(section, lead) for lead in _LEADS):
                self.trouble = True
        except BadRecord:  # the first decoder, which goes on, will say so
            self.trouble = True
        except Exception:
            log.exception("%s: a part of it could not be looked at", self.one.place)
            self.trouble = True

    def _begun(self, section: _Part, lead: float) -> bool:
        """The same for one number of seconds; whether that led to enough frames."""
        begun = False
        with contextlib.closing(self._asked(max(self.one.start, section.start - lead))) as parts:
            for part in parts:
                times = _times(part)
                if not begun and (times < section.start - EPSILON).sum() < LEAST:
                    return False
                begun = True
                self._note(section, part)
                if self.trouble or self.over or section.over():
                    break
        return begun

    def _note(self, section: _Part, part: Seen) -> None:
        times = _times(part)
        section.parts.append(self.put(part))
        if not part.sound:
            self.trouble = True
        with self.dividing:
            section.at = max(section.at, float(times[-1]) if len(times) else section.at)

    def _asked(self, start: float) -> Any:
        return self.ask("looks", start=start, end=self.one.end, **self.settings)

    def _sewn(self) -> Seen | None:
        sections = sorted(self.sections, key=lambda one: one.start)
        found = [Section(one.start, joined(one.parts, self.looks)) for one in sections]

        def again(start: float) -> Iterator[Any]:
            asked: Any = self.ask("looks", start=start, end=self.one.end, looks=("shots",))
            with contextlib.closing(asked) as parts:
                for part in parts:
                    yield part.shots

        return sewn(found, again)


def _times(part: Seen) -> Any:
    return next(look.times for look in part[:-1] if look is not None)
