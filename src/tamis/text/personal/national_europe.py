"""Personal and tax numbers of Europe: whether one can have been given out.

Each function takes the identifier as letters in upper case and digits, without separators, in the
shape that its pattern (`patterns_europe`) has.
"""

from __future__ import annotations

from collections import Counter

from tamis.text.personal.checksums import luhn, mod_11_10, weighted
from tamis.text.personal.dates import day_of, ddmmyy, yymmdd, yyyymmdd

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_PPS = "WABCDEFGHIJKLMNOPQRSTUV"
_OMOCODIA = str.maketrans("LMNPQRSTUV", "0123456789")
_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
         2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip
_MONTHS = {letter: f"{k:02}" for k, letter in enumerate("ABCDEHLMPRST", 1)}


def uk_nhs(value: str) -> bool:
    """NHS number: ten digits, the last mod 11."""
    check = 11 - weighted(value, range(10, 1, -1)) % 11
    return check != 10 and check % 11 == int(value[9]) and len(set(value)) > 1


def de_tax_id(value: str) -> bool:
    """Steuer-Identifikationsnummer: of the first ten digits one stands there two or three times."""
    counts = Counter(value[:10])
    twice = [n for n in counts.values() if n > 1]
    return value[0] != "0" and twice in ([2], [3]) and mod_11_10(value)


def de_social_security(value: str) -> bool:
    """Rentenversicherungsnummer: area, date of birth, letter, serial number, check digit."""
    day = int(value[2:4])
    if not day_of(value[4:6], f"{day % 50 if day > 31 else day:02}"):
        return False
    digits = value[:8] + f"{ord(value[8]) - 64:02}" + value[9:11]
    total = 0
    for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True):
        product = int(digit) * weight
        total += product // 10 + product % 10
    return total % 10 == int(value[11])


def de_id_card(value: str) -> bool:
    """Number of an identity card or a passport: nine characters and a check digit, 7-3-1."""
    total = sum(int(c, 36) * (7, 3, 1)[k % 3] for k, c in enumerate(value[:9]))
    return total % 10 == int(value[9])


def fr_nir(value: str) -> bool:
    """Numéro de sécurité sociale: 13 characters and a key of two, 97 less the rest by 97."""
    body = value[:13].replace("2A", "19", 1) if value[5:7] == "2A" else value[:13]
    body = body.replace("2B", "18", 1) if value[5:7] == "2B" else body
    month = int(value[3:5])
    if not (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) or not body.isdigit():
        return False
    return 97 - int(body) % 97 == int(value[13:])


def es_nif(value: str) -> bool:
    """Documento nacional de identidad: eight digits and the letter of their rest by 23."""
    return _DNI[int(value[:8]) % 23] == value[8]


def es_nie(value: str) -> bool:
    """Número de identidad de extranjero: X, Y or Z for the first digit of a DNI."""
    return es_nif(str("XYZ".index(value[0])) + value[1:])


def it_fiscal_code(value: str) -> bool:
    """Codice fiscale: name, date of birth, place, check letter."""
    day = value[9:11].translate(_OMOCODIA)
    if not day.isdigit() or not value[6:8].translate(_OMOCODIA).isdigit():
        return False
    if not day_of(_MONTHS.get(value[8], "00"), f"{int(day) - 40 if int(day) > 40 else int(day)}"):
        return False
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in value[1:15:2])
    odd = sum(_ODD[c] for c in value[0:15:2])
    return chr(65 + (even + odd) % 26) == value[15]


def it_vat(value: str) -> bool:
    """Partita IVA: seven digits, an office, Luhn's digit."""
    office = int(value[7:10])
    known = 1 <= office <= 100 or office in (120, 121, 888, 999)
    return known and value[:7] != "0000000" and luhn(value)


def nl_bsn(value: str) -> bool:
    """Burgerservicenummer: nine digits, the eleven-test."""
    total = weighted(value[:8], range(9, 1, -1)) - int(value[8])
    return total % 11 == 0 and int(value) > 0


def pl_pesel(value: str) -> bool:
    """PESEL: date of birth with the century in the month, serial number, check digit."""
    if not day_of(f"{int(value[2:4]) % 20}", value[4:6]):
        return False
    return (10 - weighted(value, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10 == int(value[10])


def pt_nif(value: str) -> bool:
    """Número de identificação fiscal: nine digits, the last mod 11."""
    check = (11 - weighted(value[:8], range(9, 1, -1)) % 11) % 11 % 10
    return value[0] != "0" and check == int(value[8])


def se_personnummer(value: str) -> bool:
    """Personnummer or samordningsnummer (60 added to the day): date of birth, Luhn's digit."""
    long, short = len(value) == 12, value[-10:]
    day = int(short[4:6])
    born = short[:4] + f"{day - 60 if day > 60 else day:02}"
    fits = yyyymmdd(value[:2] + born) if long else yymmdd(born)
    return fits and luhn(short)


def fi_hetu(value: str) -> bool:
    """Henkilötunnus: date of birth, a letter for the century or none, number, check character."""
    value = value[:6] + value[-4:]
    if not ddmmyy(value[:6]) or not 2 <= int(value[6:9]) <= 999:
        return False
    return _HETU[int(value[:9]) % 31] == value[9]


def dk_cpr(value: str) -> bool:
    """CPR-nummer: date of birth and serial number; since 2007 without a check digit."""
    return ddmmyy(value[:6])


def no_birth_number(value: str) -> bool:
    """Fødselsnummer or D-nummer (40 added to the day): date of birth, two digits mod 11."""
    day = int(value[:2])
    if not day_of(value[2:4], f"{day - 40 if day > 40 else day}"):
        return False
    first = (11 - weighted(value, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11) % 11
    second = (11 - weighted(value, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11
    return (first, second) == (int(value[9]), int(value[10]))


def be_national_number(value: str) -> bool:
    """Rijksregisternummer: date of birth, serial number, 97 less the rest by 97."""
    month = int(value[2:4]) % 20
    if not (month == 0 or day_of(f"{month}", value[4:6])):
        return False
    body, check = value[:9], int(value[9:])
    since_2000 = value[:2] < "40" and check == 97 - int("2" + body) % 97
    return since_2000 or check == 97 - int(body) % 97


def ch_ahv(value: str) -> bool:
    """AHV-Nummer: 756, nine digits, the check digit of an EAN-13."""
    return (10 - weighted(value, (1, 3) * 6) % 10) % 10 == int(value[12])


def at_social_security(value: str) -> bool:
    """Sozialversicherungsnummer: serial number, check digit mod 11, date of birth."""
    total = weighted(value[:3] + value[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6))
    month = int(value[6:8])
    fits = day_of(value[6:8], value[4:6]) if month <= 12 else month <= 15
    return value[0] != "0" and fits and total % 11 == int(value[3])


def ie_pps(value: str) -> bool:
    """PPS number: seven digits, check letter, from 2013 on a second letter that counts."""
    total = weighted(value[:7], range(8, 1, -1))
    second = value[8:9]
    if second and second != "W":
        total += 9 * (ord(second) - 64)
    return _PPS[total % 23] == value[7]


def cz_birth_number(value: str) -> bool:
    """Rodné číslo (Czechia, Slovakia): date of birth, number; with ten digits divisible by 11."""
    month = int(value[2:4])
    month -= 50 if month > 50 else 0
    month -= 20 if month > 20 else 0
    if not day_of(f"{month}", value[4:6]):
        return False
    if len(value) == 9:
        return int(value[:2]) <= 53
    return int(value) % 11 == 0 or (int(value[:9]) % 11 == 10 and value[9] == "0")


def ro_cnp(value: str) -> bool:
    """Cod numeric personal: sex and century, date of birth, county, number, check digit."""
    total = weighted(value, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    check = 1 if total == 10 else total
    return value[0] != "0" and yymmdd(value[1:7]) and check == int(value[12])


def bg_egn(value: str) -> bool:
    """EGN: date of birth with the century in the month, number, check digit."""
    month = int(value[2:4])
    month -= 40 if month > 40 else 20 if month > 20 else 0
    total = weighted(value, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10
    return day_of(f"{month}", value[4:6]) and total == int(value[9])


def baltic_code(value: str) -> bool:
    """Isikukood (Estonia), asmens kodas (Lithuania): century, date of birth, check digit."""
    if not "1" <= value[0] <= "8" or not yymmdd(value[1:7]):
        return False
    check = weighted(value, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weighted(value, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return check == int(value[10])


def tr_identity(value: str) -> bool:
    """T.C. kimlik numarası: eleven digits, two of them check digits."""
    digits = list(map(int, value))
    tenth = (7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10
    return digits[0] != 0 and digits[9] == tenth and digits[10] == sum(digits[:10]) % 10


def ru_snils(value: str) -> bool:
    """SNILS: nine digits and the sum of them, each times its place from the right, mod 101."""
    total = weighted(value, range(9, 0, -1)) % 101 % 100
    return int(value[:9]) > 1_001_998 and total == int(value[9:])
