"""Tables, bars and texts on a terminal."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tamis.showing import safe as safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

GREEN, RED, SOFT = "green", "red", "dim"
COLOURS = {"kept": GREEN, "dropped": RED, "elsewhere": SOFT}


def console() -> Console:
    """Where output goes; wide enough for a table where nobody looks."""
    from rich.console import Console

    plain: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
    if sys.stdout.isatty():
        return Console(**plain)
    width = max(120, shutil.get_terminal_size((120, 24)).columns)
    return Console(width=width, file=_Trimmed(), **plain)  # type: ignore[arg-type]


class _Trimmed:
    """Standard output without the blanks that fill up the last column of a table."""

    def write(self, text: str) -> int:
        return sys.stdout.write(re.sub(r" +$", "", text, flags=re.MULTILINE))

    def flush(self) -> None:
        sys.stdout.flush()


def table(*headings: str, right: Sequence[int] = ()) -> Table:
    """A table without rules; the columns at the positions `right` hold numbers."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style=SOFT, show_header=any(headings))
    for position, heading in enumerate(headings):
        number = position in right
        made.add_column(
            heading, justify="right" if number else "left", no_wrap=number, overflow="fold"
        )
    return made


def steps(figures: Mapping[str, Any]) -> Table:
    """What each step of a run did."""
    from rich.text import Text

    from tamis.report.wording import count, duration, rule

    made = table("step", "rule", "in", "dropped", "left", "time", right=(2, 3, 4, 5))
    for step in figures["steps"]:
        bounds = step.get("bounds")
        kind = {"reader": "unreadable", "writer": "could not be written"}
        told = rule(bounds) if bounds else kind.get(step["kind"], step["kind"])
        lost = f"{-step['dropped']:,}" if step["dropped"] else ""
        lost += f" +{step['cut']:,}" if step["cut"] else ""
        fired = step["fired"]
        note = "  (dropped all)" if fired == "always" else ""
        made.add_row(
            safe(step["name"]), Text(told + note, style=SOFT), count(step["rows_in"]),
            Text(lost, style=RED), count(step["rows_out"]),
            Text(duration(step["seconds"]), style=SOFT),
        )  # fmt: skip
    return made


def summary(figures: Mapping[str, Any]) -> str:
    """A run in one line."""
    from tamis.report.wording import count, duration, percent

    rows = figures["rows"]
    cut = f" + {count(rows['cut'])} cut" if rows["cut"] else ""
    share = percent(rows["kept"], rows["in"] + rows["cut"])
    return (
        f"{count(rows['in'])} in{cut} = {count(rows['kept'])} kept ({share}) "
        f"+ {count(rows['dropped'])} dropped, in {duration(figures['seconds'])}"
    )


def certificates(figures: Mapping[str, Any]) -> list[str]:
    """What each deduplication says of its own precision and recall, a line each."""
    from tamis.report.certified import certificates, interval

    lines = []
    for told in certificates(figures):
        line = f"{safe(told['step'])}: removals right {interval(told['precision'])}"
        if told["canaries"]:
            line += f", planted copies found {interval(told['canaries'])}"
        lines.append(line)
    return lines


def bars(rows: Iterable[tuple[str, Mapping[str, int]]], width: int) -> Table:
    """Counts per class as stacked horizontal bars."""
    from rich.text import Text

    from tamis.report.wording import count

    rows = list(rows)
    most = max((sum(counts.values()) for _, counts in rows), default=1) or 1
    made = table("", "", "", right=(0, 2))
    for label, counts in rows:
        bar = Text(no_wrap=True)
        for kind, number in counts.items():
            bar.append(blocks(number / most * width), style=COLOURS.get(kind, GREEN))
        made.add_row(label, bar, count(sum(counts.values())))
    return made


def blocks(length: float) -> str:
    """A bar so many characters long, to an eighth."""
    whole, eighth = int(length), int(8 * (length % 1))
    if not whole and not eighth and length > 0:
        eighth = 1
    return "█" * whole + (" ▏▎▍▌▋▊▉"[eighth] if eighth else "")
