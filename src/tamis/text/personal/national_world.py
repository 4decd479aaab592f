"""Personal and tax numbers outside Europe: whether one can have been given out.

Each function takes the identifier as letters in upper case and digits, without separators, in the
shape that its pattern (`patterns_americas`, `patterns_asia`) has.
"""

from __future__ import annotations

from tamis.text.personal.checksums import luhn, mod_11_2, verhoeff, weighted
from tamis.text.personal.dates import yymmdd, yyyymmdd

_CURP = {c: k for k, c in enumerate("0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ")}
_TAIWAN = {c: k + 10 for k, c in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}
_ITIN = frozenset({*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)})


def us_ssn(value: str) -> bool:
    """Social Security number: no area 000, 666 or from 900, no group 00, no serial number 0000.

    Those printed in advertisements are none either.
    """
    area, group, serial = value[:3], value[3:5], value[5:]
    if area in ("000", "666") or area >= "900" or group == "00" or serial == "0000":
        return False
    return value not in ("078051120", "219099999") and len(set(value)) > 1


def us_itin(value: str) -> bool:
    """Individual Taxpayer Identification Number: area from 900, groups that are given out."""
    return value[0] == "9" and int(value[3:5]) in _ITIN


def us_routing(value: str) -> bool:
    """ABA routing transit number: known first digits, weights 3-7-1."""
    first = int(value[:2])
    known = 1 <= first <= 12 or 21 <= first <= 32 or 61 <= first <= 72 or first == 80
    return known and weighted(value, (3, 7, 1) * 3) % 10 == 0


def us_npi(value: str) -> bool:
    """National Provider Identifier: Luhn's digit with the prefix 80840."""
    return value[0] in "12" and luhn("80840" + value)


def ca_sin(value: str) -> bool:
    """Social Insurance Number: nine digits, Luhn's digit."""
    return value[0] not in "08" and luhn(value)


def mx_curp(value: str) -> bool:
    """CURP: letters of the name, date of birth, sex, state, check digit."""
    total = sum(_CURP[c] * (18 - k) for k, c in enumerate(value[:17]))
    return yymmdd(value[4:10]) and (10 - total % 10) % 10 == int(value[17])


def br_cpf(value: str) -> bool:
    """Cadastro de Pessoas Físicas: nine digits and two check digits mod 11."""
    first = weighted(value, range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(value, range(11, 1, -1)) * 10 % 11 % 10
    return len(set(value)) > 1 and (first, second) == (int(value[9]), int(value[10]))


def br_cnpj(value: str) -> bool:
    """Cadastro Nacional da Pessoa Jurídica: twelve digits and two check digits mod 11."""
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    first = -weighted(value, weights[1:]) % 11 % 10
    second = -weighted(value, weights) % 11 % 10
    return len(set(value)) > 1 and (first, second) == (int(value[12]), int(value[13]))


def ar_cuit(value: str) -> bool:
    """CUIT or CUIL: kind, document number, check digit mod 11."""
    check = min(9, -weighted(value, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11)
    return value[:2] in ("20", "23", "24", "27", "30", "33", "34") and check == int(value[10])


def cl_rut(value: str) -> bool:
    """RUT: a number and its rest mod 11, K for 10."""
    total = sum(int(d) * (2, 3, 4, 5, 6, 7)[k % 6] for k, d in enumerate(reversed(value[:-1])))
    return "0123456789K"[-total % 11] == value[-1]


def in_aadhaar(value: str) -> bool:
    """Aadhaar: twelve digits, Verhoeff's digit, no palindrome."""
    return value[0] not in "01" and value != value[::-1] and verhoeff(value)


def cn_resident(value: str) -> bool:
    """Resident identity number: region, date of birth, number, check character."""
    return "11" <= value[:2] <= "82" and yyyymmdd(value[6:14]) and mod_11_2(value)


def hk_identity(value: str) -> bool:
    """Hong Kong identity card: one or two letters, six digits, check character."""
    letters = value[:-7].rjust(2)
    total = sum((36 if c == " " else ord(c) - 55) * w for c, w in zip(letters, (9, 8), strict=True))
    total += weighted(value[-7:-1], (7, 6, 5, 4, 3, 2))
    return "0123456789A"[-total % 11] == value[-1]


def tw_identity(value: str) -> bool:
    """National identification card of Taiwan: letter of a county, sex, number, check digit."""
    first = _TAIWAN[value[0]]
    total = first // 10 + first % 10 * 9 + weighted(value[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))
    return total % 10 == 0


def jp_my_number(value: str) -> bool:
    """My Number: twelve digits, the last mod 11."""
    rest = weighted(value, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(value[11])


def kr_resident_date(value: str) -> bool:
    """Resident registration number: a date of birth; from October 2020 on the rest is drawn."""
    return yymmdd(value[:6]) and value[6] != "9" and value[6] != "0"


def kr_resident(value: str) -> bool:
    """Resident registration number of before October 2020, with a check digit."""
    total = weighted(value, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))
    return (
        kr_resident_date(value) and value[7:9] <= "96" and (11 - total % 11) % 10 == int(value[12])
    )


def sg_nric(value: str) -> bool:
    """NRIC or FIN: kind, seven digits, check letter."""
    kind = value[0]
    total = weighted(value[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(kind, 0)
    rest = total % 11
    if kind == "M":
        return "KLJNPQRTUWX"[10 - rest] == value[8]
    letters = "JZIHGFEDCBA" if kind in "ST" else "XWUTRQPNMLK"
    return letters[rest] == value[8]


def th_identity(value: str) -> bool:
    """National identity number of Thailand: thirteen digits, the last mod 11."""
    total = weighted(value, range(13, 1, -1))
    return value[0] not in "0" and (11 - total % 11) % 10 == int(value[12])


def za_identity(value: str) -> bool:
    """South African identity number: date of birth, number, citizenship, Luhn's digit."""
    return yymmdd(value[:6]) and value[10] in "012" and luhn(value)


def il_identity(value: str) -> bool:
    """Teudat zehut: nine digits, Luhn's digit."""
    return int(value) > 0 and luhn(value)


def au_tfn(value: str) -> bool:
    """Tax File Number: eight or nine digits, mod 11."""
    weights = (1, 4, 3, 7, 5, 8, 6, 9, 10) if len(value) == 9 else (10, 7, 8, 4, 6, 3, 5, 1)
    return weighted(value, weights) % 11 == 0 and int(value) > 0


def au_abn(value: str) -> bool:
    """Australian Business Number: one less in the first place, mod 89."""
    total = weighted(value, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10
    return value[0] != "0" and total % 89 == 0


def au_medicare(value: str) -> bool:
    """Medicare card: eight digits, a check digit, the issue; a person's number may follow."""
    return "2" <= value[0] <= "6" and weighted(value, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(
        value[8]
    )


def nz_ird(value: str) -> bool:
    """IRD number: eight or nine digits, mod 11, with a second set of weights."""
    digits = value.rjust(9, "0")
    if not 10_000_000 < int(digits) < 150_000_000:
        return False
    check = -weighted(digits, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
    if check == 10:
        check = -weighted(digits, (7, 4, 3, 2, 5, 2, 7, 6)) % 11
    return check == int(digits[8])
