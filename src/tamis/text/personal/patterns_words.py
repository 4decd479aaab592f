"""What windows around digits miss: what words nearby give away, keys, addresses of all letters.

A text in which none of the words stands is not looked at: RE2 tells in one pass.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import NamedTuple

from tamis.text.personal import patterns_general as general
from tamis.text.personal import patterns_keys as keys
from tamis.text.personal.pattern import compacted

_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|janv|févr|avr|juin|juil|"
    r"août|déc|ene|abr|ago|dic|fev|set|out|gen|mag|giu|lug|ott)[^\W\d_]{0,7}\.?"
)
_DAY = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th|\.|er)?[ ]?(?:of |de )?{_MONTH},?[ ](?:de )?\d{{4}}|"
    rf"{_MONTH}[ ]\d{{1,2}}(?:st|nd|rd|th)?,?[ ]\d{{4}}|"
    r"\d{1,2}[./\- ]\d{1,2}[./\- ]\d{4}|\d{4}[./\-]\d{1,2}[./\-]\d{1,2}|"
    r"\d{1,2}[./\-]\d{1,2}[./\-]\d{2}|\d{4}年\d{1,2}月\d{1,2}日)"
)
_STREET = (
    "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|"
    "Terrace|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Trail|Loop|Crescent|Close|Alley|Avenues|Bend|"
    "Bluff|Bridge|Brook|Causeway|Corner|Cove|Creek|Crossing|Expressway|Forge|Freeway|Gardens?|"
    "Gateway|Glens?|Green|Groves?|Harbors?|Heights|Hills?|Hollow|Junctions?|Knolls?|Landing|Mall|"
    "Manors?|Meadows?|Mews|Mills?|Mount|Orchard|Park|Pass|Path|Pike|Plaza|Ridges?|Row|Run|Shores?|"
    "Springs?|Spurs?|Square|Station|Trace|Turnpike|Valleys?|Via|Viaduct|Views?|Village|Vista|Walks?"
)
_RARE = (  # those of the post's list that are also other things: "12 Great Lakes", "3 Best Ways"
    "Annex|Arcade|Bayou|Beach|Bottom|Branch|Brooks|Burgs?|Bypass|Camp|Canyon|Cape|Centers?|Centre|"
    "Circles|Cliffs?|Club|Commons?|Corners|Course|Courts|Coves|Crest|Crossroads?|Curves?|Dale|Dam|"
    "Divide|Drives|Estates?|Extensions?|Falls?|Ferry|Fields?|Flats?|Fords?|Forest|Forges|Forks?|"
    "Fort|Haven|Inlet|Islands?|Isle|Keys?|Lakes?|Land|Lights?|Loaf|Locks?|Lodge|Mission|Motorway|"
    "Mountains?|Neck|Oval|Overpass|Parks|Parkways|Passage|Pines?|Plains?|Points?|Ports?|Prairie|"
    "Radial|Ramp|Ranch|Rapids?|Rest|River|Roads|Route|Rue|Shoals?|Skyway|Spur|Squares|Stravenue|"
    "Stream|Streets|Summit|Throughway|Track|Trafficway|Trailer|Tunnel|Underpass|Unions?|Villages|"
    "Ville|Wall|Ways|Wells?"
)  # United States Postal Service, Publication 28, C1
_NUMBER = (
    r"\d{1,5}[A-Za-z]?[ ](?:(?:[NSEW]|North|South|East|West)\.?[ ])?"
    r"(?:[A-Z][a-zA-Z']{1,20}[ ]|\d{1,3}(?:st|nd|rd|th)[ ]){1,3}"
)
_UNIT = r",?[ ](?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|#)\.?[ ]?#?[0-9A-Za-z\-]{1,6}\b"
_CITY = r",[ ](?:[A-Z][a-zA-Z]{1,20}[ ]?){1,3},[ ][A-Z]{2}[ ]\d{5}(?:-\d{4})?"
_LIVES = (
    r"(?i:\b(?:address(?: is)?|li(?:ve|ving|ves|ved)|resid(?:e|es|ed|ing)|"
    r"(?:ship|mail|send|deliver|ship+ed|delivered)(?: it)? to)(?: at)?[: ]{1,3})"
)
_STREETS = (  # in RE2, of which bounded repetitions of anything make large machines
    rf"\d[A-Za-z]?(?: [A-Z0-9][0-9A-Za-z'.]*){{1,4}} (?:{_STREET}|{_RARE})\b"
)
_OTHERS = "US CA AU NZ JP CN IN HK SG KR MX ZA RU AR CL TH TW MY ID"
_CODE_COUNTRIES = "|".join(sorted({*general.LENGTHS, *_OTHERS.split()}))


class Worded(NamedTuple):
    """`gate` (RE2) stands in a text that has the entity; `expression` finds it, in its group 1,
    and it passes `check`."""

    entity: str
    gate: str
    expression: str
    score: float
    flags: int = re.IGNORECASE
    check: Callable[[str], bool] | None = None


_ON = "on|am|op|le|el|il|em"
_BORN = (  # there, maybe, and then
    r"(?:,?[ ](?:à|a|in|te|en|em|at|near)[ ][^\d\n]{2,40}?"
    rf"(?:[ ](?:{_ON})\b|,)|,?[ ](?:{_ON})\b)?"
)


def _iban(value: str) -> bool:
    return general.iban(compacted(value))


WORDED = (
    Worded("DATE_OF_BIRTH",
           "(?i)birth|born|d\\.?o\\.?b\\b|geboren|geburt|naissance|nacimiento|nacid|nascid|nasciment|"
           "nascita|geboorte|urodz|födels|出生|生年月日|родил|рожден|doğum|"
           "\\bn(?:é|e\u0301)e?[ ](?:le|à|en)[ ]|(?-i:\\b[Nn]at[oa])[ ](?:il|a|in)[ ]",
           r"(?:date of birth|birth ?date|birthday|d\.?o\.?b\.?|"
           r"(?:\bborn|geboren|\bn(?:é|e\u0301)e?|nacid[oa]|nascid[oa]|(?-i:\b[Nn]at[oa]))"
           rf"{_BORN}|"
           r"geburtsdatum|date de naissance|fecha de nacimiento|"
           r"data de nascimento|data di nascita|geboortedatum|"
           r"data urodzenia|födelsedatum|出生日期|生年月日|дата рождения|родил(?:ся|ась)|"
           r"doğum tarihi)"
           r"(?:[\s:=\-(\"',]|\bis\b|\bwas\b|\bon\b|\bthe\b){0,8}" + f"({_DAY})(?!\\d)", 0.8),
    Worded("SWIFT_BIC", "(?i)\\b(?:bic|swift)",
           rf"(?i:\b(?:swift|bic))(?i:[ /\-]?(?:bic|swift|code|number|no\.?|is))*[\s:#=()\-]{{0,4}}"
           rf"\b([A-Z]{{4}}(?:{_CODE_COUNTRIES})[0-9A-Z]{{2}}(?:[0-9A-Z]{{3}})?)\b", 0.85, 0),
    Worded("PASSWORD",
           "(?is)(?:pass(?:word|wd|phrase|wort)|pwd|contraseña|mot de passe)[\"']?.?[:=]",
           r"\b(?:password|passwd|passphrase|passwort|pwd|contraseña|mot de passe)"
           r"[\"']?\s?[:=]\s?[\"']?([^\s\"'<>,;]{6,64})", 0.6),
    Worded("API_KEY",
           "(?is)(?:api|access|secret|private|account|auth|client)[_\\- ]?(?:key|token|secret)"
           "[\"']?.?[:=]",
           r"(?:api|access|secret|private|account|auth|client)[_\- ]?(?:key|token|secret)[\"']?\s?"
           r"(?:[:=]|=>)\s?[\"']?([0-9A-Za-z_\-+/.=]{16,128})(?![0-9A-Za-z_\-+/.=])", 0.7),
    Worded("API_KEY", keys.GATE, keys.LETTERS, 0.95, 0),
    Worded("IBAN_CODE",
           r"(?i)\b[a-z]{2}[0-9]{2}[^0-9a-z]{0,2}[0-9a-z]{4}[^0-9a-z]{0,2}[0-9a-z]{3}",
           f"({general.IBAN})", 1.0, check=_iban),
    Worded("EMAIL_ADDRESS", r"[^\x00-\x7f\s]@|@[^\s@]{0,128}[^\x00-\x7f\s]",
           general.EMAIL_OF_LETTERS, 1.0, 0, general.email),
    Worded("API_KEY", "PRIVATE KEY",
           r"(-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----[^-]{16,8192}"
           r"-----END (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----)", 1.0, 0),
    Worded("STREET_ADDRESS", _STREETS,
           rf"(?<![\w.,/$€£])({_NUMBER}(?:{_STREET})\b(?:{_UNIT})?(?:{_CITY})?)", 0.6, 0),
    Worded("STREET_ADDRESS", _STREETS,
           rf"(?<![\w.,/$€£])({_NUMBER}(?:{_RARE})(?:{_UNIT}(?:{_CITY})?|{_CITY}))", 0.6, 0),
    Worded("STREET_ADDRESS", _STREETS, rf"{_LIVES}({_NUMBER}(?:{_RARE})\b)", 0.6, 0),
)  # fmt: skip


@functools.cache
def compiled(worded: Worded) -> re.Pattern[str]:
    """Its expression, compiled."""
    return re.compile(worded.expression, worded.flags)
