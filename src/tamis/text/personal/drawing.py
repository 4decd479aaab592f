"""Choices that a key makes: the same for the same value, unforeseeable without the key."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from tamis.errors import SettingError
from tamis.text.personal.plain import spelled

_LEAST = 16  # bytes of a key
_BLANKS = re.compile(r"\s+")
_DIGITS = re.compile(r"\d")
_JOINERS = re.compile(r"[\s.\-/()\u2010-\u2013]+")
Item = TypeVar("Item")


def read_key(file: str) -> bytes:
    """The key that a file holds, white space around it left out. Raises `SettingError`."""
    try:
        key = Path(file).read_bytes().strip()
    except OSError as error:
        raise SettingError(f"key_file: {file!r} cannot be read ({error.strerror})") from None
    if len(key) < _LEAST:
        raise SettingError(
            f"key_file: {file!r} holds {len(key)} bytes; a key has {_LEAST} at least, such as "
            "`openssl rand -hex 32` gives"
        )
    return key


def digest(key: bytes, *parts: str) -> bytes:
    """HMAC-SHA256 of some texts."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.new(key, joined, hashlib.sha256).digest()


def normal(value: str) -> str:
    """A value in one way of writing: case, blanks, kinds of digits and what is invisible aside, and
    of numbers what joins their groups.

    >>> normal("4111-1111 1111"), normal("Jane  DOE")
    ('411111111111', 'jane doe')
    """
    value = spelled(value)
    if "@" not in value and len(_DIGITS.findall(value)) >= 4:
        return _JOINERS.sub("", value).casefold()
    return _BLANKS.sub(" ", value.strip()).casefold()


class Draw:
    """A sequence of choices that follows from a seed."""

    def __init__(self, seed: bytes) -> None:
        self.seed, self.block, self.bits, self.left = seed, 0, 0, 0

    def below(self, most: int) -> int:
        """A number from 0 to `most` - 1, `most` at most 65,536."""
        if self.left < 32:
            block = hashlib.sha256(self.seed + self.block.to_bytes(8, "big")).digest()
            self.block += 1
            self.bits, self.left = int.from_bytes(block, "big"), 256
        value, self.bits = self.bits & 0xFFFFFFFF, self.bits >> 32
        self.left -= 32
        return value * most >> 32

    def of(self, items: Sequence[Item]) -> Item:
        """One of some items."""
        return items[self.below(len(items))]

    def like(self, value: str) -> str:
        """Digits for its digits, letters for its letters in their case, the rest as it is."""
        return "".join(self._character(c) for c in value)

    def _character(self, c: str) -> str:
        if c.isdigit():
            return str(self.below(10))
        if c.isalpha():
            return chr(self.below(26) + (65 if c.isupper() else 97))
        return c
