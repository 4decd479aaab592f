"""How a signature is cut into bands, so that similar records meet and others seldom do."""

from __future__ import annotations

MISSED = 0.01


def probability(similarity: float, bands: int, rows: int) -> float:
    """Chance that two records of this similarity share a band: the S-curve, 1 - (1 - s^r)^b.

    Source: J. Leskovec, A. Rajaraman, J. Ullman, "Mining of Massive Datasets", section 3.4.

    >>> round(probability(0.8, 32, 8), 4)
    0.9972
    """
    return 1.0 - (1.0 - similarity**rows) ** bands


def jaccard_of(containment: float, ratio: float) -> float:
    """The Jaccard similarity of two sets whose sizes stand as `ratio` (smaller over larger).

    `containment` is what they share over the smaller: J = c q / (1 + q - c q).

    >>> jaccard_of(1.0, 0.5), round(jaccard_of(0.8, 0.5), 3)
    (0.5, 0.364)
    """
    shared = containment * ratio
    return shared / (1 + ratio - shared)


def choose(hashes: int, threshold: float, missed: float = MISSED) -> tuple[int, int]:
    """The bands and rows that propose least and still miss few pairs at the threshold.

    The most rows with which a pair exactly at the threshold is missed in at most the share `missed`
    of cases (pairs above it are missed less); one row where no cut reaches that. Candidates are
    verified, so proposing too many costs time and not precision.

    >>> choose(256, 0.8), choose(128, 0.8)
    ((32, 8), (21, 6))
    """
    for rows in range(hashes, 0, -1):
        bands = hashes // rows
        if 1.0 - probability(threshold, bands, rows) <= missed:
            return bands, rows
    return hashes, 1
