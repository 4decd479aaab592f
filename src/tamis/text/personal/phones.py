"""Telephone numbers, by the numbering plans that libphonenumber keeps (package phonenumbers)."""

from __future__ import annotations

import re
from typing import Any

from tamis.errors import MissingPackageError, SettingError
from tamis.resources import resource

_SEP = r"[ .\-/\u00a0\u2009\u202f\u2010-\u2013]"
_BODY = rf"(?:{_SEP}{{0,2}}\(?\d{{1,5}}\)?){{1,7}}"
_ABROAD = re.compile(rf"(?<![\w+])(?:\+|00)\(?[1-9]\d{{0,2}}\)?{_BODY}(?!\w)")
_HOME = re.compile(rf"(?<![\w+.,/$€£#\-])(?<![\d]\s)\(?\d{{2,5}}\)?{_BODY}(?!\w)(?![.,]\d)")
_PLAIN = re.compile(r"(?<![\w+.,/$€£#\-])\d{7,11}(?!\w)(?![.,]\d)")
_WORDS = re.compile(
    r"(?<![a-z])(?:phone|telephone|tel|mobile|cell|fax|call|contact|number|whatsapp|sms|text me|"
    r"telefon|handy|rufnummer|téléphone|portable|teléfono|telefono|celular|telefone|телефон|"
    r"电话|手机|電話|携帯|전화)",
    re.IGNORECASE,
)
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
    text: str, start: int, end: int, regions: tuple[str, ...], threshold: float
) -> list[tuple[int, int, float]]:
    """Valid telephone numbers in `text[start:end]`, and how sure they are.

    With a country's prefix 0.8, 0.95 where a word nearby says so; as written at home 0.55 and 0.8
    (with blanks, dots or brackets within), and 0.3 and 0.6 where it is digits alone.
    """
    parts: list[tuple[int, int, float]] = []
    at = start
    while match := _ABROAD.search(text, at, end):
        kept = valid(match.group(), None)
        if kept:
            parts.append((match.start(), match.start() + kept, 0.95 if _near(text, match) else 0.8))
        at = match.start() + (kept or 1)
    at = start
    while match := _HOME.search(text, at, end):
        value = match.group()
        groups = _GROUPS.findall(value)
        near = _near(text, match)
        sure = 0.8 if near else 0.55
        told = value[0] == "(" or value[0] == "0" or list(map(len, groups)) == [3, 3, 4]
        useful = (
            (near or told) and len(groups) > 1 and not _OTHER.match(value) and sure >= threshold
        )
        kept = first(value, regions) if useful else 0
        if kept:
            parts.append((match.start(), match.start() + kept, sure))
        at = match.start() + kept if kept else match.start() + len(groups[0]) + 1
    for match in _PLAIN.finditer(text, start, end):
        sure = 0.6 if _near(text, match) else 0.3
        if sure >= threshold and first(match.group(), regions):
            parts.append((match.start(), match.end(), sure))
    return parts


def _near(text: str, match: re.Match[str]) -> bool:
    """Whether a word of telephones stands before a match, or soon after it."""
    begin, end = match.start(), match.end()
    return bool(_WORDS.search(text[max(0, begin - 40) : begin] + "\n" + text[end : end + 25]))


def first(value: str, regions: tuple[str, ...]) -> int:
    """How many characters are a number of one of the regions; 0 if it is one of none."""
    return max((valid(value, region) for region in regions), default=0)


def valid(value: str, region: str | None) -> int:
    """How many characters of it are a valid number: all, or without the last groups; 0 if none."""
    numbers = library()
    ends = [match.end() for match in _GROUPS.finditer(value)]
    for end in reversed(ends[-3:]):
        written = value[:end] + (")" if value[end : end + 1] == ")" else "")
        dialled = "+" + written[2:] if region is None and written.startswith("00") else written
        try:
            parsed = numbers.parse(dialled, region)
        except numbers.NumberParseException:
            continue
        if numbers.is_valid_number(parsed):
            return len(written)
    return 0
