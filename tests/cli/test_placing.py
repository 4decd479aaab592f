"""`--engine`, `--cluster` and `--workers` together: what is started, refused, and told."""

import os

import pytest
from click.testing import CliRunner

import tamis
from tamis import accelerator
from tamis.accelerator import Accelerators, Device
from tamis.cli import main
from tamis.cli.placing import placed
from tamis.cli.running import run_command
from tamis.errors import SettingError

NONE = Accelerators((), "", "there is no NVIDIA driver")


def cards(count):
    return Accelerators(tuple(Device(k, "Card", 8 << 30, -1, "9.0") for k in range(count)), "1", "")


@pytest.fixture
def started(monkeypatch):
    """What a cluster was asked for, and whether workers and this process see GPUs."""
    calls = []

    class Client:
        workers = None

        def run(self, function):
            return self.workers

        def close(self):
            calls.append("closed")

        def shutdown(self):
            calls.append("ended")

    def cluster(kind, workers, **settings):
        calls.append((kind, workers, settings))
        return Client()

    monkeypatch.setattr(tamis, "cluster", cluster, raising=False)
    calls.append(Client)
    return calls


def place(monkeypatch, found, **options):
    monkeypatch.setattr(accelerator, "accelerators", lambda: found)
    with placed(**options):
        return os.environ.get("CUDA_VISIBLE_DEVICES")


@pytest.mark.parametrize(
    ("found", "options", "calls"),
    [
        (NONE, {}, []),
        (NONE, {"workers": 3}, [("cpu", 3, {}), "ended"]),
        (NONE, {"engine": "auto"}, []),
        (NONE, {"engine": "auto", "cluster": "auto"}, [("cpu", None, {}), "ended"]),
        (cards(1), {"engine": "auto"}, []),
        (cards(1), {"engine": "gpu"}, []),
        (cards(4), {"engine": "gpu"}, [("cuda", None, {}), "ended"]),
        (cards(4), {"engine": "auto"}, [("cuda", None, {}), "ended"]),
        (cards(4), {"engine": "cpu"}, []),
        (cards(4), {}, []),
        (NONE, {"engine": "gpu", "cluster": "slurm", "workers": 2, "cluster_set": ("queue=a",)},
         [("slurm", 2, {"queue": "a", "gpus": 1}), "ended"]),
        (NONE, {"cluster": "tcp://a:1"}, [("tcp://a:1", None, {}), "closed"]),
    ],
)  # fmt: skip
def test_what_is_started(started, monkeypatch, found, options, calls):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    hidden = place(monkeypatch, found, **options)
    assert started[1:] == calls
    assert (hidden == "") == (options.get("engine") == "cpu")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"engine": "gpu"}, "--engine gpu: no GPU: there is no NVIDIA driver; --engine auto takes"),
        ({"engine": "gpu", "cluster": "cpu"}, "--engine gpu and a cluster of kind 'cpu'"),
        ({"engine": "gpu", "workers": 2}, "--engine gpu and a cluster of kind 'cpu'"),
        ({"engine": "cpu", "cluster": "cuda"}, "--engine cpu and a cluster of kind 'cuda'"),
        ({"engine": "cpu", "cluster": "slurm", "cluster_set": ("gpus=1",)}, "--cluster-set gpus=…"),
        ({"cluster_set": ("memory=1GiB",)}, "say which with --cluster"),
        ({"cluster": "cpu", "cluster_set": ("memory",)}, "--cluster-set memory: write name=value"),
        ({"cluster": "tcp://a:1", "workers": 2}, "give one of them"),
    ],
)
def test_what_is_refused(started, monkeypatch, options, told):
    with pytest.raises(SettingError, match=told):
        place(monkeypatch, NONE, **options)
    assert started[1:] == []


def test_workers_of_a_cluster_that_runs_are_asked(started, monkeypatch):
    client = started[0]
    for engine, workers, told in (
        ("gpu", {"tcp://b:1": cards(1), "tcp://c:1": NONE}, "no GPU on tcp://c:1: there is no"),
        ("gpu", {}, "no GPU on the cluster has no workers"),
        ("cpu", {"tcp://b:1": cards(1)}, "start them with CUDA_VISIBLE_DEVICES="),
    ):
        client.workers = workers
        with pytest.raises(SettingError, match=told):
            place(monkeypatch, NONE, engine=engine, cluster="tcp://a:1")
    client.workers = {"tcp://b:1": cards(1)}
    place(monkeypatch, NONE, engine="gpu", cluster="tcp://a:1")


def test_a_cluster_that_does_not_start_is_a_mistake_told_in_a_line(monkeypatch):
    def cluster(kind, workers, **settings):
        raise TypeError("unexpected keyword argument 'foo'")

    monkeypatch.setattr(tamis, "cluster", cluster, raising=False)
    with pytest.raises(SettingError, match="--cluster cpu could not be started: unexpected"):
        place(monkeypatch, NONE, cluster="cpu", cluster_set=("foo=1",))


WRONG = [
    ("wrkers=2", "a cluster of kind 'cpu' has no setting 'wrkers'; did you mean 'workers'?"),
    ("thread=2", "no setting 'thread'; did you mean 'threads'?"),
    ("local_dir=x", "no setting 'local_dir'; did you mean 'local_directory'?"),
    ("zzz=1", "no setting 'zzz' (has: workers, threads, memory,"),
    ("n_workers=3", "n_workers=…: that is 'workers' here"),
    ("threads=abc", "threads='abc': a cluster of kind 'cpu' has 1 or more"),
    ("threads=0", "threads=0: "),
    ("workers=two", "workers='two': "),
    ("memory=lots", "memory='lots' is no amount of memory such as '16GiB'"),
    ("memory=-1", "memory=-1 is no amount"),
    ("media=maybe", "media='maybe' is neither true nor false"),
    ("pool=true", "pool=True is no amount"),
    ("host=256.1.1.1", "--cluster cpu could not be started: [Errno"),
]


@pytest.mark.parametrize(("setting", "told"), WRONG)
def test_settings_of_a_cluster_that_are_wrong_are_told_in_a_line(tmp_path, capfd, setting, told):
    """Nothing of a run is begun, and none of Dask's tracebacks is shown."""
    (tmp_path / "r.yaml").write_text("steps:\n- filter: text.word_count\n  min: 2\n")
    (tmp_path / "d.jsonl").write_text('{"text": "one two"}\n')
    call = ["run", str(tmp_path / "r.yaml"), "-i", str(tmp_path / "d.jsonl")]
    call += ["-o", str(tmp_path / "o"), "--cluster", "cpu", "--cluster-set", setting]
    with pytest.raises(SystemExit) as left:
        main(call)
    said = capfd.readouterr().err.strip().splitlines()
    assert left.value.code == 2 and len(said) == 1 and said[0].startswith("Error: ")
    assert told in said[0] and not (tmp_path / "o").exists()


def test_workers_are_named_once(started, monkeypatch):
    place(monkeypatch, NONE, cluster="cpu", cluster_set=("workers=2",))
    assert started[1:] == [("cpu", 2, {}), "ended"]
    with pytest.raises(SettingError, match="give one of them"):
        place(monkeypatch, NONE, cluster="cpu", workers=3, cluster_set=("workers=2",))


def test_the_engine_is_told_and_a_run_without_one_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(accelerator, "accelerators", lambda: NONE)
    (tmp_path / "r.yaml").write_text("steps:\n- filter: text.word_count\n  min: 2\n")
    (tmp_path / "d.jsonl").write_text('{"text": "one two"}\n{"text": "one"}\n')
    call = [str(tmp_path / "r.yaml"), "-i", str(tmp_path / "d.jsonl"), "-o", str(tmp_path / "o")]
    done = CliRunner().invoke(run_command, [*call, "--engine", "gpu"])
    assert isinstance(done.exception, SettingError) and not (tmp_path / "o").exists()
    done = CliRunner().invoke(run_command, [*call, "--engine", "auto"])
    assert done.exit_code == 0 and done.stderr.strip().splitlines()[0] == (
        "engine: CPU, no GPU: there is no NVIDIA driver"
    )
    assert "2 in = 1 kept" in done.stdout


@pytest.mark.parametrize("options", [
    {}, {"engine": "auto"}, {"engine": "cpu"}, {"engine": "gpu"}, {"cluster": "cuda"},
])  # fmt: skip
def test_what_is_said_reaches_those_who_measure(monkeypatch, started, options):
    from tamis.engines import engine

    monkeypatch.setattr(accelerator, "accelerators", lambda: cards(1))
    with placed(**options):
        assert engine() == options.get("engine", "auto" if options else None)
    assert engine() is None


def test_doctor_and_plan_take_the_engine(monkeypatch, tmp_path):
    from tamis import places
    from tamis.cli.doctor import doctor_command
    from tamis.cli.planning import plan_command

    monkeypatch.setattr(places, "why_not", lambda: os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    (tmp_path / "r.yaml").write_text("steps:\n- filter: text.word_count\n  min: 2\n")
    (tmp_path / "d.jsonl").write_text('{"id": "a", "text": "one two"}\n')

    def said(command, *words):
        done = CliRunner().invoke(command, [str(word) for word in words])
        assert not done.exit_code, done.output
        return done.output

    recipe, source = tmp_path / "r.yaml", tmp_path / "d.jsonl"
    assert "compiled loops" in said(doctor_command, recipe)
    assert "texts are copied there" in said(doctor_command, recipe, "--engine", "auto")
    assert "compiled loops" in said(doctor_command, recipe, "--engine", "cpu")
    assert "GPU" in said(plan_command, recipe, "-i", source, "--engine", "auto")
    assert "GPU" not in said(plan_command, recipe, "-i", source, "--engine", "cpu")
