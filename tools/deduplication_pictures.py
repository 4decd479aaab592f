"""Draw the pictures of docs/guide/how-deduplication-works.md, from the code where they show it.

    python tools/deduplication_pictures.py
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from tamis.dedup.bands import probability

OUT = Path(__file__).parents[1] / "docs" / "guide" / "pictures"
INK, FAINT, PAPER = "#1f2933", "#9aa5b1", "#ffffff"
BLUE, ORANGE, GREEN, RED = "#2563a8", "#b45309", "#2f7d4f", "#b3261e"


class Drawing:
    """An SVG of a fixed size with a white ground, readable on a dark page too."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="14"><title>{escape(title)}</title>'
            f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>'
        ]

    def text(self, x: float, y: float, words: str, *, fill: str = INK, size: int = 14,
             anchor: str = "start", weight: int = 400) -> None:  # fmt: skip
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" fill="{fill}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(words)}</text>'
        )

    def box(self, x: float, y: float, width: float, height: float, *, stroke: str = FAINT,
            fill: str = "none") -> None:  # fmt: skip
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" '
            f'fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, *, stroke: str = FAINT,
             width: float = 1.5, dash: str = "") -> None:  # fmt: skip
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{stroke}" '
            f'stroke-width="{width:g}"{dashes}/>'
        )

    def curve(self, points: list[tuple[float, float]], stroke: str) -> None:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="2.5"/>'
        )

    def dot(self, x: float, y: float, name: str, fill: str, ring: str) -> None:
        self.parts.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="19" fill="{fill}" stroke="{ring}" '
            'stroke-width="2.5"/>'
        )
        self.text(x, y + 5, name, anchor="middle", weight=600)

    def write(self, name: str) -> None:
        (OUT / name).write_text("\n".join([*self.parts, "</svg>"]) + "\n", encoding="utf-8")


def phases() -> None:
    """What leaves a partition in each of the four phases."""
    drawing = Drawing(880, 300, "The four phases of a deduplication")
    columns = [
        (20, "1 sketch", "each partition", ["id, hash,", "band keys"], "300 bytes a record"),
        (240, "2 propose", "once", ["who shares", "a band key?"], "a hash table a band"),
        (460, "3 evidence", "each partition", ["sets of shingles", "of candidates"], "only them"),
        (680, "4 decide", "once", ["exact similarity", "to one that stays"], "the verdicts"),
    ]
    for x, name, where, words, what in columns:
        drawing.box(x, 90, 180, 120, stroke=BLUE)
        drawing.text(x + 90, 40, name, anchor="middle", weight=600, size=17)
        drawing.text(x + 90, 62, where, anchor="middle", fill=ORANGE)
        for k, line in enumerate(words):
            drawing.text(x + 90, 140 + 22 * k, line, anchor="middle")
        drawing.text(x + 90, 238, what, anchor="middle", fill=FAINT)
    for x in (200, 420, 640):
        drawing.line(x + 4, 150, x + 32, 150, stroke=INK, width=2)
        drawing.line(x + 24, 143, x + 33, 150, stroke=INK, width=2)
        drawing.line(x + 24, 157, x + 33, 150, stroke=INK, width=2)
    drawing.text(440, 280, "No text ever leaves its partition.", anchor="middle", weight=600)
    drawing.write("phases.svg")


def chance() -> None:
    """The S-curves of three ways to cut a signature."""
    drawing = Drawing(720, 400, "Chance that a pair is proposed, by its similarity")
    left, top, width, height = 70, 40, 600, 290

    def place(similarity: float, value: float) -> tuple[float, float]:
        return left + width * similarity, top + height * (1 - value)

    for k in range(6):
        x, y = place(k / 5, k / 5)
        drawing.line(left, y, left + width, y, stroke="#e4e7eb")
        drawing.text(left - 10, y + 5, f"{k * 20} %", anchor="end", fill=FAINT, size=12)
        drawing.text(x, top + height + 20, f"{k / 5:.1f}", anchor="middle", fill=FAINT, size=12)
    x, _ = place(0.8, 0)
    drawing.line(x, top, x, top + height, stroke=INK, dash="5 4")
    drawing.text(x - 6, top - 8, "threshold 0.8", anchor="middle")
    cuts = [
        (32, 8, BLUE, "32 bands of 8, tamis's choice at 0.8"),
        (20, 13, ORANGE, "20 of 13, as published for GPUs"),
        (14, 8, GREEN, "14 of 8, as in FineWeb"),
    ]
    for row, (bands, rows, ink, words) in enumerate(cuts):
        curve = [place(k / 200, probability(k / 200, bands, rows)) for k in range(201)]
        drawing.curve(curve, ink)
        found = probability(0.8, bands, rows)
        drawing.text(left + 16, top + 30 + 24 * row, f"{words}: {found:.1%} found at 0.8", fill=ink)
    drawing.text(left + width / 2, 388, "Jaccard similarity of a pair", anchor="middle")
    drawing.write("chance.svg")


def chain() -> None:
    """A chain of resemblances: joined blindly, and verified."""
    drawing = Drawing(760, 270, "A chain of resemblances, joined and verified")
    for x, title, gone in (
        (40, "one of each component stays", {"B", "C", "D"}),
        (410, "verified against what stays", {"B", "D"}),
    ):
        drawing.text(x + 155, 34, title, anchor="middle", weight=600)
        for k, value in enumerate(("0.85", "0.84", "0.86")):
            a, b = x + 20 + 90 * k, x + 20 + 90 * (k + 1)
            drawing.line(a + 20, 110, b - 20, 110, stroke=INK)
            drawing.text((a + b) / 2, 98, value, anchor="middle", size=12)
        for k, name in enumerate("ABCD"):
            lost = name in gone
            fill, ring = ("#fdecea", RED) if lost else ("#e6f4ea", GREEN)
            drawing.dot(x + 20 + 90 * k, 110, name, fill, ring)
            word = "goes" if lost else "stays"
            drawing.text(x + 20 + 90 * k, 152, word, anchor="middle", fill=ring, size=12)
    drawing.text(195, 200, "C and D are like nothing that is left", anchor="middle", fill=RED)
    drawing.text(565, 200, "B is like A, D is like C: each has a witness", anchor="middle",
                 fill=GREEN)  # fmt: skip
    drawing.text(380, 245, "A and C: 0.71. A and D: 0.60. Threshold 0.8.", anchor="middle",
                 fill=INK)  # fmt: skip
    drawing.write("chain.svg")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    phases()
    chance()
    chain()
