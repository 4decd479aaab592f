"""Devices are told by CUDA's driver: by none, and by libraries made here that answer as it does."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tamis import accelerator
from tamis.accelerator import Accelerators, Device, accelerators

DRIVER = r"""
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int cuInit(unsigned f) { return %(init)s; }
int cuDeviceGetCount(int *n) { *n = %(count)d; return 0; }
int cuDeviceGet(int *d, int n) { *d = n; return 0; }
int cuDeviceGetName(char *s, int len, int d) { strncpy(s, d ? "Card B" : "Card A", len); return 0; }
int cuDeviceTotalMem_v2(size_t *n, int d) { *n = (size_t)(d + 1) << 33; return 0; }
int cuDeviceGetAttribute(int *v, int which, int d) { *v = which == 75 ? 9 : d; return 0; }
int cuDeviceGetUuid(unsigned char *u, int d) { memset(u, 0x10 + d, 16); return 0; }
"""
MANAGEMENT = r"""
#include <string.h>
static int here;
int nvmlInit_v2(void) { return 0; }
int nvmlSystemGetDriverVersion(char *s, unsigned len) { strncpy(s, "580.1", len); return 0; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **h) {
  *h = &here;
  return strcmp(uuid, "GPU-10101010-1010-1010-1010-101010101010");
}
int nvmlDeviceGetMemoryInfo(void *h, unsigned long long *m) {
  m[0] = 8ULL << 30; m[1] = 5ULL << 30; m[2] = 3ULL << 30; return h != &here;
}
"""


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Asks with such a driver in the way of the real one; in a new process, as always."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")

    def asked(management=MANAGEMENT, more="", **answers):
        made = {"libcuda.so.1": DRIVER % ({"init": 0, "count": 2} | answers) + more}
        made |= {"libnvidia-ml.so.1": management} if management else {}
        for name, code in made.items():
            command = ["cc", "-shared", "-fPIC", "-w", "-x", "c", "-", "-o", str(tmp_path / name)]
            subprocess.run(command, input=code, text=True, check=True)
        monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        accelerator._ask.cache_clear()
        return accelerators()

    yield asked
    accelerator._ask.cache_clear()


def test_two_devices(ask):
    assert ask() == Accelerators(
        (Device(0, "Card A", 8 << 30, 5 << 30, "9.0"), Device(1, "Card B", 16 << 30, -1, "9.1")),
        "580.1",
        "",
    )


def test_a_part_of_a_card(ask):
    """MIG: the driver has another name for the part than for the card, and so has its library."""
    part = "int cuDeviceGetUuid_v2(unsigned char *u, int d) { memset(u, 0xA0 + d, 16); return 0; }"
    watch = MANAGEMENT.replace("GPU-10101010-1010-1010-1010-101010101010",
                               "MIG-a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0")  # fmt: skip
    first, other = ask(more=part, management=watch, count=2).devices
    assert (first.memory, first.free) == (8 << 30, 5 << 30) and other.free == -1
    whole = MANAGEMENT.replace("m[1] = 5ULL", "m[1] = 70ULL")  # what is free of all its parts
    assert ask(management=whole).devices[0].free == 8 << 30


def test_a_driver_without_its_management_library(ask):
    found = ask(management=None)
    assert [device.free for device in found.devices] == [-1, -1] and found.driver == ""


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"init": 100}, "the driver is there, and no device"),
        ({"count": 0}, "the driver is there, and no device"),
        ({"init": 803}, "the driver and its kernel module are of different versions"),
        ({"init": 77}, "the driver says error 77"),
    ],
)
def test_why_there_is_none(ask, answers, why):
    assert ask(**answers) == Accelerators((), "580.1", why)


def test_hidden_devices_are_not_there(ask, monkeypatch):
    assert len(ask().devices) == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert accelerators().why == "CUDA_VISIBLE_DEVICES is empty, which hides all devices"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("sleep(30)", "the driver has not answered in 1 s"),
        ("(abort(), 0)", "ended its process (-6)"),
    ],
)
def test_a_driver_that_hangs_or_dies(ask, monkeypatch, code, why):
    monkeypatch.setattr(accelerator, "_SECONDS", 1)
    assert why in ask(init=code).why


def test_the_script_needs_nothing_but_python(tmp_path):
    shutil.copy(Path(accelerator.__file__).with_name("cuda_driver.py"), tmp_path / "alone.py")
    command = [sys.executable, "-I", "-S", str(tmp_path / "alone.py")]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert set(told) == {"devices", "driver", "why"}
