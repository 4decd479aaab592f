"""What a run would do, told beforehand from a sample: a value to look at."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tamis.report.wording import count, duration, percent, size


class Plan:
    """Expected rows, time, memory and disk of a run, and how its deduplications would search.

    `figures` holds everything as plain data: `sample`, `rows`, `steps`, `work`, `seconds`,
    `memory`, `disk`, `deduplications`, `asking`, `warnings`. Rows have an expectation and a range
    (`low`, `high`).
    """

    def __init__(self, figures: dict[str, Any]) -> None:
        self.figures = figures

    @property
    def warnings(self) -> list[str]:
        """What cannot work, or looks as if it were not meant so."""
        return list(self.figures["warnings"])

    def steps(self) -> pd.DataFrame:
        """Per step the rows expected in and out, the range of the latter, seconds and share.

        `where` it runs: "CPU", "GPU", "hop" (on the CPU, by way of a copy out of cuDF frames), or
        "network" (it asks an endpoint).
        """
        table = pd.DataFrame(self.figures["steps"])
        return table.set_index("name")

    def curve(self, step: str) -> pd.DataFrame:
        """The S-curve of a fuzzy deduplication: the chance of being proposed, by similarity."""
        for found in self.figures["deduplications"]:
            if found["step"] == step and found["curve"]:
                return pd.DataFrame(found["curve"], columns=["similarity", "proposed"])
        known = [d["step"] for d in self.figures["deduplications"] if d["curve"]]
        raise KeyError(f"no fuzzy deduplication {step!r} (there are: {', '.join(known) or 'none'})")

    def summary(self) -> list[tuple[str, str]]:
        """The figures of the whole, named and in words."""
        found, rows, disk = self.figures, self.figures["rows"], self.figures["disk"]
        sample = found["sample"]
        came = rows["in"] + rows["cut"]
        kept = f"about {count(rows['kept'])} ({percent(rows['kept'], came)})"
        cut = [("rows cut out of them", f"about {count(came)}")] if rows["cut"] else []
        return [
            ("sample", f"{count(sample['rows'])} rows of {count(sample['partitions'])} of "
             f"{count(sample['of'])} partitions"),
            ("rows in", spread(rows["in"], rows["in_low"], rows["in_high"])),
            *cut,
            ("rows kept", f"{kept}, {count(rows['low'])} to {count(rows['high'])}"),
            ("time", f"about {duration(found['seconds'])} on {found['threads']} threads here"),
            ("not in it", "compiling, about a minute in the first run on a machine"
             + ("; waiting for answers of models" if found["asking"] else "")),
            ("peak memory", f"about {size(found['memory'])}"),
            ("text and columns", size(disk["decoded"])),
            ("kept, dropped, ledger", size(disk["kept"] + disk["dropped"])),
            ("staged for deduplication", f"{size(disk['staged'])}, of which {size(disk['moved'])} "
             "are compared"),
        ]  # fmt: skip

    def __repr__(self) -> str:
        lines = [f"{name:26}{told}" for name, told in self.summary()]
        lines += ["", self._table().to_string(index=False)]
        for found in self.figures["deduplications"]:
            lines += ["", search(found)]
        for found in self.figures["asking"]:
            lines += ["", asking(found)]
        return "\n".join([*lines, *(f"! {warning}" for warning in self.warnings)])

    def _repr_html_(self) -> str:
        from markupsafe import escape

        facts = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(told)}</td></tr>"
            for name, told in self.summary()
        )
        notes = [search(found) for found in self.figures["deduplications"]]
        notes += [asking(found) for found in self.figures["asking"]] + self.warnings
        shown = "".join(f"<p>{escape(note)}</p>" for note in notes)
        return f"<table>{facts}</table>{self._table().to_html(index=False)}{shown}"

    def _table(self) -> pd.DataFrame:
        rows = [
            {
                "step": step["name"],
                "in": count(step["rows_in"]),
                "out": count(step["rows_out"]),
                "range": f"{count(step['low'])} to {count(step['high'])}",
                "share of time": percent(step["share"], 1),
                "where": step.get("where", ""),
            }
            for step in self.figures["steps"]
        ]
        return pd.DataFrame(rows, columns=["step", "in", "out", "range", "share of time", "where"])


def search(found: dict[str, Any]) -> str:
    """How a deduplication searches, in a sentence."""
    if not found["curve"]:
        return f"{found['step']}: {found['how']}"
    at = found["sought"]
    told = f"{found['step']}: {found['ngram']} {found['unit']}, {found['hashes']} hashes, "
    told += f"{found['bands']} bands x {found['rows']} rows; "
    return told + f"missed at Jaccard similarity {at:.3g}: {percent(found['missed'], 1)}"


def asking(found: dict[str, Any]) -> str:
    """What a step asks a model, in a sentence."""
    requests, put = (
        round(found["requests"]) or int(found["requests"] > 0),
        round(found["tokens_in"]),
    )
    least = found["bound"] == "least"
    head = {"about": "about", "most": "at most about", "least": "unknown, at least about"}
    told = f"{found['step']}: {head[found['bound']]} {count(requests)} requests to {found['model']}"
    told += f", {'' if found['bound'] == 'about' else 'for these at most '}{count(put)} tokens in"
    if "tokens_out" in found:
        told += f", at most {count(round(found['tokens_out']))} out"
    if "cost" in found:
        told += f", at most {found['cost']:,.2f} at its prices"
    if least:
        told += f" (how many items {found['lists']} will list is open, one each is counted)"
    return (
        f"{told}; nothing was asked: rows that its answers drop or make, and the time "
        "spent waiting for them, are not in this plan"
    )


def spread(value: int, low: int, high: int) -> str:
    """A number of rows, with its range where it is not known exactly."""
    return count(value) if low == high else f"about {count(value)}, {count(low)} to {count(high)}"
