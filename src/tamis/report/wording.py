"""Numbers, bounds and texts as a person reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup

from tamis.showing import shown as shown

_BOUNDS = ("min", "max", "isin", "invert", "null")
_WORDS = ("score", "filter", "edit", "cut", "dedup", "name")


def count(value: int) -> str:
    """A whole number with separators between thousands."""
    return f"{value:,}"


def number(value: Any) -> str:
    """A number short enough for a table: three or four digits, thousands separated.

    >>> number(0.123456), number(100000), number(1234.5), number(2.0)
    ('0.123', '100,000', '1,234', '2')
    """
    if value is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int) or (
        math.isfinite(value) and value == int(value) and abs(value) < 1e15
    ):
        return f"{int(value):,}"
    if abs(value) >= 1000 and math.isfinite(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def exact(value: Any) -> str:
    """A sample's value, with digits enough to tell it from its neighbours."""
    if isinstance(value, float) and math.isfinite(value) and value != int(value):
        return f"{value:,.6g}"
    return number(value)


def percent(part: float, whole: float) -> str:
    """A share in percent; small ones are not rounded to nothing, large ones not to all."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.05 or 99.95 < share < 100:
        return "< 0.1 %" if share < 50 else "> 99.9 %"
    return f"{share:.1f} %" if share not in (0, 100) else f"{share:.0f} %"


def size(value: int) -> str:
    """Bytes in units of 1,000."""
    amount, unit = float(value), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.3g} {unit}"


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(0.0123), duration(75), duration(7300)
    ('12 ms', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


def moment(stamp: str) -> str:
    """A time stamp in ISO form as date and time."""
    found = datetime.fromisoformat(stamp)
    zone = found.tzname() or ""
    return f"{found.day} {found:%B %Y, %H:%M} {zone}".strip()


def rule(bounds: Mapping[str, Any] | None) -> str:
    """The bounds of a filter in words and signs.

    >>> rule({"min": 50, "max": 100000}), rule({"isin": ["en"], "invert": True})
    ('50 to 100,000', 'not en')
    """
    bounds = bounds or {}
    low, high, values = (bounds.get(key) for key in ("min", "max", "isin"))
    found = []
    if low is not None and high is not None:
        found.append(f"{number(low)} to {number(high)}")
    elif low is not None:
        found.append(f"at least {number(low)}")
    elif high is not None:
        found.append(f"at most {number(high)}")
    if values is not None:
        shown = ", ".join(map(str, values[:6])) + (" …" if len(values) > 6 else "")
        found.append(shown if len(values) == 1 else f"one of {shown}")
    words = " and ".join(found)
    return f"not {words}" if bounds.get("invert") and words else words


def operation(entry: Mapping[str, Any]) -> str:
    """What a step applies, with its settings: `text.top_ngram_ratio, n = 3`.

    >>> operation({"filter": "image.sharpness", "where": {"modality": "image"}, "min": 100})
    'image.sharpness, where modality is image'
    """
    what = next((str(entry[word]) for word in _WORDS if word in entry), "")
    what = f"{what.removesuffix('s')} duplicates" if "dedup" in entry else what
    relative = [k for k in ("min", "max") if isinstance(entry.get(k), str)]
    plain = [k for k in entry if k in relative or k not in (*_BOUNDS, *_WORDS, "where")]
    settings = [f"{k} = {entry[k]}" for k in plain]
    for column, wanted in entry.get("where", {}).items():
        values = wanted if isinstance(wanted, list) else [wanted]
        settings.append(f"where {column} is {' or '.join(map(str, values))}")
    return ", ".join([what, *settings])


def breakable(name: str) -> Markup:
    """A name that a narrow column may break after an underscore."""
    return Markup("_<wbr>").join(str(name).split("_"))
