"""The samples of a tar archive: members with the same key, wherever they stand, and what is wrong.

A key is a member's path up to the first dot of its last part, its extension what follows, in lower
case: the rule of the webdataset library.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tamis.codes import BadRecord
from tamis.io.tar_members import Damage, Members
from tamis.kernels import tar, tar_names

_MOST_KINDS = 200  # of samples, by what they have, that are compared with one another
_COLON, _AT = ord(":"), ord("@")


@dataclass
class Samples:
    """The samples in the order of their first members, and rows for what belongs to none.

    Row `i` has the member `table[code, i]` with the extension `extensions[code]`, or none (-1).
    The text behind the archive's name in its id is `names[id_start[i]:][:id_length[i]]` after
    `joint[i]`. `problems` says which rows cannot be used as they are; `at` where each begins.
    """

    members: Members
    extensions: list[str]
    table: np.ndarray
    at: np.ndarray
    names: np.ndarray
    id_start: np.ndarray
    id_length: np.ndarray
    joint: np.ndarray
    problems: dict[int, BadRecord] = field(default_factory=dict)
    foreign: frozenset[int] = frozenset()  # rows that stand for no sample

    def __len__(self) -> int:
        return len(self.at)

    def spot(self, row: int, problem: BadRecord) -> None:
        """Note what is wrong with a row; what was found first stands."""
        self.problems.setdefault(row, problem)


def samples(found: Members, most: int = tar_names.MOST_EXTENSIONS) -> Samples:
    """Put the members of an archive together; `most` extensions are told apart."""
    count = len(found.header)
    keys, codes = np.zeros((2, count), np.int64)
    runs, hashes = np.zeros(count, np.int64), np.zeros(count, np.uint64)
    kinds, first = np.zeros(count, np.uint8), np.zeros(most, np.int64)
    number = tar_names.split_names(found.names, found.ends, keys, kinds, runs, hashes)
    known = tar_names.number_extensions(found.names, found.ends, keys, runs, codes, first)
    starts = np.concatenate([np.zeros(1, np.int64), found.ends[:-1]]) if count else found.ends
    extensions = []
    for member in first[:known]:
        raw = found.names[starts[member] + keys[member] + 1 : found.ends[member]].tobytes()
        extensions.append(raw.decode("utf-8", "backslashreplace").lower())
    used = np.flatnonzero((runs >= 0) & (found.kind != tar.FOLDER))
    of = _merged(found, runs, hashes[:number], starts, keys)[runs[used]]
    table, of, copies = _table(used, of, codes[used], known)
    rows = table.shape[1]
    lead = np.full(rows, count, np.int64)
    np.minimum.at(lead, of, used)
    alone = np.flatnonzero((kinds == tar_names.NAMELESS) & (found.kind != tar.FOLDER))
    belongs, lost = _damages(found, table, used, of)
    at = np.concatenate([found.header[lead], found.header[alone], [d.at for d in lost]])
    order = np.argsort(at.astype(np.int64), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    foreign = len(alone) + len(lost)
    table = np.concatenate([table, np.full((len(table), foreign), -1, np.int32)], axis=1)
    id_start = np.concatenate([starts[lead] if rows else lead, np.zeros(foreign, np.int64)])
    id_length = np.concatenate([keys[lead] if rows else lead, np.zeros(foreign, np.int64)])
    joint = np.concatenate([np.full(rows, _COLON, np.uint8), np.full(foreign, _AT, np.uint8)])
    names, held = [found.names], len(found.names)
    for row in [*copies[1], *range(rows, rows + foreign)]:  # their keys would not be unique
        digits = np.frombuffer(str(int(at[row])).encode(), np.uint8)
        id_start[row], id_length[row], joint[row] = held, len(digits), _AT
        names.append(digits)
        held += len(digits)
    made = Samples(
        found, extensions, table[:, order], at[order].astype(np.int64), np.concatenate(names),
        id_start[order], id_length[order], joint[order],
        foreign=frozenset(place[rows:].tolist()),
    )  # fmt: skip
    for row in copies[0] + copies[1]:
        twice = f"the sample has a member twice, as {_members_of(found, used[of == row])}"
        made.spot(int(place[row]), BadRecord("tar.duplicate", twice))
    for kind, code, what in (
        (tar.LINK, "tar.link", "is a link or device; archives hold files"),
        (tar.SPARSE, "tar.sparse", "is stored with holes"),
    ):
        for k in np.flatnonzero(found.kind[used] == kind).tolist():
            detail = f"the member {found.name(used[k])!r} {what}"
            made.spot(int(place[of[k]]), BadRecord(code, detail))
    for k in np.flatnonzero(kinds[used] == tar_names.LEAVES).tolist():
        detail = f"the name {found.name(used[k])!r} leaves the archive"
        made.spot(int(place[of[k]]), BadRecord("tar.name", detail))
    for row, damage in belongs.items():
        detail = f"{damage.detail}, from byte {damage.at} on, and the sample is not whole"
        made.spot(int(place[row]), BadRecord(damage.code, detail))
    for k, member in enumerate(alone.tolist()):
        detail = f"the name {found.name(member)!r} has no key or no extension"
        made.spot(int(place[rows + k]), BadRecord("tar.name", detail))
    for k, damage in enumerate(lost):
        row = int(place[rows + len(alone) + k])
        made.spot(row, BadRecord(damage.code, damage.detail))
    return made


def _merged(
    found: Members, runs: np.ndarray, hashes: np.ndarray, starts: np.ndarray, keys: np.ndarray
) -> np.ndarray:
    """For each run the first with the same key."""
    to = np.arange(len(hashes))
    order = np.sort(hashes)
    twice = np.unique(order[1:][order[1:] == order[:-1]])
    if len(twice):
        again = np.flatnonzero(np.isin(hashes, twice))
        heads = np.full(len(hashes), len(runs), np.int64)
        inside = np.flatnonzero(runs >= 0)
        np.minimum.at(heads, runs[inside], inside)
        seen: dict[bytes, int] = {}
        for run in again.tolist():
            member = heads[run]
            start = starts[member]
            key = found.names[start : start + keys[member]].tobytes()
            to[run] = seen.setdefault(key, run)
    return to


def _table(
    used: np.ndarray, of: np.ndarray, codes: np.ndarray, known: int
) -> tuple[np.ndarray, np.ndarray, tuple[list[int], list[int]]]:
    """The member of each sample and extension; samples numbered anew, copies as further ones.

    The copies are the samples with a member twice and those made of the second members.
    """
    present = np.bincount(of, minlength=1) > 0
    of = (np.cumsum(present) - 1)[of]
    rows, width = int(present.sum()), max(known, int(codes.max(initial=-1)) + 1)
    twice: tuple[list[int], list[int]] = [], []
    pair = of * width + codes
    table = np.full((width, rows), -1, np.int32)
    table[codes, of] = used
    if not (table[codes, of] == used).all():
        order = np.argsort(pair, kind="stable")
        sorted_, rank = pair[order], np.arange(len(pair))
        head = np.concatenate([[True], sorted_[1:] != sorted_[:-1]])
        rank = rank - np.maximum.accumulate(np.where(head, rank, 0))
        copy = np.empty(len(pair), np.int64)
        copy[order] = rank
        extra: dict[tuple[int, int], int] = {}
        of = of.copy()
        for k in np.flatnonzero(copy).tolist():
            if int(of[k]) not in twice[0]:
                twice[0].append(int(of[k]))
            row = extra.setdefault((int(of[k]), int(copy[k])), rows + len(extra))
            of[k] = row
        twice[1].extend(extra.values())
        table = np.full((width, rows + len(extra)), -1, np.int32)
        table[codes, of] = used
    return table, of, twice


def _damages(
    found: Members, table: np.ndarray, used: np.ndarray, of: np.ndarray
) -> tuple[dict[int, Damage], list[Damage]]:
    """Which samples a damage has taken a member from, and the damages that have none.

    That is a sample beside the damage whose key the damaged header still says, or that lacks what
    another one has and no undamaged one lacks likewise; failing that, one anywhere in the archive
    whose lack is singular.
    """
    belongs: dict[int, Damage] = {}
    lost: list[Damage] = []
    if not found.damages:
        return belongs, lost
    row_of = dict(zip(used.tolist(), of.tolist(), strict=True))
    beside: list[list[int]] = []
    key_of: dict[int, bytes] = {}
    for damage in found.damages:
        cut = damage.before < len(found.header) and damage.at == found.header[damage.before]
        near = [damage.before] if cut else [damage.before - 1, damage.before]
        beside.append([row_of[member] for member in near if member in row_of])
        key_of |= {row_of[k]: _key(found.raw(k)) for k in near if k in row_of}
        if cut:
            belongs |= dict.fromkeys(beside[-1], damage)
    packed = np.packbits(table >= 0, axis=0).T
    marks, mark, counts = np.unique(packed, axis=0, return_inverse=True, return_counts=True)
    mark = mark.reshape(-1)
    near_rows = {row for rows in beside for row in rows}
    whole = set(np.delete(mark, sorted(near_rows)).tolist())
    poorer = {
        k for k in range(len(marks) if len(marks) <= _MOST_KINDS else 0)
        if any(j != k and not (marks[k] & ~marks[j]).any() for j in range(len(marks)))
    }  # fmt: skip
    rare = {k for k in poorer if counts[k] <= len(found.damages)}
    anywhere = np.flatnonzero(np.isin(mark, sorted(rare))).tolist() if rare else []
    for damage, rows in zip(found.damages, beside, strict=True):
        if any(belongs.get(row) is damage for row in rows):
            continue
        told = [row for row in rows if damage.name and key_of[row] == _key(damage.name)]
        if told:
            belongs.setdefault(told[0], damage)
            continue
        broken = [r for r in rows if mark[r] in poorer and mark[r] not in whole] or anywhere
        for row in broken:
            belongs.setdefault(row, damage)
        if not broken and damage.sure:
            lost.append(damage)
    return belongs, lost


def _key(name: bytes) -> bytes:
    folder, slash, last = name.rpartition(b"/")
    return folder + slash + last.partition(b".")[0]


def _members_of(found: Members, members: np.ndarray) -> str:
    names = [f"{found.name(k)!r} at byte {found.header[k]}" for k in members[:4].tolist()]
    return ", ".join(names)
