"""A decoder that crashes, hangs, eats memory or lies costs one record and nothing else."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import faulty_decoders
import numpy as np
import pytest

from tamis.codes import BadRecord
from tamis.errors import SettingError, TamisError
from tamis.media import sandbox_process
from tamis.media.parts import Part
from tamis.media.sandbox import RISKY, allow, decoded, isolated, wanted

HERE = Path(__file__).parent
NAMES = (
    "decode",
    "pixels",
    "size",
    "mirror",
    "pid",
    "limits",
    "rogue",
    "reaches",
    "picture",
    "compiled",
    "in_parts",
)
for name in NAMES:
    allow(f"faulty_decoders:{name}")

pytestmark = pytest.mark.slow


def run(name, items, **settings):
    settings = {"timeout": 10, "memory": 256 << 20} | settings
    items = [item if isinstance(item, tuple) else (item, {}) for item in items]
    return list(isolated(f"faulty_decoders:{name}", items, **settings))


def code(result):
    return result.code if isinstance(result, BadRecord) else result


@pytest.mark.parametrize(
    ("fault", "expected", "says"),
    [
        (b"segfault", "sandbox.crash", "SIGSEGV"),
        (b"abort", "sandbox.crash", "SIGABRT"),
        (b"exit", "sandbox.crash", "status 3"),
        (b"closes", "sandbox.crash", ""),
        (b"child", "sandbox.crash", "SIGSEGV"),
        (b"sleep", "sandbox.timeout", "1 s"),
        (b"busy", "sandbox.timeout", "1 s"),
        (b"memory", "sandbox.memory", "256 MiB"),
        (b"bad_alloc", "sandbox.memory", "bad_alloc"),
        (b"bad", "decode.truncated", "it ends early"),
    ],
)
def test_a_fault_costs_its_record(fault, expected, says):
    good = [b"a" * n for n in range(1, 60)]
    items = [*good[:40], fault, *good[40:]]
    results = run("decode", items, timeout=1)
    assert [code(r) for r in results] == [*range(1, 41), expected, *range(41, 60)]
    assert says in results[40].detail


def test_first_last_and_only_record_may_be_faulty():
    assert [code(r) for r in run("decode", [b"segfault"])] == ["sandbox.crash"]
    results = run("decode", [b"segfault", b"x", b"segfault", b"segfault"])
    assert [code(r) for r in results] == ["sandbox.crash", 1, "sandbox.crash", "sandbox.crash"]
    assert run("decode", []) == []


def test_neighbours_have_no_part_in_the_answer():
    """A process that an earlier record left broken is not held against the next."""
    assert run("decode", [b"poisons", b"x", b"after", b"x"]) == [7, 1, 5, 1]


def test_noise_does_not_break_the_protocol():
    assert run("decode", [b"noise", b"x", b"noise", b"noise"]) == [5, 1, 5, 5]


def test_a_leak_does_not_fall_on_the_innocent():
    assert run("decode", [b"leak"] * 200, memory=64 << 20) == [4] * 200  # 1.6 GB in all


def test_a_defect_of_the_decoder_is_raised():
    with pytest.raises(TamisError, match="KeyError: 'no such thing'") as caught:
        run("decode", [b"x", b"defect"])
    assert "faulty_decoders.py" in caught.value.__notes__[0]
    assert run("decode", [b"x"]) == [1]


@pytest.mark.parametrize(
    "says",
    [
        b"\xff" * 100,
        b"\0" * 8,
        b"\3",
        b"\0\0\0\4\0\0\0\0",
        b"\5\0\0\0\0\0\0\0[]\nVx",
        b"\x10\0\0\0\0\0\0\0[[-1,999999999]]\nV",
        b"\x12\0\0\0\0\0\0\0[[99999999,99]]\n{}",
        b"\x06\0\0\0\0\0\0\0[1]\nV1",
    ],
    ids=range(8),
)
def test_one_that_was_taken_over_is_replaced(says):
    said = says.decode("latin-1")
    results = run("rogue", [(b"", {"says": said}), (b"", {"says": ""})], timeout=2)
    assert isinstance(results[0], BadRecord)
    assert results[0].code in ("sandbox.crash", "sandbox.timeout")
    assert results[1] == 1


def test_settings_are_the_same_there_as_here():
    value = {"a": (1, None, (2.5, "ß")), "b": [True, {"c": ()}]}
    assert repr(run("mirror", [(b"", {"value": value})])) == repr([[value, b""]])
    with pytest.raises(SettingError, match="no bytes"):
        run("mirror", [(b"", {"value": b"x"})])


def test_results_of_any_size_are_whole():
    widths = [1, 3000, 10, 2000, 2, 1500, 0, 2300] * 3  # up to 27 MB; the window has 16
    items = [(b"a" * n, {"width": w}) for n, w in enumerate(widths)]
    for n, (array, w) in enumerate(zip(run("pixels", items), widths, strict=True)):
        assert array.shape == (w, w, 3) and array.dtype == np.uint8 and (array == n).all()


def test_parts_come_before_their_result_and_begin_again():
    """One that dies in the second record only, since it had served the first; then one always."""
    items = [(b"abcd", {"flag": flag}) for flag in ("", "once", "always", "")]
    found = [
        (x.value[0], x.first) if isinstance(x, Part) else code(x) for x in run("in_parts", items)
    ]
    whole = [(0, True), (1, False), (2, False), (3, False), 4]
    assert found == [*whole, *whole[:2], *whole, *whole[:2], *whole[:2], "sandbox.crash", *whole]


def test_records_of_any_size_arrive():
    data = [os.urandom(n) for n in (0, 1, 70_000, 9_000_000, 3, 5_000_000)]
    items = [(d, {"value": n}) for n, d in enumerate(data)]
    assert run("mirror", items) == [[n, d] for n, d in enumerate(data)]


def test_named_tuples_and_dtypes_come_back():
    (result,) = run("size", [b"abc"])
    assert type(result) is faulty_decoders.Size and result.width == 3
    assert result.pixels.dtype == np.dtype(">i4") and result.pixels.tolist() == [0, 1, 2]
    assert result.pixels.flags.writeable and result.pixels.flags.aligned


def test_limits_hold():
    found = run("limits", [b""])[0]
    assert found["RLIMIT_CORE"] == found["RLIMIT_FSIZE"] == 0
    assert 256 << 20 < found["RLIMIT_AS"] < 4 << 30


def test_no_network_and_no_files(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = {"port": server.getsockname()[1], "path": str(tmp_path / "x")}
        reached = run("reaches", [(b"", given)])[0]
    can = subprocess.run(["unshare", "-Urn", "true"], capture_output=True).returncode == 0
    assert reached == [] if can else reached in ([], ["network"])
    assert not (tmp_path / "x").exists() or (tmp_path / "x").stat().st_size == 0


def test_everything_crashes_at_a_bounded_cost():
    start = time.monotonic()
    assert {r.code for r in run("decode", [b"segfault"] * 200)} == {"sandbox.crash"}
    assert time.monotonic() - start < 10  # 7 ms each on a quiet machine


def test_a_process_is_used_again_and_shared_by_no_two():
    first, second = run("pid", [b""])[0], run("pid", [b""])[0]
    assert first == second
    one = isolated("faulty_decoders:pid", [(b"", {})] * 2, timeout=10, memory=256 << 20)
    two = isolated("faulty_decoders:pid", [(b"", {})] * 2, timeout=10, memory=256 << 20)
    a, b = next(one), next(two)
    assert a != b and next(one) == a and next(two) == b


def test_one_that_died_while_idle_is_replaced():
    os.kill(run("pid", [b""])[0], signal.SIGKILL)
    time.sleep(0.05)
    assert run("pid", [b""])[0] > 0
    for one in list(sandbox_process._NESTS.values()):
        if one.process is not None:
            one.process.kill()
            one.process.wait()
    assert run("decode", [b"x"] * 3) == [1] * 3


def test_a_stream_left_half_way_leaves_nothing_behind():
    stream = isolated("faulty_decoders:decode", [(b"x", {})] * 100, timeout=10, memory=256 << 20)
    assert next(stream) == 1
    stream.close()
    assert run("decode", [b"xx"]) == [2]


def test_an_error_of_the_source_is_the_callers():
    def items():
        yield b"x", {}
        raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        list(isolated("faulty_decoders:decode", items(), timeout=10))


def children():
    listed = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "pid=,stat="], capture_output=True, text=True
    ).stdout.splitlines()
    return [line for line in listed if line.strip()]


def test_no_descriptor_and_no_zombie_is_left():
    def round():
        run("decode", [b"x", b"segfault", b"x", b"sleep"] * 2, timeout=0.2)
        sandbox_process.stop()
        return len(os.listdir("/proc/self/fd"))

    before = round()
    assert [round() for _ in range(3)] == [before] * 3
    assert not [line for line in children() if "Z" in line]


def test_threads_decode_at_once():
    """As many as ask: eight that sleep half a second take less than eight halves."""
    found, start = {}, time.monotonic()

    def work(n):
        found[n] = run("decode", [b"a" * n, b"segfault", b"a" * n, b"sleep", b"a" * n], timeout=0.5)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(10, 18)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: [code(r) for r in v] for n, v in found.items()} == {
        n: [n, "sandbox.crash", n, "sandbox.timeout", n] for n in range(10, 18)
    }
    assert time.monotonic() - start < 4


SCRIPT = f"""
import os, sys, time
sys.path.insert(0, {str(HERE)!r})
from tamis.media.sandbox import allow, isolated
allow("faulty_decoders:pid")
stream = isolated("faulty_decoders:pid", [(b"", {{}})] * 50, timeout=100)
print(next(stream), next(iter(__import__("tamis.media.sandbox_process")
      .media.sandbox_process._NESTS.values())).process.pid, flush=True)
"""


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pids):
    for _ in range(100):
        if not any(map(alive, pids)):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    "end",
    ["time.sleep(100)", "sys.exit(0)", "os._exit(0)", "1/0", "os.fork() or time.sleep(3)",
     "if os.fork(): time.sleep(100)\ntime.sleep(6)"],
)  # fmt: skip
def test_children_end_with_their_parent(end):
    script = SCRIPT + end
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        pids = [int(x) for x in process.stdout.readline().split()]
        assert len(pids) == 2
        if "sleep(100)" in end:
            assert all(map(alive, pids))
            process.kill()
        assert gone(pids)


def test_after_a_fork_both_go_on():
    assert run("decode", [b"x"]) == [1]
    stream = isolated("faulty_decoders:decode", [(b"x", {})] * 100, timeout=10, memory=256 << 20)
    next(stream)
    pid = os.fork()
    if not pid:
        try:
            good = run("decode", [b"xx", b"segfault", b"x"])
            sandbox_process.stop()
            del stream
            os._exit(0 if [code(r) for r in good] == [2, "sandbox.crash", 1] else 1)
        except BaseException:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert list(stream) == [1] * 99


def test_the_decoder_of_images_as_if_never_compiled(tmp_path, monkeypatch):
    """Its compiled loops are made before the first fork, which may not write them."""
    import io

    from PIL import Image

    from tamis.image.decode import decode

    sandbox_process.stop()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    file = io.BytesIO()
    Image.effect_noise((300, 200), 90).convert("RGB").save(file, "TIFF")
    items = [(file.getvalue(), {"short_side": 64}), (file.getvalue()[:-999], {})] * 2
    results = list(isolated("tamis.image.decode:decode", items, timeout=60))
    assert (results[0] == decode(items[0][0], short_side=64)).all()
    assert [code(r) for r in results[1::2]] == ["decode.truncated"] * 2
    assert any(tmp_path.rglob("*.nbi"))
    sandbox_process.stop()


def test_a_loop_compiled_in_the_sandbox_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    allow("compiled_decoder:compiled")
    assert list(isolated("compiled_decoder:compiled", [(b"x", {}), (b"yy", {})])) == [1, 2]
    assert not any(tmp_path.rglob("*.nbi"))


def test_refusals():
    with pytest.raises(SettingError, match=r"allow\('os:system'\)"):
        isolated("os:system", [])
    with pytest.raises(SettingError, match='"module:function"'):
        isolated("tamis.codes.reason", [])
    with pytest.raises(SettingError, match="positive"):
        isolated("faulty_decoders:decode", [], timeout=0)
    with pytest.raises(SettingError, match="isolate must be"):
        wanted("rysky", "png")
    allow("no_such_module:decode")
    with pytest.raises(TamisError, match=r"cannot be loaded.*no_such_module"):
        list(isolated("no_such_module:decode", [(b"", {})]))


def test_a_format_chooses_where_it_is_decoded():
    assert wanted("risky", None) and all(wanted("risky", f) for f in RISKY)
    items = [(b"", {})] * 4
    formats = ["png", "tiff", "jpeg", None]
    settings = {"timeout": 10, "memory": 256 << 20}

    def pids(isolate):
        return list(decoded("faulty_decoders:pid", items, formats, isolate=isolate, **settings))

    here = [pid == os.getpid() for pid in pids("risky")]
    assert here == [True, False, True, False]
    assert pids(False) == [os.getpid()] * 4
    assert os.getpid() not in pids(True)
    bad = list(decoded("faulty_decoders:decode", [(b"bad", {})] * 2, ["png", "tiff"], **settings))
    assert [code(r) for r in bad] == ["decode.truncated"] * 2


def test_mutated_pictures_by_a_real_decoder():
    """20 s of the same with other seeds found nothing either; the point is that nothing is lost."""
    import io

    from PIL import Image

    rng = np.random.default_rng(0)
    items = []
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"):
        file = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (40, 50, 3), np.uint8)).save(file, kind)
        good = np.frombuffer(file.getvalue(), np.uint8)
        items.append(good.tobytes())
        for _ in range(200):
            data = good.copy()
            data[rng.integers(0, len(data), 3)] = rng.integers(0, 255, 3)
            items.append(data.tobytes())
    results = run("picture", items, timeout=20, memory=1 << 30)
    assert len(results) == len(items)
    for start in range(0, len(items), 201):
        assert results[start].shape == (40, 50, 3)
        expected = faulty_decoders.picture(items[start])
        assert (results[start] == expected).all()
