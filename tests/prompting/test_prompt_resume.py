"""Killed runs ask nothing twice; processes and runs share answers; damage is asked for again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pandas as pd
import prompt_script
import pytest
from endpoint import Endpoint, failed, last

import tamis
from tamis import Prompt
from tamis.errors import EndpointError, WriteError
from tamis.frame import STRING
from tamis.io import download_loop
from tamis.prompting import answer_log
from tamis.prompting.cache import Cache, request_key, written
from tamis.prompting.reply import Reply

HERE = Path(__file__).parent


def start(url, folder, name="out"):
    command = [sys.executable, "-c", "import prompt_script; prompt_script.main()"]
    return subprocess.Popen(
        [*command, url, str(folder), name], cwd=HERE, stderr=subprocess.PIPE, start_new_session=True
    )


def wait_until(process, number, wanted, limit=120):
    end = time.monotonic() + limit
    while number() < wanted and process.poll() is None:
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.005)


class Counting:
    """Answers with the number in a row; at first not in the form; stops answering when told to."""

    def __init__(self):
        self.go_on, self.held = 1 << 30, threading.Event()
        self.answered = []

    def __call__(self, body):
        asked = [m["content"] for m in body["messages"] if m["role"] == "user"]
        number = int(asked[0].rpartition(" ")[2])
        repaired = len(asked) > 1
        self.answered.append((number, repaired))
        if number % 7 == 0 and not repaired:
            return "What?"
        return json.dumps({"n": number})


@pytest.mark.slow
def test_a_killed_run_asks_nothing_twice(tmp_path):
    says = Counting()
    with Endpoint(says, pause=0.02) as endpoint:
        process = start(endpoint.url, tmp_path)
        wait_until(process, lambda: len(says.answered), 30)
        assert process.poll() is None, process.stderr.read().decode()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process = start(endpoint.url, tmp_path)
        assert process.wait(120) == 0, process.stderr.read().decode()
        total, wanted = len(says.answered), prompt_script.ROWS + 9  # nine are asked for once more
        lost = total - wanted
        assert 0 <= lost <= 4  # those under way at the kill: `concurrency` of them
        assert len(set(says.answered)) == wanted
        run = tamis.Run(tmp_path / "out")
        assert run.rows == {"in": 60, "cut": 0, "kept": 50, "dropped": 10}
        assert sorted(run.kept().compute().n) == list(range(10, 60))
        steps = prompt_script.pipeline(endpoint.url, str(tmp_path / "cache"))
        other = steps.run(prompt_script.frame(), tmp_path / "another", progress=False)
        assert len(says.answered) == total
        columns = ["id", "n", "answer_tokens_in", "answer_tokens_out"]
        pd.testing.assert_frame_equal(
            other.ledger().compute()[columns], run.ledger().compute()[columns]
        )


@pytest.mark.slow
def test_processes_share_answers(tmp_path):
    """Two at once may ask the same at the same moment, and both are right."""
    says = Counting()
    with Endpoint(says, pause=0.01) as endpoint:
        both = [start(endpoint.url, tmp_path, name) for name in ("one", "two")]
        for process in both:
            assert process.wait(120) == 0, process.stderr.read().decode()
        one, two = (tamis.Run(tmp_path / name).kept().compute() for name in ("one", "two"))
        pd.testing.assert_frame_equal(one, two)
        assert len(says.answered) < 2 * (prompt_script.ROWS + 9)


@pytest.mark.slow
def test_an_endpoint_that_dies_midway(tmp_path, monkeypatch):
    monkeypatch.setattr("tamis.prompting.client.backoff", lambda url, attempt: 0.01)
    rows = [f"row {n}" for n in range(40)]
    frame = pd.DataFrame({"id": rows, "text": rows}).astype(STRING)
    first = Endpoint()
    given = {"model": "m", "concurrency": 4, "retries": 1, "cache": str(tmp_path / "cache")}
    step = Prompt("{text}", **given)
    with first:
        first.faults = lambda body: "cut" if first.count > 20 else None
        monkeypatch.setenv("OPENAI_BASE_URL", first.url)
        with pytest.raises(EndpointError, match="run again to go on"):
            step.explain(frame)
    with Endpoint() as second:  # elsewhere, so the address is the environment's
        monkeypatch.setenv("OPENAI_BASE_URL", second.url)
        assert step(frame).answer.tolist() == [f"said: {row}" for row in rows]
        assert second.count == 20
    download_loop.stop()


def test_failures_are_asked_about_again(endpoint, at, quick):
    frame = pd.DataFrame({"id": ["a"], "text": ["a"]}).astype(STRING)
    step = Prompt("{text}", retries=0, **at)
    endpoint.says = lambda body: failed(500, "no")
    assert len(step(frame)) == 0
    endpoint.says = lambda body: "yes"
    assert step(frame).answer.tolist() == ["yes"] and endpoint.count == 2


def test_without_a_folder_nothing_is_kept(endpoint, at, tmp_path):
    frame = pd.DataFrame({"id": ["a"], "text": ["a"]}).astype(STRING)
    step = Prompt("{text}", **at | {"cache": False})
    assert step(frame).equals(step(frame)) and endpoint.count == 2
    assert not (tmp_path / "cache").exists()


def test_the_users_folder(endpoint, at, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    frame = pd.DataFrame({"id": ["a"], "text": ["a"]}).astype(STRING)
    Prompt("{text}", **at | {"cache": True})(frame)
    folder = tmp_path / "mine" / "tamis" / "prompts"
    logs = sorted(one.suffix for one in folder.iterdir() if one.is_file())
    assert logs == [".index", ".jsonl"]
    assert folder.stat().st_mode & 0o077 == 0


def test_answers_are_their_owners_alone(endpoint, at, tmp_path):
    frame = pd.DataFrame({"id": ["a"], "text": ["a"]}).astype(STRING)
    folder = tmp_path / "deep" / "er" / "cache"
    Prompt("{text}", **at | {"cache": str(folder)})(frame)
    made = [folder, *folder.rglob("*")]
    assert len(made) > 2 and {one.stat().st_mode & 0o077 for one in made} == {0}


def test_a_folder_that_cannot_be(endpoint, at, tmp_path):
    (tmp_path / "file").write_text("")
    frame = pd.DataFrame({"id": ["a"], "text": ["a"]}).astype(STRING)
    with pytest.raises(WriteError, match="file"):
        Prompt("{text}", **at | {"cache": str(tmp_path / "file")})(frame)


def cut_short(lines, entries):
    lines.write_bytes(lines.read_bytes()[:-5])


def flipped(lines, entries):
    lines.write_bytes(lines.read_bytes().replace(b"said", b"sbid"))


def emptied(lines, entries):
    lines.write_bytes(b"")


def half_an_entry(lines, entries):
    entries.write_bytes(entries.read_bytes()[:-5])


def another_key(lines, entries):
    entries.write_bytes(bytes(32) + entries.read_bytes()[32:])


def no_reply(lines, entries):
    """A line that is as its entry says, and holds what no reply has."""
    found = json.loads(lines.read_bytes())
    odd = json.dumps(found | {"reply": {"text": 5, "colour": "red"}}).encode()
    lines.write_bytes(odd)
    sizes = (0).to_bytes(8, "little") + len(odd).to_bytes(4, "little")
    entries.write_bytes(entries.read_bytes()[:32] + sizes + zlib.crc32(odd).to_bytes(4, "little"))


@pytest.mark.parametrize(
    "damage", [cut_short, flipped, emptied, half_an_entry, another_key, no_reply]
)
def test_what_is_damaged_is_asked_for_again(endpoint, at, damage):
    frame = pd.DataFrame({"id": ["a"], "text": ["a"]}).astype(STRING)
    step = Prompt("{text}", **at)
    whole = step.explain(frame)
    (lines,), (entries,) = (Path(at["cache"]).glob(f"*.{kind}") for kind in ("jsonl", "index"))
    damage(lines, entries)
    download_loop.stop()
    answer_log._LOGS.clear()  # as another process finds it
    pd.testing.assert_frame_equal(step.explain(frame), whole)
    assert endpoint.count == 2
    step.explain(frame)
    assert endpoint.count == 2


def test_files_of_before_are_read(endpoint, at):
    frame = pd.DataFrame({"id": ["a", "b"], "text": ["a", "b"]}).astype(STRING)
    step = Prompt("{text}", **at)
    whole = step.explain(frame)
    folder = Path(at["cache"])
    (lines,) = folder.glob("*.jsonl")
    for line in lines.read_text().splitlines():
        key = json.loads(line)["key"]
        (folder / key[:2]).mkdir(exist_ok=True)
        (folder / key[:2] / f"{key[2:]}.json").write_text(line)
    for file in folder.glob("*.*"):
        file.unlink()
    download_loop.stop()
    pd.testing.assert_frame_equal(step.explain(frame), whole)
    assert endpoint.count == 2


def test_requests_that_differ_have_other_names(tmp_path):
    body = {"model": "m", "messages": [{"role": "user", "content": "é"}]}
    same = {"messages": body["messages"], "model": "m"}
    assert written(same) == written(body) and json.loads(written(body)) == body
    keys = {
        request_key("chat/completions", None, written(body), 0),
        request_key("completions", None, written(body), 0),
        request_key("chat/completions", "http://h/v1", written(body), 0),
        request_key("chat/completions", None, written(body), 1),
        request_key("chat/completions", None, written(body | {"seed": 1}), 0),
    }
    assert len(keys) == 5
    cache, reply = Cache(str(tmp_path)), Reply("é\n", "stop", None, 3, None)
    for key in keys:
        cache.put(key, reply.to_dict())
    assert all(cache.reply(key) == reply for key in keys)
    assert cache.reply("0" * 64) is None


def test_a_remote_folder(endpoint, at):
    frame = pd.DataFrame({"id": ["a", "b"], "text": ["a", "b"]}).astype(STRING)
    step = Prompt("{text}", **at | {"cache": "memory://answers"})
    assert step(frame).equals(step(frame)) and endpoint.count == 2
    assert last(endpoint.bodies[0]) in ("a", "b")
