"""What a person at a terminal sees: the commands as they are typed, and what they print."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from tamis.cli import main

TEXTS = {
    "a": "one two three four five six", "b": "one two", "c": "one two three four five six",
    "d": "seven eight nine ten eleven", "e": "\x1b[31mred\x1b[0m " * 4, "f": None,
}  # fmt: skip


@dataclass
class Done:
    """What a command said, and its exit code."""

    stdout: str
    stderr: str
    returncode: int


def tamis(*arguments: str | Path, cwd: Path | None = None) -> Done:
    """A command, in this process."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {"COLUMNS": "100", "NO_COLOR": "1"}),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
        contextlib.chdir(cwd or "."),
        pytest.raises(SystemExit) as ended,
    ):
        main(list(map(str, arguments)))
    return Done(said.getvalue(), complained.getvalue(), int(ended.value.code or 0))


def process(*arguments: str | Path) -> Done:
    """A command, in a process of its own."""
    command = [sys.executable, "-c", "from tamis.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return Done(done.stdout, done.stderr, done.returncode)


def failed(done: Done, code: int = 2) -> str:
    """The message of a command that should fail, with nothing else said."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    rows = [{"id": name, "text": text, "language": "en"} for name, text in TEXTS.items()]
    (folder / "docs.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows) + "{broken\n"
    )
    (folder / "small.yaml").write_text(
        "steps:\n- filter: text.word_count\n  min: 5\n- dedup: exact\n"
    )
    return folder


@pytest.fixture(scope="module")
def out(folder: Path) -> Path:
    done = tamis(
        "run", "small.yaml", "-i", "docs.jsonl", "-o", "out", "--max-errors", "1", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout)
    return folder / "out"


def test_run_says_what_happened_and_where_the_report_is(out: Path) -> None:
    said = (out.parent / "said.txt").read_text()
    rows = {line.split()[0]: line.split() for line in said.splitlines() if line.strip()}
    assert rows["read_jsonl"][1:5] == ["unreadable", "7", "-1", "6"]
    assert rows["word_count"][1:7] == ["at", "least", "5", "6", "-3", "3"]
    assert rows["exact_dedup"][1:5] == ["dedup", "3", "-1", "2"]
    assert "7 in = 2 kept (28.6 %) + 5 dropped" in said
    assert f"report: {out / 'report.html'}" in said
    assert (out / "report.html").stat().st_size > 10_000
    assert json.loads((out / "run.json").read_text())["rows"]["kept"] == 2


def test_running_again_does_nothing(out: Path) -> None:
    before = (out / "run.json").read_bytes()
    time.sleep(1.1)
    done = tamis(
        "run", "small.yaml", "-i", "docs.jsonl", "-o", "out", "--max-errors", "1", cwd=out.parent
    )
    assert "this very run stood already" in done.stdout
    assert (out / "run.json").read_bytes() == before


def test_why(out: Path) -> None:
    kept = tamis("why", out, "a").stdout
    assert kept.startswith("kept: every step let it pass")
    assert re.search(r"word_count +6 +at least 5", kept)
    assert "one two three four five six" in kept
    short = tamis("why", out, "b").stdout
    assert short.startswith("dropped by word_count: min: 2 < 5")
    assert re.search(r"word_count +2 +at least 5 +dropped here", short)
    copy = tamis("why", out, "c").stdout
    assert "dropped by exact_dedup: dedup.exact: same text as a" in copy
    assert "duplicates a, similarity 1.000" in copy
    assert "text.null" in tamis("why", out, "f").stdout
    assert "no record 'zz'" in failed(tamis("why", out, "zz"))


def test_why_of_a_record_that_was_cut(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    with wave.open(str(tmp_path / "long.wav"), "wb") as sound:
        sound.setparams((1, 2, 8_000, 0, "NONE", "not compressed"))
        sound.writeframes(bytes(2 * 8_000 * 3))
    (tmp_path / "cut.yaml").write_text("steps:\n- cut: audio.windows\n  length: 1\n")
    done = tamis("run", "cut.yaml", "-i", "*.wav", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = tamis("why", tmp_path / "out", "long.wav").stdout
    assert said.split("\n")[0] == "cut into 3 rows; each has its own answer:"
    assert said.split()[-3:] == ["long.wav/1", "long.wav/2", "long.wav/3"]
    assert tamis("why", tmp_path / "out", "long.wav/2").stdout.startswith("kept")


def test_dropped(out: Path) -> None:
    done = tamis("dropped", out, "--by", "word_count").stdout
    assert [line.split()[0] for line in done.splitlines() if re.match(r"[a-f]  ", line)] == [
        "b",
        "e",
        "f",
    ]
    assert "min: 2 < 5" in done
    assert done.endswith("3 of 3 dropped by word_count\n")
    assert tamis("dropped", out, "--limit", "1").stdout.endswith("1 of 5 dropped\n")
    assert "json.syntax" in tamis("dropped", out, "--by", "read_jsonl").stdout
    message = failed(tamis("dropped", out, "--by", "word_cuont"))
    assert "no step 'word_cuont'; the run has read_jsonl, word_count, exact_dedup" in message
    assert message.rstrip().endswith("did you mean 'word_count'?")
    by_op = tamis("dropped", out, "--by", "text.word_count").stdout
    assert by_op.endswith("3 of 3 dropped by word_count\n")


def test_data_cannot_steer_the_terminal(out: Path) -> None:
    for arguments in (("why", out, "e"), ("dropped", out)):
        assert "\x1b" not in tamis(*arguments).stdout


def test_report_is_made_again(out: Path) -> None:
    page = out / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert tamis("report", out).stdout == f"{page}\n"
    assert page.read_bytes() == before


def test_a_folder_that_holds_no_run(folder: Path) -> None:
    assert "holds no run" in failed(tamis("why", folder, "a"))
    assert "holds no run" in failed(tamis("report", folder / "nowhere"))


def test_set_changes_a_bound(folder: Path, tmp_path: Path) -> None:
    arguments = ("run", folder / "small.yaml", "-i", folder / "docs.jsonl", "-o", tmp_path / "o")
    done = tamis(*arguments, "--max-errors", "1", "--set", "word_count.min=1", "-f", "jsonl")
    assert "at least 1" in done.stdout
    ids = [json.loads(line)["id"] for part in (tmp_path / "o/kept").iterdir()
           for line in part.read_text().splitlines()]  # fmt: skip
    assert ids == ["a", "b", "d", "e"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("word_cuont.min=1", "no step 'word_cuont'; did you mean 'word_count'"),
        ("word_count.mim=1", "no setting 'mim'"),
        ("word_count.min=many", "min='many' is not a number"),
        ("word_count.max=-1", "Filter word_count: "),
        ("word_count", "write name=value"),
        ("min=3", "name the step and the setting, as word_count.min=100"),
    ],
)
def test_a_wrong_set(folder: Path, tmp_path: Path, setting: str, message: str) -> None:
    recipe, data = folder / "small.yaml", folder / "docs.jsonl"
    done = tamis("run", recipe, "-i", data, "-o", tmp_path / "o", "--set", setting)
    assert message in failed(done)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            "steps:\n- filter: text.word_count\n  mim: 5\n",
            "line 3: text.word_count has no setting 'mim'",
        ),
        ("steps:\n- filter: text.word_cuont\n  min: 5\n", "did you mean 'text.word_count'"),
        ("steps:\n- filter: text.word_count\n  min: 5\n  on: body\n", "no column 'body'"),
        ("setps:\n- filter: text.word_count\n", "unknown key 'setps'"),
        ("steps:\n- filter: text.url_ratio\n  min: 5\n", "min 5 is impossible"),
        ("steps:\n  - [\n", "line 3"),
    ],
)
def test_a_wrong_recipe(folder: Path, tmp_path: Path, recipe: str, message: str) -> None:
    (tmp_path / "wrong.yaml").write_text(recipe)
    said = failed(
        tamis("run", tmp_path / "wrong.yaml", "-i", folder / "docs.jsonl", "-o", tmp_path / "o")
    )
    assert message in said
    assert not (tmp_path / "o").exists()


def test_a_wrong_key_is_quoted_with_its_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("steps:\n- filter: text.word_count\n  mim: 5\n")
    said = failed(
        tamis("run", tmp_path / "wrong.yaml", "-i", folder / "docs.jsonl", "-o", tmp_path / "o")
    )
    assert "  3 | mim: 5" in said


def test_wrong_input(folder: Path, tmp_path: Path) -> None:
    def run(*inputs: str | Path) -> str:
        named = [word for path in inputs for word in ("-i", path)]
        return failed(tamis("run", folder / "small.yaml", *named, "-o", tmp_path / "o"))

    assert "no file or folder /nowhere/x.jsonl" in run("/nowhere/x.jsonl")
    assert "no file matches" in run("/nowhere/*.jsonl")
    assert "no file matches" in run("/nowhere/*")
    assert "no data in the folder" in run(tmp_path)
    (tmp_path / "x.csv").write_text("id,text\n1,a\n")
    assert "one kind of input at a time" in run(tmp_path / "x.csv", folder / "docs.jsonl")
    (tmp_path / "x.jsonl").write_text("{}\n")
    assert "files of several kinds" in run(tmp_path)
    (tmp_path / "x.docx").write_text("")
    assert "of no known kind" in run(tmp_path / "x.docx")
    assert "Missing option '--input'" in failed(
        tamis("run", folder / "small.yaml", "-o", tmp_path / "o")
    )
    assert "no recipe 'gofer'" in failed(tamis("run", "gofer", "-i", folder, "-o", tmp_path / "o"))


def test_output_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    arguments = ("run", folder / "small.yaml", "-i", folder / "docs.jsonl", "-o")
    assert "Not a directory" in failed(tamis(*arguments, tmp_path / "file" / "out"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    assert "holds files of something else (letter.txt)" in failed(
        tamis(*arguments, tmp_path / "full")
    )


def test_no_permission_to_write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "makedirs", refused)  # a superuser may write anywhere
    said = failed(
        tamis("run", folder / "small.yaml", "-i", folder / "docs.jsonl", "-o", folder / "no")
    )
    assert re.search(r"Error: .*/no.*: Permission denied", said)


def test_too_many_unreadable_records_stop_a_run(tmp_path: Path) -> None:
    lines = ["{broken" if i % 10 == 0 else json.dumps({"text": f"text {i}"}) for i in range(1500)]
    (tmp_path / "bad.jsonl").write_text("\n".join(lines))
    (tmp_path / "r.yaml").write_text("steps: [{filter: text.word_count, min: 1}]")
    arguments = ("run", tmp_path / "r.yaml", "-i", tmp_path / "bad.jsonl", "-o", tmp_path / "o")
    said = failed(tamis(*arguments), code=1)
    assert "The run stopped: 150 of 1500 records could not be read: json.syntax (150)" in said
    assert "The same command alone would stop there again" in said
    assert "the run was not finished" in failed(tamis("why", tmp_path / "o", "x"))
    done = tamis(*arguments, "--max-errors", "0.2")
    assert done.returncode == 0
    assert "resumed: 1 of 1 tasks stood already" in done.stdout


def test_limit_takes_the_first_rows(tmp_path: Path) -> None:
    for name in "ab":
        rows = [{"text": f"{name} {i}"} for i in range(10)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "r.yaml").write_text("steps: [{filter: text.word_count, min: 1}]")
    done = tamis("run", tmp_path / "r.yaml", "-i", tmp_path / "*.jsonl", "-o", tmp_path / "o",
                 "--limit", "13", "-f", "jsonl")  # fmt: skip
    assert "13 in = 13 kept" in done.stdout
    kept = sorted((tmp_path / "o/kept").iterdir())
    texts = [json.loads(line)["text"] for part in kept for line in part.read_text().splitlines()]
    assert texts == [f"a {i}" for i in range(10)] + [f"b {i}" for i in range(3)]


@pytest.mark.slow
def test_workers(folder: Path, tmp_path: Path) -> None:
    done = process("run", folder / "small.yaml", "-i", folder / "docs.jsonl", "-o", tmp_path / "o",
                 "--max-errors", "1", "--workers", "1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "7 in = 2 kept" in done.stdout
    both = tamis("run", folder / "small.yaml", "-i", folder / "docs.jsonl", "-o", tmp_path / "p",
                 "--workers", "1", "--scheduler", "tcp://127.0.0.1:1")  # fmt: skip
    assert "give one of them" in failed(both)


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    lines = (json.dumps({"text": f"some words {i} " * 200}) + "\n" for i in range(60_000))
    (tmp_path / "much.jsonl").write_text("".join(lines))
    code = "from tamis.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "curator-en", "-i", str(tmp_path / "much.jsonl"),
               "-o", str(tmp_path / "o")]  # fmt: skip
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        for _ in range(600):
            if (tmp_path / "o" / "_UNCOMMITTED").exists():
                break
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "give the same command again to go on from there" in said
    assert "Traceback" not in said


def test_list_and_show() -> None:
    listed = tamis("list").stdout
    for word in ("measures", "dedups", "recipes", "text.word_count", "fuzzy", "curator-en"):
        assert word in listed
    assert "text.word_count" in tamis("list", "measures").stdout
    assert "curator-en" not in tamis("list", "measures").stdout
    assert "is not one of" in failed(tamis("list", "measure"))
    shown = tamis("show", "text.top_ngram_ratio").stdout
    assert re.search(r"reads +text\n", shown)
    assert re.search(r"range +0 to 1\n", shown)
    assert re.search(r"  n +", shown)
    assert "- filter: text.top_ngram_ratio" in shown
    assert "text.word_count" in tamis("show", "word_count").stdout
    assert "threshold" in tamis("show", "fuzzy").stdout
    assert tamis("show", "curator-en").stdout.startswith("name: curator-en")
    assert "did you mean 'text.word_count'" in failed(tamis("show", "text.word_cuont"))


def test_every_op_can_be_shown() -> None:
    from click.testing import CliRunner

    from tamis.cli import commands
    from tamis.registry import registered

    for name, op in registered().items():
        done = CliRunner().invoke(commands, ["show", name], catch_exceptions=False)
        assert done.exit_code == 0
        assert name in done.output
        assert all(setting in done.output for setting in op.settings)


def test_score(folder: Path) -> None:
    said = tamis("score", "text.word_count", "-i", folder / "docs.jsonl").stdout
    assert said.startswith("word_count: 7 records, 1 could not be read, 1 without a value")
    bars = {tuple(line.split()) for line in said.splitlines() if "█" in line}
    assert {(row[0], row[-1]) for row in bars} == {("2", "1"), ("4", "1"), ("5", "1"), ("6", "2")}
    numbers = said.splitlines()[-1].split()
    assert (numbers[0], numbers[-1]) == ("2", "6")
    one = tamis(
        "score", "top_ngram_ratio", "--set", "n=3", "-i", folder / "docs.jsonl", "--limit", "1"
    )
    assert one.stdout.startswith("top_ngram_ratio_n3: 1 records")
    assert "no setting 'm'" in failed(tamis("score", "top_ngram_ratio", "-s", "m=3", "-i", folder))
    assert "no column 'body'" in failed(
        tamis("score", "word_count", "-s", "on=body", "-i", folder / "docs.jsonl")
    )


def test_help_is_quick_and_version_is_told() -> None:
    code = (
        "import sys; from tamis.cli import commands; commands(['--help'], standalone_mode=False);"
    )
    code += "print([m for m in ('dask', 'pandas', 'numpy', 'numba', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")  # a light import is a quick one
    assert "score" in done.stdout
    assert re.fullmatch(r"tamis \d+\.\d+\.\d+\n", tamis("--version").stdout)
    assert tamis().stdout.startswith("Usage: tamis")
    assert "did you mean 'run'?" in failed(tamis("rnu"))


def test_a_process_of_its_own(out: Path) -> None:
    said = process("why", out, "b")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("dropped by word_count: min: 2 < 5")
    assert "no op 'nothing'" in failed(process("show", "nothing"))
    debug = process("show", "nothing", "--debug")
    assert debug.returncode == 1
    assert "Traceback" in debug.stderr and "SettingError" in debug.stderr


@pytest.mark.slow
def test_demo(tmp_path: Path) -> None:
    done = tamis("demo", "-o", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    match = re.search(r"([\d,]+) in = ([\d,]+) kept .* ([\d,]+) dropped", done.stdout)
    assert match is not None
    total, kept, dropped = (int(number.replace(",", "")) for number in match.groups())
    assert total == kept + dropped == 1985
    assert 0 < kept < total


def test_the_command_is_installed() -> None:
    command = shutil.which(
        "tamis", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if command is None:
        pytest.skip("tamis is not installed as a command")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("tamis ")


@pytest.fixture(scope="module")
def near(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that found near duplicates: `b` has a word changed, `c` fewer words, `d` is a copy."""
    place = tmp_path_factory.mktemp("near")
    words = [f"w{k}" for k in range(60)]
    texts = {"a": words, "b": [*words[:30], "other", *words[31:]], "c": words[6:], "d": words}
    rows = [{"id": name, "text": " ".join(text)} for name, text in texts.items()]
    (place / "docs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (place / "near.yaml").write_text("steps: [{dedup: fuzzy, threshold: 0.75}]\n")
    done = tamis("run", "near.yaml", "-i", "docs.jsonl", "-o", "out", cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "out"


def test_duplicates(near: Path) -> None:
    said = tamis("duplicates", near).stdout
    assert "4 records, 3 duplicates in 1 cluster, similarity 0.836 to 1.000" in said
    assert re.search(r"^a +4 +0\.836 +1\.000$", said, re.MULTILINE)
    least = tamis("duplicates", near, "--least", "--limit", "2").stdout
    assert least.index("0.836  b duplicates a") < least.index("0.893  c duplicates a")
    assert "[-w30-] {+other+}" in least and "2 of 3 pairs" in least
    most = tamis("duplicates", near, "--most", "--limit", "1").stdout
    assert "1.000  d duplicates a\nthe same text" in most
    cluster = tamis("duplicates", near, "--cluster", "c").stdout
    assert "kept a\nw0 w1 w2" in cluster and cluster.index("0.836  b") < cluster.index("1.000  d")
    assert "'zz' is in no cluster" in failed(tamis("duplicates", near, "--cluster", "zz"))


def test_duplicates_at_another_threshold(near: Path) -> None:
    said = tamis("duplicates", near, "--threshold", "0.85").stdout
    assert said.startswith("dropped 2 in place of 3\nfuzzy_dedup, threshold 0.85: 4 records, 2 dup")
    assert "run with threshold=0.2 anew" in failed(tamis("duplicates", near, "--threshold", "0.2"))


def test_duplicates_of_no_such_step(out: Path, near: Path) -> None:
    assert "the run has exact_dedup" in failed(tamis("duplicates", out, "--by", "fuzzy_dedup"))
    said = failed(tamis("duplicates", out, "--threshold", "0.9"))
    assert "exact deduplication has no bound to move" in said


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with deduplications of three kinds: `d` is a copy of `a`, `b` like it, `c` cut."""
    folder = tmp_path_factory.mktemp("several")
    words = [f"w{k}" for k in range(60)]
    line = "a line that stands in two of them"
    rows = {
        "a": " ".join(words) + "\n" + line,
        "b": " ".join(["other", *words]),
        "c": "quite another text with words of its own\n" + line,
        "d": " ".join(words) + "\n" + line,
    }
    (folder / "docs.jsonl").write_text(
        "".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in rows.items())
    )
    (folder / "many.yaml").write_text("steps:\n- dedup: exact\n- dedup: fuzzy\n- dedup: lines\n")
    done = tamis("run", "many.yaml", "-i", "docs.jsonl", "-o", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_several_deduplications_are_shown_in_turn(several: Path) -> None:
    for asked in ([], ["--least"], ["--most", "--limit", "1"]):
        said = tamis("duplicates", several, *asked).stdout
        places = [said.index(name) for name in ("exact_dedup: ", "fuzzy_dedup, ", "lines_dedup: ")]
        assert places == sorted(places)
        assert "lines_dedup: 2 records, something stands before of 1 record" in said
        assert "cut" in said[places[2] :].splitlines()[-1]
    fuzzy = tamis("duplicates", several, "--by", "fuzzy").stdout
    assert fuzzy == tamis("duplicates", several, "--by", "fuzzy_dedup").stdout
    assert fuzzy.startswith("fuzzy_dedup, ") and "exact" not in fuzzy
    moved = tamis("duplicates", several, "--threshold", "1").stdout
    assert moved.startswith("dropped 0 in place of 1\nfuzzy_dedup, threshold 1: ")
    said = tamis("duplicates", several, "--cluster", "d").stdout
    assert said.startswith("exact_dedup: ") and "fuzzy" not in said
    assert "'zz' is in no cluster" in failed(tamis("duplicates", several, "--cluster", "zz"))
    said = failed(tamis("duplicates", several, "--by", "near"))
    assert "the run has exact_dedup, fuzzy_dedup, lines_dedup; name one with --by STEP" in said
    assert "--by STEP" in tamis("duplicates", "--help").stdout
    dropped = tamis("dropped", several, "--by", "fuzzy").stdout
    assert dropped == tamis("dropped", several, "--by", "fuzzy_dedup").stdout
    assert dropped.endswith("1 of 1 dropped by fuzzy_dedup\n")
    assert "did you mean 'fuzzy'?" in failed(tamis("dropped", several, "--by", "fuzy"))
    said = failed(tamis("dropped", several, "--by", "dedup"))
    assert "several steps are 'dedup'; the run has exact_dedup, fuzzy_dedup, lines_dedup" in said


def test_text_files_and_free_form_columns(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("one two three four five six")
    (tmp_path / "one.yaml").write_text("steps:\n- filter: text.word_count\n  min: 5\n")
    done = tamis("run", "one.yaml", "-i", "letters", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["rows"]["kept"] == 1
    rows = [{"id": str(k), "text": "a b c d e", "m": m} for k, m in enumerate(({"x": 1}, [2], "3"))]
    (tmp_path / "free.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = tamis(
        "run", "one.yaml", "-i", "free.jsonl", "--as-json", "m", "-o", "free", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "free" / "run.json").read_text())["rows"]["kept"] == 3
    wrong = tamis("run", "one.yaml", "-i", "letters", "--id", "m", "-o", "o", cwd=tmp_path)
    assert "text files have no columns" in failed(wrong)


SLOW_STEP = """
import sys, time
import tamis
from tamis.cli import main

@tamis.measure(dtype="float64", namespace="patience")
def slow(text):
    "A number that takes a minute."
    print("at work", flush=True)
    time.sleep(60)
    return text.str.len().astype("float64")

sys.argv = ["tamis", "run", *sys.argv[1:]]
main()
"""


def test_an_interrupted_run_does_not_wait_for_its_partition(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "r.yaml").write_text("steps:\n- filter: patience.slow\n  min: 0\n")
    command = [sys.executable, "-c", SLOW_STEP, str(tmp_path / "r.yaml"), "-i", str(tmp_path)]
    command[-1] = str(tmp_path / "a.jsonl")
    running = subprocess.Popen(
        [*command, "-o", str(tmp_path / "out")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert running.stdout.readline() == "at work\n"
        running.send_signal(signal.SIGINT)
        told = running.communicate(timeout=20)[1]
    finally:
        running.kill()
    assert running.returncode == 130 and "Stopped. What is done stays" in told
