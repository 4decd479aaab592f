"""The gallery's pages and pictures."""

from __future__ import annotations

import functools
import html
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2

from tamis.exhibits import Exhibit, exhibits
from tamis.gallery.asked import PAGE, Asked
from tamis.gallery.catalogue import OWN, Catalogue
from tamis.gallery.recent import Recent
from tamis.report import covered, wording

SIDE, LARGE = 160, 800  # pixels of a tile's picture, and of a record's
MOST = 400_000  # bytes of a picture
ROOM = 64_000_000  # bytes of pictures that are kept
EXCERPT = 280  # characters of a text on a tile
WHOLE = 20_000  # … on the page of a record
CELL = 600  # … of another column
LIKE = 24  # duplicates shown beside a record


class Pages:
    """HTML and pictures for one catalogue; `root` begins every address.

    Of a run whose recipe redacts nothing is shown that it takes out, unless `uncovered`.
    """

    def __init__(self, catalogue: Catalogue, root: str, uncovered: bool = False) -> None:
        self.catalogue, self.root = catalogue, root
        steps = (catalogue.figures or {}).get("steps", [])
        column = catalogue.subject.text
        self._cover = None if uncovered else covered.cover(steps)
        self._after = covered.showing(steps, column) if self._cover and column else None
        self._made: Recent[Exhibit] = Recent(ROOM, lambda made: made.nbytes + 500)

    def listing(self, asked: Asked) -> str:
        """The page of tiles."""
        catalogue = self.catalogue
        total = len(catalogue.select(asked))
        pages = max(1, -(-total // PAGE))
        if asked.page > pages:
            asked = Asked(**{**vars(asked), "page": pages})
        records = catalogue.records(catalogue.page(asked))
        self._held_in_rows(records)
        return _page(
            "gallery.html", asked=asked, catalogue=catalogue, root=self.root, total=total,
            pages=pages, records=[self._tile(record) for record in records],
            counts=catalogue.counts(), media=bool(catalogue.subject.pointer),
        )  # fmt: skip

    def record(self, row: int, asked: Asked) -> str:
        """The page of one record."""
        catalogue = self.catalogue
        (record,) = catalogue.records([row], whole=True)
        of = record["duplicate_of"] and catalogue.find(record["duplicate_of"])
        kept = row if of is None or of == "" else of
        name = record["duplicate_of"] or record["id"]
        like = [r for r in catalogue.duplicates_of(name) if r != row] if name else []
        beside = [r for r in [kept, *like[:LIKE]] if r != row]
        shown = self._shown(record)
        known = {*OWN, "row", catalogue.subject.text, *catalogue.scores}
        return _page(
            "record.html", asked=asked, catalogue=catalogue, root=self.root,
            record=self._tile(record, WHOLE), exhibit=self._exhibit(row, LARGE),
            beside=[self._tile(r) for r in catalogue.records(beside)], kept=kept,
            like=len(like) - len(like[:LIKE]), scores=self._scores(shown),
            cells={k: _cell(v) for k, v in shown.items() if k not in known},
        )  # fmt: skip

    def picture(self, row: int, large: bool) -> tuple[bytes, str]:
        """The picture of a row and its type; where it cannot be read, one of the reason."""
        exhibit = self._exhibit(row, LARGE if large else SIDE)
        if exhibit is None or not exhibit.data:
            why = exhibit.why if exhibit else "nothing to show"
            return _told(why).encode("utf-8", "replace"), "image/svg+xml"
        return exhibit.data, exhibit.type

    def snippet(self, row: int) -> tuple[bytes, str]:
        """What plays of a row and its type; nothing where it has no sound."""
        exhibit = self._exhibit(row, SIDE)
        return (exhibit.plays, exhibit.plays_as) if exhibit else (b"", "")

    def _exhibit(self, row: int, side: int) -> Exhibit | None:
        """What shows a row; None where it is no medium."""
        found = self._made.get((row, side))
        if found is None:
            self._make(self.catalogue.records([row]), side)
            found = self._made.get((row, side))
        return found if found is not None and (found.data or found.why) else None

    def _held_in_rows(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Make the pictures of a page at once where the bytes stand in the rows: one pass."""
        wanted = [r for r in records if self._made.get((r["row"], SIDE)) is None]
        if self.catalogue.holds_bytes and wanted:
            self._make(wanted, SIDE)

    def _make(self, records: Sequence[Mapping[str, Any]], side: int) -> None:
        """The exhibits of some records, one by one: bytes may be large."""
        left = {record["row"] for record in records}
        for row, cells in self.catalogue.pointers(records):
            made = exhibits({"": cells}, self.catalogue.subject, side, MOST)
            self._made.put((row, side), made.get("", Exhibit("")))
            left.discard(row)
        for row in left:
            self._made.put((row, side), Exhibit(""))

    def _shown(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record as far as it may be shown."""
        if self._cover is None:
            return record
        text = self.catalogue.subject.text
        behind = self._after is None or covered.may_show(record["dropped_by"], self._after)
        if text is not None and not behind:
            record = record | {text: covered.COVERED}
        fate = {"dropped_by": record["dropped_by"]}  # the name of a step
        return covered.record_covered(record, self._cover) | fate

    def _tile(self, record: dict[str, Any], most: int = EXCERPT) -> dict[str, Any]:
        record = self._shown(record)
        text = record.get(self.catalogue.subject.text or "")
        cut = None if text is None else _cell(text, most)
        return record | {"excerpt": cut}

    def _scores(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The record's scores with the bounds that were put to them."""
        steps = (self.catalogue.figures or {}).get("steps", [])
        found = [{"name": k, "value": record.get(k), "bounds": {}} for k in self.catalogue.scores]
        found += [
            {"name": k, "value": record[k], "bounds": {}}
            for k in self.catalogue.rows.schema.names
            if k not in (*self.catalogue.scores, *OWN) and self.catalogue.figures and k in record
        ]
        for row in found:
            for step in steps:
                of = str(step.get("entry", {}).get("filter", "")).removeprefix("column:")
                if step.get("bounds") and row["name"] in (step["name"], of):
                    row |= {"bounds": step["bounds"], "here": record["dropped_by"] == step["name"]}
        return found


def _cell(value: Any, most: int = CELL) -> str | None:
    """A value as text, cut; bytes by their number."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    text = str(value)
    return text if len(text) <= most else f"{text[:most]} …"


def _told(why: str) -> str:
    """A picture of a reason: what stands in the place of one that cannot be read."""
    lines = textwrap.wrap(why, 24)[:7] or [""]
    spans = "".join(
        f'<tspan x="8" dy="{18 if k else 0}">{html.escape(_clean(line))}</tspan>'
        for k, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE}">'
        '<rect x="1" y="1" width="158" height="158" fill="#fbe3d8" stroke="#d4653f"/>'
        f'<text x="8" y="24" font-family="sans-serif" font-size="11" fill="#7a2d12">{spans}</text>'
        "</svg>"
    )


def _clean(text: str) -> str:
    """Without what XML cannot hold or a reader cannot see."""
    return "".join(c if c.isprintable() else "·" for c in text)


def _page(name: str, **given: Any) -> str:
    return _environment().get_template(name).render(**given)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("tamis", "gallery"), jinja2.PackageLoader("tamis", "report")]
        ),
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    names = ("count", "number", "exact", "rule", "shown", "breakable")
    environment.filters |= {name: getattr(wording, name) for name in names}
    environment.filters["plain"] = lambda value: f"{value:.17g}"
    return environment
