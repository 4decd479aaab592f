"""The run that test_prompt_resume.py kills: `main()` with the arguments URL, FOLDER, NAME."""

import sys

import dask
import dask.dataframe as dd
import pandas as pd

from tamis import Filter, Pipeline, Prompt
from tamis.frame import STRING

ROWS = 60
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def frame():
    rows = [f"row {n}" for n in range(ROWS)]
    table = pd.DataFrame({"id": rows, "text": rows}).astype(STRING)
    return dd.from_pandas(table, npartitions=4, sort=False)


def pipeline(url, cache):
    step = Prompt("Count {text}", model="m", endpoint=url, cache=cache, schema=SCHEMA, fields=["n"],
                  concurrency=4)  # fmt: skip
    return Pipeline([step, Filter("n", min=10)])


def main():
    url, folder, name = sys.argv[1:]
    with dask.config.set(scheduler="threads", num_workers=2):
        steps = pipeline(url, f"{folder}/cache")
        steps.run(frame(), f"{folder}/{name}", progress=False, certificate=False)
