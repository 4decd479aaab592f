"""Entries of a list found in texts in one pass: a trie, walked from every place in question.

The trie is a double array: the child of a node for a byte, if there is one, lies `byte` after the
node's base, and is known for its child by that byte, since no two nodes have the same base. Where
only one entry is left the rest of it is compared with the text.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.letters import LETTER
from tamis.kernels.utf8 import decode, encode, width

_BYTE, _BASE = 0x1FF, (1 << 26) - 1
"""Bits of a slot: 9 for the byte that leads to it (511: a free slot), 1 if one entry is left, then
26 for its base and 28 for the entry that ends here, counted from 1 (if one is left: that one)."""
_LEAF, _TO_BASE, _TO_ENTRY = 1 << 9, 10, 36
_FREE = _BYTE
_SEED, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a
_PATIENCE = 64  # places tried for the children of a node before the search begins further on


class Trie(NamedTuple):
    """The slots (the base of the root is 0), bytes and offsets of the entries, their beginnings.

    `openings` has a bit for the hash of the word that each entry begins with: most words of a text
    need no more than a look at it. All are read-only.
    """

    slots: np.ndarray
    data: np.ndarray
    offsets: np.ndarray
    openings: np.ndarray


def trie(data: np.ndarray, inside: np.ndarray, offsets: np.ndarray) -> Trie:
    """The trie of entries as `prepare` gave them, sorted bytewise, without equal or empty ones."""
    bits = max(16, int(len(offsets) * 16).bit_length())
    slots, openings = _build(data, offsets), np.zeros(1 << bits, np.bool_)
    _open(data, inside, offsets, openings)
    for array in (slots, data, offsets, openings):
        array.flags.writeable = False
    return Trie(slots, data, offsets, openings)


@jit
def _open(data: np.ndarray, inside: np.ndarray, offsets: np.ndarray, openings: np.ndarray) -> None:
    for i in range(len(offsets) - 1):
        at, hashed = offsets[i], _SEED
        while at < offsets[i + 1] and inside[at]:
            hashed = (hashed ^ np.uint64(data[at])) * _PRIME
            at += 1
        openings[hashed >> np.uint64(20) & np.uint64(len(openings) - 1)] = True


@jit
def _build(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The slots, breadth first. The root has the base 0."""
    size = 4096
    slots, taken = np.full(size, _FREE, np.int64), np.zeros(size, np.bool_)
    most = 1024
    queue = np.empty((most, 4), np.int64)  # the slot of a node, its entries from and to, its depth
    queue[0, 0], queue[0, 1], queue[0, 2], queue[0, 3] = -1, 0, len(offsets) - 1, 0
    first, count, cursor = 0, 1, 0
    bytes_, froms = np.empty(256, np.int64), np.empty(257, np.int64)
    while first < count:
        slot, low, high, depth = queue[first, 0], queue[first, 1], queue[first, 2], queue[first, 3]
        first += 1
        children = 0
        while low < high:
            byte = data[offsets[low] + depth]
            bytes_[children], froms[children] = byte, low
            children += 1
            while low < high and data[offsets[low] + depth] == byte:
                low += 1
        froms[children] = high
        base, tried = np.int64(0) if slot < 0 else np.int64(cursor), 0
        while True:
            if base + 512 > size:
                slots = _longer(slots, _FREE)
                taken = np.concatenate((taken, np.zeros(size, np.bool_)))
                size *= 2
            if not taken[base]:
                k = 0
                while k < children and slots[base + bytes_[k]] == _FREE:
                    k += 1
                if k == children:
                    break
            base += 1
            tried += 1
        if tried > _PATIENCE:
            cursor += tried >> 3
        taken[base] = True
        if slot >= 0:
            slots[slot] |= base << _TO_BASE
        for k in range(children):
            at, low, high = base + bytes_[k], froms[k], froms[k + 1]
            slots[at] = bytes_[k]
            if high - low == 1:
                slots[at] |= _LEAF | (low + 1) << _TO_ENTRY
                continue
            if offsets[low + 1] - offsets[low] == depth + 1:
                slots[at] |= (low + 1) << _TO_ENTRY
                low += 1
            if count == most:
                queue = np.concatenate((queue, np.empty((most, 4), np.int64)))
                most *= 2
            queue[count, 0], queue[count, 1], queue[count, 2] = at, low, high
            queue[count, 3] = depth + 1
            count += 1
    return slots


@jit
def _longer(slots: np.ndarray, free: int) -> np.ndarray:
    return np.concatenate((slots, np.full(len(slots), free, np.int64)))


@jit
def prepare(
    data: np.ndarray,
    offsets: np.ndarray,
    pages: np.ndarray,
    entries: np.ndarray,
    lower: bool,
    out: np.ndarray,
    inside: np.ndarray,
) -> None:
    """Write the texts, in `lower` case or as they are, and which bytes are part of a word.

    Lower case is taken character by character and byte for byte: characters whose lower case takes
    another number of bytes stay. `pages` and `entries` are those of `letters`; `inside` is 1 for
    every byte of a letter, mark or digit, but of scripts in which each of them is a word.
    """
    base = offsets[0]
    size = offsets[-1] - base
    at = np.int64(0)
    while at < size:
        byte = data[base + at]
        if byte < 0x80:
            entry = entries[(np.int64(pages[0]) << 8) + byte]
            inside[at] = (entry & np.uint32(3)) == LETTER
            out[at] = np.uint8(entry >> np.uint32(3)) if lower else byte
            at += 1
            continue
        count = width(byte)
        code = decode(data, base + at, count)
        entry = np.int64(entries[(np.int64(pages[code >> 8]) << 8) + (code & 0xFF)])
        word = (entry & 3) == LETTER
        for k in range(at, at + count):
            out[k] = data[base + k]
            inside[k] = word
        if lower and entry > 7:  # less on a page without letters
            encode(entry >> 3, out, at)
        at += count


@jit
def find(
    data: np.ndarray,
    inside: np.ndarray,
    offsets: np.ndarray,
    slots: np.ndarray,
    entries: np.ndarray,
    entry_offsets: np.ndarray,
    openings: np.ndarray,
    whole: bool,
    counts: np.ndarray,
    firsts: np.ndarray,
) -> None:
    """Per text: entries found, characters that they cover (`counts`); the first entry, or -1.

    `data` and `inside` are what `prepare` gave. From left to right, the longest entry at each
    place, without overlap. `whole`: an entry neither begins nor ends within a word.
    """
    origin = offsets[0]
    for i in range(len(offsets) - 1):
        begin, end = offsets[i] - origin, offsets[i + 1] - origin
        found = covered = np.int64(0)
        firsts[i] = -1
        at = begin
        while at < end:
            following = at + 1  # where to look next if nothing begins here
            if whole and inside[at]:
                if at > begin and inside[at - 1]:
                    at += 1
                    continue
                hashed = _SEED
                following = at
                while following < end and inside[following]:
                    hashed = (hashed ^ np.uint64(data[following])) * _PRIME
                    following += 1
                if not openings[hashed >> np.uint64(20) & np.uint64(len(openings) - 1)]:
                    at = following
                    continue
            base, here = np.int64(0), at
            stop, which = at, np.int64(-1)
            while here < end:
                slot = slots[base + data[here]]
                if slot & _BYTE != data[here]:
                    break
                here += 1
                entry = (slot >> _TO_ENTRY) - 1
                if slot & _LEAF:
                    rest = entry_offsets[entry] + (here - at)
                    last = entry_offsets[entry + 1]
                    while rest < last and here < end and entries[rest] == data[here]:
                        rest += 1
                        here += 1
                    if rest < last:
                        break
                if entry >= 0 and not (whole and here < end and inside[here - 1] and inside[here]):
                    stop, which = here, entry
                if slot & _LEAF:
                    break
                base = (slot >> _TO_BASE) & _BASE
            if which < 0:
                at = following
                continue
            if found == 0:
                firsts[i] = which
            found += 1
            for k in range(at, stop):
                covered += data[k] & 0xC0 != 0x80
            at = stop
        counts[i, 0], counts[i, 1] = found, covered
