"""Identifiers of Europe. Where nothing nearby names a kind, its check digits have to be telling."""

from __future__ import annotations

from tamis.kernels.personal import LONG, MIXED, NUMBER
from tamis.text.personal import national_europe as check
from tamis.text.personal.pattern import END, START, Pattern, shape

_EITHER = NUMBER | MIXED | LONG
_TAX = "tax|vat"

PATTERNS = (
    Pattern("UK_NHS", f"{START}\\d{{3}} \\d{{3}} \\d{{4}}{END}", 0.5, 1.0, check.uk_nhs,
            "nhs|national health|health service|patient", digits=10),
    Pattern("UK_NHS", shape("ddd-ddd-dddd"), 0.3, 1.0, check.uk_nhs,
            "nhs|national health|health service|patient", digits=10),
    Pattern("UK_NINO",
            f"{START}(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
            f" ?\\d\\d ?\\d\\d ?\\d\\d ?[A-D]{END}", 0.65, 1.0, None,
            "national insurance|ni number|nino", _EITHER),
    Pattern("DE_TAX_ID", shape("dd-ddd-ddd-ddd"), 0.45, 0.95, check.de_tax_id,
            "steuer|idnr|tin|tax|identifikationsnummer", digits=11),
    Pattern("DE_SOCIAL_SECURITY", shape("dd-dddddd-A-dd-d"), 0.75, 1.0, check.de_social_security,
            "sozialversicherung|rentenversicherung|versicherungsnummer|svnr|rvnr", _EITHER, 11),
    Pattern("DE_ID_CARD", f"{START}[LMNPRTVWXYCFGHJK][0-9CFGHJKLMNPRTVWXYZ]{{8}}\\d{END}",
            0.2, 0.9, check.de_id_card, "ausweis|personalausweis|reisepass|pass|id card",
            _EITHER, 2),
    Pattern("FR_NIR",
            f"{START}[12] ?\\d\\d ?\\d\\d ?(?:\\d\\d|2[AB]) ?\\d{{3}} ?\\d{{3}} ?\\d\\d{END}",
            0.85, 1.0, check.fr_nir, "sécurité sociale|nir|insee|numéro", _EITHER, 14),
    Pattern("ES_NIF", shape("dddddddd-A"),
            0.75, 1.0, check.es_nif, "dni|nif|documento", _EITHER, 8),
    Pattern("ES_NIE", f"{START}[XYZ][- ]?\\d{{7}}[- ]?[A-Z]{END}", 0.8, 1.0, check.es_nie,
            "nie|extranjero", _EITHER, 7),
    Pattern("IT_FISCAL_CODE",
            f"{START}[A-Z]{{6}}[0-9L-NP-V]{{2}}[A-EHLMPR-T][0-9L-NP-V]{{2}}[A-Z][0-9L-NP-V]{{3}}"
            f"[A-Z]{END}", 0.95, 1.0, check.it_fiscal_code, "codice fiscale|cf", _EITHER, 1,
            ignore_case=True),
    Pattern("IT_VAT_CODE", shape("ddddddddddd"), 0.1, 0.9, check.it_vat,
            "partita iva|p.iva|p. iva|piva|iva", digits=11),
    Pattern("NL_BSN", shape("dddd-dd-ddd|ddd-ddd-ddd"), 0.1, 0.9, check.nl_bsn,
            "bsn|burgerservice|sofi", digits=9),
    Pattern("PL_PESEL", shape("ddddddddddd"), 0.55, 0.95, check.pl_pesel, "pesel", digits=11),
    Pattern("PT_NIF", shape("ddd-ddd-ddd"), 0.1, 0.9, check.pt_nif, "nif|contribuinte|fiscal",
            digits=9),
    Pattern("SE_PERSONNUMMER", f"{START}(?:19|20)?\\d{{6}}[-+]\\d{{4}}{END}", 0.65, 0.95,
            check.se_personnummer, "personnummer|samordningsnummer|pnr", digits=10),
    Pattern("SE_PERSONNUMMER", shape("dddddddddd|dddddddddddd"), 0.2, 0.9, check.se_personnummer,
            "personnummer|samordningsnummer|pnr", digits=10),
    Pattern("FI_PERSONAL_IDENTITY_CODE", f"{START}\\d{{6}}[-+A-FU-Y]\\d{{3}}[0-9A-FHJ-NPR-Y]{END}",
            0.85, 1.0, check.fi_hetu,
            "henkilötunnus|hetu|personbeteckning", _EITHER, 9),
    Pattern("DK_CPR", shape("dddddd-dddd"), 0.1, 0.85, check.dk_cpr, "cpr|personnummer",
            digits=10),
    Pattern("NO_BIRTH_NUMBER", shape("dddddd-ddddd"), 0.6, 0.95, check.no_birth_number,
            "fødselsnummer|personnummer|fnr|d-nummer", digits=11),
    Pattern("BE_NATIONAL_NUMBER", f"{START}\\d\\d\\.?\\d\\d\\.?\\d\\d-?\\d{{3}}\\.?\\d\\d{END}",
            0.6, 0.95,
            check.be_national_number, "rijksregister|registre national|niss|insz", digits=11),
    Pattern("CH_AHV", shape("756-dddd-dddd-dd"), 0.9, 1.0, check.ch_ahv, "ahv|avs", digits=13),
    Pattern("AT_SOCIAL_SECURITY", shape("dddd-dddddd"), 0.2, 0.9, check.at_social_security,
            "svnr|sozialversicherung|versicherungsnummer|sv-nr", digits=10),
    Pattern("IE_PPS", f"{START}\\d{{7}}[A-W][ABHW]?{END}", 0.5, 0.95, check.ie_pps,
            "pps|ppsn|personal public", _EITHER, 7),
    Pattern("CZ_BIRTH_NUMBER", f"{START}\\d{{6}}/\\d{{3,4}}{END}",
            0.55, 0.95, check.cz_birth_number,
            "rodné|rodne|rč", digits=9),
    Pattern("RO_CNP", shape("ddddddddddddd"), 0.55, 0.95, check.ro_cnp, "cnp|cod numeric",
            digits=13),
    Pattern("BG_EGN", shape("dddddddddd"), 0.2, 0.9, check.bg_egn, "егн|egn", digits=10),
    Pattern("EE_LT_PERSONAL_CODE", shape("ddddddddddd"), 0.5, 0.95, check.baltic_code,
            "isikukood|asmens kodas", digits=11),
    Pattern("TR_IDENTITY", shape("ddddddddddd"), 0.5, 0.95, check.tr_identity,
            "kimlik|tckn|tc no|t.c.", digits=11),
    Pattern("RU_SNILS", f"{START}\\d{{3}}-\\d{{3}}-\\d{{3}}[ -]\\d\\d{END}", 0.75, 1.0,
            check.ru_snils, "снилс|snils", digits=11),
)  # fmt: skip
