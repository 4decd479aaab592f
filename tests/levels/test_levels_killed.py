"""A run that asks another one and begins with a join, killed anywhere: the same as undisturbed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import levels_kill_script
import pytest

import tamis

pytestmark = pytest.mark.slow
POINTS = ("stages/input/part-*", "stages/0/part-*.json", "kept/*")


def start(run, out):
    return subprocess.Popen(
        [sys.executable, "-c", "import levels_kill_script as s; s.main()", str(run), str(out)],
        cwd=Path(__file__).parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


def outcome(out):
    run = tamis.Run(out)
    parts = {part["name"]: part["sha256"] for part in run.figures["parts"]}
    on_disk = {
        str(p.relative_to(out))
        for d in ("kept", "dropped", "ledger")
        for p in Path(out, d).glob("*")
    }
    assert on_disk == parts.keys() and not list(Path(out).rglob("*.tmp"))
    steps = [{k: v for k, v in row.items() if k != "seconds"} for row in run.figures["steps"]]
    return run.ledger().compute().to_json(), run.rows, json.dumps(steps), parts


def test_killed_and_resumed(tmp_path):
    clips = tmp_path / "clips"
    levels_kill_script.judge_clips(clips)
    whole = levels_kill_script.judge_videos(str(clips), tmp_path / "whole")
    left = [f"v{k}" for k in range(120) if k % 4 > 1]
    assert whole.kept().compute().id.tolist() == left
    assert whole.rows == {"in": 120, "cut": 0, "kept": 60, "dropped": 60}
    expected, killed, reused = outcome(tmp_path / "whole"), 0, 0
    for number, pattern in enumerate(POINTS):
        out = tmp_path / str(number)
        process = start(clips, out)
        end = time.monotonic() + 120
        while time.monotonic() < end and process.poll() is None:
            if next(out.glob(pattern), None) is not None:
                break
            time.sleep(0.005)
        if process.poll() is None:
            killed += 1
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        else:
            assert process.returncode == 0, process.stderr.read().decode()
        process.stderr.close()
        staged = {p.name for p in out.glob("stages/input/*.arrow")}
        again = levels_kill_script.judge_videos(str(clips), out)
        reused += again.figures["tasks"]["reused"]
        assert staged <= {p.name for p in out.glob("stages/input/*")}, "made anew under other names"
        assert outcome(out) == expected
    assert killed >= 2 and (reused > 0 or killed < 3)
