"""Identifiers of the United States. Shapes and validity as the agencies publish them."""

from __future__ import annotations

from tamis.kernels.personal import MIXED, NUMBER
from tamis.text.personal import national_world as check
from tamis.text.personal.pattern import END, START, Pattern, shaped

_SSN = "social security|ssn|ss#|ssns|soc sec"
_TAX = "itin|tax id|taxpayer|individual taxpayer|tax identification"
_LICENSE = "driver|driving|dl#|dln|dl no|lic#|licence no|license no|license number"
_L = "[AC-HJKMNP-RT-Y]"  # without S, L, O, I, B, Z
_BANK = "account|acct|bank|checking|savings|debit|deposit"

PATTERNS = (
    Pattern("US_SSN", f"{START}[0-8]\\d\\d([-\u2010-\u2013])\\d\\d\\1\\d{{4}}{END}", 0.85, 1.0,
            check.us_ssn, _SSN, digits=9,
            sizes=(9,)),
    shaped("US_SSN", "ddd_dd_dddd|ddddddddd", 0.1, 0.85, check.us_ssn, _SSN, digits=9),
    shaped("US_ITIN", "9dd_dd_dddd", 0.6, 0.9, check.us_itin, _TAX, digits=9),
    shaped("US_ITIN", "9dd-dd-dddd", 0.1, 0.8, check.us_itin, _TAX, digits=9),
    shaped("US_PASSPORT", "Adddddddd|ddddddddd", 0.05, 0.65, None, "passport",
            NUMBER | MIXED, 8),
    shaped("US_DRIVER_LICENSE",
           "Addddddd|Adddddd|Adddddddd|Addddddddddddd|Adddddddddddd|ddAAAddddd|AAddddddA|"
           "Addd-dddd-dddd|Addd-ddd-dd-ddd-d|Addd-dddd-dddd-dd|AAddddddd|ddddddddA|ddddddd|"
           "dddddddd|ddddddddd", 0.05, 0.6, None, _LICENSE, NUMBER | MIXED, 5),
    Pattern("US_BANK_NUMBER", f"{START}\\d{{8,17}}{END}", 0.05, 0.6, None, _BANK, digits=8,
            sizes=(*range(8, 18),)),
    shaped("US_BANK_ROUTING", "ddddddddd|dddd_dddd_d", 0.3, 0.9, check.us_routing,
            "routing|aba|rtn|transit", digits=9),
    Pattern("US_MBI", rf"{START}[1-9]{_L}[0-9{_L[1:]}\d-?{_L}[0-9{_L[1:]}\d-?{_L}{_L}\d\d{END}",
            0.65,
            0.95, None, "medicare|mbi|beneficiary", MIXED | NUMBER, 5,
            lettered=(11,)),
    shaped("US_NPI", "dddddddddd", 0.3, 0.9, check.us_npi, "npi|provider", digits=10),
)  # fmt: skip
