"""Telephone numbers, by the numbering plans that libphonenumber keeps (package phonenumbers)."""

from __future__ import annotations

import functools
import re
from itertools import accumulate
from typing import Any, NamedTuple

from tamis.errors import MissingPackageError, SettingError
from tamis.resources import resource

_SEP = r"[ .\-/\u00a0\u2009\u202f\u2010-\u2013]"
_MORE = rf"(?:(?:{_SEP}{{1,2}}\(?|\(|(?<=\)))\d{{1,15}}\)?)"  # groups are told apart: no run of
_ABROAD = re.compile(  # digits can be cut in several ways, so that time is linear
    rf"(?<![\w+])(?:\+|00)\(?[1-9]\d{{0,14}}\)?{_MORE}{{0,7}}(?!\w)"
)
_HOME = re.compile(rf"(?<![\w+.,/$€£#\-])(?<![\d]\s)\(?\d{{2,15}}\)?{_MORE}{{1,7}}(?!\w)(?![.,]\d)")
_PLAIN = re.compile(r"(?<![\w+.,/$€£#\-])\d{7,11}(?!\w)(?![.,]\d)")
PLAIN, HOME, SURE = 0.2, 0.55, 0.95
"""The scores of digits alone, of a number as written at home, of the surest."""
WORDS = (
    "phone|telephone|tel|mobile|cell|fax|call|contact|number|whatsapp|sms|text me|telefon|handy|"
    "rufnummer|téléphone|portable|teléfono|telefono|celular|telefone|телефон|电话|手机|電話|携帯|"
    "전화"
)
"""Words of telephones: a number near one is likelier to be one."""
_SHORT = "tel|mobile|cell|fax|call|contact|handy|portable|sms|text me"  # and begin other words
_WORDS = re.compile(
    rf"(?<![a-z])(?:(?:{_SHORT})(?:s|ed|ing)?(?![a-z])|(?:my|her|his|our|your|their) number|"
    + "|".join(one for one in WORDS.split("|") if one not in [*_SHORT.split("|"), "number"])
    + ")",
    re.IGNORECASE,
)
_LEAST, _ABROAD_MOST = 4, 22  # digits of a number, with all that is dialled before it
_GROUPS = re.compile(r"\d+")
_OTHER = re.compile(  # a date, a postal code, an address of a machine, a decimal number
    r"\(?(?:19|20)\d\d[ .\-/]\d{1,2}[ .\-/]|\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)?\d\d\b|"
    r"\d{5}-\d{4}\b|97[89]-\d|\d{6}[-/]\d{4}|[1-9]\d{0,2}(?:\.\d{1,3}){3}\b(?!\.\d)|\(?\d+\.\d+$|\([^)]*$"
)


@resource
def library() -> Any:
    """The package phonenumbers."""
    try:
        import phonenumbers
    except ImportError as error:
        raise MissingPackageError(
            "PHONE_NUMBER needs phonenumbers: pip install 'tamis[pii]'"
        ) from error
    return phonenumbers


def check_regions(regions: tuple[str, ...]) -> None:
    """Raise `SettingError` for a region that has no numbering plan."""
    known = library().SUPPORTED_REGIONS
    for region in regions:
        if region not in known:
            raise SettingError(
                f"regions: {region!r} is no region of telephone numbers (two letters: US, GB, DE …)"
            )


def phones(
    text: str, start: int, end: int, regions: tuple[str, ...], threshold: float, named: bool = True
) -> list[tuple[int, int, float]]:
    """Valid telephone numbers in `text[start:end]`, and how sure they are.

    With a country's prefix 0.8, 0.95 where a word nearby says so; as written at home 0.55 and 0.8
    (with blanks, dots or brackets within), and 0.2 and 0.6 where it is digits alone. `named`:
    whether such a word may stand there at all.
    """
    parts: list[tuple[int, int, float]] = []
    at = start
    while match := _ABROAD.search(text, at, end):
        kept = valid(match.group(), None)
        if kept:
            near = named and _near(text, match)
            parts.append((match.start(), match.start() + kept, SURE if near else 0.8))
        at = match.start() + (kept or 1)
    at = start
    while match := _HOME.search(text, at, end):
        value = match.group()
        groups = _GROUPS.findall(value)
        near = named and _near(text, match)
        sure = 0.8 if near else HOME
        told = value[0] == "(" or value[0] == "0" or list(map(len, groups)) == [3, 3, 4]
        useful = (near or told) and not _OTHER.match(value) and sure >= threshold
        kept = first(value, regions) if useful else 0
        if kept:
            parts.append((match.start(), match.start() + kept, sure))
        at = match.start() + kept if kept else match.start() + len(groups[0]) + 1
    if not named and threshold > PLAIN:
        return parts
    for match in _PLAIN.finditer(text, start, end):
        sure = 0.6 if named and _near(text, match) else PLAIN
        if sure >= threshold and first(match.group(), regions):
            parts.append((match.start(), match.end(), sure))
    return parts


def _near(text: str, match: re.Match[str]) -> bool:
    """Whether a word of telephones stands before a match, or soon after it."""
    begin, end = match.span()
    before = _WORDS.search(text, max(0, begin - 40), begin)
    return bool(before or _WORDS.search(text, end, end + 25))


def first(value: str, regions: tuple[str, ...]) -> int:
    """How many characters are a number of one of the regions; 0 if it is one of none."""
    return max((valid(value, region) for region in regions), default=0)


def valid(value: str, region: str | None) -> int:
    """How many characters of it are a valid number: all, or without the last groups; 0 if none."""
    numbers = library()
    groups = list(_GROUPS.finditer(value))
    counts = list(accumulate(len(match.group()) for match in groups))
    away = region is None or groups[0].group().startswith("0")  # 011 49 …: to another country
    most = _ABROAD_MOST if region is None or away else _most(region)
    for match, count in zip(reversed(groups[-3:]), reversed(counts), strict=False):
        if not _LEAST <= count <= most:
            continue
        if region is not None and not _maybe("".join(g.group() for g in groups), count, region):
            continue
        end = match.end()
        written = value[:end] + (")" if value[end : end + 1] == ")" else "")
        dialled = "+" + written[2:] if region is None and written.startswith("00") else written
        try:
            parsed = numbers.parse(dialled, region)
        except numbers.NumberParseException:
            continue
        if numbers.is_valid_number(parsed):
            return len(written)
    return 0


def _maybe(digits: str, count: int, region: str) -> bool:
    """Whether the first so many digits may be a number of a region as it is dialled there.

    What is left behind its prefixes looks like a number of the plan, or they are none: that is told
    in a tenth of the time that libphonenumber takes.
    """
    plan = _dialled(region)
    if plan.abroad.match(digits, 0, count):
        return True
    for begin in (0, len(plan.code)) if digits.startswith(plan.code) else (0,):
        if plan.looks.fullmatch(digits, begin, count):
            return True
        prefix = plan.home and plan.home.match(digits, begin, count)
        if prefix and (plan.rewrites or plan.looks.fullmatch(digits, prefix.end(), count)):
            return True
    return False


class _Dialled(NamedTuple):
    """How the numbers of a region are dialled there."""

    code: str  # of the country
    abroad: re.Pattern[str]  # what is dialled before the code of another one
    home: re.Pattern[str] | None  # what is dialled before a number of the country
    rewrites: bool  # whether that stands for something that is put in its place
    looks: re.Pattern[str]  # numbers without all that, of all regions with the code


@functools.cache
def _dialled(region: str) -> _Dialled:
    numbers = library()
    of = numbers.PhoneMetadata.metadata_for_region
    plan = of(region)
    looks = [
        of(other).general_desc.national_number_pattern
        for other in numbers.COUNTRY_CODE_TO_REGION_CODE[plan.country_code]
    ]
    home = plan.national_prefix_for_parsing
    return _Dialled(
        str(plan.country_code), re.compile(plan.international_prefix),
        re.compile(home) if home else None, plan.national_prefix_transform_rule is not None,
        re.compile("|".join(f"(?:{look})" for look in looks)),
    )  # fmt: skip


@functools.cache
def _most(region: str) -> int:
    """How many digits a number of a region has at most, with its prefix or its country's code."""
    plan = library().PhoneMetadata.metadata_for_region(region)
    return int(max(plan.general_desc.possible_length)) + 4
