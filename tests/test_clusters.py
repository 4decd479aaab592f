"""Clusters: what their makers are told, and what workers started by tamis find."""

import inspect
import json
import os
import sys

import pytest
from dask.distributed import LocalCluster

import tamis
from tamis import clusters
from tamis.accelerator import Accelerators, Device
from tamis.clusters import cuda, kubernetes, slurm
from tamis.errors import MissingPackageError, SettingError

CARD = {"device_memory": None, "pool": 0.3, "spill": True}
TWO = Accelerators(tuple(Device(k, "Card", 8 << 30, -1, "9.0") for k in range(2)), "580", "")


def environment():
    with open("/proc/self/environ", "rb") as file:  # as the process was started
        found = dict(item.partition(b"=")[::2] for item in file.read().split(b"\0") if item)
    return {k.decode(): v.decode() for k, v in found.items() if k.startswith((b"MALLOC_", b"CUDA"))}


@pytest.mark.slow
def test_media_workers_keep_freed_memory(monkeypatch):
    """Also where an earlier cluster of the process has left Dask's own values behind."""
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    before = dict(os.environ)
    names = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
    with tamis.local_cluster(workers=1, media=True) as client:
        assert {k: os.environ.get(k) for k in names} == {k: before.get(k) for k in names}
        found = client.submit(environment).result()
        assert {found[name] for name in names} == {str(256 << 20)}
        client.shutdown()


@pytest.mark.slow
def test_a_block_ends_what_it_has_started():
    with tamis.cluster("cpu", workers=1, memory="1GiB") as client:
        cluster = client.cluster
        assert client.submit(environment).result()["CUDA_VISIBLE_DEVICES"] == ""
        assert client.nthreads() and list(client.nthreads().values()) == [1]
    assert cluster.status.name == "closed"
    assert os.environ.get("CUDA_VISIBLE_DEVICES") != ""


@pytest.mark.slow
def test_a_scheduler_that_runs_is_connected_to_and_left(tmp_path):
    with LocalCluster(1, threads_per_worker=1, dashboard_address=None, processes=False) as running:
        (tmp_path / "it.json").write_text(json.dumps(running.scheduler.identity()))
        for place in (running.scheduler_address, str(tmp_path / "it.json")):
            with tamis.cluster(place) as client:
                assert client.submit(sum, [1, 2]).result() == 3
            assert running.status.name == "running"
        with pytest.raises(SettingError, match=r"workers=…: the cluster at .* runs already"):
            tamis.cluster(running.scheduler_address, workers=3)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("gpu",), "kind='gpu' is none of 'cpu', 'cuda', 'auto', 'slurm', 'kubernetes', nor"),
        (("none.json",), "no file none.json"),
        (("tcp://127.0.0.1:1",), "no Dask scheduler at tcp://127.0.0.1:1"),
        (("kubernetes",), "which container image has tamis"),
    ],
)
def test_what_cannot_be_is_said_at_once(call, told):
    settings = {"timeout": 1} if call[0].startswith("tcp") else {}
    with pytest.raises(SettingError, match=told):
        tamis.cluster(*call, **settings)


def test_no_gpu_is_said_in_a_line(monkeypatch):
    none = Accelerators((), "", "there is no NVIDIA driver (libcuda.so.1)")
    monkeypatch.setattr(cuda, "accelerators", lambda: none)
    with pytest.raises(SettingError, match=r"^no GPU: there is no NVIDIA driver .*kind='auto'"):
        tamis.cluster("cuda")
    monkeypatch.setattr(cuda, "accelerators", lambda: TWO)
    monkeypatch.setitem(sys.modules, "dask_cuda", None)
    with pytest.raises(MissingPackageError, match=r"needs dask-cuda: pip install 'tamis\[gpu\]'"):
        tamis.cluster("cuda")


def test_auto_takes_what_is_there(monkeypatch):
    taken = []
    monkeypatch.setattr(clusters, "local_cluster", lambda *a, **k: taken.append("cpu"))
    monkeypatch.setattr(cuda, "start", lambda *a, **k: taken.append("cuda"))
    for found in (TWO, TWO._replace(devices=(), why="none")):
        monkeypatch.setattr(clusters, "accelerators", lambda found=found: found)
        tamis.cluster("auto")
    assert taken == ["cuda", "cpu"]


@pytest.fixture
def installed(monkeypatch):
    """As if these packages were installed, and the machine had 12 cores."""
    packages = {"dask_cuda", "cudf", "rmm", "distributed_ucxx"}
    monkeypatch.setattr(cuda, "there", packages.__contains__)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(12)))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return packages


def test_a_process_for_each_gpu(installed, monkeypatch):
    made = cuda.settings_of(TWO, None, None, None, None, **CARD)
    assert made == {
        "CUDA_VISIBLE_DEVICES": "0,1",
        "n_workers": 2,
        "threads_per_worker": 6,
        "memory_limit": "auto",
        "dashboard_address": None,
        "device_memory_limit": "default",
        "enable_cudf_spill": True,
        "rmm_async": True,
        "rmm_release_threshold": 0.3,
        "protocol": "ucx",
    }
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-aa,GPU-bb")
    made = cuda.settings_of(TWO, None, 3, "8GiB", "1", **CARD, local_directory="/scratch")
    assert made["CUDA_VISIBLE_DEVICES"] == "GPU-bb" and "protocol" not in made
    assert (made["threads_per_worker"], made["memory_limit"]) == (3, "8GiB")
    assert made["local_directory"] == "/scratch"
    installed.clear()
    installed.add("dask_cuda")
    made = cuda.settings_of(TWO, None, None, None, None, **CARD)
    assert not {"enable_cudf_spill", "rmm_async", "protocol"} & set(made)


@pytest.mark.parametrize("asked", [(None, "2"), (None, "a"), (3, None), (None, 3), (None, "0,0"),
                                   (0, None)])  # fmt: skip
def test_gpus_that_there_are_not(installed, asked):
    workers, gpus = asked
    with pytest.raises(SettingError, match=r"gpus=|workers="):
        cuda.settings_of(TWO, workers, None, None, gpus, **CARD)


@pytest.mark.skipif(not cuda.there("dask_cuda"), reason="no dask-cuda")
def test_dask_cuda_knows_these_settings(installed):
    from click.testing import CliRunner
    from dask_cuda import LocalCUDACluster
    from dask_cuda.cli import worker

    made = cuda.settings_of(TWO, None, None, None, None, **CARD)
    known = [inspect.signature(made_by.__init__).parameters
             for made_by in (LocalCUDACluster, LocalCluster)]  # fmt: skip
    assert set(made) <= {*known[0], *known[1]}
    assert set(made) - {"n_workers", "dashboard_address"} <= set(known[0])
    told = CliRunner().invoke(worker, ["--help"]).output
    options = cuda.worker_options(cuda.on_card("60GB", 0.3, True))
    assert len(options) == 6
    for option in [*options, "--nthreads", "--memory-limit", "--name"]:
        assert option in told or not option.startswith("--")


def script(**settings):
    jobqueue = pytest.importorskip("dask_jobqueue")
    settings = {"media": False} | CARD | settings
    made = slurm.settings_of(
        settings.pop("threads"), settings.pop("memory"), settings.pop("gpus", None), **settings
    )
    with jobqueue.SLURMCluster(**made, scheduler_options={"dashboard_address": None}) as cluster:
        return cluster.job_script()


def test_a_job_of_slurm_without_gpus():
    told = script(threads=8, memory="32GiB", queue="long", walltime="04:00:00", media=True,
                  job_script_prologue=["module load python"])  # fmt: skip
    for line in ("#SBATCH -p long", "#SBATCH --cpus-per-task=8", "#SBATCH --mem=32G",
                 "#SBATCH -t 04:00:00", "export CUDA_VISIBLE_DEVICES=", "module load python",
                 "export MALLOC_TRIM_THRESHOLD_=268435456"):  # fmt: skip
        assert line in told.splitlines(), told
    assert "-m distributed.cli.dask_worker tcp://" in told and "--nthreads 8" in told
    assert "--gres" not in told


def test_a_job_of_slurm_with_gpus():
    told = script(threads=6, memory="50GiB", gpus=2, account="lab", pool=0.5, device_memory="60GB",
                  job_extra_directives=["--exclusive"])  # fmt: skip
    for line in ("#SBATCH -A lab", "#SBATCH --cpus-per-task=12", "#SBATCH --mem=100G",
                 "#SBATCH --gres=gpu:2", "#SBATCH --exclusive"):  # fmt: skip
        assert line in told.splitlines(), told
    assert "-m dask_cuda.cli tcp://" in told and "export CUDA_VISIBLE_DEVICES" not in told
    (command,) = [line for line in told.splitlines() if "dask_cuda.cli" in line]
    for option in (
        "--nthreads 6", "--memory-limit 50.00GiB", "--device-memory-limit 60GB",
        "--enable-cudf-spill", "--rmm-async", "--rmm-release-threshold 0.5",
    ):  # fmt: skip
        assert option in command


def test_slurm_that_is_told_too_little():
    pytest.importorskip("dask_jobqueue")
    with pytest.raises(SettingError, match="Slurm: You must specify how much cores and memory"):
        tamis.cluster("slurm", workers=2)
    with pytest.raises(SettingError, match="gpus='0,1': how many each job asks for"):
        tamis.cluster("slurm", workers=2, gpus="0,1")


@pytest.mark.parametrize("kind", ["slurm", "kubernetes"])
def test_an_extra_that_is_missing_is_named(kind, monkeypatch):
    name = {"slurm": "dask_jobqueue", "kubernetes": "dask_kubernetes.operator"}[kind]
    monkeypatch.setitem(sys.modules, name, None)
    settings = {"image": "x"} if kind == "kubernetes" else {}
    with pytest.raises(MissingPackageError, match=rf"pip install 'tamis\[{kind}\]'"):
        tamis.cluster(kind, **settings)


def test_pods_of_kubernetes():
    pytest.importorskip("dask_kubernetes")
    spec = kubernetes.spec_of(
        4, 6, "50GiB", 1, True, image="lab/tamis:1", name="a", env={"K": "v"}, **CARD
    )
    assert (spec["kind"], spec["metadata"]["name"]) == ("DaskCluster", "a")
    worker, scheduler = (
        spec["spec"][role]["spec"]["containers"][0] for role in ("worker", "scheduler")
    )
    assert spec["spec"]["worker"]["replicas"] == 4
    assert worker["image"] == scheduler["image"] == "lab/tamis:1"
    amounts = {"cpu": "6", "memory": str(50 << 30)}
    assert worker["resources"]["limits"] == amounts | {"nvidia.com/gpu": "1"}
    assert "nvidia.com/gpu" not in str(scheduler["resources"])
    assert worker["args"][:7] == [
        "dask", "cuda", "worker", "--nthreads", "6", "--memory-limit", str(50 << 30)
    ]  # fmt: skip
    told = {item["name"]: item["value"] for item in worker["env"]}
    assert told["K"] == "v" and told["MALLOC_TRIM_THRESHOLD_"] == str(256 << 20)
    plain = kubernetes.spec_of(None, 2, None, None, False, image="i", **CARD)
    args = plain["spec"]["worker"]["spec"]["containers"][0]["args"]
    assert args[:4] == ["dask", "worker", "--nthreads", "2"] and "--rmm-async" not in args
