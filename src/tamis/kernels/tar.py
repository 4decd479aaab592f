"""Tar archives: headers found and checked, names taken apart, headers made."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

BLOCK = 512
OUTSIDE, ZEROS, DAMAGED, FULL = 0, 1, 2, 3  # why `scan_headers` stopped
FILE, LINK, FOLDER, SPARSE = 0, 1, 2, 3  # kinds of members
GOOD, LEAVES, NAMELESS, META = 0, 1, 2, 3  # kinds of names
MOST_EXTENSIONS = 1024  # different ones in an archive; what comes after has this number
LONGEST_NAME = 64 << 10
_EXTENDED = 1 << 20  # bytes of a PAX header


@jit
def _octal(data: np.ndarray, at: int, width: int) -> int:
    """A number as headers have it, octal or base 256; -1 where it is none."""
    if data[at] & 128:
        value = np.int64(data[at] & 127)
        for k in range(at + 1, at + width):
            if value >= np.int64(1) << 54:
                return -1
            value = value * 256 + np.int64(data[k])
        return value
    k, end = at, at + width
    while k < end and data[k] == 32:
        k += 1
    value = np.int64(0)
    while k < end and 48 <= data[k] <= 55:
        value = value * 8 + np.int64(data[k] - 48)
        k += 1
    while k < end and data[k] == 32:
        k += 1
    return value if k == end or data[k] == 0 else -1


@jit
def is_header(data: np.ndarray, at: int) -> bool:
    """Whether the checksum of the header at `at` is right, of its bytes with or without sign."""
    told = _octal(data, at + 148, 8)
    total = np.int64(0)
    for k in range(at, at + 512):
        total += np.int64(data[k])
    for k in range(at + 148, at + 156):
        total -= np.int64(data[k])
    total += 256
    if told == total:
        return total > 256
    for k in range(at, at + 512):
        if data[k] > 127 and not at + 148 <= k < at + 156:
            total -= 256
    return told == total


@jit
def end_of_zeros(data: np.ndarray, at: int) -> int:
    """The first byte from `at` that is not zero."""
    while at < len(data) and data[at] == 0:
        at += 1
    return at


@jit
def find_header(data: np.ndarray, at: int) -> int:
    """The first block from `at` that is a POSIX or GNU header, -1 where there is none.

    Older headers have no magic word, and a block of a picture could be taken for one.
    """
    while at + 512 <= len(data):
        if (
            data[at + 257] == 117 and data[at + 258] == 115 and data[at + 259] == 116
            and data[at + 260] == 97 and data[at + 261] == 114 and is_header(data, at)
        ):  # fmt: skip
            return at
        at += 512
    return -1


@jit
def _is_key(data: np.ndarray, at: int, end: int, word: np.ndarray) -> bool:
    if end - at < len(word):
        return False
    for k in range(len(word)):  # noqa: SIM110
        if data[at + k] != word[k]:
            return False
    return True


_PATH = np.frombuffer(b"path=", np.uint8).copy()
_SIZE = np.frombuffer(b"size=", np.uint8).copy()
_HOLES = np.frombuffer(b"GNU.sparse.", np.uint8).copy()


@jit
def _extended(data: np.ndarray, at: int, end: int, found: np.ndarray) -> bool:
    """What a PAX header says: found = start and stop of the path, size, whether sparse."""
    while at < end:
        if data[at] == 0:  # padding that some writers count in
            return True
        length, k = np.int64(0), at
        while k < end and 48 <= data[k] <= 57 and length < 1 << 30:
            length = length * 10 + np.int64(data[k] - 48)
            k += 1
        stop = at + length
        if k == at or k >= end or data[k] != 32 or stop > end or stop <= k + 1:
            return False
        if data[stop - 1] != 10:
            return False
        k += 1
        if _is_key(data, k, stop, _PATH):
            found[0], found[1] = k + 5, stop - 1
        elif _is_key(data, k, stop, _SIZE):
            value = np.int64(0)
            for j in range(k + 5, stop - 1):
                if not 48 <= data[j] <= 57 or value > 1 << 58:
                    return False
                value = value * 10 + np.int64(data[j] - 48)
            found[2] = value
        elif _is_key(data, k, stop, _HOLES):
            found[3] = 1
        at = stop
    return True


@jit
def _zero_block(data: np.ndarray, at: int) -> bool:
    for k in range(at, at + 512):  # noqa: SIM110
        if data[k] != 0:
            return False
    return True


@jit
def scan_headers(
    data: np.ndarray,
    at: int,
    header: np.ndarray,
    offset: np.ndarray,
    size: np.ndarray,
    kind: np.ndarray,
    names: np.ndarray,
    ends: np.ndarray,
) -> tuple[int, int, int]:
    """Members from the header at `at` on: why it stopped, how many, and where the next one is.

    `header` is where a member's first block is, `offset` and `size` where its bytes are, `ends`
    the ends of the names in `names`. What stands beyond the window is not looked at.
    """
    count, used, total = 0, 0, len(data)
    found = np.full(4, -1, np.int64)
    start, long_from, long_to = at, -1, -1  # of the block that begins a member; its long name
    while True:
        if at + 512 > total:
            return OUTSIDE, count, start
        if count == len(header) or used + LONGEST_NAME + 512 > len(names):
            return FULL, count, start
        if data[at] == 0 and _zero_block(data, at):
            return (ZEROS if at == start else DAMAGED), count, start
        if not is_header(data, at):
            return DAMAGED, count, start
        stored = _octal(data, at + 124, 12)
        if stored < 0 or stored > np.int64(1) << 60:
            return DAMAGED, count, start
        letter, body = data[at + 156], at + 512
        after = body + (stored + 511) // 512 * 512
        if letter == 120 or letter == 88 or letter == 103 or letter == 76 or letter == 75:
            if stored > _EXTENDED:
                return DAMAGED, count, start
            if body + stored > total:
                return OUTSIDE, count, start
            if letter == 76:  # L: a long name
                long_from, long_to = body, body
                while long_to < body + stored and data[long_to] != 0:
                    long_to += 1
            elif letter != 75 and letter != 103 and not _extended(data, body, body + stored, found):
                return DAMAGED, count, start
            at = after
            if letter == 103:  # g: for all that follow; names and sizes are not told so
                start = at
            continue
        posix = data[at + 262] == 0 and data[at + 257] == 117 and data[at + 261] == 114
        if found[0] >= 0:
            long_from, long_to = found[0], found[1]
        if long_from >= 0:
            if long_to - long_from > LONGEST_NAME:
                return DAMAGED, count, start
            for k in range(long_from, long_to):
                names[used] = data[k]
                used += 1
        else:
            if posix and data[at + 345] != 0:
                k = at + 345
                while k < at + 500 and data[k] != 0:
                    names[used] = data[k]
                    used += 1
                    k += 1
                names[used] = 47
                used += 1
            k = at
            while k < at + 100 and data[k] != 0:
                names[used] = data[k]
                used += 1
                k += 1
        last = names[used - 1] if used > (ends[count - 1] if count else 0) else 0
        if letter == 48 or letter == 0 or letter == 55:
            what = FOLDER if last == 47 and letter == 0 else FILE
        elif letter == 53:
            what = FOLDER
        elif letter == 83:
            what = SPARSE
            more = data[at + 482] != 0
            while more:  # further blocks that say where the holes are
                if body + 512 > total:
                    return OUTSIDE, count, start
                more = data[body + 504] != 0
                body += 512
                after += 512
        else:
            what = LINK
        if found[3] >= 0:
            what = SPARSE
        if found[2] >= 0:
            stored = found[2]
            after = body + (stored + 511) // 512 * 512
        if what == FOLDER or (49 <= letter <= 54):
            stored, after = 0, body
        header[count], offset[count], size[count], kind[count] = start, body, stored, what
        ends[count] = used
        count += 1
        at = start = after
        found[:] = -1
        long_from = long_to = -1


@jit
def split_names(
    names: np.ndarray, ends: np.ndarray, keys: np.ndarray, kinds: np.ndarray, runs: np.ndarray,
    hashes: np.ndarray,
) -> int:  # fmt: skip
    """Take names apart at the first dot behind the last slash; how many runs of equal keys.

    `keys` are the lengths of the keys, `kinds` of the names; members with the same key as the one
    before share a run, whose key has the hash `hashes[run]`.
    """
    count, before = 0, -1
    for k in range(len(ends)):
        start, stop = (ends[k - 1] if k else 0), ends[k]
        base = start
        for j in range(start, stop):
            if names[j] == 47:
                base = j + 1
        dot = base
        while dot < stop and names[dot] != 46:
            dot += 1
        kinds[k] = GOOD
        keys[k] = dot - start
        if dot == base or dot >= stop - 1:
            kinds[k] = NAMELESS
            keys[k] = stop - start
        if _leaves(names, start, stop):
            kinds[k] = LEAVES if kinds[k] == GOOD else NAMELESS
        elif _is_meta(names, start, stop):
            kinds[k] = META
        if kinds[k] == NAMELESS or kinds[k] == META:
            runs[k] = -1
            continue
        same = before >= 0 and keys[before] == keys[k]
        if same:
            first = ends[before - 1] if before else 0
            for j in range(keys[k]):
                if names[first + j] != names[start + j]:
                    same = False
                    break
        if not same:
            value = np.uint64(14695981039346656037)
            for j in range(start, dot):
                value = (value ^ np.uint64(names[j])) * np.uint64(1099511628211)
            hashes[count] = value
            count += 1
        runs[k] = count - 1
        before = k
    return count


@jit
def _leaves(names: np.ndarray, start: int, stop: int) -> bool:
    """Whether a name is absolute or has a part `..`."""
    if start < stop and names[start] == 47:
        return True
    for j in range(start, stop - 1):
        if (
            names[j] == 46 and names[j + 1] == 46
            and (j == start or names[j - 1] == 47) and (j + 2 == stop or names[j + 2] == 47)
        ):  # fmt: skip
            return True
    return False


@jit
def _is_meta(names: np.ndarray, start: int, stop: int) -> bool:
    """Whether the first part of a name is `__…__`, which WebDataset keeps for itself."""
    end = start
    while end < stop and names[end] != 47:
        end += 1
    if end - start < 4:
        return False
    return (
        names[start] == 95 and names[start + 1] == 95
        and names[end - 1] == 95 and names[end - 2] == 95
    )  # fmt: skip


@jit
def _lower(letter: int) -> int:
    return letter + 32 if 65 <= letter <= 90 else letter


@jit
def number_extensions(
    names: np.ndarray, ends: np.ndarray, keys: np.ndarray, runs: np.ndarray, codes: np.ndarray,
    first: np.ndarray,
) -> int:  # fmt: skip
    """Number the extensions, in lower case; `first` is a member that has each. How many."""
    count, last = 0, -1
    for k in range(len(ends)):
        codes[k] = -1
        if runs[k] < 0:
            continue
        start = (ends[k - 1] if k else 0) + keys[k] + 1
        length = ends[k] - start
        for step in range(count):  # members follow one another in the same order
            code = (last + 1 + step) % count
            other = first[code]
            from_ = (ends[other - 1] if other else 0) + keys[other] + 1
            if ends[other] - from_ != length:
                continue
            same = True
            for j in range(length):
                if _lower(names[start + j]) != _lower(names[from_ + j]):
                    same = False
                    break
            if same:
                codes[k] = code
                break
        if codes[k] < 0:
            codes[k] = count
            if count < MOST_EXTENSIONS:
                first[count] = k
                count += 1
        if codes[k] < MOST_EXTENSIONS:
            last = codes[k]
    return count


@jit
def gather(
    data: np.ndarray, starts: np.ndarray, sizes: np.ndarray, out: np.ndarray, offsets: np.ndarray
) -> None:
    """The bytes of members, one after another; a size of -1 is none."""
    to = 0
    for k in range(len(starts)):
        for j in range(starts[k], starts[k] + max(sizes[k], 0)):
            out[to] = data[j]
            to += 1
        offsets[k + 1] = to


@jit
def gather_lines(data: np.ndarray, starts: np.ndarray, sizes: np.ndarray, out: np.ndarray) -> int:
    """JSON members as lines, each on one; how many bytes.

    Line breaks become blanks between values, and within strings, where they may not be, a byte
    that may not be there either.
    """
    to = 0
    for k in range(len(starts)):
        quoted = escaped = False
        for j in range(starts[k], starts[k] + sizes[k]):
            letter = data[j]
            if letter == 10 or letter == 13:
                letter = np.uint8(1 if quoted else 32)
            if escaped:
                escaped = False
            elif letter == 92:
                escaped = quoted
            elif letter == 34:
                quoted = not quoted
            out[to] = letter
            to += 1
        out[to] = 10
        to += 1
    return to


@jit
def write_keys(
    prefix: np.ndarray, names: np.ndarray, starts: np.ndarray, lengths: np.ndarray,
    joint: np.ndarray, out: np.ndarray, offsets: np.ndarray,
) -> None:  # fmt: skip
    """The texts prefix + joint + key."""
    to = 0
    for k in range(len(starts)):
        for j in range(len(prefix)):
            out[to] = prefix[j]
            to += 1
        if joint[k]:
            out[to] = joint[k]
            to += 1
        for j in range(starts[k], starts[k] + lengths[k]):
            out[to] = names[j]
            to += 1
        offsets[k + 1] = to


@jit
def write_headers(
    template: np.ndarray, names: np.ndarray, ends: np.ndarray, sizes: np.ndarray, out: np.ndarray
) -> None:
    """The headers of files with names of at most 100 bytes, from one that lacks name and size."""
    base = np.int64(0)
    for k in range(512):
        base += np.int64(template[k])
    for k in range(len(ends)):
        at, start = k * 512, (ends[k - 1] if k else 0)
        for j in range(512):
            out[at + j] = template[j]
        total = base + 256
        for j in range(start, ends[k]):
            out[at + j - start] = names[j]
            total += np.int64(names[j])
        left = np.int64(sizes[k])
        if left < np.int64(1) << 33:
            for j in range(10, -1, -1):
                digit = 48 + (left & 7)
                out[at + 124 + j] = digit
                total += digit
                left >>= 3
        else:
            out[at + 124] = 128
            total += 128
            for j in range(11, 0, -1):
                out[at + 124 + j] = left & 255
                total += left & 255
                left >>= 8
        for j in range(5, -1, -1):
            out[at + 148 + j] = 48 + (total & 7)
            total >>= 3
        out[at + 154] = 0
        out[at + 155] = 32
