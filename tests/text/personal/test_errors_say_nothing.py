"""Of a run that redacts an error of somebody's own op says where it was, and quotes no text."""

import logging
import traceback

import pandas as pd
import pytest
from own_failing_ops import quoting_edit, quoting_measure

import tamis
from tamis import Edit, Filter, Pipeline, text
from tamis.errors import StepError
from tamis.unsaid import redacts

DOCS = pd.DataFrame({"id": ["a", "b"], "text": ["Mail zq1@acme.org", "Mail zq2@acme.org"]})
STEPS = {
    "before": [Filter(quoting_measure, min=0), Edit(text.redact)],
    "after": [Edit(text.redact, to="clean"), Edit(quoting_edit)],
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_an_error_quotes_nothing(steps, tmp_path, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(StepError) as told:
        Pipeline(steps).run(tamis.from_pandas(DOCS, npartitions=2), tmp_path / "out")
    shown = "".join(traceback.format_exception(told.value))
    assert "zq" not in shown and "zq" not in caplog.text
    assert "own_failing_ops.py" in shown and "in quoting_" in str(told.value)
    assert str(told.value).startswith(("ValueError at", "KeyError at"))


def test_on_workers(tmp_path, capfd):
    """A worker logs what a task raises."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
    ):
        with pytest.raises(StepError):
            Pipeline(STEPS["before"]).run(
                tamis.from_pandas(DOCS, npartitions=2), tmp_path / "out", progress=False
            )
        logs = str(cluster.get_logs())
    said = capfd.readouterr()
    for shown in (logs, said.out, said.err):
        assert "zq" not in shown


def test_what_redacts_nothing_says_all(tmp_path):
    steps = [Filter(quoting_measure, min=0)]
    with pytest.raises(ValueError, match="cannot judge 'Mail zq1@acme"):
        Pipeline(steps).run(DOCS, tmp_path / "out")
    with pytest.raises(ValueError, match="zq1"):
        Pipeline(STEPS["before"])(DOCS)  # asked for: a frame in hand
    assert not redacts([object(), *steps]) and redacts(STEPS["after"])
