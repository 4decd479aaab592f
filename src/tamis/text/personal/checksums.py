"""Check digits that many identifiers share. Each function takes digits as a text, without blanks.

Luhn: ISO/IEC 7812-1, annex B. Mod 97-10, mod 11-10, mod 11-2: ISO/IEC 7064. Verhoeff: Error
Detecting Decimal Codes, 1969.
"""

from __future__ import annotations

from collections.abc import Sequence

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_DIHEDRAL = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PERMUTED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _powers() -> tuple[tuple[int, ...], ...]:
    """Verhoeff's permutation, applied none to seven times."""
    rows = [tuple(range(10))]
    while len(rows) < 8:
        rows.append(tuple(_PERMUTED[k] for k in rows[-1]))
    return tuple(rows)


_POWERS = _powers()


def luhn(digits: str) -> bool:
    """Whether the last digit is Luhn's check digit.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(d)] for d in digits[-2::-2])
    return total % 10 == 0


def mod_97(value: str) -> bool:
    """Whether letters and digits, letters counting from 10, leave 1 when divided by 97."""
    return int("".join(str(int(c, 36)) for c in value)) % 97 == 1


def mod_11_10(digits: str) -> bool:
    """Whether the last digit is that of ISO 7064, MOD 11,10."""
    product = 10
    for digit in digits[:-1]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def mod_11_2(value: str) -> bool:
    """Whether the last character, a digit or X, is that of ISO 7064, MOD 11-2."""
    total = 0
    for digit in value[:-1]:
        total = (total + int(digit)) * 2 % 11
    return (12 - total) % 11 == (10 if value[-1] == "X" else int(value[-1]))


def verhoeff(digits: str) -> bool:
    """Whether the last digit is Verhoeff's check digit.

    >>> verhoeff("2363"), verhoeff("2364")
    (True, False)
    """
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _DIHEDRAL[check][_POWERS[place % 8][int(digit)]]
    return check == 0


def weighted(digits: str, weights: Sequence[int]) -> int:
    """The sum of digits, each times its weight.

    >>> weighted("123", (3, 2, 1))
    10
    """
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
