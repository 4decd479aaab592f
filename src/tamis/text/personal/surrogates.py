"""Stand-ins for personal data: of the same form, consistent, and nobody's.

Addresses come from ranges that are reserved for examples (RFC 2606, 3849, 5737; telephone numbers
555-0100 to 555-0199 of North America), numbers with check digits get wrong ones, names are made up.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from tamis.text.personal import phones, plans
from tamis.text.personal.checksums import luhn, mod_97
from tamis.text.personal.drawing import Draw
from tamis.text.personal.pattern import Pattern, compacted
from tamis.text.personal.surrogate_words import FAMILY, FIRMS, GIVEN, PLACES, STREETS

_NUMBER = re.compile(r"\d+")
_KEPT = re.compile(r"[A-Za-z]{2,8}[_\-](?:[a-z]+[_\-])*|[A-Z]{4}(?=[0-9A-Z]{12})|")
_TRIES = 100
_REGIONS = ("GB", "DE", "FR", "ES", "IT", "IN", "BR")


def surrogate(entity: str, value: str, draw: Draw) -> str | None:
    """A stand-in for a value; None where there is none that would make sense.

    >>> surrogate("IP_ADDRESS", "10.1.2.3", Draw(b"seed")).rpartition(".")[0] in (
    ...     "192.0.2", "198.51.100", "203.0.113")
    True
    """
    make = _MAKERS.get(entity)
    if make is not None:
        return make(value, draw)
    return _invalid(entity, value, draw) if _NUMBER.search(value) else None


def _invalid(entity: str, value: str, draw: Draw) -> str:
    """Of the same form, and where there are check digits with wrong ones."""
    checks = _checks(entity)
    made = value
    for _ in range(_TRIES):
        made = _fixed(entity, draw.like(value))
        if made != value and not any(_holds(pattern, made) for pattern in checks):
            return made
    return f"<{entity}>" if made == value or checks else made


@functools.cache
def _checks(entity: str) -> tuple[Pattern, ...]:
    return tuple(p for p in plans.PATTERNS if p.entity == entity and p.check is not None)


def _holds(pattern: Pattern, value: str) -> bool:
    try:
        return pattern.holds(value)
    except (ValueError, IndexError, KeyError):  # not of the form that the check is for
        return False


def _fixed(entity: str, value: str) -> str:
    """Prefixes that are never given out, for numbers without check digits."""
    if entity == "UK_NINO":
        return "QQ" + value[2:]
    return value


def _iban(value: str, draw: Draw) -> str | None:
    """Of the same country, with check digits that are never given out, and wrong ones at that."""
    for _ in range(_TRIES):
        made = value[:2] + "00" + draw.like(value[4:])
        plain = compacted(made)
        if not mod_97(plain[4:] + plain[:4]):
            return made
    return None


def _card(value: str, draw: Draw) -> str | None:
    """Of the same kind of issuer, Luhn's digit wrong."""
    for _ in range(_TRIES):
        made = value[0] + draw.like(value[1:])
        digits = "".join(c for c in made if "0" <= c <= "9")
        if made != value and not luhn(digits):
            return made
    return None


def _email(value: str, draw: Draw) -> str:
    host = draw.of(("example.com", "example.org", "example.net"))
    return f"{draw.of(GIVEN)}.{draw.of(FAMILY)}{draw.below(100):02}@{host}".lower()


def _url(value: str, draw: Draw) -> str:
    scheme = value[: value.find("://") + 3] if "://" in value else ""
    return f"{scheme}www.example.{draw.of(('com', 'org', 'net'))}/{draw.like('aaaaaaaa')}"


def _address(value: str, draw: Draw) -> str:
    if ":" in value:
        return f"2001:db8::{draw.below(65536):x}:{draw.below(65536):x}"
    return f"{draw.of(('192.0.2', '198.51.100', '203.0.113'))}.{draw.below(254) + 1}"


def _machine(value: str, draw: Draw) -> str:
    """Locally administered: no maker has such a number."""
    digits = "02" + "".join(f"{draw.below(16):x}" for _ in range(10))
    taken = iter(digits)
    return "".join(next(taken, c) if c in "0123456789abcdefABCDEF" else c for c in value)


def _phone(value: str, draw: Draw) -> str:
    digits = "".join(_NUMBER.findall(value))
    home = len(digits) == 10 and digits[0] in "23456789" and "+" not in value
    if home or (len(digits) == 11 and digits[0] == "1"):
        area = f"{draw.below(8) + 2}{draw.below(9)}{draw.below(10)}"
        return _with(value, ("1" if not home else "") + f"{area}55501{draw.below(100):02}")
    lead = min(4, len(digits) // 3)
    made = value
    for _ in range(_TRIES):
        made = _with(value, digits[:lead] + draw.like(digits[lead:]))
        if made != value and not _dialled(made):
            break
    return made


def _dialled(value: str) -> bool:
    """Whether it may be somebody's number."""
    return bool(phones.valid(value, None) or phones.first(value, _REGIONS))


def _with(value: str, digits: str) -> str:
    """A value with other digits in the places of its own."""
    taken = iter(digits)
    return "".join(next(taken, "0") if c.isdigit() else c for c in value)


def _date(value: str, draw: Draw) -> str:
    """Another day, some years off; what is no number stays."""

    def moved(match: re.Match[str]) -> str:
        number, size = int(match.group()), len(match.group())
        if size == 4:
            return f"{number + draw.below(11) - 5:04}"
        most = 28 if number > 12 else 12
        return f"{draw.below(most - 12) + 13 if most == 28 else draw.below(12) + 1:0{size}}"

    return _NUMBER.sub(moved, value)


def _person(value: str, draw: Draw) -> str:
    given, family = draw.of(GIVEN), draw.of(FAMILY)
    made = f"{given} {family}" if len(value.split()) > 1 else draw.of((given, family))
    return made.upper() if value.isupper() and len(value) > 1 else made


def _street(value: str, draw: Draw) -> str:
    return f"{draw.below(899) + 1} {draw.of(FAMILY)} {draw.of(STREETS)}"


def _key(value: str, draw: Draw) -> str:
    if "PRIVATE KEY" in value:
        return "-----BEGIN PRIVATE KEY-----\nEXAMPLE\n-----END PRIVATE KEY-----"
    kept = _KEPT.match(value)
    size = kept.end() if kept else 0
    return value[:size] + draw.like(value[size:])


_MAKERS: dict[str, Callable[[str, Draw], str | None]] = {
    "EMAIL_ADDRESS": _email,
    "EMAIL": _email,
    "URL": _url,
    "IP_ADDRESS": _address,
    "MAC_ADDRESS": _machine,
    "PHONE_NUMBER": _phone,
    "IBAN_CODE": _iban,
    "CREDIT_CARD": _card,
    "DATE_OF_BIRTH": _date,
    "DATE_TIME": _date,
    "PERSON": _person,
    "LOCATION": lambda value, draw: draw.of(PLACES),
    "ORGANIZATION": lambda value, draw: f"{draw.of(FAMILY)} {draw.of(FIRMS)}",
    "STREET_ADDRESS": _street,
    "ADDRESS": _street,
    "API_KEY": _key,
    "PASSWORD": lambda value, draw: draw.like("aaaa") + draw.like("0000"),
}
