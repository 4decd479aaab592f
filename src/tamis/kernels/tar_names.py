"""Names of members of tar archives: taken apart, numbered by extension, made ids."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

GOOD, LEAVES, NAMELESS, META = 0, 1, 2, 3  # kinds of names
MOST_EXTENSIONS = 128  # different ones in an archive whose samples are alike
MOST_MEMBERS = 2048  # where samples have any number of members, `0.jpg`, `1.jpg`, …


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
    """Number the extensions, in lower case; `first` is a member that has each. How many.

    There is room for `len(first)` of them; those beyond have that number.
    """
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
            if count < len(first):
                first[count] = k
                count += 1
        if codes[k] < len(first):
            last = codes[k]
    return count


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
