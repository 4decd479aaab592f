"""Run one command and measure it: wall, CPU of the whole process tree, peak memory of the tree."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Measured:
    wall: float
    cpu: float
    """User and system seconds of the process and all its descendants."""
    peak_mb: float
    """Largest sum of resident memory over the tree (shared pages of forks count each time)."""
    peak_process_mb: float
    """Largest resident memory of any one process of the tree."""
    code: int
    output: str
    load: float
    """Load average of the machine just before."""
    stopped: bool = False
    """It took longer, or more CPU, than it was allowed."""
    rss: list[tuple[float, float]] = field(default_factory=list, repr=False)
    """Seconds since the start, megabytes: one sample in `interval`."""


def run(
    command: Sequence[str | Path],
    *,
    cores: Sequence[int],
    timeout: float = 3600,
    most_cpu: float = float("inf"),
    interval: float = 0.05,
    environment: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Measured:
    """Run `command` on the given cores with as many threads as cores.

    CPU comes from the kernel's account of the waited-for child (getrusage), which includes
    every descendant that was waited for in turn; descendants that were not are added from /proc.
    After `timeout` seconds of wall or `most_cpu` of CPU the whole group of processes is killed.
    """
    wanted = ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]
    load = os.getloadavg()[0]
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(
            wanted,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=threads(len(cores)) | (environment or {}),
            cwd=cwd,
            start_new_session=True,
        )
        watcher = _Watcher(process.pid, start, interval, most_cpu)
        timer = threading.Timer(timeout, _kill_group, [process.pid])
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        timer.cancel()
        watcher.stop()
        _kill_group(process.pid)
        out.seek(0)
        output = out.read().decode("utf-8", "replace")
    cpu = max(usage.ru_utime + usage.ru_stime, watcher.cpu)
    return Measured(
        wall=wall,
        cpu=cpu,
        peak_mb=max(usage.ru_maxrss / 1024, watcher.peak / 2**20),
        peak_process_mb=max(usage.ru_maxrss / 1024, watcher.peak_process / 2**20),
        code=process.returncode,
        output=output,
        load=load,
        rss=watcher.samples,
        stopped=process.returncode < 0 and (wall >= timeout or cpu >= most_cpu),
    )


def threads(count: int) -> dict[str, str]:
    """The environment with every thread pool we know of set to `count`, and telemetry off.

    Python keeps its bytecode, as what is installed has it: else a checkout is compiled every time.
    """
    names = (
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
        "POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "ARROW_IO_THREADS", "DASK_NUM_WORKERS",
        "CPU_COUNT",
    )  # fmt: skip
    quiet = {
        "DO_NOT_TRACK": "1", "DAFT_ANALYTICS_ENABLED": "0", "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONWARNINGS": "ignore",
        "DAFT_PROGRESS_BAR": "0", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "RAY_DISABLE": "1",
    }  # fmt: skip
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | dict.fromkeys(names, str(count)) | quiet


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


class _Watcher:
    """Samples memory and CPU of a process tree from /proc."""

    def __init__(self, pid: int, start: float, interval: float, most_cpu: float) -> None:
        self.pid, self.start, self.interval, self.most_cpu = pid, start, interval, most_cpu
        self.samples: list[tuple[float, float]] = []
        self.peak = self.peak_process = 0.0
        self._cpu: dict[int, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    @property
    def cpu(self) -> float:
        return sum(self._cpu.values())

    def _watch(self) -> None:
        while not self._done.wait(self.interval):
            resident = 0.0
            for pid in _tree(self.pid):
                try:
                    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                self._cpu[pid] = (int(fields[11]) + int(fields[12])) / TICK
                own = int(fields[21]) * PAGE
                self.peak_process = max(self.peak_process, own)
                resident += own
            self.peak = max(self.peak, resident)
            self.samples.append((time.perf_counter() - self.start, resident / 2**20))
            if self.cpu >= self.most_cpu:
                _kill_group(self.pid)


def _tree(root: int) -> list[int]:
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                children = Path(f"/proc/{pid}/task/{task}/children").read_text()
                todo += map(int, children.split())
        except OSError:
            continue
    return found
