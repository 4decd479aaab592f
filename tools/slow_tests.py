"""Times all tests and lists those that `make check` leaves out, in `tests/slow_tests.txt`.

    PYTHONPATH=tools .venv/bin/python -m pytest -q -n 2 -p slow_tests

on a quiet machine, all of them: the list is written anew. The quickest tests are kept, as many as
take `BUDGET` seconds together; tests that are marked slow by hand stay slow whatever they take.
"""

from collections import Counter
from pathlib import Path

BUDGET = 150.0
LIST = Path(__file__).parent.parent / "tests" / "slow_tests.txt"
seconds = Counter()


def pytest_runtest_logreport(report):
    seconds[report.nodeid] += report.duration


def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"):
        return
    spent, slow = 0.0, []
    for test, took in sorted(seconds.items(), key=lambda one: one[1]):
        spent += took
        if spent > BUDGET:
            slow.append(test)
    LIST.write_text("".join(f"{test}\n" for test in sorted(slow)))
