"""What no country gives out: addresses of mail, web and machines, cards, accounts, keys."""

from __future__ import annotations

import ipaddress

from tamis.kernels.personal import AT, COLONS, DOMAIN, DOTS, LONG, MIXED, NUMBER, URL
from tamis.text.personal import crypto, domains
from tamis.text.personal.checksums import luhn, mod_97
from tamis.text.personal.pattern import END, GAP, START, Pattern

LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28,
    "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
    "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30,
    "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22,
    "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""How long an IBAN of a country is (SWIFT, IBAN Registry)."""


def email(value: str) -> bool:
    """Whether the host of an address may be one."""
    local, _, host = value.rpartition("@")
    return ".." not in local and domains.plausible(host)


def card(value: str) -> bool:
    """Whether an issuer gives out cards of that length that begin so (ISO/IEC 7812), and Luhn."""
    size, two, four = len(value), int(value[:2]), int(value[:4])
    known = (
        (value[0] == "4" and size in (13, 16, 19))  # Visa
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and size == 16)  # Mastercard
        or (two in (34, 37) and size == 15)  # American Express
        or ((300 <= four // 10 <= 305 or two in (36, 38, 39)) and size in (14, 16))  # Diners
        or ((four == 6011 or two == 65 or 644 <= four // 10 <= 649) and size in (16, 19))
        or (3528 <= four <= 3589 and size == 16)  # JCB
        or ((four in (2131, 1800)) and size == 15)
        or (two in (62, 81) and size >= 16)  # UnionPay
        or ((two == 50 or 56 <= two <= 69) and size in (13, 16, 19))  # Maestro
    )
    return known and len(set(value)) > 1 and luhn(value)


def maestro(value: str) -> bool:
    """Whether twelve digits may be a card of Maestro's, which has them from twelve on."""
    return value[:2] in ("50", *map(str, range(56, 70))) and luhn(value)


def iban(value: str) -> bool:
    """Whether an IBAN is as long as its country has them, and its check digits right."""
    fits = LENGTHS.get(value[:2]) == len(value) and "02" <= value[2:4] <= "98"
    return fits and mod_97(value[4:] + value[:4])


def ip(value: str) -> bool:
    """Whether it is an address of a machine, and not of this one or of none."""
    try:
        found = ipaddress.ip_address(value.partition("%")[0].partition("/")[0])
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified or str(found).startswith("255."))


def large(value: str) -> bool:
    """Whether an address of IPv4 could not as well be the number of a section or a version."""
    return ip(value) and max(map(int, value.split("."))) >= 40


def hexadecimal(value: str) -> bool:
    """Whether it is an address of IPv6; `1::` alone stands in too many texts that mean something
    else."""
    whole = "::" in value or value.count(":") >= 6  # a time of day is not even looked at
    return whole and ip(value) and (value.count(":") > 2 or not value.endswith("::"))


def website(value: str) -> bool:
    """Whether what has no scheme ends in a domain that there is."""
    return domains.known(value.partition("/")[0].partition(":")[0].partition("?")[0])


def _iban_shape() -> str:
    """Of every country as many letters and digits as it has, in fours or together."""
    sizes: dict[int, list[str]] = {}
    for country, size in LENGTHS.items():
        sizes.setdefault(size, []).append(country)
    some = "|".join(
        f"(?:{'|'.join(names)})\\d\\d(?:[ \u00a0\u202f-]?[0-9A-Za-z]){{{size - 4}}}"
        for size, names in sizes.items()
    )
    return rf"{START}(?=[A-Za-z]{{2}}\d\d)(?:{some})(?![0-9A-Za-z])"


IBAN = _iban_shape()
_HEX = "[0-9A-Fa-f]"
_LABEL = r"[0-9A-Za-z](?:[0-9A-Za-z\-]{0,61}[0-9A-Za-z])?"
_ATOM = r"[\w!#$%&'*+/=?^`{|}~\-]"
_LETTER = r"[^\W_\u2e80-\U0010ffff]"  # of a script with blanks between words, or a digit
_HOST = rf"{_LETTER}(?:(?:{_LETTER}|-){{0,61}}{_LETTER})?"
_SIGN = r"!#$%&'*+/=?^`{|}~\-"
_LOCAL = rf"(?:{_LETTER}|[_{_SIGN}]){{1,64}}"
EMAIL_OF_LETTERS = (
    rf"(?<![.{_SIGN}])(?<![^\W\u2e80-\U0010ffff])({_LOCAL}(?:\.{_LOCAL}){{0,8}}@(?:{_HOST}\.){{1,8}}"
    rf"(?:(?:(?![0-9]){_LETTER}){{2,24}}|xn--[0-9a-z\-]+))(?![^\W\u2e80-\U0010ffff])"
)
"""An address of mail with letters beyond ASCII (RFC 6531), but for those of East Asia, which stand
among other words without a blank."""
_TAIL = r"[^\s<>\"'`\\^{}|\u0600-\U0010ffff]*[^\s<>\"'`\\^{}|\u0600-\U0010ffff.,;:!?)\]]"
_V4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w)(?!\.\d)"
_MACHINE = "ip|address|host|server|client|gateway|dns|ping|subnet|inet"
_V6 = rf"(?:{_HEX}{{0,4}}:){{2,7}}(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}|{_HEX}{{0,4}})"
_BASE58 = "[1-9A-HJ-NP-Za-km-z]"
_WALLET = "bitcoin|btc|wallet|crypto|address|ethereum|litecoin|dogecoin|blockchain"
_CARD = (
    "credit|card|visa|mastercard|amex|american express|discover|jcb|diners|maestro|karte|carte|"
    "tarjeta"
)

PATTERNS = (
    Pattern("EMAIL_ADDRESS", rf"(?<![0-9A-Za-z_.]){_ATOM}+(?:\.{_ATOM}+)*@(?:{_LABEL}\.)+"
            rf"(?:[A-Za-z]{{2,24}}|xn--[0-9a-z\-]+)(?![0-9A-Za-z])", 1.0, 0.0, email,
            marks=AT, digits=0, compact=False),
    Pattern("URL", rf"(?<![A-Za-z0-9])(?i:https?|ftps?|sftp|ssh|git|wss?)://{_TAIL}", 0.95,
            marks=URL, digits=0, compact=False),
    Pattern("URL", rf"(?<![\w./@])(?i:www)\.(?:{_LABEL}\.)+[A-Za-z]{{2,24}}(?:[:/?#]{_TAIL})?", 0.8,
            marks=URL, digits=0, compact=False),
    Pattern("URL", rf"(?<![\w./@\-])(?:{_LABEL}\.)+[A-Za-z]{{2,24}}(?![\w@(])"
            rf"(?:(?::\d{{1,5}})?[/?#]{_TAIL})?", 0.5, 0.0, website, marks=DOMAIN, digits=0,
            compact=False),
    Pattern("CREDIT_CARD", rf"{START}[1-6]\d{{3}}(?:{GAP}?\d){{8,15}}{END}", 0.8, 1.0, card, _CARD,
            digits=13,
            sizes=(*range(12, 20),)),
    Pattern("CREDIT_CARD", rf"{START}[56]\d{{3}}(?:{GAP}?\d{{4}}){{2}}{END}", 0.3, 0.8, maestro,
            _CARD, digits=12,
            sizes=(12,)),
    Pattern("IBAN_CODE", IBAN, 1.0, 0.0, iban, marks=NUMBER | MIXED | LONG, digits=4,
            lettered=(*range(15, 33),)),
    Pattern("IP_ADDRESS", _V4, 0.6, 0.95, large, _MACHINE, DOTS, 4, compact=False),
    Pattern("IP_ADDRESS", _V4, 0.2, 0.85, ip, "ip|ping|subnet|gateway|dns|inet|netmask|dhcp",
             DOTS, 4, compact=False),
    Pattern("IP_ADDRESS", rf"(?<![\w:.]){_V6}(?![\w:])", 0.8, 0.95, hexadecimal, "ip|ipv6|address",
            COLONS, 0, compact=False),
    *(
        Pattern("MAC_ADDRESS", rf"(?<![\w:\-]){_HEX}{{2}}(?:{sign}{_HEX}{{2}}){{5}}(?![\w:\-])",
                0.8, 0.95, None, "mac|hardware|ethernet|wifi", marks, 0, sizes=sizes,
                lettered=sizes)
        for sign, marks, sizes in ((":", COLONS, ()), ("-", NUMBER | MIXED | LONG, (12,)))
    ),
    Pattern("MAC_ADDRESS", rf"(?<![\w.]){_HEX}{{4}}\.{_HEX}{{4}}\.{_HEX}{{4}}(?![\w.])", 0.5, 0.9,
            None, "mac|hardware|ethernet", NUMBER | MIXED | DOMAIN, 1,
            sizes=(12,), lettered=(12,)),
    Pattern("CRYPTO", rf"{START}(?:[13]|[LMDXTr]){_BASE58}{{25,34}}{END}", 1.0, 0.0,
            crypto.base58check, marks=LONG, digits=1, compact=False,
            lettered=(*range(26, 36),)),
    Pattern("CRYPTO", rf"{START}(?:bc|tb|ltc)1[02-9ac-hj-np-z]{{38,87}}{END}", 1.0, 0.0,
            crypto.bech32, marks=LONG, digits=1, compact=False, ignore_case=True,
            begins="bc1|tb1|ltc1"),
    Pattern("CRYPTO", rf"{START}0x{_HEX}{{40}}{END}", 0.7, 0.95, crypto.ethereum, _WALLET, LONG, 1,
            compact=False,
            lettered=(42,)),
)  # fmt: skip
