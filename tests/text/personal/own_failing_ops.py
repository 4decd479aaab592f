"""Ops of somebody's own that fail, and quote what they were given."""

import pandas as pd

from tamis import edit, measure


@measure(dtype="float64")
def quoting_measure(text):
    """Fail on a text."""
    raise ValueError(f"cannot judge {text.iloc[0]!r}")


@edit()
def quoting_edit(text: pd.Series) -> pd.Series:
    """Fail on a text, in a class of its own and out of another error."""
    try:
        return text.str.missing
    except AttributeError as error:
        raise KeyError(text.iloc[-1]) from error
