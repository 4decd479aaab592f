"""The certificates of a run's deduplications, as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS = {
    "exact": {
        "right": "their text is, byte for byte, that of the record they were removed for",
        "compared": ", by another hash",
    },
    "fuzzy": {
        "right": (
            "the similarity to the record they were removed for, computed again from both texts in "
            "plain Python without any part of the search, reaches the threshold"
        ),
        "planted": (
            "Records drawn by lot were copied and edited to a known similarity at or above the "
            "threshold, and the copies put through the search beside the real records."
        ),
        "compared": ", without bands",
    },
    "semantic": {
        "right": (
            "the cosine to the record they were removed for, computed again in float64 from the "
            "vectors in the rows without any part of the search, reaches the threshold"
        ),
        "planted": (
            "Vectors drawn by lot were copied and turned, half of them towards another record, to "
            "a known cosine at or above the threshold, and the copies looked for in the clusters "
            "of the real ones."
        ),
        "compared": ", vector by vector, without clusters",
    },
    "perceptual": {
        "right": (
            "the bits in which their hash differs from that of the record they were removed for, "
            "counted again in the rows without any part of the search, are within the radius"
        ),
        "planted": (
            "Hashes drawn by lot were copied, as many bits as the radius or fewer flipped, and the "
            "copies put through the search beside a part of the real ones."
        ),
        "compared": ", bit by bit, without an index",
    },
}
"""What was done, by kind of deduplication."""
SILENT = 0.4  # width of an interval above which a comparison of some kept records says little


def certificates(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each deduplication's certificate with the name of its step and its rows by similarity."""
    return [
        {
            "step": found["step"],
            "rows": rows(found["certificate"]),
            "words": WORDS[found["certificate"]["kind"]],
            **found["certificate"],
        }
        for found in figures.get("deduplications", [])
        if found.get("certificate")
    ]


def rows(certificate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is known of each part of the similarities above the threshold."""
    found: dict[float, dict[str, Any]] = {}
    for name in ("precision", "canaries", "exhaustive"):
        for band in (certificate[name] or {}).get("bands", []):
            row = found.setdefault(band["from"], {"from": band["from"], "to": band["to"]})
            row[name] = band
    return [found[start] for start in sorted(found)]


def searched(certificate: Mapping[str, Any]) -> str:
    """What a search through clusters leaves out; nothing for other kinds."""
    clusters = certificate.get("clusters")
    if clusters is None:
        return ""
    if clusters == 1:
        return "All records were compared with all: no pair was left out."
    return (
        f"Each record was compared with those of its {certificate['probe']} nearest of "
        f"{clusters:,} clusters: pairs that no such cluster holds are missed, and stay. How many "
        "that are is what the shares that were found estimate; clusters=1 leaves none out."
    )


def bound(certificate: Mapping[str, Any]) -> str:
    """From where on records are duplicates, in words; nothing for exact deduplication."""
    if certificate["kind"] == "perceptual":
        return f"at most {certificate['radius']} of {certificate['bits']} bits apart"
    names = {"jaccard": "Jaccard similarity", "containment": "containment", "cosine": "cosine"}
    name = names.get(certificate["measure"])
    return f"{name} from {certificate['threshold']:.4g}" if name else ""


def between(row: Mapping[str, Any]) -> str:
    """The similarities of a row in words."""
    if row["from"] >= row["to"]:
        return "1"
    upto = "below 1" if row["to"] >= 1 else f"{row['to']:.3g}"
    return f"{row['from']:.3g} to {upto}"


def interval(figure: Mapping[str, Any] | None) -> str:
    """A share and its 95 % interval; a dash where there is no figure."""
    if not figure or figure["interval"] is None:
        return "–"
    low, high = (_percent(bound) for bound in figure["interval"])
    return f"{_percent(figure['estimate'])} % ({low} to {high} %)"


def silent(figure: Mapping[str, Any]) -> bool:
    """Whether a comparison of kept records reached too few to say anything of the recall."""
    low, high = figure["interval"] or (0.0, 1.0)
    return bool(figure["coverage"] < 1 and high - low > SILENT)


def _percent(share: float) -> str:
    """One decimal; never 100 for less than all, never 0 for more than nothing."""
    shown = 100 * share
    if shown in (0, 100):
        return f"{shown:.0f}"
    return f"{min(max(shown, 0.1), 99.9):.1f}"
