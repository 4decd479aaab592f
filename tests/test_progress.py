"""What is shown beside the bar of a run."""

from tamis.kernels.compiling import log
from tamis.progress import Progress


def test_that_loops_are_compiled_is_said_where_a_bar_is_shown(capsys):
    with Progress(True) as bar:
        bar.begin("filtering", 1, 0)
        log.info("compiling loops")
        bar.advance(1)
    log.info("another time")
    with Progress(False):
        log.info("unseen")
    shown = capsys.readouterr().err
    assert "compiling loops\n" in shown and "another" not in shown and "unseen" not in shown
