"""Identifiers of the Americas without the United States, of Asia, Africa and Oceania."""

from __future__ import annotations

from tamis.kernels.personal import LONG, MIXED, NUMBER
from tamis.text.personal import national_world as check
from tamis.text.personal.pattern import END, START, Pattern, shape

_EITHER = NUMBER | MIXED | LONG

PATTERNS = (
    Pattern("CA_SIN", shape("ddd-ddd-ddd"), 0.3, 0.9, check.ca_sin,
            "sin|social insurance|assurance sociale|nas", digits=9),
    Pattern("MX_CURP", f"{START}[A-Z][AEIOUX][A-Z]{{2}}\\d{{6}}[HMX][A-Z]{{5}}[0-9A-Z]\\d{END}",
            0.95, 1.0,
            check.mx_curp, "curp", _EITHER, 7),
    Pattern("BR_CPF", f"{START}\\d{{3}}\\.\\d{{3}}\\.\\d{{3}}-\\d\\d{END}",
            0.9, 1.0, check.br_cpf, "cpf",
            digits=11),
    Pattern("BR_CPF", shape("ddddddddddd"), 0.3, 0.95, check.br_cpf, "cpf", digits=11),
    Pattern("BR_CNPJ", f"{START}\\d\\d\\.\\d{{3}}\\.\\d{{3}}/\\d{{4}}-\\d\\d{END}", 0.9, 1.0,
            check.br_cnpj, "cnpj", digits=14),
    Pattern("BR_CNPJ", shape("dddddddddddddd"), 0.3, 0.95, check.br_cnpj, "cnpj", digits=14),
    Pattern("AR_CUIT", f"{START}\\d\\d-\\d{{8}}-\\d{END}", 0.65, 0.95, check.ar_cuit, "cuit|cuil",
            digits=11),
    Pattern("AR_CUIT", shape("ddddddddddd"), 0.2, 0.9, check.ar_cuit, "cuit|cuil", digits=11),
    Pattern("CL_RUT", f"{START}\\d{{1,2}}\\.\\d{{3}}\\.\\d{{3}}-[0-9Kk]{END}",
            0.75, 0.95, check.cl_rut,
            "rut|run", _EITHER, 7),
    Pattern("CL_RUT", f"{START}\\d{{7,8}}-[0-9Kk]{END}",
            0.4, 0.9, check.cl_rut, "rut|run", _EITHER, 7),
    Pattern("IN_AADHAAR", f"{START}[2-9]\\d{{3}}([ -])\\d{{4}}\\1\\d{{4}}{END}",
            0.55, 0.95, check.in_aadhaar,
            "aadhaar|aadhar|uidai|uid", digits=12),
    Pattern("IN_AADHAAR", shape("dddddddddddd"), 0.2, 0.9, check.in_aadhaar,
            "aadhaar|aadhar|uidai|uid", digits=12),
    Pattern("IN_PAN", f"{START}[A-Z]{{3}}[ABCFGHJLPT][A-Z]\\d{{4}}[A-Z]{END}", 0.65, 0.95, None,
            "pan|permanent account", _EITHER, 4),
    Pattern("CN_RESIDENT_ID", f"{START}[1-8]\\d{{16}}[0-9Xx]{END}", 0.95, 1.0, check.cn_resident,
            "身份证|身份證|resident identity", _EITHER, 17),
    Pattern("HK_IDENTITY", f"{START}[A-Z]{{1,2}}\\d{{6}}\\([0-9A]\\)", 0.85, 1.0, check.hk_identity,
            "hkid|identity card|身份證", _EITHER, 6),
    Pattern("HK_IDENTITY", shape("Addddddx|AAddddddx"), 0.2, 0.9, lambda value:
            value[-1] in "0123456789A" and check.hk_identity(value), "hkid|香港", _EITHER, 6),
    Pattern("TW_IDENTITY", f"{START}[A-Z][1289]\\d{{8}}{END}", 0.6, 0.95, check.tw_identity,
            "身分證|身份證|national id", _EITHER, 9),
    Pattern("JP_MY_NUMBER", shape("dddd-dddd-dddd"), 0.2, 0.9, check.jp_my_number,
            "マイナンバー|個人番号|my number", digits=12),
    Pattern("KR_RRN", f"{START}\\d{{6}}-[1-8]\\d{{6}}{END}", 0.75, 1.0, check.kr_resident,
            "주민|resident registration|rrn", digits=13),
    Pattern("KR_RRN", f"{START}\\d{{6}}-?[1-8]\\d{{6}}{END}", 0.4, 0.9, check.kr_resident_date,
            "주민|resident registration|rrn", digits=13),
    Pattern("SG_NRIC_FIN", f"{START}[STFGM]\\d{{7}}[A-Z]{END}",
            0.85, 1.0, check.sg_nric, "nric|fin",
            _EITHER, 7, ignore_case=True),
    Pattern("TH_TNIN", shape("d-dddd-ddddd-dd-d"), 0.45, 0.95, check.th_identity,
            "บัตรประชาชน|ประจำตัวประชาชน|thai id|tnin", digits=13),
    Pattern("ZA_ID", shape("dddddd-dddd-ddd"), 0.65, 0.95, check.za_identity,
            "id number|identity|id no|south africa", digits=13),
    Pattern("IL_IDENTITY", shape("ddddddddd|dddddddd-d"), 0.1, 0.85, check.il_identity,
            "תעודת זהות|ת.ז|teudat zehut|israeli id", digits=9),
    Pattern("AU_TFN", shape("ddd-ddd-ddd|ddd-ddd-dd"), 0.1, 0.9, check.au_tfn,
            "tfn|tax file", digits=8),
    Pattern("AU_ABN", shape("dd-ddd-ddd-ddd"), 0.3, 0.95, check.au_abn,
            "abn|australian business", digits=11),
    Pattern("AU_MEDICARE", shape("dddd-ddddd-d"), 0.1, 0.9, check.au_medicare, "medicare",
            digits=10),
    Pattern("NZ_IRD", shape("ddd-ddd-ddd|dd-ddd-ddd"), 0.1, 0.9, check.nz_ird, "ird", digits=8),
    Pattern("PASSPORT", shape("AAddddddd|AAdddddd|Addddddd|ddddddddd|AdddddddA|ddAAddddd"),
            0.05, 0.55,
            None, "passport|reisepass|passeport|pasaporte|passaporto|passaporte|paspoort|паспорт|"
            "护照|護照|旅券|パスポート|여권|جواز", _EITHER, 6),
)  # fmt: skip
