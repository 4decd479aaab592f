"""Which texts ftfy could change: the few bytes and pairs of characters that its rules begin with.

A text for which none of these is found comes back from ftfy as it went in, so it need not be sent
there. The reverse does not hold; a text that is found is only worth a look. The pairs follow the
heuristic of ftfy 6.3 (`ftfy.badness`): all its patterns but a few need two neighbours of these
classes.
"""

from __future__ import annotations

import functools

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import decode, padded, valid

_CLASSES = {
    "bad": "¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊\ufffdªº",
    "law": "¶§",
    "currency": "¢£¥₧€",
    "start": "¡«¿©΄΅‘‚“„•‹\uf8ff",
    "end": "®»˝”›™",
    "numeric": "²³¹±¼½¾×µ÷⁄∂∆∏∑√∞∩∫≈≠≡≤≥№",
    "rounded": "ÒÓÔÕÖÙÚÛÜòóôõöøùúûüŐŌŪŲ°",
    "upper": "".join(map(chr, range(0xC0, 0xD2))) + "ØÜÝĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ",
    "lower": "".join(map(chr, range(0xDF, 0xF2))) + "ăąāćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґﬁﬂ",
    "box": "│┌┐┘├┤┬┼" + "".join(map(chr, range(0x2550, 0x256D))) + "▀▄█▌▐░▒▓",
    "common": "\xa0\xad·´–—―…’",
    "plain_upper": "ÞΆΈΉΊΌΎΏΪΫ" + "".join(map(chr, [*range(0x391, 0x3AA), *range(0x401, 0x430)])),
    "plain_lower": "άέήίΰ" + "".join(map(chr, [*range(0x3B1, 0x3CA), *range(0x430, 0x460)])),
    "lead": "ÂÃÎÐØÙ‚",
}
# class: the classes that may stand after it in something ftfy takes for mojibake
_AFTER = {
    "bad": "bad upper lower box start end currency numeric law rounded",
    "law": "bad box",
    "currency": "bad upper lower numeric start box end",
    "start": "bad numeric box",
    "end": "bad upper lower currency start box numeric",
    "numeric": "bad upper lower numeric start box end currency rounded common law",
    "upper": "bad currency numeric law start end rounded box",
    "lower": "bad upper currency numeric start end box",
    "box": "bad upper lower currency numeric law rounded end start box",
    "plain_upper": "bad start end currency rounded numeric",
    "plain_lower": "bad upper plain_upper currency",
    "lead": " ".join(_CLASSES),
}
_SINGLE = 15  # bit of œ and Œ, which count when no letter follows
_LEAD = list(_CLASSES).index("lead")
_0, _1 = np.uint64(0), np.uint64(1)


@functools.cache
def pairs() -> tuple[np.ndarray, np.ndarray]:
    """Per code point below 2^16 the classes it is of, and the classes that are suspect after it."""
    bits = {name: 1 << k for k, name in enumerate(_CLASSES)}
    own, after = np.zeros(1 << 16, np.uint16), np.zeros(1 << 16, np.uint16)
    for name, characters in _CLASSES.items():
        followers = sum(bits[other] for other in _AFTER.get(name, "").split())
        for code in set(map(ord, characters)):
            own[code] |= bits[name]
            after[code] |= followers
    own[[ord("œ"), ord("Œ")]] |= 1 << _SINGLE
    return own, after


@jit
def suspects(
    data: np.ndarray,
    offsets: np.ndarray,
    own: np.ndarray,
    after: np.ndarray,
    beyond_ascii: bool,
    result: np.ndarray,
) -> None:
    """Set `result[i]` where ftfy could change text i; where `beyond_ascii`, any text not ASCII."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            result[i] = _suspect(data, start, end, own, after, beyond_ascii)
        else:
            size = end - start
            result[i] = _suspect(padded(data, start, end), 0, size, own, after, beyond_ascii)


@jit
def _suspect(data, start, end, own, after, beyond_ascii):
    for at in range(start, end, 64):
        inside = valid(at, end)
        control = mask.between(data, at, 0, 8) | mask.between(data, at, 14, 31)
        control |= mask.equal(data, at, 11) | mask.equal(data, at, 127)
        if control & inside != _0:
            return True
        entity = mask.equal(data, at, 0x26) & inside
        while entity != _0:
            if _entity(data, at + mask.trailing_zeros(entity), end):
                return True
            entity &= entity - _1
        wide = mask.between(data, at, 0x80, 0xFF) & inside
        if wide != _0:
            if beyond_ascii:
                return True
            leads = wide & ~mask.between(data, at, 0x80, 0xBF)
            while leads != _0:
                if _character(data, at + mask.trailing_zeros(leads), end, own, after):
                    return True
                leads &= leads - _1
    return False


@jit
def _entity(data: np.ndarray, at: int, end: int) -> bool:
    """Whether an HTML entity may start here: up to 25 letters, digits and `#`, then `;`."""
    for k in range(at + 1, min(at + 27, end)):
        byte = data[k]
        if byte == 0x3B:
            return k > at + 1
        digit = 0x30 <= byte <= 0x39 or byte == 0x23
        if not digit and not 0x61 <= byte | 0x20 <= 0x7A:
            return False
    return False


@jit
def _character(data: np.ndarray, at: int, end: int, own: np.ndarray, after: np.ndarray) -> bool:
    """Whether the character at `at`, not ASCII, is suspect by itself or before the next one."""
    lead = data[at]
    if lead >= 0xF0:
        return False
    code = decode(data, at)
    if code < 0xA0 or 0x206A <= code <= 0x206F or code == 0xFEFF or 0xFFF9 <= code <= 0xFFFC:
        return True
    following = at + (2 if lead < 0xE0 else 3)
    classes = np.int64(own[code])
    if classes >> _SINGLE & 1 != 0 and (
        following == end or not 0x61 <= data[following] | 0x20 <= 0x7A
    ):
        return True
    if following >= end:
        return False
    byte = data[following]
    if byte < 0x80:
        return classes >> _LEAD & 1 != 0 and byte == 0x20
    if byte >= 0xF0:
        return False
    return np.int64(after[code]) & np.int64(own[decode(data, following)]) != 0
