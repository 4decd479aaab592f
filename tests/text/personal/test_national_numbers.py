"""National numbers: python-stdnum says the same of many that are nearly right."""

import importlib
import random

import pytest

from tamis.text.personal import national_europe as europe
from tamis.text.personal import national_world as world

stdnum = pytest.importorskip("stdnum")

DIGITS = "0123456789"


def drawn(choice, shape):
    """A text of a shape: d a digit, A a letter, B a date YYMMDD, D a date DDMMYY, others as is."""
    made = ""
    for c in shape:
        if c == "B" or c == "D":
            y, m, d = choice.randrange(40, 99), choice.randrange(1, 13), choice.randrange(1, 29)
            made += f"{y:02}{m:02}{d:02}" if c == "B" else f"{d:02}{m:02}{y:02}"
        else:
            made += {"d": choice.choice(DIGITS), "A": chr(65 + choice.randrange(26))}.get(c, c)
    return made


CASES = [  # our check, python-stdnum's module, shape, its last characters that are tried
    (europe.uk_nhs, "gb.nhs", "dddddddddd", DIGITS),
    (europe.de_tax_id, "de.idnr", "ddddddddddd", DIGITS),
    (europe.fr_nir, "fr.nir", "1dd06dddddddddd", None),
    (europe.es_nif, "es.dni", "dddddddd?", "TRWAGMYFPDXBNJZSQVHLCKE"),
    (europe.es_nie, "es.nie", "Xddddddd?", "TRWAGMYFPDXBNJZSQVHLCKE"),
    (europe.it_fiscal_code, "it.codicefiscale", "RSSMRAddC1dAdddA", None),
    (europe.it_vat, "it.iva", "ddddddddddd", DIGITS),
    (europe.nl_bsn, "nl.bsn", "ddddddddd", DIGITS),
    (europe.pl_pesel, "pl.pesel", "Bddddd", DIGITS),
    (europe.pt_nif, "pt.nif", "ddddddddd", DIGITS),
    (europe.fi_hetu, "fi.hetu", "D-1dd?", "0123456789ABCDEFHJKLMNPRSTUVWXY"),
    (europe.no_birth_number, "no.fodselsnummer", "D1dddd", None),
    (europe.be_national_number, "be.nn", "Bddddd", None),
    (europe.ch_ahv, "ch.ssn", "756dddddddddd", DIGITS),
    (europe.at_social_security, "at.vnr", "ddddD", None),
    (europe.ie_pps, "ie.pps", "ddddddd?", "WABCDEFGHIJKLMNOPQRSTUV"),
    (europe.cz_birth_number, "cz.rc", "Bdddd", DIGITS),
    (europe.ro_cnp, "ro.cnp", "1B12dddd", DIGITS),
    (europe.bg_egn, "bg.egn", "Bdddd", DIGITS),
    (europe.baltic_code, "ee.ik", "3Bdddd", DIGITS),
    (europe.tr_identity, "tr.tckimlik", "ddddddddddd", None),
    (europe.se_personnummer, "se.personnummer", "B-dddd", DIGITS),
    (world.us_ssn, "us.ssn", "ddddddddd", None),
    (world.us_itin, "us.itin", "9dd8ddddd", None),
    (world.us_routing, "us.rtn", "02ddddddd", DIGITS),
    (world.ca_sin, "ca.sin", "ddddddddd", DIGITS),
    (world.mx_curp, "mx.curp", "OXVMBHQRLXRd?", DIGITS),
    (world.br_cpf, "br.cpf", "ddddddddddd", None),
    (world.br_cnpj, "br.cnpj", "dddddddddddddd", None),
    (world.ar_cuit, "ar.cuit", "20ddddddddd", DIGITS),
    (world.cl_rut, "cl.rut", "dddddddd?", "0123456789K"),
    (world.in_aadhaar, "in_.aadhaar", "dddddddddddd", DIGITS),
    (world.cn_resident, "cn.ric", "11010519610203ddd?", "0123456789X"),
    (world.jp_my_number, "jp.in_", "dddddddddddd", DIGITS),
    (world.kr_resident, "kr.rrn", "B1dddddd", DIGITS),
    (world.th_identity, "th.pin", "1dddddddddddd", DIGITS),
    (world.za_identity, "za.idnr", "Bdddd08d", DIGITS),
    (world.il_identity, "il.idnr", "ddddddddd", DIGITS),
    (world.au_tfn, "au.tfn", "ddddddddd", DIGITS),
    (world.au_abn, "au.abn", "5dddddddddd", None),
    (world.nz_ird, "nz.ird", "ddddddddd", DIGITS),
]


@pytest.mark.parametrize(
    "check, module, shape, last", CASES, ids=lambda v: getattr(v, "__name__", "")
)
def test_python_stdnum_agrees(check, module, shape, last):
    peer = importlib.import_module(f"stdnum.{module}")
    choice = random.Random(module)
    valid = 0
    for _ in range(2500 if last is None else 60):
        base = drawn(choice, shape)
        for end in last or base[-1]:
            value = base[:-1] + end
            told = check(value.replace("-", ""))
            assert told == peer.is_valid(value), value
            valid += told
    assert valid >= 1


@pytest.mark.parametrize(
    "check, value",
    [
        (europe.ru_snils, "11223344595"),  # the example of the Pension Fund's instruction
        (europe.de_social_security, "15070649C103"),
        (europe.de_id_card, "T220001293"),  # the specimen of 2010
        (europe.dk_cpr, "0101701234"),
        (europe.se_personnummer, "198112189876"),  # the example of Skatteverket
        (europe.ie_pps, "1234567FA"),
        (world.us_npi, "1234567893"),  # the example of the standard
        (world.hk_identity, "A1234563"),
        (world.hk_identity, "AB9876543"),
        (world.tw_identity, "A123456789"),
        (world.sg_nric, "S0000001I"),
        (world.sg_nric, "T0000001E"),
        (world.sg_nric, "S2740116C"),
        (world.sg_nric, "G0000001P"),
        (world.au_medicare, "2123456701"),
    ],
    ids=lambda v: getattr(v, "__name__", str(v)),
)
def test_published_examples(check, value):
    assert check(value)
    others = [d for d in DIGITS if d != value[-1]]
    if check is not europe.dk_cpr and check is not world.au_medicare and value[-1].isdigit():
        assert not any(check(value[:-1] + d) for d in others)


@pytest.mark.parametrize(
    "check, value", [(europe.pl_pesel, "44953401359"), (world.us_ssn, "078051120")]
)
def test_days_and_numbers_that_are_none(check, value):
    assert not check(value)
