"""Dates of birth that stand within identifiers."""

from __future__ import annotations

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def day_of(month: str, day: str) -> bool:
    """Whether there is such a day, in leap years at least.

    >>> day_of("02", "29"), day_of("02", "30"), day_of("13", "01")
    (True, False, False)
    """
    m, d = int(month), int(day)
    return 1 <= m <= 12 and 1 <= d <= _DAYS[m - 1]


def yymmdd(digits: str) -> bool:
    """Whether six digits are year, month and day."""
    return day_of(digits[2:4], digits[4:6])


def ddmmyy(digits: str) -> bool:
    """Whether six digits are day, month and year."""
    return day_of(digits[2:4], digits[0:2])


def yyyymmdd(digits: str) -> bool:
    """Whether eight digits are a day from 1850 to 2099."""
    return "1850" <= digits[:4] <= "2099" and yymmdd(digits[2:])
