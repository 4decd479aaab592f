"""Keys and tokens that services give out, by the prefixes they have (as the vendors document)."""

from __future__ import annotations

from tamis.kernels.personal import LONG, MIXED, NUMBER
from tamis.text.personal.pattern import Pattern

_MARKS = LONG | MIXED | NUMBER
_START, _END = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_LETTERS = (  # so long or so named that no digit is needed to tell them from words
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",  # Amazon
    r"gh[pousr]_[0-9A-Za-z]{36,251}",  # GitHub
    r"github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}",
    r"glpat-[0-9A-Za-z_\-]{20,}",  # GitLab
    r"sk-ant-[0-9A-Za-z_\-]{20,}",  # Anthropic
    r"sk-(?:proj-|svcacct-|admin-)[0-9A-Za-z_\-]{32,}",  # OpenAI
    r"sk-[0-9A-Za-z]{32,}",
    r"AIza[0-9A-Za-z_\-]{35}",  # Google
    r"GOCSPX-[0-9A-Za-z_\-]{28}",
    r"(?:sk|rk|pk)_(?:live|test)_[0-9A-Za-z]{16,}",  # Stripe
    r"whsec_[0-9A-Za-z+/=]{24,}",
    r"SG\.[0-9A-Za-z_\-]{22}\.[0-9A-Za-z_\-]{43}",  # SendGrid
    r"npm_[0-9A-Za-z]{36}",
    r"pypi-AgE[0-9A-Za-z_\-]{50,}",
    r"hf_[0-9A-Za-z]{30,}",  # Hugging Face
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",  # Shopify
    r"sq0(?:atp|csp)-[0-9A-Za-z_\-]{22,43}",  # Square
    r"key-[0-9a-f]{32}",  # Mailgun
    r"(?:AC|SK)[0-9a-f]{32}",  # Twilio
)
_DIGITS = (  # with a digit: words joined by hyphens look alike, or there always is one
    r"xox[abeoprs]-[0-9A-Za-z\-]{10,250}",  # Slack
    r"xapp-\d-[0-9A-Z]+-\d+-[0-9a-f]+",
    r"sk-[0-9A-Za-z_\-]{32,}",  # OpenAI
    r"ya29\.[0-9A-Za-z_\-]{20,}",  # Google
    r"do[opr]_v1_[0-9a-f]{64}",  # DigitalOcean
    r"dapi[0-9a-f]{32}",  # Databricks
    r"\d{8,10}:AA[0-9A-Za-z_\-]{33}",  # Telegram
    r"eyJ[0-9A-Za-z_\-]{8,}\.eyJ[0-9A-Za-z_\-]{8,}\.[0-9A-Za-z_\-]{8,}",  # JSON web token
)

GATE = (
    r"(?:^|[^0-9A-Za-z])(?:AKIA|ASIA|ABIA|ACCA|gh[pousr]_|github_pat_|glpat-|"
    r"sk-(?:ant|proj|svcacct|admin)-|sk-[0-9A-Za-z]|AIza|GOCSPX-|(?:sk|rk|pk)_(?:live|test)_|"
    r"whsec_|SG\.|npm_|pypi-AgE|hf_|shp(?:at|ca|pa|ss)_|sq0(?:atp|csp)-|key-[0-9a-f]|(?:AC|SK)[0-9a-f])"
    r"[0-9A-Za-z+/=_\-]{16}"
)
"""What stands (RE2) in a text that has a key of which no digit is asked."""
_BEGIN = (
    "akia|asia|abia|acca|ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|sk-|aiza|gocspx-|sk_|rk_|pk_|"
    "whsec_|sg.|npm_|pypi-|hf_|shpat_|shpca_|shppa_|shpss_|sq0|key-|xox|xapp-|ya29.|doo_v1_|"
    "dop_v1_|dor_v1_|dapi|:aa|eyj|" + "|".join(f"ac{c}|sk{c}" for c in "0123456789abcdef")
)
LETTERS = f"{_START}({'|'.join(_LETTERS)}){_END}"
"""Such a key."""

PATTERNS = (
    Pattern("API_KEY", f"{_START}(?:{'|'.join(_LETTERS + _DIGITS)}){_END}", 0.95, marks=_MARKS,
            digits=1, compact=False, begins=_BEGIN),
)  # fmt: skip
