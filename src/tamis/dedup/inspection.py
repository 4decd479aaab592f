"""The records of a cluster beside one another: on a terminal, and in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from tamis.difference import FOLDED, GONE, NEW, Piece, differences
from tamis.exhibits import Exhibit
from tamis.exhibits.sheet import Card, sheet
from tamis.showing import safe, shown

START = 600  # characters shown of the record that stays
MARKS = {GONE: "[-{}-]", NEW: "{{+{}+}}", FOLDED: "(… {} …)"}  # read without colours, too

_STYLE = {
    GONE: "background:#f6c9c4;color:#000;text-decoration:line-through",
    NEW: "background:#c5e8c5;color:#000;text-decoration:none",
}


@dataclass(frozen=True)
class Member:
    """A record that goes: how alike it is to the one that stays, and where they differ.

    `words` are pieces as `tamis.difference.differences` gives them; None where a text is missing,
    no pieces where the texts are the same.
    """

    id: str
    similarity: float
    words: tuple[Piece, ...] | None

    @property
    def told(self) -> str:
        """What is to be said where no words differ."""
        return "the same text" if self.words is not None else "its text is not at hand"


@dataclass(frozen=True, repr=False)
class Inspection:
    """A cluster: the record that stays, its text, and some of the records that go.

    `exhibits` makes what shows records of media, by id, when a notebook asks for it.
    """

    kept: str
    size: int
    text: str | None
    members: tuple[Member, ...]
    exhibits: Callable[[], Mapping[str, Exhibit]] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        """Text for a terminal: [-only in the kept record-] and {+only in the other+}."""
        lines = [f"kept {safe(self.kept)}, dropped {self.size - 1:,} for it"]
        if self.text is not None:
            lines.append(safe(self.text, START))
        for member in self.members:
            lines += ["", f"{member.similarity:.3f}  {safe(member.id)}", _marked(member)]
        left = self.size - 1 - len(self.members)
        if left:
            lines += ["", f"and {left:,} more"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        found = [
            Markup("<p><b>kept</b> <code>{}</code>, dropped {} for it</p>").format(
                shown(self.kept), f"{self.size - 1:,}"
            )
        ]
        pictures = self.exhibits() if self.exhibits is not None else {}
        if pictures:
            gone = [(member.id, member.similarity) for member in self.members]
            found.append(sheet(contact(self.kept, gone, pictures)))
        if self.text is not None:
            cut = self.text if len(self.text) <= START else f"{self.text[:START]} …"
            found.append(Markup('<p dir="auto">{}</p>').format(shown(cut)))
        for member in self.members:
            head = Markup("<p><b>{:.3f}</b> <code>{}</code></p>")
            if pictures and member.words is None:
                continue  # the picture is all there is to see
            found.append(head.format(member.similarity, shown(member.id)))
            found.append(Markup('<p dir="auto">{}</p>').format(_marked_html(member)))
        left = self.size - 1 - len(self.members)
        if left:
            found.append(Markup("<p>and {} more</p>").format(f"{left:,}"))
        return str(Markup("\n").join(found))


def contact(
    kept: str, gone: Sequence[tuple[str, float]], pictures: Mapping[str, Exhibit]
) -> list[Card]:
    """The record that stays, and beside it those that go with their similarities."""
    first = Card(kept, pictures.get(kept), (("kept", ""),), marked=True)
    return [first, *(Card(k, pictures.get(k), (("", f"{s:.3f}"),)) for k, s in gone)]


def inspected(
    kept: str, size: int, gone: Sequence[tuple[str, float]], texts: Mapping[str, str],
    exhibits: Callable[[], Mapping[str, Exhibit]] | None = None,
) -> Inspection:  # fmt: skip
    """A cluster with the differences of its members marked."""
    text = texts.get(kept)
    members = []
    for name, similarity in gone:
        words: tuple[Piece, ...] | None = None
        if text is not None and name in texts:
            same = texts[name] == text
            words = () if same else tuple(differences(text, texts[name]))
        members.append(Member(name, similarity, words))
    return Inspection(kept, size, text, tuple(members), exhibits)


def _marked(member: Member) -> str:
    if not member.words:
        return member.told
    return " ".join(MARKS.get(kind, "{}").format(safe(words)) for kind, words in member.words)


def _marked_html(member: Member) -> Markup:
    if not member.words:
        return Markup("<i>{}</i>").format(member.told)
    found = []
    for kind, words in member.words:
        if kind in _STYLE:
            tag = "del" if kind == GONE else "ins"
            form = Markup(f'<{tag} style="{_STYLE[kind]}">{{}}</{tag}>')
            found.append(form.format(shown(words)))
        elif kind == FOLDED:
            found.append(Markup("<i>⋯ {} ⋯</i>").format(words))
        else:
            found.append(shown(words))
    return Markup(" ").join(found)
